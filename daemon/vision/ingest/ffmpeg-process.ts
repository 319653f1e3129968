import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../../base/clock.js';
import { openDirectPipe } from './direct-pipe.js';
import { LineSplitter } from './line-splitter.js';
import type { PictureAssembler } from './picture-assembler.js';

/** How a process ended. FFmpeg's exit code says nothing about the reason. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why it could not be started at all, if so. */
  readonly spawnError?: NodeJS.ErrnoException;
}

export interface FfmpegProcess {
  readonly pid: number | undefined;
  /** Resolves when the process is gone and everything it wrote has been taken. */
  readonly ended: Promise<ProcessExit>;
  /** Takes up reading again after the byte target said to wait. */
  resume(): void;
  /** SIGTERM, so that the camera's session is closed; SIGKILL after `graceMs`. Resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
}

/** Starts FFmpeg with its raw output connected to `bytes`; its log goes line by line to `onLogLine`. */
export async function startFfmpeg(options: {
  readonly path: string;
  readonly arguments: readonly string[];
  /** Written to standard input, which is then closed. */
  readonly script?: string;
  /** Descriptor to hand over as number 3. */
  readonly fd?: number;
  readonly bytes: PictureAssembler;
  readonly clock: Clock;
  onLogLine(line: string): void;
}): Promise<FfmpegProcess> {
  const { script, fd, clock } = options;
  const { writeEnd, readEnd } = await openDirectPipe(options.bytes);
  const child = spawn(options.path, options.arguments, {
    stdio: [script === undefined ? 'ignore' : 'pipe', writeEnd, 'pipe', ...(fd === undefined ? [] : [fd])],
  });
  writeEnd.destroy();
  // An early end of FFmpeg shows here as EPIPE; `ended` tells more.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(script);
  readEnd.on('error', () => undefined);
  const readEndClosed = new Promise<void>((resolve) => {
    readEnd.once('close', () => resolve());
  });
  const log = new LineSplitter(options.onLogLine);
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => log.push(chunk));
  const ended = exitOf(child).then(async (exit) => {
    log.end();
    options.bytes.announcementsEnded();
    await readEndClosed;
    return exit;
  });
  return {
    pid: child.pid,
    ended,
    resume: () => void readEnd.resume(),
    async stop(graceMs) {
      child.kill('SIGTERM');
      const kill = clock.after(graceMs, () => child.kill('SIGKILL'));
      readEnd.resume();
      await ended;
      kill.cancel();
    },
  };
}

/** The end of the process and of its log. */
function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('error', (spawnError) => resolve({ code: null, signal: null, spawnError }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}
