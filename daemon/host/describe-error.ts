import { RollcallError } from '../base/errors.js';

/** An error as log fields. */
export interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly kind?: string;
  readonly remedy?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Messages of what led to it, nearest first. */
  readonly causes?: readonly string[];
  /** What an aggregate holds. */
  readonly errors?: readonly DescribedError[];
  /** Where in the program; absent for what a person can mend without the program's source. */
  readonly stack?: string;
}

/** Chains and aggregates are cut off here; an error may be its own cause. */
const deepest = 5;

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < deepest; ) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/** What of an error belongs into the log. */
export function describeError(error: Error, depth = 0): DescribedError {
  const causes = causesOf(error);
  const own = error instanceof RollcallError ? error : undefined;
  const code = own?.code ?? ('code' in error ? error.code : undefined);
  const inner =
    error instanceof AggregateError && depth < deepest
      ? error.errors.filter((each): each is Error => each instanceof Error)
      : [];
  return {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(own === undefined ? {} : { kind: own.kind }),
    ...(own?.remedy === undefined ? {} : { remedy: own.remedy }),
    ...(own === undefined || Object.keys(own.details).length === 0 ? {} : { details: own.details }),
    ...(causes.length === 0 ? {} : { causes }),
    ...(inner.length === 0 ? {} : { errors: inner.map((each) => describeError(each, depth + 1)) }),
    ...(own?.kind === 'input' || error.stack === undefined ? {} : { stack: error.stack }),
  };
}
