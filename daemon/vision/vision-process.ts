import { type ChildProcess, spawn } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import type { Duplex, Readable } from 'node:stream';
import { openMessageChannel } from '../contract/vision/vision-channel.js';
import type { Order } from '../contract/vision/vision-orders.js';
import { type Report, readReport, reportLimits } from '../contract/vision/vision-reports.js';
import { processEntry } from '../host/program-files.js';
import { systemClock as clock } from '../host/system-clock.js';
import type { Clock } from '../kernel/clock.js';
import { isRollcallError, messageOf } from '../kernel/errors.js';
import { type Logger, type LogLevel, logLevels } from '../kernel/logger.js';
import { present } from '../kernel/present.js';
import { TokenBucket } from '../kernel/token-bucket.js';
import { boundChild } from './ingest/bound-child.js';
import { LineSplitter } from './ingest/line-splitter.js';

/** Descriptor of the message pipe in the child; must be the same as in main.ts. */
const channelFd = 3;

/**
 * The only environment variables that a vision process gets: the loader, the GPU driver and FFmpeg need them. Others, such
 * as the directory of credentials and the notify socket, stay in the core.
 */
const inheritedVariables = [
  'PATH',
  'LANG',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'NVIDIA_VISIBLE_DEVICES',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'LIBVA_DRIVER_NAME',
];

/** Niceness above the core's for processes that analyse cameras, and for their FFmpeg processes. Threads for networks add to it. */
const cameraNiceness = 2;
/** The same for photographs: under load they get a third of the time of the networks for live pictures (CFS weights). */
const photographNiceness = 10;
const highestNiceness = 19;
/** How long the log of an ended process is read, milliseconds. */
const lastWordsMs = 1_000;

/** How a process ended. */
export interface VisionEnd {
  /** For people. */
  readonly reason: string;
  /** Set where the core killed it: it violated the protocol, or `kill` was called. */
  readonly misbehaviour?: 'protocol' | 'refused';
}

export interface VisionProcess {
  readonly pid: number;
  send(order: Order, attachment?: Uint8Array): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<VisionEnd>;
  /** Asks it to stop, and kills it after `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** Kills a misbehaving process and reads nothing more from it. */
  kill(reason: string): void;
}

export interface VisionProcessOptions {
  /** Sets the priority: photographs can wait, live pictures cannot. */
  readonly purpose: 'cameras' | 'photographs';
  readonly logger: Logger;
  /** User and group id of the process; only root can choose. Default: those of this process. */
  readonly user?: number;
  /** Path and arguments of another program: tests start a hostile one. Default: the vision program. */
  readonly program?: readonly string[] | undefined;
  /** Whether a report may bring a requested picture at this moment. Default: never. */
  isPictureAsked?(): boolean;
  /** `attachment`: the picture of the report; empty without one. */
  onReport(report: Report, attachment: Uint8Array): void;
  /** Called for each log line that was dropped because the process logs too much. */
  onLineDropped?(): void;
}

/** Starts one vision process. It waits for a `start` order. */
export function spawnVisionProcess(options: VisionProcessOptions): VisionProcess {
  const { purpose, logger, user, onReport, isPictureAsked = () => false } = options;
  const command = boundChild(process.execPath, [
    ...process.execArgv,
    ...(options.program ?? [processEntry({ built: 'vision.js', source: 'vision/main.ts' })]),
  ]);
  const child = spawn(command.program, command.arguments, {
    env: Object.fromEntries(
      inheritedVariables.flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
    ...present({ uid: user, gid: user }),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  lowerPriority(child, purpose === 'cameras' ? cameraNiceness : photographNiceness);
  forwardLog(child, options);
  let broken: VisionEnd | undefined;
  const channel = openMessageChannel(child.stdio[channelFd] as Duplex, reportLimits(isPictureAsked), {
    onMessage: (message, attachment) => onReport(readReport(message, attachment), attachment),
    onEnd(error) {
      if (error === undefined) return;
      broken ??= endOf(error);
      const about = { pid: child.pid, reason: broken.reason };
      if (broken.misbehaviour === undefined) logger.warn('the pipe to a vision process broke', about);
      else logger.error('a vision process misbehaved and was killed', about);
      child.kill('SIGKILL');
    },
  });
  const ended = new Promise<VisionEnd>((resolve) => {
    child.once('error', (error) => resolve({ reason: `it could not be started: ${messageOf(error)}` }));
    child.once('exit', (code, signal) => {
      const reason = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
      // The exit explains more than the pipe that broke with it, unless the core killed the process.
      resolve(broken?.misbehaviour === undefined ? { reason } : broken);
    });
  });
  return {
    pid: child.pid ?? 0,
    send: (order, attachment) => channel.send(order, attachment),
    ended,
    stop: (graceMs) => stopChild(child, ended, graceMs, () => channel.send({ type: 'stop' } satisfies Order)),
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
  child: ChildProcess,
  { logger, onLineDropped = () => undefined }: VisionProcessOptions,
): void {
  const log = new VisionLog(clock, logger.child({ pid: child.pid }), onLineDropped);
  const streams = [child.stdout, child.stderr].flatMap((stream) => stream ?? []);
  for (const stream of streams) log.follow(stream);
  child.once('exit', () => {
    const close = setTimeout(() => streams.forEach((stream) => void stream.destroy()), lastWordsMs);
    close.unref();
  });
}

/** Cameras may use every processor core. The core process must still record, publish and answer without delay. */
function lowerPriority({ pid }: ChildProcess, niceness: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(highestNiceness, getPriority() + niceness));
  } catch {
    // The process has ended already; `ended` reports it.
  }
}

async function stopChild(
  child: ChildProcess,
  ended: Promise<VisionEnd>,
  graceMs: number,
  ask: () => void,
): Promise<void> {
  ask();
  const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(kill);
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
  readonly #logger: Logger;
  readonly #bucket: TokenBucket;
  readonly #onDropped: () => void;

  /** `onDropped` is called for each dropped line. */
  constructor(clock: Clock, logger: Logger, onDropped: () => void) {
    this.#clock = clock;
    this.#logger = logger;
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
