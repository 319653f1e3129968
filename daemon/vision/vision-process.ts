import { type ChildProcess, spawn } from 'node:child_process';
import { getPriority, setPriority } from 'node:os';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { defect, messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type Order, type Report, reportSchema } from './protocol.js';
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

export interface VisionProcess {
  readonly pid: number;
  send(order: Order, attachment?: Uint8Array): void;
  /** Resolves once, with the reason in words, when the process is gone. */
  readonly ended: Promise<string>;
  /** Asks it to stop; kills it when it has not within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Starts one vision process. It does nothing before it gets a `start` order. */
export function spawnVisionProcess(options: {
  /** Photographs can wait, live pictures cannot. */
  readonly purpose: 'cameras' | 'photographs';
  readonly logger: Logger;
  /** Whom it runs as, user and group; only root can choose. Default: as this process. */
  readonly user?: number;
  onReport(report: Report): void;
}): VisionProcess {
  const { purpose, logger, user, onReport } = options;
  // Built code runs as .js; straight from the sources (tests, development) the loader in execArgv takes .ts.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const main = fileURLToPath(new URL(`./main.${extension}`, import.meta.url));
  const env = Object.fromEntries(
    inheritedVariables.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const child = spawn(process.execPath, [...process.execArgv, main], {
    env,
    ...(user === undefined ? {} : { uid: user, gid: user }),
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  yieldToOthers(child, purpose === 'cameras' ? cameraNiceness : photographNiceness);
  let violation: string | undefined;
  const channel = openMessageChannel(child.stdio[channelFd] as Duplex, {
    onMessage(message) {
      const report = reportSchema.safeParse(message);
      if (report.success) onReport(report.data);
      else throw defect('wire-violation', `a report does not fit the protocol: ${report.error.message}`);
    },
    onEnd(error) {
      if (error === undefined) return;
      violation = messageOf(error);
      logger.error('a vision process broke the protocol and is ended', { pid: child.pid, error });
      child.kill('SIGKILL');
    },
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${messageOf(error)}`));
    child.once('exit', (code, signal) => {
      resolve(violation ?? (signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`));
    });
  });
  return {
    pid: child.pid ?? 0,
    send: (order, attachment) => channel.send(order, attachment),
    ended,
    stop: (graceMs) => stopChild(child, ended, graceMs, () => channel.send({ type: 'stop' } satisfies Order)),
  };
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
  ended: Promise<string>,
  graceMs: number,
  ask: () => void,
): Promise<void> {
  ask();
  const kill = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(kill);
}
