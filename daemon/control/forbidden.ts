import { badInput, type RollcallError } from '../base/errors.js';

/** The error of a caller who lacks a scope. */
export function forbidden(scope: string): RollcallError {
  return badInput('forbidden', `you lack the scope ${scope}`, {
    remedy: 'ask an administrator for a role that has it',
    details: { scope },
  });
}
