// Measures what one answer with the metrics costs the core, and how large it is.
//   scripts/bench metrics [--cameras 32] [--answers 200]
import { stageBoundsS, stages } from '../../daemon/contract/vision/vision-reports.js';
import { metricFormats } from '../../daemon/core/metrics/metric-families.js';
import { metricsText } from '../../daemon/core/metrics/metrics.js';
import { PassageCounter } from '../../daemon/core/metrics/passage-counter.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { passageOutcomes } from '../../daemon/kernel/passage-outcome.js';
import { passageReasons } from '../../daemon/kernel/passages/passage-reason.js';
import { healthyStatus } from '../../test/support/healthy-status.js';
import { metricSources } from '../../test/support/metric-sources.js';
import { passageOf } from '../../test/support/passage-fixture.js';
import { readOptions } from '../options.js';
import { quantile } from './measuring.js';

const { values } = readOptions('scripts/bench metrics', {
  options: { cameras: { type: 'string', default: '32' }, answers: { type: 'string', default: '200' } },
});
const [cameraCount, answers] = [Number(values.cameras), Number(values.answers)];

const [first] = healthyStatus.cameras;
const cameras = Array.from({ length: cameraCount }, (_, index) => ({ ...first, id: `camera-${index}` }));
const passages = new PassageCounter();
let number = 0;
// Every camera has had every reason once, each with one outcome: more than a site sees.
for (const { id } of cameras) {
  for (const [index, reason] of passageReasons.entries()) {
    number += 1;
    const outcome = passageOutcomes[index % passageOutcomes.length] ?? 'undecided';
    const passage = passageOf(number, { cameraId: cameraId(id), outcome, reason, end: 'left' });
    passages.written({ number, id: passage.id, passage });
  }
}
const times = Object.fromEntries(
  stages.map((stage) => [stage, [...stageBoundsS, 0].map((_, index) => 1_000_000 + index)]),
);
const sources = metricSources({
  passages,
  status: () => ({ ...healthyStatus, cameras }),
  cameras: { board: { stageTimesOf: () => times }, watches: { viewersOf: () => 0 } },
});

for (const format of ['text', 'openMetrics'] as const) {
  const tookMs: number[] = [];
  const before = process.cpuUsage();
  let text = '';
  for (let answer = 0; answer < answers; answer += 1) {
    const startMs = performance.now();
    text = await metricsText(sources, format);
    tookMs.push(performance.now() - startMs);
  }
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const [median, p95] = [0.5, 0.95].map((share) => quantile(tookMs, share).toFixed(1));
  const size = Math.round(Buffer.byteLength(text) / 1024);
  console.log(`${metricFormats[format]}: ${cameraCount} cameras, ${series} series, ${size} KiB`);
  const { user, system } = process.cpuUsage(before);
  const processorMs = ((user + system) / 1000 / answers).toFixed(1);
  console.log(
    `  an answer: ${processorMs} ms of a processor, median ${median} ms, 95 % within ${p95} ms (${answers} answers)`,
  );
}
