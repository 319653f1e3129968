import { daemonUnreachable } from '../core/api/client.js';
import { type Clock, sleep } from '../kernel/clock.js';
import { isRollcallError, type RollcallError } from '../kernel/errors.js';

/** Pause between attempts to reach the daemon. */
const retryMs = 500;

const away = 'rollcalld does not answer; waiting until it does';
const goesOn = new Map([[away, 'rollcalld answers again']]);

export interface StreamToFollow<Item> {
  /** Where to begin. */
  readonly after: number;
  open(after: number): Promise<AsyncIterable<Item>>;
  /** Takes an item and returns where to continue after it. */
  take(item: Item): number;
  /** Prints a note: the stream has stopped and why, or it goes on. */
  note(text: string): void;
  /** Of a stream that has begun: whether it may go on after this error. Always where the daemon does not answer. */
  readonly isPassing?: (error: RollcallError) => boolean;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Takes items of a stream until the signal aborts. If the stream stops, it waits and then continues after the last item. */
export async function followStream<Item>(stream: StreamToFollow<Item>): Promise<void> {
  const { open, take, note, isPassing, signal, clock } = stream;
  let { after } = stream;
  let hasBegun = false;
  let stopped: string | undefined;
  while (!signal.aborted) {
    try {
      for await (const item of await open(after)) {
        if (stopped !== undefined) note(goesOn.get(stopped) ?? 'it goes on');
        stopped = undefined;
        hasBegun = true;
        after = take(item);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!isRollcallError(error)) throw error;
      const isAway = error.code === daemonUnreachable;
      if (!isAway && !(hasBegun && isPassing?.(error) === true)) throw error;
      const reason = isAway ? away : `${error.message}; trying again`;
      if (stopped !== reason) note(reason);
      stopped = reason;
    }
    await sleep(clock, retryMs, signal).catch(() => undefined);
  }
}

/** Aborts when the user or the system ends the command. */
export function endOfCommand(): AbortSignal {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => abort.abort());
  return abort.signal;
}

/** Tells the user something that is not part of the stream. */
export function noteToUser(text: string): void {
  process.stderr.write(`note: ${text}\n`);
}
