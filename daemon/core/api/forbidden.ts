import type { Caller } from '../../contract/caller.js';
import { badInput, type RollcallError } from '../../kernel/errors.js';

/** The error of a caller who lacks a scope. */
export function forbidden(scope: string): RollcallError {
  return badInput('forbidden', `you lack the scope ${scope}`, {
    remedy: 'Ask an administrator for a role that has it.',
    details: { scope },
  });
}

/** For what cannot be divided by cameras. `what` says what counts for all of them. @throws `forbidden` */
export function refuseLimited({ cameras }: Pick<Caller, 'cameras'>, what: string): void {
  if (cameras === undefined) return;
  throw badInput('forbidden', `${what}, and you may use some of them only`, {
    remedy: 'Ask an administrator for a role without a limit to cameras.',
  });
}
