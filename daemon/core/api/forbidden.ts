import type { Caller } from '../../contract/caller.js';
import type { RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';

/** The error of a caller who lacks a scope. */
export function forbidden(scope: string): RollcallError {
  return refusal('forbidden:scope', { scope }, { details: { scope } });
}

/** For what cannot be divided by cameras. `what` says what counts for all of them. @throws `forbidden` */
export function refuseLimited({ cameras }: Pick<Caller, 'cameras'>, what: string): void {
  if (cameras === undefined) return;
  throw refusal('forbidden:limited', { what });
}
