import { type Command, InvalidArgumentError } from 'commander';
import { type Clock, sleep } from '../../base/clock.js';
import { defect, isRollcallError } from '../../base/errors.js';
import { type ControlClient, daemonUnreachable } from '../../control/client.js';
import type { OutboxStatus } from '../../control/event-control.js';
import { systemClock } from '../../host/system-clock.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, printLine, runAction } from '../output.js';
import { describeEvent } from './event-text.js';

/** How long to wait for a daemon that is away before the next try. */
const RETRY_MS = 500;
/** Most events that the local API lists at once. */
const PAGE = 10_000;

interface TailOptions extends CommonOptions {
  readonly last: number;
  readonly follow: boolean;
}

/** How many events to show, from the command line. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= PAGE) return count;
  throw new InvalidArgumentError(`must be a whole number from 0 to ${PAGE}`);
}

export interface Following {
  /** How many recorded events to show first. */
  readonly last: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  show(payload: unknown): void;
  /** Prints a message for a person: the daemon went away, events were left out. */
  say(text: string): void;
}

type EventClient = Pick<ControlClient, 'events' | 'recentEvents' | 'json'>;

/**
 * Shows recorded events, then new ones until the signal aborts: every one once, in the order of their sequences. While
 * the daemon is away it waits, and goes on behind the last event that was shown.
 * @throws `daemon-unreachable` where the daemon does not answer in the beginning
 */
export async function followEvents(client: EventClient, following: Following): Promise<void> {
  const { signal, clock, say } = following;
  const tail = new EventTail(client, following);
  await tail.begin();
  let isAway = false;
  while (!signal.aborted) {
    try {
      await tail.follow(() => {
        if (isAway) say('rollcalld answers again');
        isAway = false;
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!isRollcallError(error, daemonUnreachable)) throw error;
      if (!isAway) say('rollcalld does not answer; waiting until it does');
      isAway = true;
      await sleep(clock, RETRY_MS, signal).catch(() => undefined);
    }
  }
}

/** Events in the order of their sequences. What the stream leaves out is read from the records. */
class EventTail {
  readonly #client: EventClient;
  readonly #following: Following;
  /** Sequence of the last event that was shown or that is not to be shown. */
  #shown = 0;

  constructor(client: EventClient, following: Following) {
    this.#client = client;
    this.#following = following;
  }

  async begin(): Promise<void> {
    this.#shown = await this.#newest();
    const recent = await this.#client.recentEvents(this.#following.last);
    // Those recorded since are among the recent ones, or are read when the stream begins.
    if (recent.length > 0) this.#shown = Math.min(this.#shown, sequenceOf(recent[0]) - 1);
    for (const event of recent) this.#show(event);
  }

  /** New events until the stream ends. */
  async follow(onSubscribed: () => void): Promise<void> {
    const hangUp = new AbortController();
    let isSubscribed = (): void => undefined;
    const subscribed = new Promise<void>((resolve) => {
      isSubscribed = resolve;
    });
    const signal = AbortSignal.any([this.#following.signal, hangUp.signal]);
    const stream = this.#client.events(signal, isSubscribed);
    try {
      let next = stream.next();
      // It may fail while something else is waited for, and is looked at after that.
      next.catch(() => undefined);
      await Promise.race([subscribed, next]);
      onSubscribed();
      await this.#showMissed();
      for (let event = await next; event.done !== true; event = await next) {
        await this.#showUpTo(sequenceOf(event.value) - 1);
        this.#show(event.value);
        next = stream.next();
      }
    } finally {
      hangUp.abort();
    }
  }

  /** What was recorded before the stream began. */
  async #showMissed(): Promise<void> {
    const newest = await this.#newest();
    if (newest < this.#shown) {
      this.#following.say('the records of the box were begun anew; what follows are all events in them');
      this.#shown = 0;
    }
    await this.#showUpTo(newest);
  }

  async #newest(): Promise<number> {
    return (await this.#client.json<OutboxStatus>('GET', '/v1/outbox')).newestSequence;
  }

  async #showUpTo(last: number): Promise<void> {
    for (let from = this.#shown + 1; from <= last; from += PAGE) {
      const to = Math.min(last, from + PAGE - 1);
      const path = `/v1/events?from=${from}&to=${to}&limit=${PAGE}`;
      for (const event of await this.#client.json<readonly unknown[]>('GET', path)) this.#show(event);
    }
    this.#shown = Math.max(this.#shown, last);
  }

  #show(event: unknown): void {
    const sequence = sequenceOf(event);
    if (sequence <= this.#shown) return;
    this.#shown = sequence;
    this.#following.show(event);
  }
}

/** Of an event as it was published. @throws `event-without-sequence` (defect): the records give each one */
function sequenceOf(event: unknown): number {
  const sequence = Number((event as { readonly sequence?: string } | undefined)?.sequence);
  if (Number.isSafeInteger(sequence)) return sequence;
  throw defect('event-without-sequence', 'the daemon sent an event that has no sequence');
}

export function registerTail(events: Command): void {
  withCommonOptions(events.command('tail'))
    .option('-n, --last <count>', 'how many recorded events to show first', parseCount, 10)
    .option('--no-follow', 'end after those instead of waiting for new ones')
    .description(
      'print recorded events and go on with new ones, also after a restart of the daemon; with --json one object a line',
    )
    .action((options: TailOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const show = (payload: unknown): void => {
          if (options.json === true) printLine(payload);
          else process.stdout.write(`${describeEvent(payload, time.show)}\n`);
        };
        const { last } = options;
        if (options.follow) {
          const abort = new AbortController();
          process.once('SIGINT', () => abort.abort());
          process.once('SIGTERM', () => abort.abort());
          const say = (text: string): void => void process.stderr.write(`note: ${text}\n`);
          await followEvents(client, { last, signal: abort.signal, clock: systemClock, show, say });
        } else for (const payload of await client.recentEvents(last)) show(payload);
        return exitCodes.done;
      }),
    );
}
