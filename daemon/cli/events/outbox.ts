import type { Command } from 'commander';
import type { OutboxStatus } from '../../contract/events.js';
import { heldBackLines } from '../../core/doctor/held-back-text.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { brokerNotConfigured } from '../../kernel/broker.js';
import { counted } from '../../kernel/counted.js';
import { table } from '../../kernel/text-table.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox } from '../daemon-client.js';
import type { ShowTime } from '../site-time.js';

const mebibyte = 1024 * 1024;

/** The state of the broker and of the centre. */
function deliveryLines(status: OutboxStatus): readonly string[] {
  const { acknowledgement, keptForCentre, inFlight, centreHasUpTo, connection } = status;
  if (connection.state === brokerNotConfigured) {
    return [
      'broker: not configured. Events stay on this box until "mqtt" in the configuration names a broker.',
    ];
  }
  const advice = connection.remedy === undefined ? '' : `\n  what to do: ${connection.remedy}`;
  const problem = connection.message === undefined ? '' : `: ${connection.message}${advice}`;
  return [
    `broker: ${connection.state}, ${counted(inFlight, 'event')} in transit${problem}`,
    acknowledgement === 'centre'
      ? `centre: has confirmed up to ${centreHasUpTo}; ${counted(keptForCentre, 'event is', 'events are')} at the broker and kept until the centre confirms`
      : 'an event leaves the outbox when the broker has received it (mqtt.acknowledgement: broker)',
  ];
}

/** The outbox: waiting events by kind with their limits, the broker and the centre. */
export function describeOutbox(status: OutboxStatus, show: ShowTime): string {
  const { count, sizeBytes, limitMiB, newestSequence, heldBack, kinds } = status;
  const rows = kinds.map(({ kind, count: waiting, oldestSince, limit, givenUp, isHeld }) => [
    kind,
    String(waiting),
    oldestSince === undefined ? '-' : show(oldestSince),
    `${limit.events} / ${limit.days} d`,
    String(givenUp),
    isHeld ? 'REFUSED by the broker' : '',
  ]);
  return [
    `outbox: ${counted(count, 'event')}, ${(sizeBytes / mebibyte).toFixed(1)} of ${limitMiB} MiB; newest event ${newestSequence}`,
    ...deliveryLines(status),
    ...heldBackLines(heldBack, show),
    table(['kind', 'events', 'oldest since', 'limit', 'given up', ''], rows),
  ].join('\n');
}

export function registerOutbox(program: Command): void {
  const outbox = program.command('outbox').description('the events that wait to leave the box');
  withCommonOptions(outbox.command('status'))
    .description(
      'show waiting events by kind with their limits, and events that the broker refuses, with the reason',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status = await client.call('outbox.show');
        print(options.json === true, status, () => describeOutbox(status, time.show));
        return exitCodes.done;
      }),
    );
}
