import type { Command } from 'commander';
import { describeEvent } from '../../contract/events/event-text.js';
import { type FollowedItem, positionOf, type ShownEvent } from '../../contract/events.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, printLine, runAction } from '../../host/output.js';
import { systemClock } from '../../host/system-clock.js';
import type { Clock } from '../../kernel/clock.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import { endOfCommand, followStream, noteToUser } from '../follow-stream.js';
import { firstItems, parseCount } from '../pages.js';

interface TailOptions extends CommonOptions {
  readonly last: number;
  readonly follow: boolean;
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

/** The newest `count` events, the oldest first. */
export async function newestEvents(client: EventClient, count: number): Promise<readonly ShownEvent[]> {
  const found = await firstItems(count, (page) => client.call('events.list', page));
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
      return positionOf(item);
    },
  });
}

async function newestSequence(client: EventClient): Promise<number> {
  return (await client.call('outbox.show')).newestSequence;
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
          const signal = endOfCommand();
          await followEvents(client, { last, signal, clock: systemClock, show, note: noteToUser });
        } else for (const payload of await newestEvents(client, last)) show(payload);
        return exitCodes.done;
      }),
    );
}
