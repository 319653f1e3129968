import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { wrapped } from '../../daemon/cli/terminal-screen.js';
import { OpennessTraces, sightLines, sparkline } from '../../daemon/cli/watched-faces.js';
import { followedFace, type FacesInSight as Sight } from '../../daemon/contract/live.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { ReportGuard } from '../../daemon/contract/vision/report-guard.js';
import {
  type FacesInSight,
  mostOpenness,
  reportSchema,
} from '../../daemon/contract/vision/vision-reports.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { CameraFollows } from '../../daemon/core/cameras/camera-follows.js';
import { FacesInSightReader } from '../../daemon/core/cameras/faces-in-sight.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId, personId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { explainPassage } from '../../daemon/kernel/passages/explain-passage.js';
import { passageNow } from '../../daemon/kernel/passages/judge-passage.js';
import { beginTrack } from '../../daemon/kernel/tracks/track.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { FollowedFaces } from '../../daemon/vision/live/followed-faces.js';
import { SeenFaces } from '../../daemon/vision/live/seen-faces.js';
import type { TrackedView } from '../../daemon/vision/stage-event.js';
import { TrackedFace } from '../../daemon/vision/tracked-face.js';
import { english } from '../../daemon/words/language.js';
import { atTheBox } from '../support/accounts-fixture.js';
import { aPassage } from '../support/passages.js';

const report = (cameraIdOf: string, capturedAtMs = 0): FacesInSight => ({
  ...{ cameraId: cameraIdOf, capturedAtMs, faces: [] },
});

/** A pool that notes what it is told. */
function follows() {
  const clock = new VirtualClock();
  const told: string[] = [];
  const followCamera = (id: string, isFollowed: boolean) => void told.push(`${id} ${isFollowed}`);
  return { clock, told, follows: new CameraFollows({ followCamera }, clock) };
}

describe('callers who follow a camera', () => {
  test('share its reports, which begin with the first and end with the last', async () => {
    const { told, follows: all } = follows();
    const { signal } = new AbortController();
    const [one, two] = [all.follow('door', signal), all.follow('door', signal)];
    const firsts = [one.next(), two.next()];
    all.take(report('yard', 1));
    all.take(report('door', 2));
    assert.deepEqual(
      (await Promise.all(firsts)).map(({ value }) => value?.capturedAtMs),
      [2, 2],
    );
    // A slow reader gets the newest.
    all.take(report('door', 3));
    all.take(report('door', 4));
    assert.equal((await one.next()).value?.capturedAtMs, 4);
    await one.return(undefined);
    assert.deepEqual(told, ['door true']);
    await two.return(undefined);
    assert.deepEqual(told, ['door true', 'door false']);
  });

  test('learn that the process of their camera ended, and that a camera delivers nothing', async () => {
    const { clock, told, follows: all } = follows();
    const { signal } = new AbortController();
    const [door, yard] = [all.follow('door', signal), all.follow('yard', signal)];
    const ended = assert.rejects(door.next(), { code: 'vision-unavailable' });
    const silent = assert.rejects(yard.next(), { code: 'camera-not-streaming' });
    all.down(['door']);
    await ended;
    clock.advanceBy(10_000);
    await silent;
    assert.deepEqual(told.slice(2), ['door false', 'yard false']);
  });

  test('are 32 at most, and stop after half an hour', async () => {
    const { clock, follows: all } = follows();
    const leaving = new AbortController();
    const many = Array.from({ length: 32 }, () => all.follow('door', leaving.signal));
    const firsts = many.map((each) => each.next());
    await assert.rejects(all.follow('door', leaving.signal).next(), { code: 'busy' });
    all.take(report('door'));
    await Promise.all(firsts);
    clock.advanceBy(30 * 60_000);
    assert.equal((await many[0]?.next())?.done, true);
    leaving.abort();
    const others = await Promise.all(many.slice(1).map((each) => each.next()));
    assert.ok(others.every(({ done }) => done));
  });
});

describe('a report of the faces in sight', () => {
  test('is believed for its own camera, about now, and a few times a second', () => {
    const clock = new VirtualClock();
    clock.advanceBy(60_000);
    const guard = new ReportGuard(clock, new Set(['door']));
    const judge = (id: string, atMs = clock.monotonicMs()) =>
      guard.judge({ type: 'faces-in-sight', ...report(id, atMs) }).refused;
    assert.deepEqual(
      [judge('door'), judge('attic'), judge('door', 1), judge('door', 120_000)],
      [undefined, 'camera', 'time', 'time'],
    );
    const flood = Array.from({ length: 100 }, () => judge('door'));
    assert.ok(flood.filter((refused) => refused === 'rate').length > 70);
  });
});

const openEyes = (openness: number | undefined): TrackedView['eyes'] => ({
  ...{ atMs: 0, left: openness, right: openness },
  ...{ areLidsRaised: true, framing: 'whole', sharpness: 1 },
});

describe('a followed camera', () => {
  const picture = { format: 'rgb24', widthPx: 1, heightPx: 1, data: new Uint8Array(3) } as const;
  const id = trackId('t1');
  const quality = { score: 0.5, reasons: [], sharpness: 0.61234, widthPx: 91.7, meanLuma: 103.6 } as const;
  const landmarks = { pose: { yawDeg: -12.4, pitchDeg: 0, rollDeg: 0 } } as TrackedView['landmarks'];

  /** Plays frames every 40 ms; in each the eyes are as the callback says. */
  function play(frames: number, isFollowed: boolean, opennessAt: (frame: number) => number | undefined) {
    const reports: FacesInSight[] = [];
    const faces = new FollowedFaces('door', defaultLivenessPolicy, (each) => void reports.push(each));
    const seen = new SeenFaces();
    faces.follow(isFollowed);
    const face = new TrackedFace(
      beginTrack(id, { atMs: 0, box: { x: 0, y: 0, width: 9, height: 9 }, origin: 'mesh' }),
    );
    for (let count = 0; count < frames; count++) {
      const atMs = 40 * count;
      const frame: Frame = {
        ...{ cameraId: cameraId('door'), sequence: count, capturedAtMs: atMs, picture },
        release: () => undefined,
      };
      face.tracking = { ...face.tracking, track: { ...face.track, lastSeenMs: atMs } };
      const eyes = openEyes(opennessAt(count));
      const view: TrackedView = { trackId: id, atMs, landmarks, quality, eyes, picture };
      seen.see(view);
      faces.see(view);
      faces.offer(atMs, () => seen.facesOf(frame, [face]));
      seen.endFrame();
    }
    return reports;
  }

  test('reports at most five times a second, and leaves no value of the eyes out', () => {
    const reports = play(101, true, (frame) => (frame % 10 === 0 ? undefined : frame / 1000));
    assert.equal(reports.length, 21);
    const values = reports.flatMap(({ faces }) => faces.flatMap(({ openness }) => openness));
    assert.equal(values.length, 101);
    assert.deepEqual(values.slice(9, 12), [0.009, null, 0.011]);
    assert.deepEqual(reports[1]?.faces[0]?.view, {
      quality: { score: 0.5, reasons: [] },
      ...{ widthPx: 92, sharpness: 0.612, yawDeg: -12, meanLuma: 104 },
    });
    for (const each of reports) assert.ok(reportSchema.parse({ type: 'faces-in-sight', ...each }));
    assert.ok(reports.every(({ faces }) => faces.every(({ openness }) => openness.length <= mostOpenness)));
  });

  test('reports once a second that no face is in sight, and at once that the last one is gone', () => {
    const reports: FacesInSight[] = [];
    const faces = new FollowedFaces('door', defaultLivenessPolicy, (each) => void reports.push(each));
    faces.follow(true);
    const track = new TrackedFace(
      beginTrack(id, { atMs: 0, box: { x: 0, y: 0, width: 9, height: 9 }, origin: 'mesh' }),
    );
    const face = { face: track, number: 1, view: undefined };
    const isInSight = (atMs: number): boolean => atMs >= 2_500 && atMs < 3_000;
    for (let atMs = 0; atMs <= 4_500; atMs += 100) faces.offer(atMs, () => (isInSight(atMs) ? [face] : []));
    assert.deepEqual(
      reports.map((each) => [each.capturedAtMs, each.faces.length]),
      [
        ...[0, 1_000, 2_000].map((atMs) => [atMs, 0]),
        ...[2_500, 2_700, 2_900].map((atMs) => [atMs, 1]),
        ...[3_100, 4_100].map((atMs) => [atMs, 0]),
      ],
    );
  });

  test('reports nothing while nobody follows it', () => {
    assert.equal(play(100, false, () => 0.3).length, 0);
  });
});

describe('what a caller is told of a face in sight', () => {
  const passage = aPassage({
    outcome: 'undecided',
    reason: 'too-few-views',
    nearest: [{ personId: personId('p-ada'), similarity: 0.31, threshold: 0.46 }],
  });
  const view = {
    quality: { score: 0.2, reasons: ['too-small' as const] },
    ...{ widthPx: 31, sharpness: 0.5, yawDeg: 4, meanLuma: 90 },
  };
  const seen: FacesInSight = {
    ...{ cameraId: passage.cameraId, capturedAtMs: 0 },
    faces: [
      {
        ...{ trackId: passage.trackId, number: 1, openness: [], view },
        liveness: { verdict: 'undetermined', reason: 'observed-too-briefly', blinkCount: 0, observedS: 4 },
      },
    ],
  };

  function told(scopes: readonly Scope[]) {
    const noted: NewAuditEntry[] = [];
    const reader = new FacesInSightReader(
      {
        openPassages: (id) => (id === passage.cameraId ? [passage] : []),
        nameOf: () => 'Ada Lovelace',
        readings: { note: (entry) => void noted.push(entry) },
        clock: new VirtualClock(),
      },
      { ...atTheBox, scopes: new Set<Scope>(scopes) },
    );
    const [face] = reader.describe(seen).faces;
    reader.describe(seen);
    return { face, decision: face?.decision, noted };
  }

  test('names what stands in the way now, and the nearest person to those who may read names', () => {
    const { face, decision, noted } = told(['live:watch', 'passages:read', 'names:read']);
    assert.ok(followedFace.parse(face));
    assert.equal(decision?.reason, 'too-small');
    assert.match(decision?.sentence ?? '', /too small: 31 px of \d+/);
    assert.equal(decision?.nearest?.name, 'Ada Lovelace');
    assert.deepEqual(
      noted.map(({ action, details }) => [action, details?.['camera']]),
      [['passage.read', passage.cameraId]],
      'two lines are one reading',
    );
  });

  test('has ids in place of names, and no decision at all without the right to read passages', () => {
    const { decision } = told(['live:watch', 'passages:read']);
    assert.equal(decision?.nearest?.person, 'p-ada');
    assert.ok(!JSON.stringify(decision).includes('Lovelace'));
    const blind = told(['live:watch', 'names:read']);
    assert.equal(blind.decision, undefined);
    assert.deepEqual(blind.noted, []);
  });

  test('has the time in sight and the blinks of this moment', () => {
    const unproven = aPassage({ outcome: 'unproven', reason: 'seen-too-briefly' });
    const atMs = unproven.startedAtMs + 9_000;
    const now = passageNow(unproven, { atMs, view: null, blinkCount: 0, observedS: 8.5 });
    assert.equal(now.reason, 'no-blink');
    assert.match(english.textOf(explainPassage(now, String).sentence), /9 s in sight, no blink/);
  });
});

describe('the screen of a followed camera', () => {
  test('shows the eyes of the last seconds, also those that could not be judged', () => {
    assert.equal(sparkline([0, null, 0.2, 0.4, 9], '▁▂▃▄▅▆▇█'), '▁·▅██');
    const traces = new OpennessTraces();
    const sight = (openness: readonly (number | null)[]): Sight => ({
      capturedAt: '2026-11-23T09:14:02.118Z',
      faces: [
        {
          ...{ track: 't1', number: 3, quality: null, measures: null, openness },
          liveness: { verdict: 'undetermined', reason: 'no-blink', blinkCount: 0, observedS: 2.13 },
        },
      ],
    });
    for (let item = 0; item < 60; item++) traces.add(sight([0.1, 0.2]));
    assert.equal(traces.of('t1').length, 40);
    const text = sightLines('door', sight([0.2]), traces, '01234567').map((line) => line.text);
    assert.equal(text[2], '#3  landmarks not found');
    assert.match(text[3] ?? '', /^ {4}eyes (?:24){20} 0\.20; undetermined \(no-blink\), 0 blinks in 2\.1 s$/);
    assert.deepEqual(wrapped('    stranger: no person matches', 20), [
      '    stranger: no',
      '      person matches',
    ]);
    assert.deepEqual(wrapped('averylongword', 5), ['averylongword']);
    traces.add({ ...sight([]), faces: [] });
    assert.deepEqual(traces.of('t1'), []);
  });
});
