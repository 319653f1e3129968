import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';
import type { Clock } from '../kernel/clock.js';
import { RollcallError } from '../kernel/errors.js';
import type { LogFields, Logger, LogLevel } from '../kernel/logger.js';
import { present } from '../kernel/present.js';
import { shownText } from '../kernel/printable-text.js';

interface PinoLoggerOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Default: standard error. */
  readonly output?: DestinationStream;
}

/** A logger whose level can change at run time, for itself and all its children. */
export interface AdjustableLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/**
 * Logs JSON lines: `level`, `time` (ISO 8601, UTC), the fields, `message`. Errors in fields become objects (see
 * `describeError`).
 */
export function openPinoLogger({ level, clock, output }: PinoLoggerOptions): AdjustableLogger {
  const sink = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(clock.wallMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    guarded(output ?? openStandardError()),
  );
  return {
    ...withFields(sink, {}),
    setLevel(next) {
      sink.level = next;
    },
  };
}

/** Written synchronously, so that the last lines before a crash are not lost. */
export function openStandardError(): DestinationStream {
  const output = destination({ fd: process.stderr.fd, sync: true });
  // Without a reader of the log, writing fails. The program must continue.
  output.on('error', () => undefined);
  return output;
}

/** Escapes the control characters for terminals that JSON leaves as they are. The JSON keeps its meaning. */
function guarded(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(`${shownText(line.slice(0, -1), { longest: Infinity })}\n`) };
}

/** Children share one pino instance, so that a change of level applies to all of them. */
function withFields(sink: Pino, own: LogFields): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (sink.isLevelEnabled(level)) sink[level](readable({ ...own, ...fields }), message);
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (fields) => withFields(sink, { ...own, ...fields }),
  };
}

/** Keys of every line; a field must not replace them. */
const reserved = new Set(['level', 'time', 'message']);

function readable(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      reserved.has(key) ? `${key}_` : key,
      shortened(value instanceof Error ? describeError(value) : value, mostLevels),
    ]),
  );
}

/** Limits for nested fields and for lists. */
const mostLevels = 6;
const mostEntries = 100;

/** Shortens long texts, also in objects and lists: one line must not delay the program or fill the disk. */
function shortened(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return shownText(value, { isMultiline: true });
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, mostEntries).map((each) => shortened(each, levels - 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).slice(0, mostEntries);
  return Object.fromEntries(entries.map(([key, each]) => [shownText(key), shortened(each, levels - 1)]));
}

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
function describeError(error: Error, depth = 0): DescribedError {
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
