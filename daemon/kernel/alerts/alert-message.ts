import type { LocalTime } from '../attendance/shift.js';
import { localIso } from '../attendance/time-text.js';
import type { BoxIds, CameraId, StrangerId } from '../ids.js';
import type { Severity } from '../severity.js';
import {
  type AlertPart,
  type AlertSubject,
  type Condition,
  isOccurrence,
  type Occurrence,
  type RuleAlert,
} from './alert-rule.js';
import {
  type AlertFieldValues,
  type AlertTemplate,
  asLine,
  asLines,
  fillTemplate,
  parseTemplate,
} from './alert-template.js';
import { camerasOf } from './occurrence-watch.js';

/** An alert as it is stored and sent. It is worded once, so that all attempts send the same text. */
export interface AlertMessage {
  /** UUIDv7. */
  readonly id: string;
  readonly atMs: number;
  /** `test`: a test of the channel. */
  readonly phase: RuleAlert['phase'] | 'test';
  readonly rule: string;
  readonly on: AlertSubject | 'test';
  readonly severity: Severity;
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly parts: readonly (AlertPart & { readonly cameraName: string | null })[];
}

/** Most strangers whom an alert names. */
const mostNamed = 10;

/** The strangers whom an alert names, of those it is about. */
const namedStrangers = (strangers: readonly StrangerId[] = []): readonly StrangerId[] =>
  strangers.slice(0, mostNamed);

/** The templates of a rule; undefined: the built-in template. */
export interface AlertTemplates {
  readonly subject: AlertTemplate | undefined;
  readonly text: AlertTemplate | undefined;
}

function builtIn(text: string): AlertTemplate {
  const parsed = parseTemplate(text);
  return 'template' in parsed ? parsed.template : [];
}

const defaultSubject = '[{severity}] {summary} ({site}/{box})';
const defaultText =
  '{summary}\n\nSite {site}, box {box}, rule {rule}, {severity}.\nSent at {time}. Alert {id}.';

const templatesOfAll = { subject: builtIn(defaultSubject), text: builtIn(defaultText) };

interface MessageContext {
  readonly id: string;
  readonly nowMs: number;
  readonly identity: BoxIds;
  readonly wording: AlertWording;
  readonly templates: AlertTemplates;
}

/** Words an alert. */
export function alertMessage(alert: RuleAlert, context: MessageContext): AlertMessage {
  const { id, nowMs, templates, wording } = context;
  const { ruleId, on, severity, phase, parts } = alert;
  const values = fieldValues(alert, context);
  return {
    ...{ id, atMs: nowMs, phase, rule: ruleId, on, severity },
    subject: asLine(fillTemplate(templates.subject ?? templatesOfAll.subject, values)),
    text: asLines(fillTemplate(templates.text ?? templatesOfAll.text, values)),
    parts: parts.map(({ strangers, ...part }) => ({
      ...part,
      ...(strangers === undefined ? {} : { strangers: namedStrangers(strangers) }),
      cameraName: part.cameraId === null ? null : wording.cameraName(part.cameraId),
    })),
  };
}

/** The message that tests a channel. */
export function testMessage({
  id,
  nowMs,
  identity,
}: Omit<MessageContext, 'templates' | 'wording'>): AlertMessage {
  const { siteId, boxId } = identity;
  const text = `A test of this channel by box ${boxId} of site ${siteId}. Nothing has happened.`;
  const about = { phase: 'test', rule: 'test', on: 'test', severity: 'info' } as const;
  return { id, atMs: nowMs, ...about, subject: `[test] ${siteId}/${boxId}`, text, parts: [] };
}

function fieldValues(alert: RuleAlert, { id, nowMs, identity, wording }: MessageContext): AlertFieldValues {
  const { ruleId, on, severity, phase, parts } = alert;
  const cameras = [...new Set(parts.flatMap(camerasOf))];
  const strangers = [...new Set(parts.flatMap((part) => part.strangers ?? []))];
  const firstMs = Math.min(...parts.map(({ fromMs }) => fromMs));
  const lastMs = parts.some(({ untilMs }) => untilMs === null)
    ? null
    : Math.max(...parts.map(({ fromMs, untilMs }) => untilMs ?? fromMs));
  return {
    summary: alertSummary(on, parts, wording),
    site: identity.siteId,
    box: identity.boxId,
    rule: ruleId,
    severity,
    phase,
    camera: cameras.map(wording.cameraName).join(', '),
    cameraId: cameras.join(', '),
    stranger: namedStrangers(strangers).join(', '),
    count: String(parts.reduce((sum, { count }) => sum + count, 0)),
    minutes: String(Math.max(...parts.map(spanMinutes))),
    from: shownTime(firstMs, wording),
    to: lastMs === null ? '' : shownTime(lastMs, wording),
    time: shownTime(nowMs, wording),
    id,
  };
}

/** The names of cameras, and the local time. */
interface AlertWording {
  readonly cameraName: (id: CameraId) => string;
  readonly localTime: LocalTime;
}

const happened: Readonly<Record<Occurrence, { readonly once: string; readonly often: string }>> = {
  unknown: { once: 'An unknown person', often: 'unknown people' },
  loitering: { once: 'An unknown person who stays', often: 'unknown people who stay' },
  'recognised-unproven': {
    once: 'A recognised person without proof of life',
    often: 'recognised people without proof of life',
  },
  'recognised-ambiguous': {
    once: 'A person who could be either of two enrolled persons',
    often: 'people who could be either of two enrolled persons',
  },
  watched: { once: 'A watched person', often: 'watched people' },
  barred: { once: 'A barred person', often: 'barred people' },
  expired: {
    once: 'A person whose validity is over or has not begun',
    often: 'people whose validity is over or has not begun',
  },
  attack: { once: 'A presentation attack', often: 'presentation attacks' },
  'events-lost': {
    once: 'Events were given up before the broker received them',
    often: 'times events were given up before the broker received them',
  },
};

/** The text while the condition lasts, and the text after its end. */
const lasted: Readonly<Record<Condition, { readonly now: string; readonly past: string }>> = {
  'camera-down': { now: 'is down', past: 'was down' },
  'camera-impaired': { now: 'sends unusable pictures', past: 'sent unusable pictures' },
  sealed: { now: 'The gallery is sealed: no person is recognised', past: 'The gallery was sealed' },
  'disk-low': { now: 'The disk is nearly full', past: 'The disk was nearly full' },
  'records-lost': {
    now: 'Records of events were lost, damaged or replaced',
    past: 'Records of events were lost, damaged or replaced',
  },
  'key-damaged': {
    now: 'A file of keys is empty or damaged',
    past: 'A file of keys was empty or damaged',
  },
  'certificate-expiring': {
    now: 'A certificate of the broker connection or of the gate expires soon or is not valid',
    past: 'A certificate of the broker connection or of the gate was about to expire or not valid',
  },
  'commands-refused': {
    now: 'Commands are refused repeatedly',
    past: 'Commands were refused repeatedly',
  },
  'client-id-contested': {
    now: 'Another client uses the client id of this box at the broker',
    past: 'Another client used the client id of this box at the broker',
  },
  'topic-refused': {
    now: 'The broker refuses a topic of this box',
    past: 'The broker refused a topic of this box',
  },
  'clock-jumped': { now: 'The clock of the box has jumped', past: 'The clock of the box had jumped' },
  'trust-altered': {
    now: 'Trusted keys or camera switches were altered; the box ignores the altered entries',
    past: 'Trusted keys or camera switches were altered',
  },
  'accounts-altered': {
    now: 'The accounts were altered, replaced or lost; the box ignores what does not fit',
    past: 'The accounts were altered, replaced or lost',
  },
  'records-altered': {
    now: 'The records were altered: rows are gone, or were written by somebody else; the box ignores what it did not write',
    past: 'The records were altered',
  },
  'configuration-refused': {
    now: 'The configuration file cannot be used; the box runs with the one before',
    past: 'The configuration file could not be used',
  },
  'vision-misbehaving': {
    now: 'A vision process sends implausible data: a camera may be attacking it',
    past: 'A vision process sent implausible data',
  },
  'recogniser-unfit': {
    now: 'The recogniser cannot tell some enrolled persons apart',
    past: 'The recogniser could not tell some enrolled persons apart',
  },
  'gallery-unfit': {
    now: 'The gallery does not allow the wanted error rates',
    past: 'The gallery did not allow the wanted error rates',
  },
  'logins-failing': {
    now: 'Logins fail again and again: an account may be under attack',
    past: 'Logins failed again and again',
  },
  'intrusion-suspected': {
    now: 'A process that faces cameras or the network tried to use the local API, and was refused: it was probably taken over',
    past: 'A process that faces cameras or the network tried to use the local API, and was refused',
  },
  'isolation-weakened': {
    now: 'Vision processes or the gate are less isolated than the installation provides: units are missing or changed',
    past: 'Vision processes or the gate were less isolated than the installation provides',
  },
  overloaded: {
    now: 'The box is overloaded: it analyses fewer frames than its cameras need',
    past: 'The box was overloaded',
  },
};

/** `2026-03-29 08:05` in local time. */
const shownTime = (wallMs: number, { localTime }: AlertWording): string =>
  localIso(wallMs, localTime).slice(0, 16).replace('T', ' ');

/** Minutes from the first to the last time, rounded up; at least 1. */
const spanMinutes = ({ fromMs, untilMs }: AlertPart): number =>
  Math.max(1, Math.ceil(((untilMs ?? fromMs) - fromMs) / 60_000));

/** One sentence for each part, such as `3 unknown people at Gate in 10 minutes`. */
export function alertSummary(on: AlertSubject, parts: readonly AlertPart[], wording: AlertWording): string {
  const describe = isOccurrence(on)
    ? (part: AlertPart) => occurrenceText(on, part, wording)
    : (part: AlertPart) => conditionText(on, part, wording);
  return parts.map(describe).join('; ');
}

function occurrenceText(on: Occurrence, part: AlertPart, { cameraName }: AlertWording): string {
  const { once, often } = happened[on];
  const { count, of, strangers = [] } = part;
  const cameras = camerasOf(part).map(cameraName);
  const place = cameras.length === 0 ? '' : ` at ${cameras.join(', ')}`;
  const minutes = spanMinutes(part);
  const time = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const [stranger = ''] = strangers;
  if (of === 'visits') return `Visit ${count} of unknown person ${stranger}${place}`;
  if (of === 'cameras')
    return `Unknown person ${stranger} at ${count} cameras in ${time}: ${cameras.join(', ')}`;
  if (count === 1) return `${once}${place}${on === 'loitering' ? ` (${stranger})` : ''}`;
  return `${count} ${of === 'strangers' ? 'different unknown people' : often}${place} in ${time}`;
}

function conditionText(on: Condition, part: AlertPart, wording: AlertWording): string {
  const { now, past } = lasted[on];
  const camera = part.cameraId === null ? '' : `Camera ${wording.cameraName(part.cameraId)} `;
  const reasons = [...(part.code === null ? [] : [part.code]), ...(part.about ?? [])];
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  const from = shownTime(part.fromMs, wording);
  if (part.untilMs === null) return `${part.isWorse ? 'Worse: ' : ''}${camera}${now}, since ${from}${why}`;
  const until = shownTime(part.untilMs, wording);
  const times = part.count === 1 ? '' : ` ${part.count} times`;
  return `Over: ${camera}${past}${times} from ${from} to ${until}${why}`;
}
