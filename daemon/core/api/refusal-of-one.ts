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
