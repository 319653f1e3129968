import { z } from 'zod';
import { numberedPageFields, operation } from './operation.js';

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;

/** A delivery of an alert to one channel. Times are ISO 8601 in UTC. */
export const alertDelivery = z.object({
  channel: z.string(),
  state: z.enum(deliveryStates),
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
  subject: z.string(),
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
  channels: z.array(z.object({ id: z.string(), kind: z.enum(['webhook', 'email']) })).readonly(),
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

export const alertOperations = {
  'alerts.list': operation({
    method: 'GET',
    path: '/alerts',
    summary: 'List alerts and their deliveries, the newest first.',
    description:
      'A caller who is limited to cameras gets no alert about another camera: then a page may have fewer alerts than `limit` and not be the last.',
    input: z.strictObject({
      ...numberedPageFields,
      state: z.enum(deliveryStates).optional().describe('Only alerts with a delivery in this state.'),
    }),
    answer: { kind: 'page', item: alert },
    errors: [],
    scope: 'alerts:read',
    command: 'list-alerts',
    rate: 'default',
  }),
  'alerts.acknowledge': operation({
    method: 'PUT',
    path: '/alerts/{alert}/acknowledgement',
    summary: 'Note that a person has seen an alert.',
    description: 'The first acknowledgement stays. It changes nothing about deliveries.',
    input: z.strictObject({ alert: z.string().min(1).max(64).describe('The id of the alert.') }),
    answer: { kind: 'json', schema: alert },
    errors: ['no-such-alert'],
    scope: 'alerts:write',
    audit: 'write',
    command: 'acknowledge-alert',
    rate: 'default',
  }),
  'alerts.rules': operation({
    method: 'GET',
    path: '/alert-rules',
    summary: 'Show the configured rules and channels.',
    description:
      'Rules are the setting `alerts.rules`. Channels are in the configuration file: where they lead is not shown here.',
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
    rate: 'default',
  }),
  'alerts.mute': operation({
    method: 'PUT',
    path: '/alert-mutes/{rule}',
    summary: 'Mute a rule for a while.',
    description:
      'Its alerts still come into the history, and no channel gets them. Alerts that wait for a channel are sent. Replaces an earlier mute of the rule.',
    input: z.strictObject({
      rule: ruleId,
      minutes: z.int().min(1).max(43_200).describe('How long, at most 30 days.'),
    }),
    answer: { kind: 'json', schema: alertMute },
    creates: { id: 'rule', foundBy: 'alerts.mutes' },
    errors: ['no-such-rule'],
    scope: 'alerts:write',
    audit: 'write',
    rate: 'default',
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
  }),
} as const;
