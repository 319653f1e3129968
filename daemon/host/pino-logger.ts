import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';
import type { Clock } from '../base/clock.js';
import type { LogFields, Logger } from '../base/logger.js';
import { shownText } from '../domain/printable-text.js';
import { describeError } from './describe-error.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface PinoLoggerOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Where lines go; standard error unless given. Written at once: the last words of a crash must not be lost. */
  readonly output?: DestinationStream;
}

/** A logger whose level can be changed while it runs, for itself and all its children. */
export interface AdjustableLogger extends Logger {
  setLevel(level: LogLevel): void;
}

/**
 * Logs JSON lines: `level`, `time` (ISO 8601, UTC), the fields, `message`. Values that are errors become
 * objects (see `describeError`).
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

function openStandardError(): DestinationStream {
  const output = destination({ fd: process.stderr.fd, sync: true });
  // The reader of the log is gone. The program must not end for that: it may have more important work to finish.
  output.on('error', () => undefined);
  return output;
}

/** JSON escapes what ends a line, but not all that steers a terminal; what is escaped here reads as the same JSON. */
function guarded(output: DestinationStream): DestinationStream {
  return { write: (line) => output.write(`${shownText(line.slice(0, -1), { longest: Infinity })}\n`) };
}

/** Children share one pino instance, so that a change of level reaches those that exist already. */
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

/** Names that every line has anyway: a field may not replace them. */
const reserved = new Set(['level', 'time', 'message']);

function readable(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      reserved.has(key) ? `${key}_` : key,
      shortened(value instanceof Error ? describeError(value) : value, mostLevels),
    ]),
  );
}

/** Fields are a few levels deep, and of lists the first hundred tell enough. */
const mostLevels = 6;
const mostEntries = 100;

/** Long texts are cut, in objects and lists too: one line must not hold up the program or fill the disk. */
function shortened(value: unknown, levels: number): unknown {
  if (typeof value === 'string') return shownText(value, { isMultiline: true });
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '…';
  if (Array.isArray(value)) return value.slice(0, mostEntries).map((each) => shortened(each, levels - 1));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).slice(0, mostEntries);
  return Object.fromEntries(entries.map(([key, each]) => [shownText(key), shortened(each, levels - 1)]));
}
