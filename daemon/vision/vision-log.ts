import type { Readable } from 'node:stream';
import { Allowance } from '../base/allowance.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { LineSplitter } from './ingest/line-splitter.js';

/** Characters of one line; an error with its stack and its causes is shorter. */
const longestLine = 8 * 1024;
/** Bytes that are logged at once, and how long another byte takes, milliseconds: 16 KiB a second. */
const logLimit = { most: 256 * 1024, everyMs: 1000 / (16 * 1024) };
/** What comes beyond is read in chunks (64 KiB) with such a wait: it is thrown away, and who writes it has to wait. */
const pauseMs = 100;

const levels = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof levels)[number];

/**
 * What a vision process writes to its standard output and error, FFmpeg and libraries below it included, as lines of the core's
 * log. The process parses what strangers send: all that it says stands in the field `said` of a line with one constant message,
 * so that it cannot look like a line of the core, and only so much of it is taken.
 */
export class VisionLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #allowance: Allowance;
  readonly #onDropped: () => void;

  /** `onDropped` is called for each line that is left out. */
  constructor(clock: Clock, logger: Logger, onDropped: () => void) {
    this.#clock = clock;
    this.#logger = logger;
    this.#onDropped = onDropped;
    this.#allowance = new Allowance(clock, logLimit);
  }

  /** Takes the lines of `stream` until it ends or is destroyed. */
  follow(stream: Readable): void {
    let isOver = false;
    const lines = new LineSplitter((line) => {
      if (this.#allowance.take(line.length)) this.#log(line);
      else {
        isOver = true;
        this.#onDropped();
      }
    }, longestLine);
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      isOver = false;
      stream.pause();
      lines.push(chunk);
      if (isOver) this.#clock.after(pauseMs, () => stream.resume());
      else setImmediate(() => stream.resume());
    });
    stream.on('end', () => lines.end());
    // It is torn down with its process.
    stream.on('error', () => undefined);
  }

  #log(line: string): void {
    const { level, said } = readLine(line);
    this.#logger[level]('a vision process says', { said });
  }
}

/** Lines of the program's own logger are JSON; others come from libraries and from Node.js itself. */
function readLine(line: string): { readonly level: Level; readonly said: unknown } {
  const fields = line.startsWith('{') ? parsed(line) : undefined;
  if (fields === undefined) return { level: 'warn', said: line };
  // The core's line has a time, and names the process.
  const { level: given, time: _time, pid: _pid, ...said } = fields;
  return { level: levels.find((each) => each === given) ?? 'warn', said };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
