import { RollcallError } from '../kernel/errors.js';
import { present } from '../kernel/present.js';

/** An error as log fields. */
interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly kind?: string;
  readonly remedy?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Messages of its causes, nearest first. */
  readonly causes?: readonly string[];
  /** The errors of an aggregate. */
  readonly errors?: readonly DescribedError[];
  /** Absent for errors of user input. */
  readonly stack?: string;
}

/** Limit for chains and aggregates: an error may be its own cause. */
const deepest = 5;

function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < deepest; ) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

/** Reduces an error to the fields that belong in the log. */
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
    ...present({
      code,
      kind: own?.kind,
      remedy: own?.remedy,
      details: own !== undefined && Object.keys(own.details).length > 0 ? own.details : undefined,
      causes: causes.length > 0 ? causes : undefined,
      errors: inner.length > 0 ? inner.map((each) => describeError(each, depth + 1)) : undefined,
      stack: own?.kind === 'input' ? undefined : error.stack,
    }),
  };
}
