import { type Command, InvalidArgumentError, Option } from 'commander';
import { counted } from '../../base/counted.js';
import type { ResendOutcome, ShownEvent } from '../../control/event-control.js';
import { eventKinds } from '../../domain/events/event-type.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { personForms, personIn } from '../person/which-person.js';
import { timeForms } from '../site-time.js';
import { describeNumberedEvent, describeRanges } from './event-text.js';
import { parseCount, registerTail } from './events-tail.js';
import { registerVerify } from './events-verify.js';

interface ListOptions extends CommonOptions {
  readonly kind?: string;
  readonly from?: number;
  readonly to?: number;
  readonly since?: string;
  readonly person?: string;
  readonly limit: number;
}

interface ResendOptions extends CommonOptions {
  readonly from: number;
  readonly to?: number;
  readonly yes?: boolean;
}

/** A sequence from the command line; the digits of a published one may be copied with their zeros. */
export function parseSequence(text: string): number {
  const sequence = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(sequence) && sequence > 0) return sequence;
  throw new InvalidArgumentError('must be the sequence of an event: a whole number from 1 on');
}

function registerList(events: Command): void {
  withCommonOptions(events.command('list'))
    .addOption(new Option('--kind <kind>', 'only events of this kind').choices(eventKinds))
    .option('--from <sequence>', 'from this sequence on', parseSequence)
    .option('--to <sequence>', 'up to this sequence', parseSequence)
    .option('--since <time>', `recorded since: ${timeForms}`)
    .option('--person <person>', `only events that name this person: ${personForms}`)
    .option('-n, --limit <count>', 'the newest so many of those that match', parseCount, 100)
    .description('list recorded events, oldest first')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { kind, from, to, since, limit } = options;
        const { client, time } = await openBox(options.config);
        const sinceMs = since === undefined ? undefined : time.readFrom(since);
        const person = await personIn(options, client, time);
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries({ kind, from, to, sinceMs, person, limit })) {
          if (value !== undefined) query.set(name, String(value));
        }
        const found = await client.json<readonly unknown[]>('GET', `/v1/events?${query}`);
        print(options.json === true, found, () =>
          found.length === 0
            ? 'no such events'
            : found.map((event) => describeNumberedEvent(event, time.show)).join('\n'),
        );
        return exitCodes.done;
      }),
    );
}

const deliveryWords: Readonly<Record<ShownEvent['delivery'], string>> = {
  waiting: 'waits in the outbox: no broker has taken it yet',
  'kept-for-centre': 'the broker has taken it; kept until the centre has confirmed it',
  'given-up': 'given up: a gap says so. "rollcall events resend" sends it all the same',
  delivered: 'delivered',
};

function registerShow(events: Command): void {
  withCommonOptions(events.command('show'))
    .argument('<event>', 'its sequence, its id or the beginning of its id')
    .description('show everything about an event, and whether it has left the box')
    .action((which: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const path = `/v1/events/${encodeURIComponent(which)}`;
        const shown = await client.json<ShownEvent>('GET', path);
        print(options.json === true, shown, () =>
          [
            `event ${shown.sequence}, ${shown.kind}, recorded ${time.show(shown.recordedAt)}`,
            `delivery: ${deliveryWords[shown.delivery]}`,
            JSON.stringify(shown.event, null, 2),
          ].join('\n'),
        );
        return exitCodes.done;
      }),
    );
}

/** What a resend came to, for a person. */
export function describeResend({ first, last, count, missing }: ResendOutcome): string {
  const lines = [
    `${counted(count, 'event')} from ${first} to ${last} ${count === 1 ? 'is' : 'are'} sent again`,
  ];
  if (missing.count > 0) {
    lines.push(
      `${counted(missing.count, 'event is', 'events are')} in the records no more: ${describeRanges(missing.ranges)}`,
    );
  }
  return lines.join('\n');
}

function registerResend(events: Command): void {
  withCommonOptions(events.command('resend'))
    .requiredOption('--from <sequence>', 'the first event to send again', parseSequence)
    .option('--to <sequence>', 'the last one; absent: the newest', parseSequence)
    .option('-y, --yes', 'do not ask')
    .description('send recorded events again, as "historical"; whoever has them knows them by their id')
    .action((options: ResendOptions) =>
      runAction(options.json === true, async () => {
        const { from, to } = options;
        await confirm(`Events from ${from} to ${to ?? 'the newest'} will be sent again.`, options.yes);
        const client = await openDaemonClient(options.config);
        const body = Buffer.from(JSON.stringify({ from, to }));
        const outcome = await client.json<ResendOutcome>('POST', '/v1/events/resend', body);
        print(options.json === true, outcome, () => describeResend(outcome));
        return exitCodes.done;
      }),
    );
}

export function registerEvents(program: Command): void {
  const events = program.command('events').description('what the box recorded, and what leaves it');
  registerTail(events);
  registerList(events);
  registerShow(events);
  registerVerify(events);
  registerResend(events);
}
