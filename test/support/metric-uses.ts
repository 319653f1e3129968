import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { MetricFamily } from './open-metrics.js';

const folder = new URL('../../docs/metrics/', import.meta.url);

export interface AlertRuleGroup {
  readonly name: string;
  readonly rules: readonly {
    readonly alert: string;
    readonly expr: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly DashboardPanel[];
}

export const readAlertRules = (): readonly AlertRuleGroup[] =>
  (parse(readFileSync(new URL('alert-rules.yaml', folder), 'utf8')) as { groups: AlertRuleGroup[] }).groups;

export const readDashboard = (): Dashboard =>
  JSON.parse(readFileSync(new URL('grafana-dashboard.json', folder), 'utf8')) as Dashboard;

/** All texts of both files in which metrics are named. */
export function expressions(): readonly string[] {
  const { templating, annotations, panels } = readDashboard();
  return [
    ...readAlertRules().flatMap(({ rules }) => rules.map(({ expr }) => expr)),
    ...templating.list.map(({ query }) => JSON.stringify(query).replaceAll('\\"', '"')),
    ...annotations.list.map(({ expr }) => expr),
    ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
  ];
}

/** A metric in an expression, with what its labels are compared with. */
export interface MetricUse {
  readonly sample: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

export function metricsIn(expression: string): readonly MetricUse[] {
  return [...expression.matchAll(/\b(rollcall_\w+)(?:\{([^}]*)\})?/g)].map(([, sample = '', inner = '']) => ({
    sample,
    matchers: [...inner.matchAll(/(\w+)\s*(?:=~|!=|!~|=)\s*"([^"]*)"/g)].map(([, label = '', text = '']) => ({
      label,
      values: text.split('|'),
    })),
  }));
}

/** The labels that an expression groups or joins by. */
export const groupingsIn = (expression: string): readonly string[] =>
  [...expression.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, labels = '']) =>
    labels.split(',').map((label) => label.trim()),
  );

/** The metric that a sample belongs to. */
export function familyOf(
  sample: string,
  families: ReadonlyMap<string, MetricFamily>,
): MetricFamily | undefined {
  const own = families.get(sample.replace(/_(?:total|bucket|sum|count)$/, '')) ?? families.get(sample);
  const suffixes = { counter: ['_total'], gauge: [''], histogram: ['_bucket', '_sum', '_count'] };
  const known = suffixes[own?.type as keyof typeof suffixes] ?? [];
  return known.some((suffix) => `${own?.name}${suffix}` === sample) ? own : undefined;
}
