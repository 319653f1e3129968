import type { SaidTexts } from './said.js';

/**
 * How the program reacts to an error:
 * - `defect`: a bug; the part that threw it ends.
 * - `operational`: something outside failed (camera, disk, broker); the supervisor of the part decides.
 * - `input`: a person gave unusable input; explain it, show no stack.
 */
export const errorKinds = ['input', 'operational', 'defect'] as const;
export type ErrorKind = (typeof errorKinds)[number];

export interface RollcallErrorOptions {
  readonly kind: ErrorKind;
  /** Stable, kebab-case, never translated: programs match on it. */
  readonly code: string;
  /** The problem in one sentence, without secrets or personal data. */
  readonly message: string;
  /** What the reader can do about it, in the imperative. */
  readonly remedy?: string;
  /** What message and remedy say, for the words of other languages. */
  readonly says?: SaidTexts<'message' | 'remedy'>;
  /** Structured context. Never credentials, names, embeddings or pixels. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** True if the same call may succeed later without a change by a person. */
  readonly retryable?: boolean;
}

/** The only error class the program throws on purpose. */
export class RollcallError extends Error {
  override readonly name = 'RollcallError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly says: SaidTexts<'message' | 'remedy'> | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly retryable: boolean;

  constructor(options: RollcallErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.code = options.code;
    this.remedy = options.remedy;
    this.says = options.says;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
  }
}

type ErrorContext = Omit<RollcallErrorOptions, 'kind' | 'code' | 'message'>;

/** A mistake in the program itself. */
export function defect(code: string, message: string, context: ErrorContext = {}): RollcallError {
  return new RollcallError({ kind: 'defect', code, message, ...context });
}

/** Something outside the program failed. */
export function operational(code: string, message: string, context: ErrorContext = {}): RollcallError {
  return new RollcallError({ kind: 'operational', code, message, ...context });
}

/** A person's input cannot be used. */
export function badInput(code: string, message: string, context: ErrorContext = {}): RollcallError {
  return new RollcallError({ kind: 'input', code, message, ...context });
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Narrows an unknown value that was thrown to the program's own error, optionally with a given code. */
export function isRollcallError(error: unknown, code?: string): error is RollcallError {
  return error instanceof RollcallError && (code === undefined || error.code === code);
}

/** Ends the exhaustive handling of a union: compiles only if every case is handled. */
export function unreachable(value: never): never {
  throw defect('unreachable', `unhandled case ${JSON.stringify(value)}`);
}
