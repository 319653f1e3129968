import { type Clock, sleep } from '../base/clock.js';
import { isRollcallError } from '../base/errors.js';
import { daemonUnreachable } from '../control/client.js';

/** Pause between attempts to reach the daemon. */
const retryMs = 500;

export interface StreamToFollow<Item> {
  /** Where to begin. */
  readonly after: number;
  open(after: number): Promise<AsyncIterable<Item>>;
  /** Takes an item and returns where to continue after it. */
  take(item: Item): number;
  /** Prints a note: the daemon went away, or it answers again. */
  note(text: string): void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Takes items of a stream until the signal aborts. If the daemon goes away, it waits and then continues after the last item. */
export async function followStream<Item>(stream: StreamToFollow<Item>): Promise<void> {
  const { open, take, note, signal, clock } = stream;
  let { after } = stream;
  let isAway = false;
  while (!signal.aborted) {
    try {
      for await (const item of await open(after)) {
        if (isAway) note('rollcalld answers again');
        isAway = false;
        after = take(item);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isRollcallError(error, daemonUnreachable)) throw error;
      if (!isAway) note('rollcalld does not answer; waiting until it does');
      isAway = true;
    }
    await sleep(clock, retryMs, signal).catch(() => undefined);
  }
}
