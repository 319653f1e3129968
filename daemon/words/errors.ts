import { RollcallError, type RollcallErrorOptions } from '../kernel/errors.js';
import { type SaidValues, said } from '../kernel/said.js';
import type errors from './en/errors.json';
import { english, inEnglish } from './language.js';

/**
 * A key of the messages of errors: the code of the error, and after a colon which of its messages, where it has several. What to do
 * about it stands under the same key after `remedy-`.
 */
type ErrorKey = Exclude<keyof typeof errors, `remedy-${string}`>;

type Context = Omit<RollcallErrorOptions, 'kind' | 'code' | 'message' | 'says'>;

/** A person's input cannot be used. `values` are what message and remedy show; a remedy in `context` takes the place of the message's. */
export const refusal = (key: ErrorKey, values?: SaidValues, context?: Context): RollcallError =>
  errorOf('input', key, values, context);

/** Something outside the program failed. */
export const failure = (key: ErrorKey, values?: SaidValues, context?: Context): RollcallError =>
  errorOf('operational', key, values, context);

function errorOf(
  kind: RollcallErrorOptions['kind'],
  key: ErrorKey,
  values: SaidValues | undefined,
  context: Context = {},
): RollcallError {
  const [code = key] = key.split(':');
  const remedy = `errors/remedy-${key}`;
  const says = {
    message: said(`errors/${key}`, values),
    ...(context.remedy === undefined && english.has(remedy) ? { remedy: said(remedy, values) } : {}),
  };
  return new RollcallError({ kind, code, ...inEnglish(says), ...context });
}
