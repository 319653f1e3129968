import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';
import type { Clock } from '../kernel/clock.js';
import type { LogFields, Logger, LogLevel } from '../kernel/logger.js';
import { shownText } from '../kernel/printable-text.js';
import { describeError } from './describe-error.js';

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
