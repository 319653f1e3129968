import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JudgedReport, mostOpenTracks, ReportGuard } from '../../daemon/contract/vision/report-guard.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { encodeProbe, encodeSighting } from '../../daemon/contract/vision/vision-sighting.js';
import { VisionRequests } from '../../daemon/core/cameras/vision-requests.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import type { LivenessEvidence } from '../../daemon/kernel/liveness/liveness.js';
import type { Sighting } from '../../daemon/kernel/tracks/sighting.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { sightingOf } from '../support/sightings.js';

type SightingReport = Extract<Report, { type: 'sighting' }>;

const minute = 60_000;

function guarded() {
  const clock = new VirtualClock(Date.UTC(2026, 0, 1));
  clock.advanceBy(60 * minute);
  const cameras = new Set(['door', 'yard']);
  const guard = new ReportGuard(clock, cameras);
  const startedAtMs = clock.monotonicMs();
  let count = 0;
  const sighting = (changes: Partial<Sighting> = {}): SightingReport => {
    const nowMs = clock.monotonicMs();
    count += 1;
    const seen = { cameraId: cameraId('door'), trackId: trackId(`track-${count}`) };
    const sent = sightingOf({ ...seen, firstSeenMs: nowMs, lastSeenMs: nowMs, ...changes });
    return { type: 'sighting', sighting: encodeSighting(sent) };
  };
  return { clock, cameras, guard, startedAtMs, sighting };
}

/** `ok`, the reason for the refusal, or both. */
const verdict = ({ accepted, refused }: JudgedReport): string =>
  [...(accepted === undefined ? [] : ['ok']), ...(refused === undefined ? [] : [refused])].join(' but ');

describe('an accepted report of a vision process', () => {
  test('is about its present cameras only', () => {
    const { guard, cameras, sighting } = guarded();
    const state = { state: 'connecting' } as const;
    const say = (id: string) => verdict(guard.judge({ type: 'camera', cameraId: id, state }));
    assert.deepEqual([say('door'), say('attic')], ['ok', 'camera']);
    assert.equal(verdict(guard.judge(sighting({ cameraId: cameraId('attic') }))), 'camera');
    const counters = { analysed: 1 };
    const progress = (ids: string[]): JudgedReport =>
      guard.judge({
        type: 'progress',
        processorMs: 7,
        cameras: ids.map((id) => ({ id, counters, stageTimes: {} })),
      });
    assert.equal(verdict(progress(['door', 'yard'])), 'ok');
    const judged = progress(['door', 'attic']);
    assert.equal(verdict(judged), 'ok but camera');
    assert.deepEqual(judged.accepted, {
      type: 'progress',
      processorMs: 7,
      cameras: [{ id: 'door', counters, stageTimes: {} }],
    });
    cameras.delete('yard');
    assert.equal(say('yard'), 'camera');
  });

  test('is about now: not before it was started, not after, and not long ago', () => {
    const { guard, clock, startedAtMs, sighting } = guarded();
    const lastSeen = (lastSeenMs: number) =>
      verdict(guard.judge(sighting({ firstSeenMs: Math.min(lastSeenMs, clock.monotonicMs()), lastSeenMs })));
    assert.equal(lastSeen(startedAtMs), 'ok');
    assert.equal(lastSeen(startedAtMs - 1), 'time');
    assert.equal(lastSeen(startedAtMs + 1_000), 'ok');
    assert.equal(lastSeen(startedAtMs + 1_001), 'time');
    clock.advanceBy(11 * minute);
    const nowMs = clock.monotonicMs();
    assert.equal(lastSeen(nowMs - 10 * minute), 'ok');
    assert.equal(lastSeen(nowMs - 10 * minute - 1), 'time');
    // A person in sight since the start.
    assert.equal(verdict(guard.judge(sighting({ firstSeenMs: startedAtMs }))), 'ok');
    assert.equal(verdict(guard.judge(sighting({ firstSeenMs: startedAtMs - 1 }))), 'time');
    assert.equal(verdict(guard.judge(sighting({ firstSeenMs: nowMs + 500, lastSeenMs: nowMs }))), 'time');
  });

  test('contains no other time outside the present', () => {
    const { guard, clock, sighting } = guarded();
    const atMs = clock.monotonicMs();
    const embedding = Float32Array.of(1, 0);
    const { liveness } = sightingOf();
    const knowing = (evidence: Partial<LivenessEvidence>): Partial<Sighting> => ({
      liveness: { ...liveness, evidence: { ...liveness.evidence, ...evidence } },
    });
    const with_ = (capturedAtMs: number): Partial<Sighting>[] => [
      { probes: [{ capturedAtMs, embedding, quality: 1 }] },
      { bestShot: { capturedAtMs, jpeg: Buffer.alloc(1) } },
      { openness: { fromMs: capturedAtMs, packed: Uint8Array.of(0, 150) } },
      knowing({ blinks: [{ atMs: capturedAtMs, durationMs: 100 }] }),
      knowing({ unboundBlinks: [{ atMs: capturedAtMs, durationMs: 100 }] }),
      knowing({ sameFaceMs: capturedAtMs }),
      knowing({ gestures: [{ kind: 'nod', startMs: capturedAtMs, endMs: capturedAtMs }] }),
    ];
    for (const changes of with_(atMs)) assert.equal(verdict(guard.judge(sighting(changes))), 'ok');
    for (const farMs of [8.64e15, -8.64e15, atMs - 1, atMs + 1_001]) {
      for (const changes of with_(farMs)) assert.equal(verdict(guard.judge(sighting(changes))), 'time');
    }
    const long = { fromMs: atMs, packed: Uint8Array.from({ length: 20 }, () => 200) };
    assert.equal(verdict(guard.judge(sighting({ openness: long }))), 'time', 'its last sample is to come');
    const backwards = knowing({ gestures: [{ kind: 'nod', startMs: atMs + 1, endMs: atMs }] });
    assert.equal(verdict(guard.judge(sighting(backwards))), 'time');
  });

  test('opens a limited number of tracks per camera; ended ones do not count', () => {
    const { guard, clock, sighting } = guarded();
    const first = sighting();
    assert.equal(verdict(guard.judge(first)), 'ok');
    const other = { ...first.sighting, cameraId: 'yard', sequence: 1 };
    assert.equal(verdict(guard.judge({ type: 'sighting', sighting: other })), 'tracks', 'of another camera');
    for (let count = 1; count < mostOpenTracks; count += 1)
      assert.equal(verdict(guard.judge(sighting())), 'ok');
    assert.equal(verdict(guard.judge(sighting())), 'tracks');
    assert.equal(verdict(guard.judge(sighting({ cameraId: cameraId('yard') }))), 'ok');
    clock.advanceBy(minute);
    const nowMs = clock.monotonicMs();
    const end = { ...first.sighting, sequence: 1, isEnded: true, lastSeenMs: nowMs };
    assert.equal(verdict(guard.judge({ type: 'sighting', sighting: end })), 'ok');
    assert.equal(verdict(guard.judge(sighting())), 'ok');
    guard.forgetCamera('door');
    assert.equal(verdict(guard.judge(sighting())), 'ok');
  });

  test('comes at a plausible rate, for each kind of report', () => {
    const embedding = Float32Array.of(1, 0);
    const { guard, clock, sighting } = guarded();
    const track = sighting();
    const again = (): SightingReport => {
      const lastSeenMs = clock.monotonicMs();
      return { type: 'sighting', sighting: { ...track.sighting, lastSeenMs } };
    };
    const probed = (): Report => {
      const { sighting: seen } = again();
      const probe = encodeProbe({ capturedAtMs: clock.monotonicMs(), embedding, quality: 1 });
      return { type: 'sighting', sighting: { ...seen, probes: [probe, probe, probe, probe] } };
    };
    const untilRefused = (next: () => Report): number => {
      for (let said = 0; ; said += 1) if (verdict(guard.judge(next())) !== 'ok') return said;
    };
    const rates: readonly (readonly [string, number, number, () => Report])[] = [
      ['sightings', 500, 200, again],
      ['probes, four in a sighting', 250, 31, probed],
      ['new tracks', 300, 8, () => sighting({ isEnded: true })],
      [
        'pictures',
        300,
        20,
        () => ({
          ...again(),
          sighting: { ...again().sighting, bestShot: { capturedAtMs: clock.monotonicMs() } },
        }),
      ],
      ['states', 60, 4, () => ({ type: 'camera', cameraId: 'door', state: { state: 'connecting' } })],
      ['progress', 60, 20, () => ({ type: 'progress', processorMs: 0, cameras: [] })],
      [
        'measurements of faces in sight',
        20,
        13,
        () => ({ type: 'faces-in-sight', cameraId: 'door', capturedAtMs: clock.monotonicMs(), faces: [] }),
      ],
    ];
    for (const [what, most, inTwoSeconds, next] of rates) {
      assert.equal(untilRefused(next), most, what);
      clock.advanceBy(2_000);
      assert.equal(untilRefused(next), inTwoSeconds, `${what} in two seconds`);
      // A minute fills what this kind has taken of the others.
      clock.advanceBy(minute);
    }
  });

  test('of a camera that was given away and came back does not count what was before', () => {
    const { guard } = guarded();
    const say = () =>
      verdict(guard.judge({ type: 'camera', cameraId: 'door', state: { state: 'connecting' } }));
    while (say() === 'ok');
    guard.forgetCamera('yard');
    assert.equal(say(), 'rate');
    guard.forgetCamera('door');
    assert.equal(say(), 'ok');
  });

  test('loses only its pictures if there are too many', () => {
    const { guard, clock, sighting } = guarded();
    const bestShot = { capturedAtMs: clock.monotonicMs(), jpeg: Buffer.alloc(1) };
    const shown = sighting({ bestShot });
    for (let count = 0; count < 300; count += 1) assert.equal(verdict(guard.judge(shown)), 'ok');
    const judged = guard.judge(shown);
    assert.equal(verdict(judged), 'ok but rate');
    assert.ok(judged.accepted?.type === 'sighting' && judged.accepted.sighting.bestShot === undefined);
  });

  test('gives up its provider once, after it was ready', () => {
    const { guard } = guarded();
    const provider = { requested: 'auto', actual: 'webgpu' };
    const changed: Report = { type: 'provider-changed', provider: { requested: 'auto', actual: 'cpu' } };
    assert.equal(verdict(guard.judge(changed)), 'answer');
    guard.judge({ type: 'ready', provider, recogniser: 'r', ffmpegVersion: '7', hasNetwork: false });
    assert.deepEqual([verdict(guard.judge(changed)), verdict(guard.judge(changed))], ['ok', 'answer']);
  });

  test('is ready once; a snapshot was taken now', () => {
    const { guard, clock } = guarded();
    const provider = { requested: 'cpu', actual: 'cpu' };
    const ready: Report = { type: 'ready', provider, recogniser: 'r', ffmpegVersion: '7', hasNetwork: false };
    assert.deepEqual([verdict(guard.judge(ready)), verdict(guard.judge(ready))], ['ok', 'answer']);
    const taken = (takenAtMs: number) =>
      verdict(
        guard.judge({
          type: 'snapshot',
          request: 0,
          result: { outcome: 'ok', widthPx: 1, heightPx: 1, takenAtMs },
        }),
      );
    assert.deepEqual(
      [-60_001, -60_000, 0, 1_000, 1_001].map((ms) => taken(clock.wallMs() + ms)),
      ['time', 'ok', 'ok', 'ok', 'time'],
    );
    const failed = { outcome: 'failed', code: 'c', message: 'm', remedy: 'r' } as const;
    assert.equal(verdict(guard.judge({ type: 'snapshot', request: 0, result: failed })), 'ok');
  });
});

describe('requests to a vision process', () => {
  const closed = (request: number): Extract<Report, { type: 'camera-closed' }> => ({
    type: 'camera-closed',
    request,
  });
  const nothing = new Uint8Array();

  test('are answered once, with the requested kind of answer', async () => {
    const requests = new VisionRequests(new VirtualClock());
    assert.equal(requests.take(closed(0), nothing), false, 'an answer without a request');
    const sent: number[] = [];
    const answer = requests.ask(
      1000,
      (request) => ({ type: 'close-camera', request, cameraId: 'door' }),
      ({ request }) => sent.push(request),
    );
    assert.deepEqual(sent, [0]);
    assert.equal(requests.askedBytes, 0);
    const wrong: Report = {
      type: 'snapshot',
      request: 0,
      result: { outcome: 'failed', code: 'c', message: 'm', remedy: 'r' },
    };
    assert.equal(requests.take(wrong, nothing), false, 'another kind of answer');
    assert.equal(requests.take(closed(1), nothing), false, 'of another request');
    assert.equal(requests.take(closed(0), nothing), true);
    assert.equal(await answer, undefined);
    assert.equal(requests.take(closed(0), nothing), false, 'twice');
  });

  test('a picture is accepted only while one is requested, and belongs to its answer', async () => {
    const requests = new VisionRequests(new VirtualClock());
    const order = (request: number) =>
      ({ type: 'take-snapshot', request, cameraId: 'door', sealTo: '', isMarked: false }) as const;
    const answer = requests.ask(1000, order, () => undefined);
    assert.ok(requests.askedBytes > 1024 * 1024);
    const result = { outcome: 'ok', widthPx: 1, heightPx: 1, takenAtMs: 0 } as const;
    assert.ok(requests.take({ type: 'snapshot', request: 0, result }, Uint8Array.of(1)));
    assert.deepEqual(await answer, { ...result, picture: Uint8Array.of(1) });
    assert.equal(requests.askedBytes, 0);
  });

  test('a rejected answer fails its request, and too many requests are not sent', async () => {
    const requests = new VisionRequests(new VirtualClock());
    const order = (request: number) => ({ type: 'close-camera', request, cameraId: 'door' }) as const;
    const asked = Array.from({ length: 64 }, () => requests.ask(1000, order, () => undefined));
    const unavailable = (error: unknown): boolean => isRollcallError(error, 'vision-unavailable');
    await assert.rejects(
      requests.ask(1000, order, () => assert.fail('it was sent')),
      unavailable,
    );
    requests.refuse(0);
    const rejected = asked.map((each) => assert.rejects(each, unavailable));
    requests.abandon();
    await Promise.all(rejected);
  });
});
