import type { Caller } from '../../contract/caller.js';
import type { RollcallError } from '../../kernel/errors.js';
import { said } from '../../kernel/said.js';
import { refusal } from '../../words/errors.js';

type Shared = Extract<Parameters<typeof refusal>[0], `all-cameras:${string}`>;

/** The error of a caller who lacks a scope. */
export function forbidden(scope: string): RollcallError {
  return refusal('forbidden:scope', { scope }, { details: { scope } });
}

/** For what cannot be divided by cameras. `what` is the message that says what counts for all of them. @throws `forbidden` */
export function refuseLimited({ cameras }: Pick<Caller, 'cameras'>, what: Shared): void {
  if (cameras === undefined) return;
  throw refusal('forbidden:limited', { what: said(`errors/${what}`) });
}
