import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtChild, root } from '../../test/support/built.js';
import { exitOf } from '../child-end.js';
import type { Entry, Order } from './journal.js';

/** Longer than any child needs to come to the next entry. */
const LONGEST_WAIT_MS = 60_000;
/** Timers are no finer; what is shorter is waited for by looking at the clock. */
const TIMER_MS = 2;

/** A process that works on a gallery and is going to be killed. */
export class KilledWorkload {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #read: (entry: Entry) => void;
  readonly #entries: Entry[] = [];
  #waiting: (() => void) | undefined;
  #complaint = '';
  #isOver = false;

  /** `read` gets every entry, also those that came just before the kill. */
  constructor(directory: string, read: (entry: Entry) => void) {
    this.#read = read;
    const child = spawn(process.execPath, [builtChild('scripts/fault-loop/workload-child.ts'), directory], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    const output = createInterface({ input: child.stdout });
    output.on('line', (line) => this.#arrived(line));
    // The kill may cut off the last line, and a killed process reads no more.
    child.stdin.on('error', () => undefined);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text;
    });
    this.#ended = Promise.all([exitOf(child), once(output, 'close')]).then(() => {
      this.#isOver = true;
      this.#waiting?.();
    });
  }

  /** The next entry that `isWanted`. @throws where the child ends, or says nothing for too long */
  async next<T extends Entry>(isWanted: (entry: Entry) => entry is T): Promise<T> {
    for (;;) {
      for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
        if (isWanted(entry)) return entry;
      }
      if (this.#isOver) throw new Error(`the child ended by itself: ${this.#complaint}`);
      const arrival = new Promise<'arrived'>((resolve) => {
        this.#waiting = () => resolve('arrived');
      });
      using timer = expiry(LONGEST_WAIT_MS);
      if ((await Promise.race([arrival, timer.expired])) === 'expired') {
        await this.kill();
        throw new Error(`the child was silent for ${LONGEST_WAIT_MS} ms: ${this.#complaint}`);
      }
    }
  }

  order(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  /** SIGKILL after that long, a fraction of a millisecond counts. Resolves when everything it said was read. */
  async killAfter(delayMs: number): Promise<void> {
    const endMs = performance.now() + delayMs;
    if (delayMs > TIMER_MS) await sleep(delayMs - TIMER_MS);
    while (performance.now() < endMs);
    await this.kill();
  }

  /** @throws where the child had ended by itself */
  async kill(): Promise<void> {
    const wasRunning = this.#child.exitCode === null;
    this.#child.kill('SIGKILL');
    await this.#ended;
    if (!wasRunning || this.#child.signalCode !== 'SIGKILL')
      throw new Error(`the child ended by itself: ${this.#complaint}`);
  }

  /** Lets the process close the gallery and end, where it lives. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  #arrived(line: string): void {
    const entry = entryOf(line);
    if (entry === undefined) return;
    this.#read(entry);
    this.#entries.push(entry);
    this.#waiting?.();
  }
}

/** Undefined for a line that the kill cut off: whatever it was to say was not said. */
function entryOf(line: string): Entry | undefined {
  try {
    return JSON.parse(line) as Entry;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function expiry(afterMs: number): Disposable & { readonly expired: Promise<'expired'> } {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<'expired'>((resolve) => {
    timer = setTimeout(() => resolve('expired'), afterMs);
  });
  return { expired, [Symbol.dispose]: () => clearTimeout(timer) };
}
