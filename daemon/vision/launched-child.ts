import { type ChildProcess, spawn } from 'node:child_process';
import { constants, getPriority } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';
import { processEntry } from '../host/program-files.js';
import { messageOf } from '../kernel/errors.js';
import { present } from '../kernel/present.js';
import type { Launch, LaunchedVision } from './vision-launcher.js';

/** Descriptor of the messages with the core in every vision process: a pipe, or the connection that systemd accepted (sd_listen_fds(3)). */
export const channelFd = 3;

/**
 * The only environment variables that a vision process gets: the loader, the GPU driver and FFmpeg need them. Others, such
 * as the directory of credentials and the notify socket, stay in the core.
 */
const inheritedVariables = [
  'PATH',
  'LANG',
  'TZ',
  'TMPDIR',
  'JOURNAL_STREAM',
  'LD_LIBRARY_PATH',
  'CUDA_VISIBLE_DEVICES',
  'NVIDIA_VISIBLE_DEVICES',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'LIBVA_DRIVER_NAME',
];

export const visionEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    inheritedVariables.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

/**
 * Niceness above the core's. Cameras may use every processor core, and the core must still record, publish and answer without delay.
 * Threads for networks add to it. Under load, photographs get a third of the time of the networks for live pictures (CFS weights).
 */
const niceness: Readonly<Record<Launch['purpose'], number>> = { cameras: 2, photographs: 10 };

const highestNiceness = 19;

/** The command line of a vision process, inside of whatever surrounds it. */
export function visionCommand({ program }: Pick<Launch, 'program'>): readonly [string, ...string[]] {
  const entry = program ?? [processEntry({ built: 'vision.js', source: 'vision/main.ts' })];
  return [process.execPath, ...process.execArgv, ...entry];
}

/** The niceness of all that this purpose starts, beside that of this process. */
export const nicenessOf = (purpose: Launch['purpose']): number =>
  Math.min(highestNiceness, getPriority() + niceness[purpose]);

/** `command` with the priority of this purpose. nice replaces itself by the command. */
export function niceCommand(
  purpose: Launch['purpose'],
  command: readonly string[],
): readonly [string, readonly string[]] {
  return ['/usr/bin/nice', ['-n', String(niceness[purpose]), '--', ...command]];
}

/** Pipes to a surrounding program, beside the message pipe: descriptors 4 and 5 of the child. */
export interface ChildPipes {
  /** What it reads from descriptor 5. */
  readonly input: Buffer;
  /** Reads the id of the process from what it writes to descriptor 4. Undefined while the text is not complete. */
  pidFrom(output: string): number | undefined;
}

/** Starts a child of this process with a message pipe. With `pipes`, the child surrounds the vision process. */
export function launchChild(
  command: { readonly program: string; readonly arguments: readonly string[] },
  { user }: Launch,
  pipes?: ChildPipes,
): LaunchedVision {
  const child = spawn(command.program, command.arguments, {
    env: visionEnvironment(),
    ...present({ uid: user, gid: user }),
    // Ctrl-C in a terminal reaches the whole process group. A surrounding program would end by it, and the vision process at once with
    // it; the core decides when that ends.
    detached: pipes !== undefined,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...(pipes === undefined ? [] : (['pipe', 'pipe'] as const))],
  });
  let pid = pipes === undefined ? child.pid : undefined;
  if (pipes !== undefined) {
    readText(child.stdio[4] as Readable, (text) => {
      pid = pipes.pidFrom(text);
    });
    // The type of spawn knows the first five only.
    const input = (child.stdio as readonly unknown[])[5] as Writable;
    // A child that ends before it has read everything reports its own end.
    input.on('error', () => undefined);
    input.end(pipes.input);
  }
  return {
    channel: child.stdio[channelFd] as Duplex,
    log: [child.stdout, child.stderr].flatMap((stream) => stream ?? []),
    get pid() {
      return pid;
    },
    ended: endOf(child),
    kill: () => void child.kill('SIGKILL'),
  };
}

function readText(stream: Readable, onText: (text: string) => void): void {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    onText(text);
  });
  // It breaks with the child, which reports its own end.
  stream.on('error', () => undefined);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${messageOf(error)}`));
    child.once('exit', (code, signal) => {
      const killedBy = signal ?? signalOf(code ?? 0);
      resolve(killedBy === undefined ? `it exited with code ${code}` : `it was ended by ${killedBy}`);
    });
  });
}

/** A surrounding program passes on the signal that ended the process inside as a code above 128. */
const signalOf = (code: number): string | undefined =>
  Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
