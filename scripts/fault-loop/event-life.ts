import { type ChildProcess, fork } from 'node:child_process';
import { builtChild } from '../../test/support/built.js';
import { closeOf } from '../child-end.js';
import type { CentreWord, EventTask } from './event-task.js';

/** A process that records and publishes, until it is killed. */
export class EventLife {
  readonly #child: ChildProcess;
  #complaint = '';
  /** Resolves when it has everything open; never where it is killed before. */
  readonly opened: Promise<void>;
  /** Resolves when it was killed; rejects where it ended otherwise, but for the one that ends by itself. */
  readonly ended: Promise<'killed' | 'done'>;

  constructor(task: EventTask) {
    const child = fork(builtChild('scripts/fault-loop/event-box-child.ts'), [JSON.stringify(task)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint += text;
    });
    this.opened = new Promise((resolve) => child.once('message', () => resolve()));
    this.ended = closeOf(child).then(({ code, signal }) => {
      if (signal === 'SIGKILL') return 'killed';
      if (code === 0 && task.count !== null) return 'done';
      throw new Error(`the process ended by itself (${code ?? signal}): ${this.#complaint}`);
    });
    // `ended` reports the failure; it may have no listener yet.
    this.ended.catch(() => undefined);
  }

  /** Harmless when it has ended. */
  say(word: CentreWord): void {
    if (this.#child.connected) this.#child.send(word, () => undefined);
  }

  /** SIGKILL; harmless when the process has ended. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
