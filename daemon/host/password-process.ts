import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { defect, type RollcallError } from '../kernel/errors.js';
import { boundFork } from './bound-child.js';
import { processEntry } from './program-files.js';
import type { PassphraseCost } from './sodium.js';

/** What the process is asked for. */
export interface HashTask {
  readonly passphrase: Uint8Array;
  readonly salt: Uint8Array;
  readonly cost: PassphraseCost;
}

interface Waiting {
  readonly task: HashTask;
  readonly resolve: (hash: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** The process gets about a tenth of what a process of the cameras gets where both want the processor. */
const nice = 10;
/** So long after the last hash the process ends. */
const keptMs = 60_000;

/**
 * Argon2id (RFC 9106) in a process that leaves the processor to the cameras, one hash after the other: for passwords, of which
 * strangers send as many as they like. It starts at the first hash and ends when it was not asked for a while.
 */
export class PasswordProcess {
  readonly #waiting: Waiting[] = [];
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** The caller wipes the result. */
  hash(task: HashTask): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      if (this.#waiting.length === 1) this.#askNext();
    });
  }

  #askNext(): void {
    clearTimeout(this.#idle);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        this.#ask(next.task);
        return;
      } catch (cause) {
        // Such as no memory for another process. Whoever waits must not wait for ever.
        this.#waiting.shift();
        next.reject(processEnded(cause));
      }
    }
    if (this.#child !== undefined) holdAlive(this.#child, false);
    this.#idle = setTimeout(() => this.#stop(), keptMs).unref();
  }

  #ask(task: HashTask): void {
    this.#child ??= this.#start();
    // A child that could not begin has no channel; its error follows.
    if (this.#child.pid === undefined) return;
    holdAlive(this.#child, true);
    this.#child.send(task);
  }

  #start(): ChildProcess {
    const main = processEntry({ built: 'password-process.js', source: 'host/password-process-main.ts' });
    const child = fork(main, {
      ...boundFork(),
      ...{ serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'] },
      // It needs nothing of the daemon, and gets nothing.
      env: {},
    });
    if (child.pid !== undefined) setPriority(child.pid, nice);
    child.on('message', (hash: Uint8Array) => {
      this.#waiting.shift()?.resolve(hash);
      this.#askNext();
    });
    child.on('error', (cause) => this.#failed(child, cause));
    child.once('exit', (code, signal) => this.#failed(child, new Error(`it ended with ${code ?? signal}`)));
    return child;
  }

  #stop(): void {
    const child = this.#child;
    this.#child = undefined;
    if (child?.connected === true) child.disconnect();
  }

  /** The hash that it worked on is lost; the next one starts a new process. */
  #failed(child: ChildProcess, cause: unknown): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#waiting.shift()?.reject(processEnded(cause));
    this.#askNext();
  }
}

function processEnded(cause: unknown): RollcallError {
  return defect('password-process', 'the process for passwords ended, or could not begin', { cause });
}

/** Without work the process does not keep the daemon running. */
function holdAlive(child: ChildProcess, isHeld: boolean): void {
  if (isHeld) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}
