import { type ChildProcess, spawn } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { isRollcallError, messageOf, operational } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { shownText } from '../domain/printable-text.js';
import { processEntry } from '../host/program-files.js';
import { systemClock as clock } from '../host/system-clock.js';
import { type Order, type Report, reportLimits, reportSchema } from './protocol.js';
import { VisionLog } from './vision-log.js';
import { openMessageChannel } from './wire.js';

/** Descriptor of the message pipe in the child; must equal what main.ts opens. */
const channelFd = 3;

/**
 * The only environment a vision process gets: what the loader, the GPU driver and FFmpeg need. Credentials directories,
 * notify sockets and the like stay in the core.
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

/** How much nicer than the core the vision processes are that look at cameras, and the FFmpeg processes they start. */
const cameraNiceness = 5;
/** Of those that look at photographs: where processors are short, they get a third of what live pictures get (CFS weights). */
const photographNiceness = 10;
const leastUrgent = 19;
/** How long the log of a process that has ended is read, milliseconds. */
const lastWordsMs = 1_000;

/** How a process ended. */
export interface VisionEnd {
  /** In words. */
  readonly reason: string;
  /** Why it was ended at once: it did not keep to the protocol, or `kill` was called. */
  readonly misbehaviour?: 'protocol' | 'refused';
}

export interface VisionProcess {
  readonly pid: number;
  send(order: Order, attachment?: Uint8Array): void;
  /** Resolves once when the process is gone. */
  readonly ended: Promise<VisionEnd>;
  /** Asks it to stop; kills it when it has not within `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** It misbehaves: nothing more is read of it, and it ends at once. */
  kill(reason: string): void;
}

export interface VisionProcessOptions {
  /** Photographs can wait, live pictures cannot. */
  readonly purpose: 'cameras' | 'photographs';
  readonly logger: Logger;
  /** Whom it runs as, user and group; only root can choose. Default: as this process. */
  readonly user?: number;
  /** Instead of the vision program: tests put a hostile one in its place. Its path and its arguments. */
  readonly program?: readonly string[] | undefined;
  /** Whether a report may bring a picture that was asked for. Default: never. */
  isPictureAsked?(): boolean;
  /** `attachment`: the picture that came with it; empty where it has none. */
  onReport(report: Report, attachment: Uint8Array): void;
  /** A line of its log was left out: it says too much. */
  onLineDropped?(): void;
}

/** Starts one vision process. It does nothing before it gets a `start` order. */
export function spawnVisionProcess(options: VisionProcessOptions): VisionProcess {
  const { purpose, logger, user, onReport, isPictureAsked = () => false } = options;
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      ...(options.program ?? [processEntry({ built: 'vision.js', source: 'vision/main.ts' })]),
    ],
    {
      env: Object.fromEntries(
        inheritedVariables.flatMap((name) => {
          const value = process.env[name];
          return value === undefined ? [] : [[name, value]];
        }),
      ),
      ...(user === undefined ? {} : { uid: user, gid: user }),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  yieldToOthers(child, purpose === 'cameras' ? cameraNiceness : photographNiceness);
  takeLog(child, options);
  let broken: VisionEnd | undefined;
  const channel = openMessageChannel(child.stdio[channelFd] as Duplex, reportLimits(isPictureAsked), {
    onMessage: (message, attachment) => onReport(parseReport(message, attachment), attachment),
    onEnd(error) {
      if (error === undefined) return;
      broken ??= endOf(error);
      const about = { pid: child.pid, reason: broken.reason };
      if (broken.misbehaviour === undefined) logger.warn('the pipe to a vision process broke', about);
      else logger.error('a vision process misbehaves and is ended', about);
      child.kill('SIGKILL');
    },
  });
  const ended = new Promise<VisionEnd>((resolve) => {
    child.once('error', (error) => resolve({ reason: `it could not be started: ${messageOf(error)}` }));
    child.once('exit', (code, signal) => {
      const reason = signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
      // A pipe that broke with its process says less than the end of the process.
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

/** A pipe that breaks because its process has died is no misbehaviour. */
function endOf(error: unknown): VisionEnd {
  const reason = messageOf(error);
  return isRollcallError(error, 'wire-violation') ? { reason, misbehaviour: 'protocol' } : { reason };
}

/** Throws `wire-violation` where `message` is no report, or bytes came with it that it says nothing of. */
function parseReport(message: unknown, attachment: Uint8Array): Report {
  const report = reportSchema.safeParse(message);
  if (!report.success) {
    const { path = [], message: what = '' } = report.error.issues[0] ?? {};
    const where = shownText(path.join('.'), { longest: 100 });
    throw operational(
      'wire-violation',
      `a report does not fit the protocol: ${where}: ${shownText(what, { longest: 200 })}`,
    );
  }
  if (attachment.length > 0 !== hasPicture(report.data)) {
    throw operational('wire-violation', 'a report lacks its picture, or has one too many');
  }
  return report.data;
}

function hasPicture(report: Report): boolean {
  if (report.type === 'sighting') return report.sighting.bestShot !== undefined;
  return (report.type === 'photo' || report.type === 'snapshot') && report.result.outcome === 'ok';
}

/** What it wrote last is read after its end; a process below it that lives on is not listened to. */
function takeLog(
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

/** Cameras may saturate every core: what is known must still be recorded, published and answered at once. */
function yieldToOthers({ pid }: ChildProcess, niceness: number): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, Math.min(leastUrgent, getPriority() + niceness));
  } catch {
    // It has ended already, which `ended` tells.
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
