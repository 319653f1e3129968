import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino';
import type { Clock } from '../base/clock.js';
import type { LogFields, Logger } from '../base/logger.js';
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
    output ?? destination({ fd: process.stderr.fd, sync: true }),
  );
  return {
    ...withFields(sink, {}),
    setLevel(next) {
      sink.level = next;
    },
  };
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
      value instanceof Error ? describeError(value) : value,
    ]),
  );
}
