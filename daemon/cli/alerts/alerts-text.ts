import type { ChannelTest, ShownAlert, ShownDelivery } from '../../control/alert-control.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

/** One row for each channel of each alert, newest first, and below why what failed did. */
export function describeAlerts(alerts: readonly ShownAlert[], show: ShowTime): string {
  if (alerts.length === 0) return 'There are no alerts.';
  const rows = alerts.flatMap((alert) => alert.deliveries.map((delivery) => rowOf(alert, delivery, show)));
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

function rowOf(
  { time, rule, phase, subject }: ShownAlert,
  { channel, state, attempts }: ShownDelivery,
  show: ShowTime,
) {
  return [show(time), rule, phase, channel, state, String(attempts), subject];
}

/** One line a channel, with what to do where it failed. */
export function describeTests(tests: readonly ChannelTest[]): string {
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
