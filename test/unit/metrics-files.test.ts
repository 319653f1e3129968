import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricsText } from '../../daemon/core/metrics/metrics.js';
import { metricSources } from '../support/metric-sources.js';
import {
  expressions,
  familyOf,
  groupingsIn,
  metricsIn,
  readAlertRules,
  readDashboard,
} from '../support/metric-uses.js';
import { readMetrics } from '../support/open-metrics.js';

/** Labels that Prometheus adds when it reads a box, and the one of buckets. */
const added = ['instance', 'job', 'le'];
/** Labels whose values a site chooses. */
const free = ['camera', 'instance', 'job', 'sensor'];

const families = readMetrics(await metricsText(metricSources(), 'text'), 'text');

/** What a label can be, by what the metric shows. Metrics whose samples come one by one show only some values. */
const growing = ['rollcall_passages', 'rollcall_event_delivery_duration_seconds', 'rollcall_outbox_events'];

test('the dashboard and the alert rules use metrics and labels that exist', () => {
  const all = expressions();
  assert.ok(all.flatMap(metricsIn).length > 40, 'the expressions were found');
  for (const expression of all) {
    const used = metricsIn(expression);
    const known = used.map(({ sample, matchers }) => {
      const family = familyOf(sample, families) ?? assert.fail(`${sample} is no metric: ${expression}`);
      const labels = [...Object.keys(family.samples[0]?.labels ?? {}), ...added];
      for (const { label, values } of matchers) {
        if (family.samples.length > 0) assert.ok(labels.includes(label), `${sample} has no label ${label}`);
        if (free.includes(label) || growing.includes(family.name)) continue;
        const possible = family.samples.map(({ labels: own }) => own[label]);
        for (const value of values) assert.ok(possible.includes(value), `${sample}{${label}="${value}"}`);
      }
      return labels;
    });
    for (const label of groupingsIn(expression)) {
      assert.ok(known.flat().includes(label), `no metric has the label ${label}: ${expression}`);
    }
  }
});

test('each alert says what happened and what to do', () => {
  const rules = readAlertRules().flatMap((group) => group.rules);
  assert.ok(rules.length >= 12);
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, expr, labels, annotations } of rules) {
    assert.match(alert, /^Rollcall[A-Z]\w+$/);
    assert.ok(['critical', 'warning'].includes(labels['severity'] ?? ''), alert);
    for (const key of ['summary', 'description']) assert.match(annotations[key] ?? '', /\w.*\.$/, alert);
    const used = `${annotations['summary']} ${annotations['description']}`.matchAll(/\$labels\.(\w+)/g);
    const kept = groupingsIn(expr);
    const labelsOf = metricsIn(expr).flatMap(({ sample }) => {
      const [sampled] = familyOf(sample, families)?.samples ?? [];
      return [...Object.keys(sampled?.labels ?? {}), ...(sampled === undefined ? ['sensor'] : [])];
    });
    for (const [, label = ''] of used) {
      const isThere = label === 'instance' || labelsOf.includes(label);
      assert.ok(isThere && (!expr.includes('sum by') || kept.includes(label)), `${alert} has no ${label}`);
    }
  }
});

test('the panels of the dashboard say what they show, and none covers another', () => {
  const { panels, templating } = readDashboard();
  assert.deepEqual(
    templating.list.map(({ name }) => name),
    ['datasource', 'box', 'camera'],
  );
  const taken = new Set<string>();
  for (const { id, type, title, description = '', gridPos, targets = [] } of panels) {
    assert.equal(panels.filter((panel) => panel.id === id).length, 1);
    if (type !== 'row') {
      assert.match(description, /\.$/, title);
      assert.ok(targets.length > 0, title);
    }
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!taken.has(`${x} ${y}`), `${title} covers another panel`);
        taken.add(`${x} ${y}`);
      }
    }
  }
});
