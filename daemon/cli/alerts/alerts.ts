import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ChannelTest, deliveryStates, type ShownAlert } from '../../control/alert-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { describeAlerts, describeTests } from './alerts-text.js';

interface ListOptions extends CommonOptions {
  readonly last: number;
  readonly state?: string;
}

export function registerAlerts(program: Command): void {
  const alerts = program.command('alerts').description('who was told of what, and whether it arrived');
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
    .addOption(new Option('--state <state>', 'only alerts with such a delivery').choices([...deliveryStates]))
    .description('show alerts of the last 90 days: delivered, pending, or failed and why')
    .action((options: ListOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { last, state } = options;
        const query = new URLSearchParams({ limit: String(last), ...(state === undefined ? {} : { state }) });
        const found = await client.json<readonly ShownAlert[]>('GET', `/v1/alerts?${query}`);
        print(options.json === true, found, () => describeAlerts(found, time.show));
        return exitCodes.done;
      }),
    );
}

function registerTest(alerts: Command): void {
  withCommonOptions(alerts.command('test'))
    .argument('[channel]', 'id of a channel; absent: all of them')
    .description('send a test alert now and say what fails, if anything; exit code 1 if so')
    .action((channel: string | undefined, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const query = new URLSearchParams(channel === undefined ? {} : { channel });
        const tests = await client.json<readonly ChannelTest[]>('POST', `/v1/alerts/tests?${query}`);
        print(options.json === true, tests, () => describeTests(tests));
        return tests.every(({ outcome }) => outcome === 'delivered') ? exitCodes.done : exitCodes.failed;
      }),
    );
}
