import { z } from 'zod';
import { alertDeliveryStates } from '../kernel/alerts/alert-rule.js';
import { channelKinds } from '../kernel/alerts/channel-kind.js';
import { table } from '../kernel/text-table.js';
import { columns, type Reader, type ShownWith, writtenAs } from './command-line.js';
import { numberedPageFields, operation } from './operation.js';
import { says } from './said.js';

/** A delivery of an alert to one channel. Times are ISO 8601 in UTC. */
export const alertDelivery = z.object({
  channel: z.string(),
  state: z.enum(alertDeliveryStates),
  attempts: z.int().nonnegative().describe('Number of tries so far.'),
  lastTryAt: z.iso.datetime().exactOptional(),
  nextTryAt: z.iso.datetime().exactOptional().describe('Present while the delivery is pending.'),
  code: z.string().exactOptional().describe('Why the delivery failed or is late.'),
  reason: z.string().exactOptional(),
});
export type AlertDelivery = z.infer<typeof alertDelivery>;

/** An alert and its deliveries. */
export const alert = z.object({
  id: z.string().describe('The same on every channel.'),
  time: z.iso.datetime(),
  phase: z.enum(['raised', 'cleared', 'test']),
  rule: z.string(),
  on: z.string(),
  severity: z.string(),
  subject: z.string().describe('As it was sent, in the language of alerts.'),
  summary: z.string().describe('What happened, without severity and place.'),
  says: says('summary'),
  deliveries: z.array(alertDelivery).readonly().describe('Empty for an alert of a rule that was muted then.'),
  acknowledgement: z
    .object({ by: z.string().describe('The actor, such as `user:<id>`.'), at: z.iso.datetime() })
    .exactOptional()
    .describe('Absent until a caller has acknowledged the alert.'),
});
export type Alert = z.infer<typeof alert>;

/** A rule that sends nothing for a while. */
export const alertMute = z.object({
  rule: z.string(),
  until: z.iso.datetime(),
  since: z.iso.datetime(),
  by: z.string().describe('The actor, such as `user:<id>`.'),
});
export type AlertMute = z.infer<typeof alertMute>;

/** The configured rules and channels, without where the channels lead. */
export const alertSetup = z.object({
  rules: z
    .array(
      z.object({
        id: z.string(),
        on: z.string().describe('What the rule is about, such as `unknown` or `camera-down`.'),
        severity: z.string(),
        channels: z.array(z.string()).readonly(),
        cameras: z.array(z.string()).readonly().exactOptional().describe('Absent: all cameras.'),
        threshold: z
          .object({
            of: z.string().describe('What is counted.'),
            count: z.int().positive(),
            withinMinutes: z.number().exactOptional(),
          })
          .exactOptional()
          .describe('Of an occurrence: how many cause an alert. Absent: each one.'),
        minimumS: z
          .int()
          .nonnegative()
          .exactOptional()
          .describe('Of a condition: how long it must last. Absent: the usual time of this condition.'),
        quietHours: z
          .object({ from: z.string(), to: z.string(), days: z.array(z.string()).readonly() })
          .exactOptional(),
        cooldownMinutes: z.number(),
      }),
    )
    .readonly(),
  channels: z
    .array(
      z.object({
        id: z.string(),
        kind: z.enum(channelKinds),
        isOwn: z.boolean().describe('True: the box keeps it, and it can be changed over the API.'),
      }),
    )
    .readonly(),
});
export type AlertSetup = z.infer<typeof alertSetup>;

const ruleId = z.string().min(1).max(64).describe('The id of a configured rule.');

/** Alerts in the status of the box. */
export const alertSummary = z.object({
  rules: z.int().nonnegative().describe('Number of configured rules.'),
  pending: z.int().nonnegative().describe('Number of waiting deliveries.'),
  failed: z.int().nonnegative().describe('Number of failed deliveries in the history.'),
});
export type AlertSummary = z.infer<typeof alertSummary>;

/** The outcome of a test message to a channel. */
export const channelTest = z.discriminatedUnion('outcome', [
  z.object({
    channel: z.string(),
    kind: z.string(),
    outcome: z.literal('delivered'),
    note: z.string().exactOptional(),
  }),
  z.object({
    channel: z.string(),
    kind: z.string(),
    outcome: z.literal('failed'),
    code: z.string(),
    message: z.string(),
    remedy: z.string().exactOptional(),
  }),
]);
export type ChannelTest = z.infer<typeof channelTest>;

function describeMutes(mutes: readonly AlertMute[], { show }: ShownWith): string {
  if (mutes.length === 0) return 'No rule is muted.';
  const rows = mutes.map(({ rule, since, until, by }) => [rule, show(since), show(until), by]);
  return table(['rule', 'muted at', 'until', 'by'], rows);
}

/** One row for each channel of each alert, newest first. The reasons of failed deliveries follow the table. */
function describeAlerts(alerts: readonly Alert[], { show, say }: ShownWith): string {
  if (alerts.length === 0) return say('terminal/no-alerts');
  const rows = alerts.flatMap((alert) =>
    alert.deliveries.length === 0
      ? [rowOf(alert, mutedDelivery, { show, say })]
      : alert.deliveries.map((delivery) => rowOf(alert, delivery, { show, say })),
  );
  const reasons = alerts.flatMap((alert) =>
    alert.deliveries.flatMap(({ channel, code, reason, state }) =>
      reason === undefined
        ? []
        : [
            say('terminal/delivery-reason', {
              ...{ alert: alert.id, channel, reason },
              state: code === undefined ? state : `${state} (${code})`,
            }),
          ],
    ),
  );
  return [
    table(columns(say, ['time', 'rule', 'phase', 'channel', 'state', 'tries', 'seen', 'id', 'alert']), rows),
    ...(reasons.length === 0 ? [] : ['', ...reasons]),
  ].join('\n');
}

/** What the table shows for an alert of a muted rule, which no channel gets. */
const mutedDelivery = { channel: '-', state: 'muted', attempts: 0 } as const;

function rowOf(
  { id, time, rule, phase, subject, acknowledgement }: Alert,
  { channel, state, attempts }: Pick<AlertDelivery, 'channel' | 'attempts'> & { readonly state: string },
  { show, say }: Reader,
) {
  const seen = say(`terminal/${acknowledgement === undefined ? 'no' : 'yes'}`);
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

export const alertOperations = {
  'alerts.list': operation({
    method: 'GET',
    path: '/alerts',
    summary: 'List alerts and their deliveries, the newest first.',
    description:
      'A caller who is limited to cameras gets no alert about another camera: then a page may have fewer alerts than `limit` and not be the last.',
    input: z.strictObject({
      ...numberedPageFields,
      state: z.enum(alertDeliveryStates).optional().describe('Only alerts with a delivery in this state.'),
      alert: z.string().min(1).max(64).optional().describe('Only the alert with this id.'),
    }),
    answer: { kind: 'page', item: alert },
    errors: [],
    scope: 'alerts:read',
    centre: { scope: 'alerts', command: 'list-alerts', answerAs: 'page' },
    rate: 'default',
    commandLines: [
      {
        words: 'alerts list',
        does: 'list the alerts of the last 90 days with the state of each delivery',
        options: { state: ['--state <state>', 'only alerts with a delivery in this state'] },
        most: { flags: '-n, --last <count>', help: 'how many alerts to show, the newest first', usual: 50 },
        text: describeAlerts,
        examples: [['rollcall alerts list --state failed', 'show alerts that were not delivered']],
      },
    ],
  }),
  'alerts.acknowledge': operation({
    method: 'PUT',
    path: '/alerts/{alert}/acknowledgement',
    summary: 'Record that a person has seen an alert.',
    description: 'The first acknowledgement stays. It does not affect deliveries.',
    input: z.strictObject({ alert: z.string().min(1).max(64).describe('The id of the alert.') }),
    answer: { kind: 'json', schema: alert },
    errors: ['no-such-alert'],
    scope: 'alerts:write',
    audit: 'write',
    centre: { scope: 'alerts', command: 'acknowledge-alert', answerAs: 'alert' },
    rate: 'default',
    commandLines: [
      {
        words: 'alerts acknowledge',
        does: 'note that you have seen an alert; the first acknowledgement stays',
        arguments: { alert: ['id', "id of the alert, from 'rollcall alerts list'"] },
        text: ({ acknowledgement, subject }: Alert, { show }) =>
          `seen by ${acknowledgement?.by ?? ''} at ${show(acknowledgement?.at ?? '')}: ${subject}`,
        examples: [
          [
            'rollcall alerts acknowledge 019cad8f-65c1-76e5-8bb3-dc7c7e384ded',
            'note that you have seen an alert',
          ],
        ],
      },
    ],
  }),
  'alerts.rules': operation({
    method: 'GET',
    path: '/alert-rules',
    summary: 'Show the configured rules and channels.',
    description:
      'Rules are the setting `alerts.rules`. Where channels lead is not shown here; see `alerts.channels`.',
    answer: { kind: 'json', schema: alertSetup },
    errors: [],
    scope: 'alerts:read',
    rate: 'default',
  }),
  'alerts.mutes': operation({
    method: 'GET',
    path: '/alert-mutes',
    summary: 'List the muted rules.',
    answer: { kind: 'json', schema: z.array(alertMute).readonly() },
    errors: [],
    scope: 'alerts:read',
    centre: { scope: 'alerts' },
    rate: 'default',
    commandLines: [
      {
        words: 'alerts mutes',
        does: 'list the muted rules',
        text: describeMutes,
        examples: [['rollcall alerts mutes', 'show which rules are muted, until when, and by whom']],
      },
    ],
  }),
  'alerts.mute': operation({
    method: 'PUT',
    path: '/alert-mutes/{rule}',
    summary: 'Mute a rule for a while.',
    description:
      'Its alerts still come into the history, and no channel gets them. Alerts that wait for a channel are sent. Replaces an earlier mute of the rule.',
    input: z.strictObject({
      rule: ruleId,
      minutes: z
        .int()
        .min(1)
        .max(43_200)
        .describe('How long, at most 30 days.')
        .register(writtenAs, { as: 'minutes' }),
    }),
    answer: { kind: 'json', schema: alertMute },
    creates: { id: 'rule', foundBy: 'alerts.mutes' },
    errors: ['no-such-rule'],
    scope: 'alerts:write',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'alerts mute',
        does: 'send nothing for a rule for a while; its alerts still come into the history',
        arguments: { rule: ['rule', 'id of the rule'] },
        options: { minutes: ['--for <time>', 'how long: 30m, 8h or 7d, at most 30d'] },
        text: ({ until }: AlertMute, { show, input: { rule } }) => `${rule} is muted until ${show(until)}`,
        examples: [
          ['rollcall alerts mute strangers --for 8h', 'send nothing for this rule until the evening'],
        ],
      },
    ],
  }),
  'alerts.unmute': operation({
    method: 'DELETE',
    path: '/alert-mutes/{rule}',
    summary: 'End the mute of a rule.',
    input: z.strictObject({ rule: ruleId }),
    answer: { kind: 'json', schema: z.object({ wasMuted: z.boolean() }) },
    errors: [],
    scope: 'alerts:write',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'alerts unmute',
        does: 'send alerts of a rule again',
        arguments: { rule: ['rule', 'id of the rule'] },
        text: ({ wasMuted }: { readonly wasMuted: boolean }, { input: { rule } }) =>
          wasMuted ? `${rule} is no longer muted` : `${rule} was not muted; nothing changed`,
        examples: [['rollcall alerts unmute strangers', 'send alerts of this rule again']],
      },
    ],
  }),
  'alerts.test': operation({
    method: 'POST',
    path: '/alerts/tests',
    summary: 'Send a test message to one channel, or to all.',
    description: 'Rules do not apply, and the history does not list the message.',
    input: z.strictObject({ channel: z.string().min(1).max(64).optional() }),
    answer: { kind: 'json', schema: z.array(channelTest).readonly() },
    errors: ['no-such-channel', 'no-alert-channels'],
    scope: 'alerts:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    commandLines: [
      {
        words: 'alerts test',
        does: 'send a test alert now and report each channel; exit code 1 if one fails',
        arguments: { channel: ['channel', 'id of a channel; default: all channels'] },
        text: describeTests,
        hasFailed: (tests: readonly ChannelTest[]) => tests.some(({ outcome }) => outcome !== 'delivered'),
        examples: [['rollcall alerts test', 'send a test alert to every channel']],
      },
    ],
  }),
} as const;
