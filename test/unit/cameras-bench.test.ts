import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { type Account, crowdsOf, type Moment, works } from '../../scripts/benchmarks/cameras-account.js';
import { figuresOf, type Sample } from '../../scripts/benchmarks/cameras-report.js';
import type { Part, Usage } from '../../scripts/benchmarks/cameras-usage.js';

const parts: readonly Part[] = ['core', 'vision', 'ffmpeg', 'ended', 'rtsp', 'broker'];

function sample(
  atMs: number,
  counters: Readonly<Record<string, Readonly<Record<string, number>>>>,
  cpuMs: Partial<Record<Part, number>>,
  busyMs: number,
): Sample {
  const cameras = Object.entries(counters).map(([id, counts]) => ({
    id,
    state: 'streaming',
    counters: counts,
  }));
  const status = { cameras, vision: [{}], eventLoop: { p99Ms: 1, maximumMs: 2 } } as unknown as BoxStatus;
  const usage = Object.fromEntries(
    parts.map((part) => [part, { processes: 1, cpuMs: cpuMs[part] ?? 0, memoryMiB: 1 }]),
  ) as Record<Part, Usage>;
  return { atMs, status, usage, busyMs };
}

test('a measurement of cameras counts every frame that a camera sent, and says why it was not analysed', () => {
  const before = sample(0, { a: {}, b: { analysed: 100 } }, { ffmpeg: 500 }, 0);
  const after = sample(
    10_000,
    {
      // 250 frames were sent. 150 were due, 100 were not: half of what FFmpeg never gave out would have been due, too.
      a: { analysed: 90, skipped: 60, droppedLate: 30 },
      b: { analysed: 250, skipped: 100, droppedBusy: 0, restarts: 1 },
    },
    { core: 2000, ffmpeg: 5500, ended: 1000 },
    12_500,
  );
  const figures = figuresOf({ before, after, moments: [], arrivals: [], framesPerS: 25 });
  const [a, b] = figures.cameras;

  assert.deepEqual([a?.analysed, a?.notDue, a?.late, a?.undecoded], [9, 6, 3, 7]);
  const dueOfA = 12 + (7 * 12) / 18;
  assert.ok(Math.abs((a?.lostShare ?? 0) - (1 - 9 / dueOfA)) < 1e-9);
  assert.deepEqual([b?.analysed, b?.undecoded, b?.lostShare, b?.openings], [15, 0, 0, 1]);
  assert.ok(Math.abs(figures.evenness - 9 / dueOfA) < 1e-9);
  assert.ok(Math.abs(figures.lostShare - (dueOfA - 9) / (dueOfA + 15)) < 1e-9);
  assert.deepEqual(
    figures.parts.filter(({ cores }) => cores > 0).map(({ part, cores }) => [part, cores]),
    [
      ['core', 0.2],
      ['ffmpeg', 0.5],
      ['ended', 0.1],
    ],
  );
  assert.ok(Math.abs(figures.otherCores - 0.45) < 1e-9);
});

test('frames that a camera with a substream did not need are not lost', () => {
  const before = sample(0, { a: {} }, {}, 0);
  const counters = { analysed: 30, skipped: 20, decodingMs: 2400, decoderStarts: 2, wakingMs: 800 };
  const [a] = figuresOf({
    ...{ before, after: sample(10_000, { a: counters }, {}, 0), framesPerS: 25 },
    ...{ moments: [], arrivals: [] },
  }).cameras;
  assert.deepEqual([a?.undecoded, a?.lostShare, a?.decodedShare], [0, 0, 0.24]);
  assert.deepEqual([a?.decoderStarts, a?.wakingMs], [12, 400]);
});

test('frames that a camera with a substream needed and no decoder got are lost by the share that was due', () => {
  const before = sample(0, { a: {} }, {}, 0);
  const counters = { analysed: 30, skipped: 20, missed: 10, decodingMs: 2400, decoderStarts: 2 };
  const [a] = figuresOf({
    ...{ before, after: sample(10_000, { a: counters }, {}, 0), framesPerS: 25 },
    ...{ moments: [], arrivals: [] },
  }).cameras;
  assert.equal(a?.undecoded, 1);
  assert.ok(Math.abs((a?.lostShare ?? 0) - 0.6 / 3.6) < 1e-9);
});

test('a camera that sends nothing has lost everything', () => {
  const figures = figuresOf({
    before: sample(0, { a: {} }, {}, 0),
    after: sample(10_000, { a: {} }, {}, 0),
    moments: [],
    arrivals: [
      { type: 'x', afterMs: 5 },
      { type: 'x', afterMs: 1 },
    ],
    framesPerS: 15,
  });

  assert.equal(figures.cameras[0]?.lostShare, 1);
  assert.equal(figures.cameras[0].undecoded, 15);
  assert.equal(figures.lostShare, 1);
  assert.deepEqual(figures.latencies, [{ type: 'x', count: 2, quantilesMs: [1, 1, 1, 5] }]);
});

test('an account sorts the time by how many main streams were decoded, and says what each work took', () => {
  const moment = (
    atMs: number,
    counters: Readonly<Record<string, number>>,
    used: Partial<Account>,
  ): Moment => ({
    ...{ atMs, cameras: [{ id: 'a', counters }] as unknown as BoxStatus['cameras'] },
    account: { ...(Object.fromEntries(works.map((work) => [work, 0])) as Account), ...used },
  });
  const crowds = crowdsOf([
    moment(0, {}, {}),
    moment(1000, { decodingMs: 100 }, { copies: 50 }),
    moment(
      2000,
      { decodingMs: 1000, analysed: 15, droppedLate: 4, droppedStale: 1 },
      { copies: 100, networks: 400 },
    ),
    moment(
      5000,
      { decodingMs: 1100, analysed: 15, droppedLate: 4, droppedStale: 1 },
      { copies: 250, networks: 400 },
    ),
  ]);
  assert.deepEqual(
    crowds.map(({ decoded, seconds, analysed, lost, cores }) => [
      ...[decoded, seconds, analysed, lost],
      ...[cores.copies, cores.networks],
    ]),
    [
      [0, 4, 0, 0, 0.05, 0],
      [1, 1, 15, 5, 0.05, 0.4],
    ],
  );
});
