import type { BoxIds } from '../events/box-ids.js';
import type { StrangerId } from '../ids.js';
import type { Severity } from '../severity.js';
import type { AlertPart, AlertSubject, RuleAlert } from './alert-rule.js';
import {
  type AlertFieldValues,
  type AlertTemplate,
  asLine,
  asLines,
  fillTemplate,
  parseTemplate,
} from './alert-template.js';
import { type AlertWording, alertSummary, shownTime, spanMinutes } from './alert-words.js';
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
export const namedStrangers = (strangers: readonly StrangerId[] = []): readonly StrangerId[] =>
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
export const defaultText =
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
