import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EventDetails, ResendOutcome } from '../../contract/events.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import type { EventKind } from '../../kernel/events/event.js';
import { eventKinds } from '../../kernel/events/event-type.js';
import { isoTime } from '../../kernel/iso-time.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { checkPictureOptions, givePicture, type PictureOptions, pictureOption } from '../kept-picture.js';
import { personForms, personOption } from '../person/which-person.js';
import { timeForms } from '../site-time.js';
import { describeNumberedEvent, describeRanges } from './event-text.js';
import { newestEvents, parseCount, registerTail } from './events-tail.js';
import { registerVerify } from './events-verify.js';

interface ListOptions extends CommonOptions {
  readonly kind?: EventKind;
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

/** Parses a sequence. Leading zeros are allowed, because published sequences have them. */
function parseSequence(text: string): number {
  const sequence = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(sequence) && sequence > 0) return sequence;
  throw new InvalidArgumentError('must be the sequence of an event: a whole number, at least 1');
}

function registerList(events: Command): void {
  withCommonOptions(events.command('list'))
    .addOption(new Option('--kind <kind>', 'only events of this kind').choices(eventKinds))
    .option('--from <sequence>', 'from this sequence on', parseSequence)
    .option('--to <sequence>', 'up to this sequence', parseSequence)
    .option('--since <time>', `recorded since this time: ${timeForms}`)
    .option('--person <person>', `only events about this person: ${personForms}`)
    .option('-n, --limit <count>', 'number of newest matching events', parseCount, 100)
    .description('list recorded events, oldest first')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { kind, from, to, limit } = options;
        const { client, time } = await openBox(options.config);
        const since = options.since === undefined ? undefined : isoTime(time.readFrom(options.since));
        const person = await personOption(options, client, time);
        const found = await newestEvents(client, limit, { kind, from, to, since, person });
        print(options.json === true, found, () =>
          found.length === 0
            ? 'no events found'
            : found.map((event) => describeNumberedEvent(event, time.show)).join('\n'),
        );
        return exitCodes.done;
      }),
    );
}

const deliveryWords: Readonly<Record<EventDetails['delivery'], string>> = {
  waiting: 'waiting in the outbox: the broker has not received it yet',
  'kept-for-centre': 'the broker has received it; kept until the centre confirms it',
  'given-up': 'given up, and published as a gap. "rollcall events resend" can still send it',
  delivered: 'delivered',
};

function registerShow(events: Command): void {
  withCommonOptions(events.command('show'))
    .argument('<event>', 'sequence, id, or start of the id of the event')
    .option(...pictureOption)
    .description('show an event in full, whether it has left the box, and its picture')
    .action((which: string, options: CommonOptions & PictureOptions) =>
      runAction(options.json === true, async () => {
        checkPictureOptions(options);
        const { client, time } = await openBox(options.config);
        const shown = await client.call('events.show', { event: which });
        print(options.json === true, shown, () =>
          [
            `event ${shown.sequence}, ${shown.kind}, recorded ${time.show(shown.recordedAt)}`,
            `delivery: ${deliveryWords[shown.delivery]}`,
            JSON.stringify(shown.event, null, 2),
          ].join('\n'),
        );
        const { id } = shown;
        await givePicture(options, () => client.call('events.picture', { event: id }), `event-${id}`);
        return exitCodes.done;
      }),
    );
}

/** The result of a resend. */
export function describeResend({ first, last, count, missing }: ResendOutcome): string {
  const lines = [`sending ${counted(count, 'event')} from ${first} to ${last} again`];
  if (missing.count > 0) {
    lines.push(
      `${counted(missing.count, 'event is', 'events are')} no longer in the records: ${describeRanges(missing.ranges)}`,
    );
  }
  return lines.join('\n');
}

function registerResend(events: Command): void {
  withCommonOptions(events.command('resend'))
    .requiredOption('--from <sequence>', 'the first event to send again', parseSequence)
    .option('--to <sequence>', 'the last event; default: the newest', parseSequence)
    .option('-y, --yes', 'do not ask for confirmation')
    .description(
      'send recorded events again, marked "historical"; receivers recognise repeated events by their id',
    )
    .action((options: ResendOptions) =>
      runAction(options.json === true, async () => {
        const { from, to } = options;
        await confirm(`This sends the events from ${from} to ${to ?? 'the newest'} again.`, options.yes);
        const client = await openDaemonClient(options.config);
        const outcome = await client.call('events.resend', { from, to });
        print(options.json === true, outcome, () => describeResend(outcome));
        return exitCodes.done;
      }),
    );
}

export function registerEvents(program: Command): void {
  const events = program.command('events').description('show, check and resend the events of the box');
  registerTail(events);
  registerList(events);
  registerShow(events);
  registerVerify(events);
  registerResend(events);
}
