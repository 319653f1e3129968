import type { RefusalOfOne } from '../../contract/refusal-of-one.js';
import { isRollcallError } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';

/**
 * Why one of many subjects stays as it is: the error, if it is one of these. What concerns all, such as a sealed gallery or a full
 * disk, ends the call.
 * @throws all other errors
 */
export function refusalOfOne(error: unknown, codes: readonly string[]): RefusalOfOne {
  if (!isRollcallError(error) || !codes.includes(error.code)) throw error;
  const { code, message, remedy, says } = error;
  return { code, message, ...present({ remedy, says }) };
}

/** Why a call about many subjects ended before all had their turn. The caller writes `error` into the log. */
export function refusalOfRest(error: unknown): RefusalOfOne {
  if (isRollcallError(error) && error.kind !== 'defect') return refusalOfOne(error, [error.code]);
  return { code: 'internal', message: 'the box failed to go on; its log has the reason' };
}
