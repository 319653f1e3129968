import type { AlertsConfig, Config } from '../../contract/settings/schema.js';
import { installedLanguages } from '../../host/installed-languages.js';
import type { AlertNaming, AlertTemplates } from '../../kernel/alerts/alert-message.js';
import { type AlertRule, isAboutCameras } from '../../kernel/alerts/alert-rule.js';
import { type AlertTemplate, parseTemplate } from '../../kernel/alerts/alert-template.js';
import { secondOfDay } from '../../kernel/attendance/time-text.js';
import type { CameraId } from '../../kernel/ids.js';
import { type Said, said } from '../../kernel/said.js';
import { english, type Language } from '../../words/language.js';

const minuteMs = 60_000;
const defaultWithinMinutes = 10;
/** A camera failure shorter than this causes no alert. Applies to lasting states only, not to single events. */
const cameraMinimumS = 60;

/** A rule with the channels and the texts of its alerts. */
export interface PlannedRule extends AlertRule {
  readonly channels: readonly string[];
  readonly templates: AlertTemplates;
}

export interface AlertPlan {
  readonly rules: readonly PlannedRule[];
  readonly cameras: ReadonlySet<CameraId>;
  readonly cameraName: AlertNaming['cameraName'];
  readonly failureOf: AlertNaming['failureOf'];
  /** Puts what an alert says into the language of alerts. */
  readonly textOf: (said: Said) => string;
}

/** The alert rules of a configuration. */
export function planAlerts({ alerts, cameras }: Pick<Config, 'alerts' | 'cameras'>): AlertPlan {
  const language = alertLanguage(alerts);
  const names = new Map(cameras.map(({ id, name }) => [id, name]));
  return {
    rules: alerts.rules.map(plannedRule),
    cameras: new Set(names.keys()),
    cameraName: (id) => names.get(id) ?? id,
    failureOf,
    textOf: (said) => language.textOf(said),
  };
}

/** What the code of a failed camera says; undefined for a code that this version does not know, or that needs values. */
export function failureOf(code: string): Said | undefined {
  const failure = said(`cameras/${code}`);
  return english.find(failure) === undefined ? undefined : failure;
}

export const alertLanguage = ({ language }: Pick<AlertsConfig, 'language'>): Language =>
  installedLanguages().firstOf([language]);

function plannedRule(rule: AlertsConfig['rules'][number]): PlannedRule {
  const { id, on, cameras, severity, channels, quietHours, cooldownMinutes } = rule;
  const { count = 1, withinMinutes = defaultWithinMinutes, of = 'events' } = rule.threshold ?? {};
  const { minimumS = isAboutCameras(on) ? cameraMinimumS : 0 } = rule;
  return {
    ...{ id, on, cameras, severity, channels },
    threshold: { of, count, withinMs: withinMinutes * minuteMs },
    minimumMs: minimumS * 1000,
    cooldownMs: cooldownMinutes * minuteMs,
    quietHours: quietHours && {
      fromS: secondOfDay(quietHours.from),
      toS: secondOfDay(quietHours.to),
      days: quietHours.days,
    },
    templates: { subject: templateOf(rule.subject), text: templateOf(rule.text) },
  };
}

/** The configuration was checked, so the text is a valid template. */
function templateOf(text: string | undefined): AlertTemplate | undefined {
  if (text === undefined) return undefined;
  const parsed = parseTemplate(text);
  return 'template' in parsed ? parsed.template : undefined;
}
