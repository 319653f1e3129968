import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { boundChild, type ChildLimits, isNotStarted } from '../../host/bound-child.js';
import type { Clock } from '../../kernel/clock.js';
import { inputFd } from './ffmpeg-arguments.js';
import { LineSplitter } from './line-splitter.js';

/** How a process ended. FFmpeg's exit code does not tell the reason. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set where the process could not be started. */
  readonly spawnError?: Error;
}

export interface FfmpegProcess {
  readonly pid: number | undefined;
  /** Where to write what `inputFd` gives, where that is 'written'. */
  readonly input: Writable | null;
  /** Resolves when the process has ended and all its output was read. */
  readonly ended: Promise<ProcessExit>;
  /** Continues reading after the byte target paused it. */
  resume(): void;
  /** Writes to standard input, in one piece. */
  command(line: string): void;
  /** SIGTERM, so that the camera's session is closed; SIGKILL after `graceMs`. Resolves when it has ended. */
  stop(graceMs: number): Promise<void>;
}

/** Starts FFmpeg with its raw output connected to `bytes`; its log goes line by line to `onLogLine`. */
export async function startFfmpeg(options: {
  readonly path: string;
  readonly arguments: readonly string[];
  /** What `inputFd` gives: a text, an open file, or what the caller writes to `input`. Beside all but a file, `command` can be used. */
  readonly input: { readonly script: string } | { readonly fd: number } | 'written';
  readonly limits?: ChildLimits | undefined;
  readonly bytes: OutputBytes;
  readonly clock: Clock;
  onLogLine(line: string): void;
}): Promise<FfmpegProcess> {
  const { input, limits, clock } = options;
  const { writeEnd, readEnd } = await openDirectPipe(options.bytes);
  const command = boundChild(options.path, options.arguments, limits);
  const isScript = typeof input === 'object' && 'script' in input;
  const isFile = typeof input === 'object' && 'fd' in input;
  const child = spawn(command.program, command.arguments, {
    stdio: [isFile ? 'ignore' : 'pipe', writeEnd, 'pipe', isFile ? input.fd : 'pipe'],
  });
  writeEnd.destroy();
  const commands = child.stdin;
  const written = child.stdio[inputFd] as Writable | null | undefined;
  // If FFmpeg ends early, this is EPIPE; `ended` has the reason.
  commands?.on('error', () => undefined);
  written?.on('error', () => undefined);
  if (isScript) written?.end(input.script);
  readEnd.on('error', () => undefined);
  const readEndClosed = new Promise<void>((resolve) => {
    readEnd.once('close', () => resolve());
  });
  let lastLine = '';
  const log = new LineSplitter((line) => {
    lastLine = line;
    options.onLogLine(line);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => log.push(chunk));
  const ended = exitOf(child).then(async (exit) => {
    log.end();
    options.bytes.announcementsEnded();
    await readEndClosed;
    return isNotStarted(exit.code) ? { ...exit, spawnError: new Error(lastLine) } : exit;
  });
  return {
    pid: child.pid,
    input: written ?? null,
    ended,
    resume: () => void readEnd.resume(),
    command: (line) => void commands?.write(line),
    async stop(graceMs) {
      child.kill('SIGTERM');
      const kill = clock.after(graceMs, () => child.kill('SIGKILL'));
      readEnd.resume();
      await ended;
      kill.cancel();
    },
  };
}

/** Resolves at the end of the process and its log. */
function exitOf(child: ChildProcess): Promise<ProcessExit> {
  return new Promise((resolve) => {
    child.once('error', (spawnError) => resolve({ code: null, signal: null, spawnError }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** Receives the bytes of a pipe: it provides the memory, and learns how many bytes arrived. */
interface ByteTarget {
  target(): Uint8Array;
  /** Returns false to pause reading until the pipe is resumed. */
  filled(count: number): boolean;
}

/** Takes the output of an FFmpeg. */
export interface OutputBytes extends ByteTarget {
  /** No line of the log will follow. */
  announcementsEnded(): void;
}

interface DirectPipe {
  /** The child's output; destroy it in this process once the child has it. */
  readonly writeEnd: Socket;
  readonly readEnd: Socket;
}

/**
 * A pipe whose bytes the kernel writes directly into the target. Node.js allocates a chunk for every read from a child's
 * output, and copying pictures together from chunks doubles the processor time (docs/reference/ingest.md). Only a socket that
 * Node.js connects itself can read into given memory. So this connects through a Unix socket in a private folder, which
 * it removes before it resolves.
 */
async function openDirectPipe(bytes: ByteTarget): Promise<DirectPipe> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-pipe-'));
  const path = join(folder, 'pipe');
  const server = createServer({ pauseOnConnect: true });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const accepted = new Promise<Socket>((resolve) => {
      server.once('connection', resolve);
    });
    const readEnd = connect({
      path,
      onread: {
        buffer: () => bytes.target(),
        callback: (count) => bytes.filled(count),
      },
    });
    await new Promise<void>((resolve, reject) => {
      readEnd.once('connect', resolve);
      readEnd.once('error', reject);
    });
    return { writeEnd: await accepted, readEnd };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
