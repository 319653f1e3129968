import type { LocalTime } from '../attendance/shift.js';
import { localIso } from '../attendance/time-text.js';
import type { BoxIds, CameraId, StrangerId } from '../ids.js';
import { type Said, said } from '../said.js';
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
  const worded = (part: 'subject' | 'text', template: AlertTemplate | undefined): string =>
    template === undefined ? wording.textOf(said(`alerts/${part}`, values)) : fillTemplate(template, values);
  return {
    ...{ id, atMs: nowMs, phase, rule: ruleId, on, severity },
    subject: asLine(worded('subject', templates.subject)),
    text: asLines(worded('text', templates.text)),
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
  textOf,
}: Pick<MessageContext, 'id' | 'nowMs' | 'identity'> & Pick<AlertWording, 'textOf'>): AlertMessage {
  const values = { site: identity.siteId, box: identity.boxId };
  const subject = textOf(said('alerts/test-subject', values));
  const text = textOf(said('alerts/test-text', values));
  const about = { phase: 'test', rule: 'test', on: 'test', severity: 'info' } as const;
  return { id, atMs: nowMs, ...about, subject, text, parts: [] };
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
    summary: wording.textOf(alertSummary(on, parts, wording)),
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

/** How alerts name cameras, failures of cameras, and times. */
export interface AlertNaming {
  readonly cameraName: (id: CameraId) => string;
  /** What is wrong with a camera; undefined for a code that has no words, as of an event that another version recorded. */
  readonly failureOf: (code: string) => Said | undefined;
  readonly localTime: LocalTime;
}

/** In the language in which alerts are sent. */
interface AlertWording extends AlertNaming {
  readonly textOf: (said: Said) => string;
}

/** `2026-03-29 08:05` in local time. */
const shownTime = (wallMs: number, { localTime }: AlertNaming): string =>
  localIso(wallMs, localTime).slice(0, 16).replace('T', ' ');

/** Minutes from the first to the last time, rounded up; at least 1. */
const spanMinutes = ({ fromMs, untilMs }: AlertPart): number =>
  Math.max(1, Math.ceil(((untilMs ?? fromMs) - fromMs) / 60_000));

/**
 * What happened, a sentence for each part, such as `3 unknown people at Gate in 10 minutes`.
 * @param parts - at least one
 */
export function alertSummary(on: AlertSubject, parts: readonly AlertPart[], naming: AlertNaming): Said {
  const describe = isOccurrence(on)
    ? (part: AlertPart) => occurrenceText(on, part, naming)
    : (part: AlertPart) => conditionText(on, part, naming);
  return parts.map(describe).reduceRight((rest, first) => said('alerts/and', { first, rest }));
}

function occurrenceText(on: Occurrence, part: AlertPart, { cameraName }: AlertNaming): Said {
  const { count, of, strangers = [] } = part;
  const cameras = camerasOf(part).map(cameraName).join(', ');
  const placed = (what: Said): Said => (cameras === '' ? what : said('alerts/at', { what, cameras }));
  const minutes = spanMinutes(part);
  const [stranger = ''] = strangers;
  if (of === 'visits') return placed(said('alerts/visit', { count, stranger }));
  if (of === 'cameras') return said('alerts/at-cameras', { stranger, count, minutes, cameras });
  if (count === 1) {
    const once = placed(said(`alerts/once-${on}`));
    return on === 'loitering' ? said('alerts/named', { what: once, items: stranger }) : once;
  }
  const often = said(of === 'strangers' ? 'alerts/often-different' : `alerts/often-${on}`);
  return said('alerts/within', { what: placed(said('alerts/counted', { count, what: often })), minutes });
}

function conditionText(on: Condition, part: AlertPart, naming: AlertNaming): Said {
  const camera = part.cameraId === null ? '' : naming.cameraName(part.cameraId);
  const from = shownTime(part.fromMs, naming);
  const state =
    part.untilMs === null
      ? said(part.isWorse ? 'alerts/worse' : 'alerts/lasts', {
          what: said(`alerts/now-${on}`, { camera }),
          from,
        })
      : said('alerts/over', {
          ...{ what: said(`alerts/past-${on}`, { camera }), count: part.count },
          ...{ from, until: shownTime(part.untilMs, naming) },
        });
  const { code, about = [] } = part;
  const why = code === null || part.cameraId === null ? undefined : naming.failureOf(code);
  if (why !== undefined) return said('alerts/because', { what: state, why });
  const reasons = [...(code === null ? [] : [code]), ...about];
  return reasons.length === 0 ? state : said('alerts/named', { what: state, items: reasons.join(', ') });
}
