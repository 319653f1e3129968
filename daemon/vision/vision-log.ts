import type { Readable } from 'node:stream';
import { Allowance } from '../kernel/allowance.js';
import type { Clock } from '../kernel/clock.js';
import { type Logger, type LogLevel, logLevels } from '../kernel/logger.js';
import { LineSplitter } from './ingest/line-splitter.js';

/** Longest line, characters: longer than an error with its stack and causes. */
const longestLine = 8 * 1024;
/** Bytes in a burst, and the time for one more byte, milliseconds: 16 KiB a second. */
const logLimit = { most: 256 * 1024, everyMs: 1000 / (16 * 1024) };
/** Above the limit, lines are dropped, and the process must wait this long for each chunk (64 KiB), milliseconds. */
const pauseMs = 100;

/**
 * Writes the output of a vision process, including FFmpeg and libraries, into the core's log. The process parses untrusted
 * bytes, so its text goes into the field `said` of a line with a constant message: it cannot look like a line of the core. The
 * amount is limited.
 */
export class VisionLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #allowance: Allowance;
  readonly #onDropped: () => void;

  /** `onDropped` is called for each dropped line. */
  constructor(clock: Clock, logger: Logger, onDropped: () => void) {
    this.#clock = clock;
    this.#logger = logger;
    this.#onDropped = onDropped;
    this.#allowance = new Allowance(clock, logLimit);
  }

  /** Logs the lines of `stream` until it ends or is destroyed. */
  follow(stream: Readable): void {
    let isOverLimit = false;
    const lines = new LineSplitter((line) => {
      if (this.#allowance.take(line.length)) this.#log(line);
      else {
        isOverLimit = true;
        this.#onDropped();
      }
    }, longestLine);
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      isOverLimit = false;
      stream.pause();
      lines.push(chunk);
      if (isOverLimit) this.#clock.after(pauseMs, () => stream.resume());
      else setImmediate(() => stream.resume());
    });
    stream.on('end', () => lines.end());
    // The stream breaks with its process, which reports its own end.
    stream.on('error', () => undefined);
  }

  #log(line: string): void {
    const { level, said } = readLine(line);
    this.#logger[level]('a vision process says', { said });
  }
}

/** Lines of the program's own logger are JSON; libraries and Node.js write other lines. */
function readLine(line: string): { readonly level: LogLevel; readonly said: unknown } {
  const fields = line.startsWith('{') ? parsed(line) : undefined;
  if (fields === undefined) return { level: 'warn', said: line };
  // The core's line already has time and process id.
  const { level: given, time: _time, pid: _pid, ...said } = fields;
  return { level: logLevels.find((each) => each === given) ?? 'warn', said };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
