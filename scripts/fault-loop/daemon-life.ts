import type { ChildProcess } from 'node:child_process';
import { daemonUnreachable } from '../../daemon/core/api/client.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { TestBox } from '../../test/support/box.js';
import { descendantsOf, isRunning } from '../../test/support/processes.js';
import { until } from '../../test/support/until.js';
import { exitOf } from '../child-end.js';

/** Vision processes and FFmpeg notice the end of their parent. After this time they count as left behind. */
const ORPHANS_WITHIN_MS = 60_000;

/** One daemon of a box, from its start until it is killed. */
export class DaemonLife {
  readonly #box: TestBox;
  readonly #following: Promise<void>;
  /** Milliseconds from the start until it was ready; undefined before. */
  readyAfterMs: number | undefined;
  /** Resolves when its local API answers; rejects where it ends before. */
  readonly answering: Promise<void>;
  /** Resolves when it is ready for people, too; rejects where it ends before. */
  readonly ready: Promise<void>;

  /** Starts it. `onRecorded` gets the id of each event that the daemon reports as recorded. */
  constructor(box: TestBox, onRecorded: (id: string) => void) {
    const startedMs = performance.now();
    this.#box = box;
    this.ready = box.start().then(() => {
      this.readyAfterMs = performance.now() - startedMs;
    });
    this.answering = untilAnswering(box, box.daemon);
    // The promise may have no listener when the daemon is killed early.
    for (const promise of [this.ready, this.answering]) promise.catch(() => undefined);
    this.#following = this.answering.then(
      () => follow(box, onRecorded),
      () => undefined,
    );
  }

  /**
   * SIGKILL; resolves when it has ended. What it had started may live on for a moment: `orphansEnded` resolves when the last
   * of them has ended, with the milliseconds that took, and rejects where one stays.
   */
  async kill(): Promise<{ readonly orphansEnded: Promise<number> }> {
    const { daemon } = this.#box;
    const below = descendantsOf(daemon.pid ?? 0);
    if (!daemon.kill('SIGKILL')) throw new Error(`the daemon had ended by itself (${daemon.exitCode})`);
    const { code, signal } = await exitOf(daemon);
    const killedMs = performance.now();
    if (signal !== 'SIGKILL') throw new Error(`the daemon ended by itself (${code ?? signal})`);
    await this.#following;
    const gone = until(
      `the end of what a killed daemon had started: ${below.join(', ')}`,
      () => !below.some(isRunning),
      ORPHANS_WITHIN_MS,
    );
    return { orphansEnded: gone.then(() => performance.now() - killedMs) };
  }
}

async function untilAnswering({ client }: TestBox, daemon: ChildProcess): Promise<void> {
  await until('the daemon to answer', async () => {
    if (daemon.exitCode !== null || daemon.signalCode !== null) throw new Error('the daemon ended');
    return (await client.call('status.show').catch(() => undefined)) !== undefined;
  });
}

/** Its own word for what it has recorded, in which neither the broker nor the database has a part. */
async function follow(box: TestBox, onRecorded: (id: string) => void): Promise<void> {
  try {
    for await (const item of await box.client.call('events.follow')) {
      if (item.kind === 'event') onRecorded(item.event.id);
    }
  } catch (error) {
    if (!isRollcallError(error, daemonUnreachable)) throw error;
  }
}
