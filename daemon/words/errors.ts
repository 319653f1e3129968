import { RollcallError, type RollcallErrorOptions } from '../kernel/errors.js';
import { type Said, type SaidValues, said } from '../kernel/said.js';
import type errors from './en/errors.json';
import { english, inEnglish } from './language.js';

/**
 * A key of the messages of errors: the code of the error, and after a colon which of its messages, where it has several. What to do
 * about it stands under the same key after `remedy-`, or under that of the code, for all its messages that have none of their own.
 */
type ErrorKey = Exclude<keyof typeof errors, `remedy-${string}`>;

type Context = Omit<RollcallErrorOptions, 'kind' | 'code' | 'message' | 'remedy' | 'says'> & {
  /** Takes the place of the remedy of the key. */
  readonly remedy?: string | Said;
};

/** A person's input cannot be used. `values` are what message and remedy show. */
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
  const { remedy: given, ...others } = context;
  const own = [`errors/remedy-${key}`, `errors/remedy-${code}`].find((each) => english.has(each));
  const remedy = given ?? (own && said(own, values));
  const says = {
    message: said(`errors/${key}`, values),
    ...(typeof remedy === 'object' ? { remedy } : {}),
  };
  const plain = typeof remedy === 'string' ? { remedy } : {};
  return new RollcallError({ kind, code, ...inEnglish(says), ...plain, ...others });
}
