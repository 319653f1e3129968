import type { Readable } from 'node:stream';
import { openMessageChannel } from '../contract/vision/vision-channel.js';
import type { Order } from '../contract/vision/vision-orders.js';
import { type Report, readReport, reportLimits } from '../contract/vision/vision-reports.js';
import { systemClock as clock } from '../host/system-clock.js';
import type { Clock } from '../kernel/clock.js';
import { isRollcallError, messageOf } from '../kernel/errors.js';
import { type Logger, type LogLevel, logLevels } from '../kernel/logger.js';
import { TokenBucket } from '../kernel/token-bucket.js';
import { LineSplitter } from './ingest/line-splitter.js';
import type { CameraLines } from './lines/camera-lines.js';
import type { Launch, LaunchedVision, VisionLauncher } from './vision-launcher.js';

/** How long the log of an ended process is read, milliseconds. */
const lastWordsMs = 1_000;

/** How often the core shows that it works, milliseconds: several times in `WatchdogSec=` of the units. */
const pingEveryMs = 5_000;

/** How a process ended. */
export interface VisionEnd {
  /** For people. */
  readonly reason: string;
  /** Set where the core killed it: it violated the protocol, or `kill` was called. */
  readonly misbehaviour?: 'protocol' | 'refused';
}

export interface VisionProcess {
  /** Undefined until it is known. */
  readonly pid: number | undefined;
  send(order: Order, attachment?: Uint8Array): void;
  /** The answer to this request came too late: what the request allowed is over. */
  giveUp(request: number): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<VisionEnd>;
  /** Asks it to stop, and kills it after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** Kills one that is ending by itself after `graceMs`. */
  killAfter(graceMs: number): void;
  /** Kills a misbehaving process and reads nothing more from it. */
  kill(reason: string): void;
}

export interface VisionProcessOptions extends Omit<Launch, 'linesFolder'> {
  readonly launcher: VisionLauncher;
  readonly logger: Logger;
  /** Connects the process to the cameras of its orders. Default: it gets no cameras, or connects by itself where it can. */
  readonly lines?: CameraLines | undefined;
  /** The largest picture that a report may bring at this moment because it was asked for, bytes. Default: none. */
  askedBytes?(): number;
  /** `attachment`: the picture of the report; empty without one. */
  onReport(report: Report, attachment: Uint8Array): void;
  /** Called for each log line that was dropped because the process logs too much. */
  onLineDropped?(): void;
}

/** Starts one vision process. It waits for a `start` order. */
export function spawnVisionProcess(options: VisionProcessOptions): VisionProcess {
  const { launcher, logger, onReport, askedBytes = () => 0 } = options;
  const launched = launcher.launch({ ...options, linesFolder: options.lines?.folder });
  const grant = options.lines?.grant();
  void launched.ended.then(() => grant?.[Symbol.dispose]());
  forwardLog(launched, options);
  let broken: VisionEnd | undefined;
  const channel = openMessageChannel(launched.channel, reportLimits(askedBytes), {
    onMessage(message, attachment) {
      const report = readReport(message, attachment);
      grant?.reported(report);
      onReport(report, attachment);
    },
    onEnd(error) {
      if (error === undefined) return;
      broken ??= endOf(error);
      const about = { pid: launched.pid, reason: broken.reason };
      if (broken.misbehaviour === undefined) logger.warn('the pipe to a vision process broke', about);
      else logger.error('a vision process misbehaved and was killed', about);
      launched.kill();
    },
  });
  // The exit explains more than the pipe that broke with it, unless the core killed the process.
  const ended = launched.ended.then(
    (reason): VisionEnd => (broken?.misbehaviour === undefined ? { reason } : broken),
  );
  const ping = (): void => {
    channel.send({ type: 'ping' } satisfies Order);
    pings = clock.after(pingEveryMs, ping);
  };
  let pings = clock.after(pingEveryMs, ping);
  void ended.then(() => pings.cancel());
  const killAfter = (graceMs: number): void => {
    const kill = clock.after(graceMs, () => launched.kill());
    void ended.then(() => kill.cancel());
  };
  return {
    get pid() {
      return launched.pid;
    },
    send(order, attachment) {
      grant?.ordered(order);
      const isStart = order.type === 'start' && grant !== undefined;
      channel.send(isStart ? { ...order, lines: grant.access } : order, attachment);
    },
    giveUp: (request) => grant?.givenUp(request),
    ended,
    async stop(graceMs) {
      channel.send({ type: 'stop' } satisfies Order);
      killAfter(graceMs);
      await ended;
    },
    killAfter,
    kill(reason) {
      broken ??= { reason, misbehaviour: 'refused' };
      channel.end(new Error(reason));
    },
  };
}

/** Only a violation of the protocol is misbehaviour; a pipe may also break because its process died. */
function endOf(error: unknown): VisionEnd {
  const reason = messageOf(error);
  return isRollcallError(error, 'wire-violation') ? { reason, misbehaviour: 'protocol' } : { reason };
}

/** Forwards its log, shortly beyond its end. A child of it that survives is not read any longer. */
function forwardLog(
  launched: LaunchedVision,
  { logger, onLineDropped = () => undefined }: VisionProcessOptions,
): void {
  const log = new VisionLog(clock, () => logger.child({ pid: launched.pid }), onLineDropped);
  for (const stream of launched.log) log.follow(stream);
  void launched.ended.then(() => {
    const close = setTimeout(() => launched.log.forEach((stream) => void stream.destroy()), lastWordsMs);
    close.unref();
  });
}

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
class VisionLog {
  readonly #clock: Clock;
  readonly #loggerNow: () => Logger;
  readonly #bucket: TokenBucket;
  readonly #onDropped: () => void;

  /** `loggerNow`: with the id of the process, once it is known. `onDropped` is called for each dropped line. */
  constructor(clock: Clock, loggerNow: () => Logger, onDropped: () => void) {
    this.#clock = clock;
    this.#loggerNow = loggerNow;
    this.#onDropped = onDropped;
    this.#bucket = new TokenBucket(clock, logLimit);
  }

  /** Logs the lines of `stream` until it ends or is destroyed. */
  follow(stream: Readable): void {
    let isOverLimit = false;
    const lines = new LineSplitter((line) => {
      if (this.#bucket.take(line.length)) this.#log(line);
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
    this.#loggerNow()[level]('a vision process says', { said });
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
