import type { LocalTime } from '../attendance/shift.js';
import { localIso } from '../attendance/time-text.js';
import type { CameraId } from '../ids.js';
import {
  type AlertPart,
  type AlertSubject,
  type Condition,
  isOccurrence,
  type Occurrence,
} from './alert-rule.js';
import { camerasOf } from './occurrence-watch.js';

/** The names of cameras, and the local time. */
export interface AlertWording {
  readonly cameraName: (id: CameraId) => string;
  readonly localTime: LocalTime;
}

const happened: Readonly<Record<Occurrence, { readonly once: string; readonly often: string }>> = {
  unknown: { once: 'An unknown person', often: 'unknown people' },
  loitering: { once: 'A stranger who stays', often: 'strangers who stay' },
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
};

/** `2026-03-29 08:05` in local time. */
export const shownTime = (wallMs: number, { localTime }: AlertWording): string =>
  localIso(wallMs, localTime).slice(0, 16).replace('T', ' ');

/** Minutes from the first to the last time, rounded up; at least 1. */
export const spanMinutes = ({ fromMs, untilMs }: AlertPart): number =>
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
  if (of === 'visits') return `Visit ${count} of stranger ${stranger}${place}`;
  if (of === 'cameras') return `Stranger ${stranger} at ${count} cameras in ${time}: ${cameras.join(', ')}`;
  if (count === 1) return `${once}${place}${on === 'loitering' ? ` (${stranger})` : ''}`;
  return `${count} ${of === 'strangers' ? 'different strangers' : often}${place} in ${time}`;
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
