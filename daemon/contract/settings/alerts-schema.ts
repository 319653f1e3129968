import { z } from 'zod';
import {
  type AlertSubject,
  alertSubjects,
  type Counting,
  countings,
  isAboutCameras,
  isOccurrence,
} from '../../kernel/alerts/alert-rule.js';
import { alertFields, parseTemplate } from '../../kernel/alerts/alert-template.js';
import { weekdays } from '../../kernel/attendance/shift-calendar.js';
import { cameraId } from '../../kernel/ids.js';
import { languageTagForm } from '../../kernel/language-tag.js';
import { present } from '../../kernel/present.js';
import { checkText } from '../../kernel/printable-text.js';
import { severities } from '../../kernel/severity.js';
import {
  emailSchema,
  ntfySchema,
  pushSchema,
  smsSchema,
  telegramSchema,
  webhookSchema,
} from './alert-channel-schema.js';
import { timeOfDay } from './attendance-schema.js';
import { itemsOf, refuseRepeatedIds, whenObject } from './cross-checks.js';
import { nearestWord } from './nearest-word.js';
import { slugField } from './scalars.js';
import { field } from './setting-field.js';

/** Text with `{field}` in it. An unknown field is refused here, before an alert needs it. */
const templateText = (what: string, longest: number, isMultiline: boolean) =>
  z.string().superRefine((text, context) => {
    const fail = (message: string, remedy?: string): void =>
      context.addIssue({ code: 'custom', message, params: present({ remedy }) });
    const checked = checkText(text, { what, longest, isMultiline });
    if ('problem' in checked) {
      fail(`cannot be used: ${checked.problem}`);
      return;
    }
    const parsed = parseTemplate(text);
    if ('template' in parsed) return;
    if (parsed.field === undefined) fail(parsed.problem, 'To write a brace, double it: "{{" or "}}".');
    else {
      const near = nearestWord(parsed.field, alertFields);
      fail(
        parsed.problem,
        near === undefined ? `Known fields: ${alertFields.join(', ')}.` : `Did you mean "{${near}}"?`,
      );
    }
  });

const quietHoursSchema = z.strictObject({
  from: field(timeOfDay, 'live', 'Local time at which quiet hours start, such as `"22:00"`.'),
  to: field(
    timeOfDay,
    'live',
    'Local time at which quiet hours end. A time that is not after `from` is on the next day.',
  ),
  days: z
    .array(field(z.enum(weekdays), 'live', 'Days of the week on which quiet hours start. Absent: every day.'))
    .min(1)
    .default([...weekdays]),
});

const thresholdSchema = z.strictObject({
  of: field(
    z.enum(countings).default('events'),
    'live',
    'What is counted. `events`: events at one camera. For `unknown` only: `strangers`, the different unknown people at all cameras of the rule; `cameras`, the cameras that saw the same unknown person; `visits`, the visits by the same unknown person to the site.',
  ),
  count: field(
    z.int().min(1).max(100).default(1),
    'live',
    'The number that triggers an alert. For `visits`, this visit by an unknown person and every later one. Not for conditions.',
  ),
  withinMinutes: field(
    z.number().min(1).max(1440).exactOptional(),
    'live',
    'Minutes in which `count` must be reached. Not for `visits`, which count while the box remembers the unknown person. Absent: 10.',
  ),
});

const ruleFields = z.strictObject({
  id: field(slugField, 'live', 'Name of the rule in alerts and in the history.'),
  on: field(
    z.enum(alertSubjects),
    'live',
    'What triggers the rule. Occurrences: `unknown` person, `loitering` (an unknown person who stays for `rules.loiteringAfterS`), `recognised-unproven` (a recognised person whose liveness was not confirmed), `recognised-ambiguous` (a person who matches two enrolled people), `watched` and `barred` (people on the watchlist or blocklist), `expired` (a person who is no longer valid), `attack`, `events-lost`. Conditions, which start and end with an all-clear: `camera-down`, `camera-impaired` (its video cannot be used), `sealed` gallery, `disk-low`, `records-lost`, `key-damaged`, `certificate-expiring`, `commands-refused`, `client-id-contested`, `topic-refused`, `clock-jumped`, `trust-altered`, `accounts-altered`, `records-altered`, `configuration-refused` (the box runs with the previous one), `files-unusable` (a camera or alert channel that the box keeps itself is left out), `vision-misbehaving`, `recogniser-unfit` (it cannot tell some enrolled people apart), `gallery-unfit` (the gallery misses the target error rates), `logins-failing`, `intrusion-suspected` (a vision process or the gate was refused where it never connects), `isolation-weakened` (vision processes or the gate are less isolated than the installation provides), `overloaded`, `backup-overdue` (a scheduled backup failed or is late), `hardware-failing` (disk, memory, or temperature).',
  ),
  cameras: z
    .array(
      field(
        slugField.transform(cameraId),
        'live',
        'IDs of the cameras that the rule applies to. Absent: all.',
      ),
    )
    .min(1)
    .exactOptional(),
  threshold: thresholdSchema.exactOptional(),
  minimumS: field(
    z.int().min(0).max(86_400).exactOptional(),
    'live',
    'Seconds that a condition must last before it triggers an alert. Not for occurrences. Absent: 60 for `camera-down` and `camera-impaired`, 0 for all others.',
  ),
  quietHours: quietHoursSchema.exactOptional(),
  cooldownMinutes: field(
    z.number().min(0).max(1440).default(10),
    'live',
    'Minimum minutes between two alerts of this rule about the same camera or the same unknown person. One alert afterwards reports what happened in between. An all-clear is sent immediately.',
  ),
  channels: z.array(field(slugField, 'live', 'IDs of the channels that receive the alerts.')).min(1),
  severity: field(z.enum(severities).default('warning'), 'live', 'Severity of the alert.'),
  subject: field(
    templateText('the template', 200, false).exactOptional(),
    'live',
    'Template of the subject, with fields such as `{summary}`; docs/reference/alerts.md lists them. Absent: the built-in template.',
  ),
  text: field(
    templateText('the template', 4000, true).exactOptional(),
    'live',
    'Template of the text. Absent: the built-in template.',
  ),
});

const ruleSchema = ruleFields.superRefine((rule, context) => {
  const on = alertSubjects.find((subject) => subject === rule?.on);
  if (on === undefined) return;
  const refuse = (name: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [name], message });
  if (rule.threshold !== undefined && !isOccurrence(on)) {
    refuse('threshold', `has no effect on ${on}, which is a condition; use minimumS`);
  }
  refuseThreshold(rule, on, (name, message) =>
    context.addIssue({ code: 'custom', path: ['threshold', name], message }),
  );
  if (rule.minimumS !== undefined && isOccurrence(on)) {
    refuse('minimumS', `has no effect on ${on}, which is an occurrence; use threshold`);
  }
  if (rule.cameras !== undefined && !isAboutCameras(on)) {
    refuse('cameras', `has no effect on ${on}, which is about the box and not about a camera`);
  }
}, whenObject);

/** A threshold that can never be reached would look like a quiet site. */
function refuseThreshold(
  { threshold, cameras }: z.output<typeof ruleFields>,
  on: AlertSubject,
  refuse: (name: string, message: string) => void,
): void {
  const { of = 'events', count = 1, withinMinutes } = threshold ?? {};
  if (of === 'events') return;
  if (on !== 'unknown') refuse('of', `must be events for ${on}; only the rule of unknown counts ${of}`);
  if (of === 'cameras' && count < 2) refuse('count', 'must be at least 2 where cameras are counted');
  if (of === 'cameras' && cameras !== undefined && cameras.length < count) {
    refuse('count', `is never reached, because the rule is about ${cameras.length} cameras`);
  }
  if (of === 'visits' && withinMinutes !== undefined) {
    refuse('withinMinutes', 'has no effect on visits; they count while the box remembers the unknown person');
  }
}

const alertsFields = z.strictObject({
  language: field(
    z
      .string()
      .regex(languageTagForm, 'must be the code of a language, such as "de" or "pt-BR"')
      .default('en'),
    'live',
    'Code of the language of alerts, such as `de` or `pt-BR`. In place of a language that the box does not have, it uses English. Templates are sent as they are; only their fields are in this language.',
  ),
  webhooks: z.array(webhookSchema).default([]),
  emails: z.array(emailSchema).default([]),
  ntfy: z.array(ntfySchema).default([]),
  telegram: z.array(telegramSchema).default([]),
  sms: z.array(smsSchema).default([]),
  push: z.array(pushSchema).default([]),
  rules: z.array(ruleSchema).default([]),
});

/** Every change applies without a restart; secrets are read again for every alert that is sent. */
export const alertsSchema = alertsFields.superRefine(({ rules, ...channels }, context) => {
  const known = refuseRepeatedIds(channels, 'channel', context);
  refuseRepeatedIds({ rules }, 'rule', context);
  for (const [index, { channels }] of itemsOf(rules).entries()) {
    for (const [place, channel] of (Array.isArray(channels) ? channels : []).entries()) {
      if (typeof channel !== 'string' || known.includes(channel)) continue;
      const near = nearestWord(channel, known);
      const remedy =
        near === undefined
          ? 'Add it in the console, or under webhooks, emails, ntfy, telegram or sms.'
          : `Did you mean "${near}"?`;
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'channels', place],
        message: 'is not the id of a channel',
        params: { remedy },
      });
    }
  }
}, whenObject);

/** A rule with a mistyped camera would never cause an alert. */
export function refuseUnknownCameras(
  file: {
    readonly cameras: readonly { readonly id: string }[];
    readonly alerts: { readonly rules: readonly { readonly cameras?: readonly string[] | undefined }[] };
  },
  context: z.RefinementCtx,
): void {
  const known = file.cameras.map(({ id }) => id);
  for (const [rule, { cameras = [] }] of file.alerts.rules.entries()) {
    for (const [index, id] of cameras.entries()) {
      if (known.includes(id)) continue;
      const near = nearestWord(id, known);
      context.addIssue({
        code: 'custom',
        path: ['alerts', 'rules', rule, 'cameras', index],
        message: 'is not the id of a camera',
        params: {
          remedy: near === undefined ? `Known cameras: ${known.join(', ')}.` : `Did you mean "${near}"?`,
        },
      });
    }
  }
}

/** A rule that counts strangers would never cause an alert on a box that remembers none. */
export function refuseForgottenStrangers(
  file: {
    readonly retention: { readonly strangers: number | 'forever' };
    readonly alerts: {
      readonly rules: readonly {
        readonly on: AlertSubject;
        readonly threshold?: { readonly of: Counting } | undefined;
      }[];
    };
  },
  context: z.RefinementCtx,
): void {
  if (file.retention.strangers !== 0) return;
  for (const [rule, { on, threshold }] of file.alerts.rules.entries()) {
    const isCounting = threshold !== undefined && threshold.of !== 'events';
    if (!isCounting && on !== 'loitering') continue;
    context.addIssue({
      code: 'custom',
      path: ['alerts', 'rules', rule, ...(isCounting ? ['threshold', 'of'] : ['on'])],
      message: 'has no effect, because the box remembers no unknown people (retention.strangers is 0)',
      params: { remedy: 'Remove the rule, or set retention.strangers to the days that the law allows you.' },
    });
  }
}
