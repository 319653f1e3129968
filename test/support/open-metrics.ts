import assert from 'node:assert/strict';

interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: MetricSample[];
}

const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: ['_total'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};
/** Suffixes that only one type may have, and units that are not base units (seconds, bytes, celsius, ratios). */
const reserved = /_(?:total|sum|count|bucket|created|gsum|gcount)$/;
const wrongUnit =
  /_(?:ms|milliseconds|microseconds|minutes|hours|days|kb|kib|mb|mib|percent|fahrenheit)(?:_|$)/;

/**
 * Reads the text format of Prometheus (version 0.0.4) or OpenMetrics (version 1.0.0) as strictly as the specification of
 * OpenMetrics and the naming conventions of Prometheus are written, and returns the metrics by name. The name of a counter has no
 * `_total` here.
 */
export function readMetrics(text: string, format: 'text' | 'openMetrics'): ReadonlyMap<string, MetricFamily> {
  const families = new Map<string, MetricFamily>();
  let current: MetricFamily | undefined;
  let help: readonly [name: string, text: string] | undefined;
  for (const line of linesOf(text, format)) {
    const described = /^# HELP (\S+) (.+)$/.exec(line);
    const typed = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (described !== null) {
      help = [described[1] ?? '', unescaped(described[2] ?? '')];
    } else if (typed !== null) {
      const [, written = '', type = ''] = typed;
      assert.equal(help?.[0], written, `HELP and TYPE of ${written} stand together`);
      const name = type === 'counter' && format === 'text' ? written.replace(/_total$/, '') : written;
      checkName(written, name, type, format);
      assert.ok(!families.has(name), `${name} is described twice`);
      current = { name, type, help: help?.[1] ?? '', samples: [] };
      assert.match(current.help, /^[A-Z0-9].*\.$/, `${name} is described by sentences`);
      families.set(name, current);
    } else {
      assert.ok(current !== undefined, `a sample stands before the first metric: ${line}`);
      const sample = readSample(line);
      const isOwn = suffixes[current.type]?.some((suffix) => sample.name === `${current?.name}${suffix}`);
      assert.ok(isOwn, `the sample ${sample.name} does not belong to ${current.type} ${current.name}`);
      current.samples.push(sample);
    }
  }
  for (const family of families.values()) {
    checkSamples(family);
    if (format === 'openMetrics') checkBounds(family);
  }
  return families;
}

/** The lines. The text format may have empty ones, which mean nothing; OpenMetrics ends with a mark, so that a cut is seen. */
function linesOf(text: string, format: 'text' | 'openMetrics'): readonly string[] {
  assert.ok(text.endsWith('\n'), 'the last line ends');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'text') return lines.filter((line) => line !== '');
  assert.equal(lines.pop(), '# EOF');
  assert.ok(!lines.includes('') && !lines.includes('# EOF'), 'no line is empty, and the end comes once');
  return lines;
}

function checkName(written: string, name: string, type: string, format: 'text' | 'openMetrics'): void {
  assert.ok(type in suffixes, `${name} has the type ${type}`);
  assert.match(name, /^rollcall_[a-z0-9]+(?:_[a-z0-9]+)*$/);
  assert.doesNotMatch(name, reserved, `${name} has a suffix of its own type`);
  assert.doesNotMatch(name, wrongUnit, `${name} is in a base unit`);
  if (type === 'counter') assert.equal(written.endsWith('_total'), format === 'text', written);
  if (type === 'histogram') assert.match(name, /_(?:seconds|bytes)$/);
}

const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

function readSample(line: string): MetricSample {
  const parts = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  assert.ok(parts !== null, `not a sample: ${line}`);
  const [, name = '', labelText = '', number = ''] = parts;
  assert.match(number, /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\+Inf|-Inf|NaN)$/, line);
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < labelText.length) {
    const [, key = '', value = ''] = label.exec(labelText) ?? assert.fail(`not labels: ${line}`);
    assert.ok(!(key in labels), `the label ${key} stands twice: ${line}`);
    labels[key] = unescaped(value);
  }
  return { name, labels, value: Number(number.replace('Inf', 'Infinity')) };
}

const unescaped = (text: string): string =>
  text.replaceAll(/\\(["\\n])/g, (_, code: string) => (code === 'n' ? '\n' : code));

function checkSamples({ name, type, samples }: MetricFamily): void {
  const seen = new Set<string>();
  const keys = new Set<string>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const series = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    assert.ok(!seen.has(series), `${series} stands twice`);
    seen.add(series);
    keys.add(Object.keys(labels).sort().join());
    if (type !== 'gauge') assert.ok(sample.value >= 0, `${series} is negative`);
    assert.ok(type === 'gauge' || !Number.isNaN(sample.value), series);
  }
  assert.ok(keys.size <= 1, `all samples of ${name} have the same labels`);
  if (type === 'histogram') checkBuckets(name, samples);
}

/** Readers compare bounds as texts, so OpenMetrics has one text for each number. */
function checkBounds({ name, samples }: MetricFamily): void {
  for (const { labels } of samples) {
    const bound = labels['le'];
    if (bound !== undefined) assert.match(bound, /^(?:\d+\.\d+|\+Inf)$/, `${name} has the bound ${bound}`);
  }
}

function checkBuckets(name: string, samples: readonly MetricSample[]): void {
  const series = new Map<string, MetricSample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const own of series.values()) {
    const buckets = own.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('Inf', 'Infinity')));
    assert.ok(
      bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? bound)),
      name,
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name} has a bucket for all`);
    const counts = buckets.map(({ value }) => value);
    assert.ok(
      counts.every((count, index) => index === 0 || count >= (counts[index - 1] ?? count)),
      name,
    );
    const total = own.find((sample) => sample.name === `${name}_count`)?.value;
    assert.equal(total, counts.at(-1), `the number of ${name} is that of its last bucket`);
    assert.ok(
      own.some((sample) => sample.name === `${name}_sum`),
      name,
    );
  }
}
