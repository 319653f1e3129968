import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  type Alert,
  type AlertDelivery,
  type AlertMute,
  type ChannelTest,
  deliveryStates,
} from '../../contract/alerts.js';
import { exitCodes, print, runAction, table } from '../../host/output.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { firstItems } from '../pages.js';
import type { ShowTime } from '../site-time.js';

interface ListOptions extends CommonOptions {
  readonly last: number;
  readonly state?: AlertDelivery['state'];
}

export function registerAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('show, acknowledge and mute alerts; test the channels');
  registerList(alerts);
  registerAcknowledge(alerts);
  registerMutes(alerts);
  registerTest(alerts);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 10_000) return count;
  throw new InvalidArgumentError('must be a whole number from 1 to 10000');
}

function registerList(alerts: Command): void {
  withCommonOptions(alerts.command('list'))
    .option('-n, --last <count>', 'how many alerts to show, the newest first', parseCount, 50)
    .addOption(
      new Option('--state <state>', 'only alerts with a delivery in this state').choices([...deliveryStates]),
    )
    .description('list the alerts of the last 90 days with the state of each delivery')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { last, state } = options;
        const found = await firstItems(last, (page) => client.call('alerts.list', { ...page, state }));
        print(options.json === true, found, () => describeAlerts(found, time.show));
        return exitCodes.done;
      }),
    );
}

function registerAcknowledge(alerts: Command): void {
  withCommonOptions(alerts.command('acknowledge'))
    .argument('<id>', "id of the alert, from 'rollcall alerts list'")
    .description('note that you have seen an alert; the first acknowledgement stays')
    .action((id: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const alert = await client.call('alerts.acknowledge', { alert: id });
        const { by = '', at = '' } = alert.acknowledgement ?? {};
        print(options.json === true, alert, () => `seen by ${by} at ${time.show(at)}: ${alert.subject}`);
        return exitCodes.done;
      }),
    );
}

function registerMutes(alerts: Command): void {
  withCommonOptions(alerts.command('mute'))
    .argument('<rule>', 'id of the rule')
    .requiredOption('--for <time>', 'how long: 30m, 8h or 7d, at most 30d', parseMinutes)
    .description('send nothing for a rule for a while; its alerts still come into the history')
    .action((rule: string, options: CommonOptions & { readonly for: number }) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const mute = await client.call('alerts.mute', { rule, minutes: options.for });
        print(options.json === true, mute, () => `${rule} is muted until ${time.show(mute.until)}`);
        return exitCodes.done;
      }),
    );
  withCommonOptions(alerts.command('mutes'))
    .description('list the muted rules')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const mutes = await client.call('alerts.mutes', {});
        print(options.json === true, mutes, () => describeMutes(mutes, time.show));
        return exitCodes.done;
      }),
    );
  withCommonOptions(alerts.command('unmute'))
    .argument('<rule>', 'id of the rule')
    .description('send alerts of a rule again')
    .action((rule: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const ended = await client.call('alerts.unmute', { rule });
        const text = ended.wasMuted ? `${rule} is no longer muted` : `${rule} was not muted; nothing changed`;
        print(options.json === true, ended, () => text);
        return exitCodes.done;
      }),
    );
}

const minutesOf: Readonly<Record<string, number>> = { m: 1, h: 60, d: 24 * 60 };

function parseMinutes(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const minutes = Number(count) * (minutesOf[unit] ?? 0);
  if (minutes >= 1 && minutes <= 30 * 24 * 60) return minutes;
  throw new InvalidArgumentError('must be minutes, hours or days, such as 30m, 8h or 7d, at most 30d');
}

function describeMutes(mutes: readonly AlertMute[], show: ShowTime): string {
  if (mutes.length === 0) return 'No rule is muted.';
  const rows = mutes.map(({ rule, since, until, by }) => [rule, show(since), show(until), by]);
  return table(['rule', 'muted at', 'until', 'by'], rows);
}

function registerTest(alerts: Command): void {
  withCommonOptions(alerts.command('test'))
    .argument('[channel]', 'id of a channel; default: all channels')
    .description('send a test alert now and report each channel; exit code 1 if one fails')
    .action((channel: string | undefined, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const tests = await client.call('alerts.test', { channel });
        print(options.json === true, tests, () => describeTests(tests));
        return tests.every(({ outcome }) => outcome === 'delivered') ? exitCodes.done : exitCodes.failed;
      }),
    );
}

/** One row for each channel of each alert, newest first. The reasons of failed deliveries follow the table. */
function describeAlerts(alerts: readonly Alert[], show: ShowTime): string {
  if (alerts.length === 0) return 'There are no alerts.';
  const rows = alerts.flatMap((alert) =>
    alert.deliveries.length === 0
      ? [rowOf(alert, mutedDelivery, show)]
      : alert.deliveries.map((delivery) => rowOf(alert, delivery, show)),
  );
  const reasons = alerts.flatMap((alert) =>
    alert.deliveries.flatMap(({ channel, code, reason, state }) =>
      reason === undefined
        ? []
        : [`${alert.id} to ${channel}, ${state}: ${reason}${code === undefined ? '' : ` (${code})`}`],
    ),
  );
  return [
    table(['time', 'rule', 'phase', 'channel', 'state', 'tries', 'seen', 'id', 'alert'], rows),
    ...(reasons.length === 0 ? [] : ['', ...reasons]),
  ].join('\n');
}

/** What the table shows for an alert of a muted rule, which no channel gets. */
const mutedDelivery = { channel: '-', state: 'muted', attempts: 0 } as const;

function rowOf(
  { id, time, rule, phase, subject, acknowledgement }: Alert,
  { channel, state, attempts }: Pick<AlertDelivery, 'channel' | 'attempts'> & { readonly state: string },
  show: ShowTime,
) {
  const seen = acknowledgement === undefined ? 'no' : 'yes';
  return [show(time), rule, phase, channel, state, String(attempts), seen, id, subject];
}

/** One line per channel, with a remedy if it failed. */
function describeTests(tests: readonly ChannelTest[]): string {
  return tests.map(describeTest).join('\n');
}

function describeTest(test: ChannelTest): string {
  const head = `${test.kind} ${test.channel}`;
  if (test.outcome === 'delivered') {
    return `${head}: delivered${test.note === undefined ? '' : `, ${test.note}`}`;
  }
  const remedy = test.remedy === undefined ? '' : `\n  what to do: ${test.remedy}`;
  return `${head}: FAILED: ${test.message} (${test.code})${remedy}`;
}
