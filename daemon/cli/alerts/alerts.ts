import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Alert, type AlertDelivery, type ChannelTest, deliveryStates } from '../../contract/alerts.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction, table } from '../output.js';
import { firstItems } from '../pages.js';
import type { ShowTime } from '../site-time.js';

interface ListOptions extends CommonOptions {
  readonly last: number;
  readonly state?: AlertDelivery['state'];
}

export function registerAlerts(program: Command): void {
  const alerts = program.command('alerts').description('show alerts and their delivery; test the channels');
  registerList(alerts);
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
    table(['time', 'rule', 'phase', 'channel', 'state', 'tries', 'alert'], rows),
    ...(reasons.length === 0 ? [] : ['', ...reasons]),
  ].join('\n');
}

/** What the table shows for an alert of a muted rule, which no channel gets. */
const mutedDelivery = { channel: '-', state: 'muted', attempts: 0 } as const;

function rowOf(
  { time, rule, phase, subject }: Alert,
  { channel, state, attempts }: Pick<AlertDelivery, 'channel' | 'attempts'> & { readonly state: string },
  show: ShowTime,
) {
  return [show(time), rule, phase, channel, state, String(attempts), subject];
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
