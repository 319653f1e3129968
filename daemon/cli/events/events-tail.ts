import { type Command, InvalidArgumentError } from 'commander';
import { describeEvent } from '../../contract/events/event-text.js';
import type { FollowedItem, ShownEvent } from '../../contract/events.js';
import type { CallInput } from '../../contract/operation.js';
import type { Operations } from '../../contract/operations.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, printLine, runAction } from '../../host/output.js';
import { systemClock } from '../../host/system-clock.js';
import type { Clock } from '../../kernel/clock.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { followStream } from '../follow-stream.js';
import { firstItems } from '../pages.js';

/** Most events that one command lists. */
const MOST = 10_000;

interface TailOptions extends CommonOptions {
  readonly last: number;
  readonly follow: boolean;
}

/** Parses a number of events. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 0 && count <= MOST) return count;
  throw new InvalidArgumentError(`must be a whole number from 0 to ${MOST}`);
}

interface Following {
  /** How many recorded events to show first. */
  readonly last: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  show(payload: unknown): void;
  /** Prints a note: the daemon went away, or the records were replaced. */
  note(text: string): void;
}

type EventClient = Pick<ControlClient, 'call'>;
type EventFilters = Omit<CallInput<Operations['events.list']>, 'limit' | 'cursor' | 'order'>;

/** The newest `count` events that match the filters, the oldest first. */
export async function newestEvents(
  client: EventClient,
  count: number,
  filters: EventFilters = {},
): Promise<readonly ShownEvent[]> {
  const found = await firstItems(count, (page) => client.call('events.list', { ...filters, ...page }));
  return found.toReversed();
}

/**
 * Shows recorded events, then new ones until the signal aborts: each event once, in order of sequence. If the daemon goes
 * away, it waits and then continues after the last event shown.
 * @throws `daemon-unreachable` if the daemon does not answer at the start
 */
export async function followEvents(client: EventClient, following: Following): Promise<void> {
  const { last, signal, clock, show, note } = following;
  const recent = await newestEvents(client, last);
  for (const event of recent) show(event);
  const newest = recent.at(-1);
  const after = newest === undefined ? await newestSequence(client) : Number(newest.sequence);
  await followStream<FollowedItem>({
    ...{ after, signal, clock, note },
    open: (from) => client.call('events.follow', { after: from }, signal),
    take(item) {
      if (item.kind === 'event') show(item.event);
      if (item.kind === 'records-replaced') {
        note('the records of the box were replaced; showing all events in the new records');
      }
      return positionAfter(item);
    },
  });
}

async function newestSequence(client: EventClient): Promise<number> {
  return (await client.call('outbox.show')).newestSequence;
}

/** Where to continue after an item of the stream. */
function positionAfter(item: FollowedItem): number {
  switch (item.kind) {
    case 'event':
      return Number(item.event.sequence);
    case 'up-to-date':
      return item.newestSequence;
    case 'records-replaced':
      return 0;
  }
}

export function registerTail(events: Command): void {
  withCommonOptions(events.command('tail'))
    .option('-n, --last <count>', 'number of recorded events to show first', parseCount, 10)
    .option('--no-follow', 'do not wait for new events')
    .description(
      'show recorded events, then new ones, also after a restart of the daemon; with --json one object per line',
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
          const note = (text: string): void => void process.stderr.write(`note: ${text}\n`);
          await followEvents(client, { last, signal: abort.signal, clock: systemClock, show, note });
        } else for (const payload of await newestEvents(client, last)) show(payload);
        return exitCodes.done;
      }),
    );
}
