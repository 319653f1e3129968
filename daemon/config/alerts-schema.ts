import { z } from 'zod';
import { alertSeverities, alertSubjects, isAboutCameras, isOccurrence } from '../domain/alerts/alert-rule.js';
import { alertFields, parseTemplate } from '../domain/alerts/alert-template.js';
import { weekdays } from '../domain/attendance/shift-calendar.js';
import { cameraId } from '../domain/ids.js';
import { checkText } from '../domain/printable-text.js';
import { emailSchema, webhookSchema } from './alert-channel-schema.js';
import { timeOfDay } from './attendance-schema.js';
import { field } from './field.js';
import { nearestWord } from './nearest-word.js';
import { slugField } from './scalars.js';

/** Text with `{field}` in it; a field that does not exist is refused here, and not found out by an alert. */
const templateText = (what: string, longest: number, isMultiline: boolean) =>
  z.string().superRefine((text, context) => {
    const fail = (message: string, remedy?: string): void =>
      context.addIssue({ code: 'custom', message, ...(remedy === undefined ? {} : { params: { remedy } }) });
    const checked = checkText(text, { what, longest, isMultiline });
    if ('problem' in checked) {
      fail(`cannot be used: ${checked.problem}`);
      return;
    }
    const parsed = parseTemplate(text);
    if ('template' in parsed) return;
    if (parsed.field === undefined)
      fail(parsed.problem, 'write "{{" or "}}" for a brace that stands for itself');
    else {
      const near = nearestWord(parsed.field, alertFields);
      fail(
        parsed.problem,
        near === undefined ? `known: ${alertFields.join(', ')}` : `did you mean "{${near}}"?`,
      );
    }
  });

const quietHoursSchema = z.strictObject({
  from: field(timeOfDay, 'live', 'When they begin, as `"22:00"`, by the clock on the wall of the site.'),
  to: field(timeOfDay, 'live', 'When they end. Not after `from`: on the next day.'),
  days: z
    .array(field(z.enum(weekdays), 'live', 'Days of the week on which they begin. Absent: every day.'))
    .min(1)
    .default([...weekdays]),
});

const ruleFields = z.strictObject({
  id: field(slugField, 'live', 'Name of the rule in alerts and in the history.'),
  on: field(
    z.enum(alertSubjects),
    'live',
    'What it is about. Something that happens: `unknown` person, `recognised-unproven` (a recognised person without proof of life), `recognised-ambiguous` (a person who could be either of two enrolled persons), `attack`, `events-lost`. Something that begins and ends, with an all-clear: `camera-down`, `camera-impaired` (its pictures are of no use), `sealed` gallery, `disk-low`, `records-lost`, `key-damaged`, `certificate-expiring`, `commands-refused`, `client-id-contested`, `topic-refused`, `clock-jumped`, `trust-altered`, `vision-misbehaving`, `recogniser-unfit` (it cannot tell some enrolled persons apart).',
  ),
  cameras: z
    .array(field(slugField.transform(cameraId), 'live', 'Only at these cameras. Absent: at any.'))
    .min(1)
    .exactOptional(),
  threshold: z
    .strictObject({
      count: field(
        z.int().min(1).max(100).default(1),
        'live',
        'So many at one camera make an alert. For what happens, not for what begins and ends.',
      ),
      withinMinutes: field(z.number().min(1).max(1440).default(10), 'live', 'Within so many minutes.'),
    })
    .exactOptional(),
  minimumS: field(
    z.int().min(0).max(86_400).exactOptional(),
    'live',
    'Seconds that something must have lasted to be an alert, for what begins and ends. Absent: 60 for `camera-down` and `camera-impaired`, 0 for the rest.',
  ),
  quietHours: quietHoursSchema.exactOptional(),
  cooldownMinutes: field(
    z.number().min(0).max(1440).default(10),
    'live',
    'Least minutes between two alerts of this rule about the same camera. What happens meanwhile is told in one alert afterwards; an all-clear does not wait.',
  ),
  channels: z.array(field(slugField, 'live', 'Channels it goes to, by their ids.')).min(1),
  severity: field(z.enum(alertSeverities).default('warning'), 'live', 'How bad it is, for whoever reads it.'),
  subject: field(
    templateText('the template', 200, false).exactOptional(),
    'live',
    'Template of the subject, with fields such as `{summary}`; docs/alerts.md lists them. Absent: a sensible one.',
  ),
  text: field(
    templateText('the template', 4000, true).exactOptional(),
    'live',
    'Template of the text. Absent: a sensible one.',
  ),
});

const ruleSchema = ruleFields.superRefine(
  (rule, context) => {
    const on = alertSubjects.find((subject) => subject === rule?.on);
    if (on === undefined) return;
    const refuse = (name: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [name], message });
    if (rule.threshold !== undefined && !isOccurrence(on)) {
      refuse('threshold', `has no effect on ${on}, which begins and ends: use minimumS`);
    }
    if (rule.minimumS !== undefined && isOccurrence(on)) {
      refuse('minimumS', `has no effect on ${on}, which happens at one moment: use threshold`);
    }
    if (rule.cameras !== undefined && !isAboutCameras(on)) {
      refuse('cameras', `has no effect on ${on}, which is about the box`);
    }
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);

const alertsFields = z.strictObject({
  webhooks: z.array(webhookSchema).default([]),
  emails: z.array(emailSchema).default([]),
  rules: z.array(ruleSchema).default([]),
});

/** Items of a list that may not have validated: all problems are told at once. */
function itemsOf(list: unknown): readonly { readonly [key: string]: unknown }[] {
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown) => (typeof item === 'object' && item !== null ? { ...item } : {}));
}

type Refuse = (path: readonly (string | number)[], message: string, remedy: string) => void;

/** Ids of the lists together; one that is there twice is refused. */
function uniqueIds(
  lists: Readonly<Record<string, unknown>>,
  what: string,
  refuse: Refuse,
): readonly string[] {
  const seen: string[] = [];
  for (const [name, list] of Object.entries(lists)) {
    for (const [index, { id }] of itemsOf(list).entries()) {
      if (typeof id !== 'string') continue;
      if (seen.includes(id))
        refuse([name, index, 'id'], `is the id of another ${what}, too: "${id}"`, 'rename one');
      seen.push(id);
    }
  }
  return seen;
}

/** Everything is taken up at once; secrets are read again for every alert that is sent. */
export const alertsSchema = alertsFields.superRefine(
  ({ webhooks, emails, rules }, context) => {
    const refuse: Refuse = (path, message, remedy) =>
      context.addIssue({ code: 'custom', path: [...path], message, params: { remedy } });
    const known = uniqueIds({ webhooks, emails }, 'channel', refuse);
    uniqueIds({ rules }, 'rule', refuse);
    for (const [index, { channels }] of itemsOf(rules).entries()) {
      for (const [place, channel] of (Array.isArray(channels) ? channels : []).entries()) {
        if (typeof channel !== 'string' || known.includes(channel)) continue;
        const near = nearestWord(channel, known);
        const remedy = near === undefined ? 'add it under webhooks or emails' : `did you mean "${near}"?`;
        refuse(['rules', index, 'channels', place], 'names no channel', remedy);
      }
    }
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);

/** Rules may name cameras that exist only: a mistyped one would never alert. */
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
        message: 'names no camera',
        params: { remedy: near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?` },
      });
    }
  }
}
