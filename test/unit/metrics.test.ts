import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { reportSchema, stageBoundsS } from '../../daemon/contract/vision/vision-reports.js';
import { EventDurations } from '../../daemon/core/metrics/event-durations.js';
import { metricsText } from '../../daemon/core/metrics/metrics.js';
import { PassageCounter } from '../../daemon/core/metrics/passage-counter.js';
import { readTemperatures } from '../../daemon/host/temperatures.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { healthyStatus } from '../support/healthy-status.js';
import { metricSources } from '../support/metric-sources.js';
import { readMetrics } from '../support/open-metrics.js';
import { passageOf } from '../support/passage-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const page = readFileSync(new URL('../../docs/reference/metrics.md', import.meta.url), 'utf8');

/** The value of one sample; undefined where there is none. */
async function sampleOf(sources: ReturnType<typeof metricSources>, name: string, labels: object = {}) {
  const families = readMetrics(await metricsText(sources, 'text'), 'text');
  const samples = [...families.values()].flatMap(({ samples: own }) => own);
  return samples.find((each) => {
    const isSame = Object.entries(labels).every(([label, value]) => each.labels[label] === value);
    return each.name === name && isSame;
  })?.value;
}

test('both formats keep to their rules and say the same', async () => {
  const sources = metricSources();
  const text = readMetrics(await metricsText(sources, 'text'), 'text');
  const openMetrics = readMetrics(await metricsText(sources, 'openMetrics'), 'openMetrics');
  assert.deepEqual([...openMetrics.keys()], [...text.keys()]);
  const seriesOf = (families: typeof text) =>
    [...families.values()].flatMap(({ samples }) =>
      // A bound of a whole second has a text of its own in each format.
      samples.map(({ name, labels: { le, ...labels } }) => [name, labels, le?.replace(/\.0$/, '')]),
    );
  assert.deepEqual(seriesOf(openMetrics), seriesOf(text));
  // The label belongs to summaries, of which there are none: promtool refuses it elsewhere.
  for (const { samples } of text.values())
    for (const { name, labels } of samples) assert.ok(!('quantile' in labels), name);
});

test('docs/reference/metrics.md lists every metric with its type and its labels', async () => {
  const families = readMetrics(await metricsText(metricSources(), 'text'), 'text');
  const rows = page.matchAll(/^\| `(rollcall_\w+)` \| (\w+) \| (.*?) \|/gm);
  const listed = new Map(
    [...rows].map(([, name = '', type, labels = '']) => [
      name,
      { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label) },
    ]),
  );
  const shown = [...families.values()].map(({ name, type }) => (type === 'counter' ? `${name}_total` : name));
  assert.deepEqual([...listed.keys()].toSorted(), shown.toSorted());
  for (const { name, type, samples } of families.values()) {
    const row = listed.get(type === 'counter' ? `${name}_total` : name);
    assert.equal(row?.type, type, name);
    const [sample] = samples;
    // Not every machine has sensors.
    if (sample === undefined && name === 'rollcall_temperature_celsius') continue;
    const labels = Object.keys(sample?.labels ?? {}).filter((label) => label !== 'le');
    assert.deepEqual(row?.labels.toSorted(), labels.toSorted(), name);
  }
});

test('they show the state of the box', async () => {
  const status: BoxStatus = {
    ...healthyStatus,
    gallery: { ...healthyStatus.gallery, state: 'sealed' },
    conditions: ['running', 'disk-low'],
    broker: { state: 'not configured' },
    vision: healthyStatus.vision.map((process) => ({
      ...process,
      pid: globalThis.process.pid,
      restarts: 2,
      restartCauses: { silent: 2 },
    })),
  };
  const sources = metricSources({ status: () => status });
  const expected = [
    ['rollcall_gallery_open', {}, 0],
    ['rollcall_condition', { condition: 'disk-low' }, 1],
    ['rollcall_condition', { condition: 'records-lost' }, 0],
    ['rollcall_broker_state', { state: 'not-configured' }, 1],
    ['rollcall_broker_state', { state: 'connected' }, 0],
    ['rollcall_vision_restarts_total', { process: 'vision-0', cause: 'silent' }, 2],
    ['rollcall_vision_restarts_total', { process: 'vision-0', cause: 'ended' }, 0],
    ['rollcall_camera_enabled', { camera: 'yard' }, 0],
    ['rollcall_outbox_events', { kind: 'attendance' }, 2],
    ['rollcall_outbox_oldest_age_seconds', {}, 5],
    ['rollcall_event_delivery_duration_seconds_bucket', { le: '0.5' }, 0],
    ['rollcall_event_delivery_duration_seconds_bucket', { le: '1' }, 1],
  ] as const;
  for (const [name, labels, value] of expected) {
    assert.equal(await sampleOf(sources, name, labels), value, `${name} ${JSON.stringify(labels)}`);
  }
  for (const process of ['core', 'vision-0']) {
    assert.ok(((await sampleOf(sources, 'rollcall_resident_memory_bytes', { process })) ?? 0) > 1e6, process);
  }
});

test('a text that a camera or a vision process chose adds neither a line nor a label', async () => {
  const evil = 'a"} 1\nrollcall_gallery_open 0\\';
  const [vision] = healthyStatus.vision;
  const status: BoxStatus = {
    ...healthyStatus,
    vision: [{ ...vision, provider: { requested: 'auto', actual: evil }, refused: { [evil]: 1 } }],
    cameras: healthyStatus.cameras.map((camera) => ({ ...camera, counters: { [evil]: 5, skipped: -3 } })),
  };
  const sources = metricSources({ status: () => status });
  for (const format of ['text', 'openMetrics'] as const) {
    const families = readMetrics(await metricsText(sources, format), format);
    const provider = families.get('rollcall_vision_provider')?.samples[0]?.labels['provider'];
    assert.equal(provider, 'other');
    assert.equal(families.get('rollcall_vision_refused')?.samples[0]?.labels['reason'], evil, 'escaped');
    assert.equal(families.get('rollcall_gallery_open')?.samples[0]?.value, 1);
  }
});

test('an event that was sent again, or from the future, does not count as late or early', () => {
  const durations = new EventDurations({ wallMs: () => Date.parse('2026-05-04T09:00:00Z') });
  const payloadAt = (time: string) => new TextEncoder().encode(JSON.stringify({ time }));
  durations.delivered({ kind: 'unknown', isAgain: true, payload: payloadAt('2026-05-01T09:00:00Z') });
  durations.delivered({ kind: 'unknown', isAgain: false, payload: payloadAt('2026-05-04T09:00:01Z') });
  durations.delivered({ kind: 'unknown', isAgain: false, payload: payloadAt('no time') });
  assert.deepEqual(durations.counts(), []);
});

test('temperatures come from zones and chips; a sensor that is off is left out', async () => {
  await using folder = await temporaryDirectory();
  const file = async (path: string, text: string): Promise<void> => {
    const full = join(folder.path, path);
    await mkdir(join(full, '..'), { recursive: true });
    await writeFile(full, text);
  };
  await file('class/thermal/thermal_zone0/type', 'cpu thermal"\n');
  await file('class/thermal/thermal_zone0/temp', '48250\n');
  await file('class/thermal/cooling_device0/type', 'fan\n');
  await file('class/hwmon/hwmon1/name', 'nvme\n');
  await file('class/hwmon/hwmon1/temp2_input', '-1500\n');
  await file('class/hwmon/hwmon1/temp3_input', 'off\n');
  assert.deepEqual(await readTemperatures(folder.path), [
    { sensor: 'cpu_thermal_-0', celsius: 48.25 },
    { sensor: 'nvme-1-2', celsius: -1.5 },
  ]);
  assert.deepEqual(await readTemperatures(join(folder.path, 'none')), []);
});

test('the core takes the times of stages and the counters only in the agreed form', () => {
  const report = (stageTimes: unknown, counters: unknown = {}) => ({
    type: 'progress',
    processorMs: 0,
    cameras: [{ id: 'door', counters, stageTimes }],
  });
  const counts = [...stageBoundsS, 0].map((_, index) => index);
  assert.ok(reportSchema.safeParse(report({})).success);
  assert.ok(reportSchema.safeParse(report({ detect: counts, bestShot: counts })).success);
  for (const wrong of [
    undefined,
    { detect: counts.slice(1) },
    { detect: [...counts, 1] },
    { detect: counts.map(() => -1) },
    { detect: counts.map(() => 0.5) },
    { invented: counts },
    { detect: { length: counts.length } },
  ]) {
    assert.equal(reportSchema.safeParse(report(wrong)).success, false, JSON.stringify(wrong));
  }
  // Two of these add up to infinity, which no metric can show.
  assert.equal(reportSchema.safeParse(report({}, { analysed: Number.MAX_VALUE })).success, false);
});

test('a passage counts once, when it has ended, also if it is written again', () => {
  const counter = new PassageCounter();
  const write = (number: number, changes: Partial<Passage> = {}) => {
    const passage = passageOf(number, changes);
    counter.written({ number, id: passage.id, passage });
  };
  const { end: _, ...inSight } = passageOf(1);
  counter.written({ number: 1, id: inSight.id, passage: inSight });
  assert.deepEqual(counter.samples(), []);
  write(1);
  write(1, { outcome: 'stranger', reason: 'stranger' });
  write(2, { cameraId: cameraId('yard') });
  counter.written({ number: 3, id: passageOf(3).id, passage: undefined });
  assert.deepEqual(counter.samples(), [
    [1, { camera: 'gate', outcome: 'attended', reason: 'attended' }],
    [1, { camera: 'yard', outcome: 'attended', reason: 'attended' }],
  ]);
});
