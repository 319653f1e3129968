import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { samplesOf } from '../../daemon/kernel/liveness/openness-curve.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import {
  blinkingAt,
  type Scene,
  ScriptedAnalyser,
  type ScriptedFace,
  scriptedFrame,
} from '../support/scripted-analyser.js';

const at = (x: number, size = 120) => ({ x, y: 400, width: size, height: size });

function play(scene: Scene, durationS: number) {
  return playWith(new ScriptedAnalyser(scene), durationS);
}

async function playWith(
  analyser: ScriptedAnalyser,
  durationS: number,
  { sourceFps = 30, ...rates }: { sourceFps?: number; provingFps?: number; hasTime?: () => boolean } = {},
) {
  const events: StageEvent[] = [];
  let ids = 0;
  const pipeline = new CameraPipeline({
    cameraId: cameraId('door'),
    analyser,
    sink: (event) => events.push(event),
    clock: new VirtualClock(),
    newTrackId: () => trackId(`n${++ids}`),
    idleFps: 5,
    trackingFps: 15,
    ...rates,
    smallestFacePx: 40,
    liveness: defaultLivenessPolicy,
    sameFaceThreshold: 0.5,
  });
  const delivered: number[] = [];
  for (let frame = 0; frame < durationS * sourceFps; frame++) {
    await pipeline.analyse(scriptedFrame(frame, (frame * 1000) / sourceFps));
    if (delivered.at(-1) !== pipeline.deliveryFps()) delivered.push(pipeline.deliveryFps());
  }
  pipeline.end();
  const ofType = <T extends StageEvent['type']>(type: T) =>
    events.filter((event): event is Extract<StageEvent, { type: T }> => event.type === type);
  return { analyser, events, ofType, delivered, counters: pipeline.counters };
}

/** Who is recognised in the probes of each track, by track. */
function peopleByTrack(events: readonly StageEvent[]): Map<string, Set<number>> {
  const people = new Map<string, Set<number>>();
  for (const event of events) {
    if (event.type !== 'sighting') continue;
    const seen = people.get(event.sighting.trackId) ?? new Set();
    for (const { embedding } of event.sighting.probes) seen.add(embedding.indexOf(1));
    people.set(event.sighting.trackId, seen);
  }
  return people;
}

/** How far the mouth of a speaking person is open: it opens and closes within a fifth of a second. */
const speakingAt = (atS: number): number =>
  0.08 * Math.max(0, Math.min(1, ((atS % 2) - 1) / 0.2, (2 - (atS % 2)) / 0.2));

describe('CameraPipeline', () => {
  test('proves a blinking face live and sends its probes', async () => {
    const { ofType } = await play(
      (atS) => [{ box: at(500), who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [3]) }],
      6,
    );
    assert.equal(ofType('track.started').length, 1);
    const [blink] = ofType('blink');
    assert.ok(blink !== undefined && Math.abs(blink.blink.atMs - 3000) < 70);
    assert.deepEqual(
      ofType('liveness').map(({ assessment }) => assessment.verdict),
      ['live'],
    );
    const sightings = ofType('sighting').map(({ sighting }) => sighting);
    assert.deepEqual(
      sightings.map(({ sequence }) => sequence),
      sightings.map((_, n) => n),
    );
    const probes = sightings.flatMap(({ probes }) => probes);
    assert.ok(probes.length >= 5 && probes.length <= 9, `${probes.length} probes`);
    assert.equal(sightings.at(-1)?.isEnded, true);
    assert.equal(ofType('track.ended')[0]?.reason, 'source-ended');
  });

  test('sends how far the eyes were open with a verdict, and at the end of a face without one', async () => {
    const curves = async (scene: Scene) => {
      const { ofType } = await play(scene, 6);
      return ofType('sighting').flatMap(({ sighting: { openness, isEnded } }) =>
        openness === undefined ? [] : { samples: samplesOf(openness), isEnded },
      );
    };
    const [proven, ...later] = await curves((atS) => [
      { box: at(500), who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [3]) },
    ]);
    assert.ok(proven !== undefined && later.length === 0);
    assert.equal(proven.isEnded, false);
    const lowest = proven.samples.filter((sample) => sample.eyes === 0.1);
    assert.ok(lowest.length > 0 && lowest.every((sample) => Math.abs(sample.atMs - 3000) < 100));
    assert.equal(proven.samples.at(-1)?.eyes, 0.3, 'the eyes are open again');
    const [dark, ...others] = await curves((atS) => [
      {
        ...{ box: at(500), who: 'ada' },
        quality: atS < 4 ? { score: 0.2, reasons: ['dark'] } : { score: 0.8, reasons: [] },
      },
    ]);
    assert.ok(dark !== undefined && others.length === 0);
    assert.equal(dark.isEnded, true);
    for (const { atMs, eyes } of dark.samples) assert.equal(eyes, atMs < 3990 ? 'dark' : 0.3, `${atMs}`);
  });

  test('tells of a confirmed face before any embedding, and counts its views to the end', async () => {
    const dark = { score: 0.2, reasons: ['dark', 'too-small'] as const };
    const { ofType } = await play((atS) => {
      if (atS > 3) return [];
      return [{ box: at(500, 36), who: 'ada', quality: atS < 2 ? dark : { score: 0.4, reasons: ['dark'] } }];
    }, 6);
    const sightings = ofType('sighting').map(({ sighting }) => sighting);
    const [started] = ofType('track.started');
    const [first, last] = [sightings[0], sightings.at(-1)];
    assert.ok(first && last && started);
    assert.deepEqual([first.lastSeenMs, first.isEnded, first.probes], [started.atMs, false, []]);
    assert.deepEqual(first.views.faults, { dark: first.views.count, 'too-small': first.views.count });
    assert.deepEqual([last.isEnded, last.endedBy, last.views.embedded], [true, 'left', 0]);
    assert.equal(last.views.faults.dark, last.views.count);
    assert.ok((last.views.faults['too-small'] ?? 0) < last.views.count);
    const { quality, widthPx, smallestFacePx } = last.views.best ?? {};
    assert.deepEqual(quality, { score: 0.4, reasons: ['dark'] }, 'the best view, with its measures');
    assert.ok(widthPx !== undefined && widthPx > 20 && widthPx < 50);
    assert.equal(smallestFacePx, 40);
  });

  test('reports a head gesture in a sighting immediately, with the blinks that no recognition has bound yet', async () => {
    const { ofType } = await play((atS) => {
      const turn = { yawDeg: atS > 2 && atS < 3 ? 30 : 0, pitchDeg: 0 };
      return [{ box: at(500), who: 'ada', turn, openness: blinkingAt(atS, [4]) }];
    }, 6);
    const [told, ...others] = ofType('gesture');
    assert.deepEqual(others, []);
    assert.ok(told?.gesture.kind === 'turn-left' && told.gesture.endMs === told.atMs);
    const sightings = ofType('sighting');
    const atOnce = sightings.find(({ atMs }) => atMs === told?.atMs)?.sighting.liveness.evidence;
    assert.deepEqual(atOnce?.gestures, [told?.gesture]);
    assert.ok(atOnce?.sameFaceMs !== undefined && atOnce.sameFaceMs < 3000);
    const endMs = told?.gesture.endMs ?? Number.NaN;
    const bound = sightings.find(({ sighting }) => (sighting.liveness.evidence.sameFaceMs ?? 0) >= endMs);
    assert.ok(bound !== undefined && bound.atMs <= endMs + 1500, 'and whose it was soon after');
    const [blink] = ofType('blink');
    const blinked = sightings.find(({ atMs }) => atMs === blink?.atMs)?.sighting.liveness.evidence;
    assert.deepEqual([...(blinked?.blinks ?? []), ...(blinked?.unboundBlinks ?? [])], [blink?.blink]);
  });

  test('recognises a face soon after a gesture and reports it, even with enough probes', async () => {
    const { ofType, analyser } = await play((atS) => {
      const turn = { yawDeg: atS > 8 && atS < 9 ? 30 : 0, pitchDeg: 0 };
      const quality = { score: 0.8, reasons: turn.yawDeg > 0 ? (['turned-away'] as const) : [] };
      return [{ box: at(500), who: 'ada', turn, quality }];
    }, 12);
    const [told] = ofType('gesture');
    assert.ok(told !== undefined && told.atMs < 9000);
    const bound = ofType('sighting').find(
      ({ sighting: { liveness } }) => (liveness.evidence.sameFaceMs ?? 0) >= told.gesture.endMs,
    );
    assert.ok(bound !== undefined && bound.atMs >= 9000 && bound.atMs < 9300, `${bound?.atMs}`);
    assert.ok(analyser.calls.embed <= 14, `${analyser.calls.embed} embeddings in 12 s`);
  });

  test('calls a picture that is moved about an attack after 7 s without a sign of life, not before', async () => {
    const { ofType } = await play((atS) => [{ box: at(500 + 5 * atS), who: 'photo' }], 9);
    const [verdict, ...others] = ofType('liveness');
    assert.deepEqual(others, []);
    assert.equal(verdict?.assessment.verdict, 'attack');
    assert.ok(verdict !== undefined && verdict.atMs >= 7_000 && verdict.atMs < 8_000);
  });

  test('calls a face that keeps as still as a picture no attack', async () => {
    const { ofType } = await play(() => [{ box: at(500), who: 'sitter' }], 20);
    assert.deepEqual(ofType('liveness'), []);
    assert.equal(ofType('sighting').at(-1)?.sighting.liveness.reason, 'still-face');
  });

  test('does not take a picture whose lids move for a person', async () => {
    const lids: Scene = (atS) => [{ box: at(500), who: 'photo', openness: blinkingAt(atS, [2, 4, 6, 8]) }];
    const { ofType } = await play(lids, 10);
    assert.equal(ofType('blink').length, 4);
    assert.deepEqual(ofType('liveness'), []);
    assert.equal(ofType('sighting').at(-1)?.sighting.liveness.reason, 'only-lids-moved');
  });

  test('does not take a face for a person whose surroundings are moved with it, whatever seems to move in it', async () => {
    const verdicts = async (behind: 'sheet' | 'wall') => {
      const carried: Scene = (atS) => [
        {
          box: { x: 300 + 12 * Math.min(atS, 3), y: 260, width: 80, height: 100 },
          ...{ who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [3]), behind },
        },
      ];
      const { ofType } = await play(carried, 6);
      assert.equal(ofType('blink').length, 1);
      return ofType('liveness').map(({ assessment }) => assessment.verdict);
    };
    assert.deepEqual(await verdicts('wall'), ['live']);
    assert.deepEqual(await verdicts('sheet'), []);
  });

  test('calls a face that speaks no attack, however seldom it blinks', async () => {
    const { ofType } = await play((atS) => [{ box: at(500), who: 'ada', mouth: speakingAt(atS) }], 25);
    assert.deepEqual(ofType('liveness'), []);
  });

  test('keeps the time of a picture that is taken away and held up again, and of no other face', async () => {
    const verdicts = async (again: ScriptedFace, atAgainS = 8) => {
      const scene: Scene = (atS) => {
        if (atS < 5) return [{ box: at(500), who: 'photo' }];
        return atS < atAgainS ? [] : [again];
      };
      const { ofType } = await play(scene, atAgainS + 4);
      assert.equal(ofType('track.started').length, 2);
      return ofType('liveness').map(({ assessment }) => assessment.verdict);
    };
    assert.deepEqual(await verdicts({ box: at(900), who: 'photo' }), ['attack']);
    assert.deepEqual(await verdicts({ box: at(900), who: 'photo' }, 36), [], 'half a minute later');
    assert.deepEqual(await verdicts({ box: at(900), who: 'ada' }), []);
    assert.deepEqual(await verdicts({ box: at(900), who: 'photo', mouth: 0.05 }), []);
  });

  test('idles at 5 frames a second and follows at 15', async () => {
    const idle = await play(() => [], 10);
    assert.ok(Math.abs((idle.counters['framesAnalysed'] ?? 0) - 50) <= 1);
    assert.equal(idle.analyser.calls.detect, idle.counters['framesAnalysed']);
    const busy = await play(() => [{ box: at(500), who: 'ada' }], 10);
    assert.ok(Math.abs((busy.counters['framesAnalysed'] ?? 0) - 150) <= 1);
    assert.ok(busy.analyser.calls.detect <= 26, `${busy.analyser.calls.detect} detections in 10 s`);
  });

  test('counts what became of every frame and what was seen, as the metrics show it', async () => {
    const { counters, ofType } = await play((atS) => {
      const turn = { yawDeg: atS > 7 && atS < 8 ? 30 : 0, pitchDeg: 0 };
      return [{ box: at(500), who: 'ada', turn, openness: blinkingAt(atS, [3, 5]) }];
    }, 10);
    const { framesAnalysed = 0, framesSkipped = 0 } = counters;
    assert.ok(framesSkipped > 100, `${framesSkipped} frames skipped`);
    assert.equal(framesAnalysed + framesSkipped, 300);
    assert.equal(counters['tracksConfirmed'], 1);
    assert.equal(counters['blinks'], 2);
    assert.equal(counters['sightings'], ofType('sighting').length);
    assert.equal(counters['gestures'], 1);
  });

  test('analyses every frame that comes until a face has proven to be live, if there is time', async () => {
    const blinks: Scene = (atS) => [
      { box: at(500), who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [3]) },
    ];
    const framesOf = async (options: Parameters<typeof playWith>[2]): Promise<number> =>
      (await playWith(new ScriptedAnalyser(blinks), 10, options)).counters['framesAnalysed'] ?? 0;
    const near = (count: number, expected: number) => assert.ok(Math.abs(count - expected) <= 8, `${count}`);
    near(await framesOf({ provingFps: 30 }), 3.3 * 30 + 6.7 * 15);
    near(await framesOf({ provingFps: 30, sourceFps: 25 }), 3.3 * 25 + 6.7 * 15);
    near(await framesOf({ provingFps: 30, hasTime: () => false }), 150);
    near(await framesOf({ provingFps: 10 }), 150);
    const hidden = new ScriptedAnalyser(() => [
      { box: at(500), who: 'ada', quality: { score: 0.3, reasons: ['dark'] } },
    ]);
    near((await playWith(hidden, 10, { provingFps: 30 })).counters['framesAnalysed'] ?? 0, 150);
  });

  test('wants every frame delivered until a face is known and live, and then those that it analyses', async () => {
    const scene: Scene = (atS) => [
      { box: at(500), who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [3]) },
    ];
    const ratesOf = async (options: Parameters<typeof playWith>[2]): Promise<readonly number[]> =>
      (await playWith(new ScriptedAnalyser(scene), 10, options)).delivered;
    assert.deepEqual(await ratesOf({ provingFps: 30 }), [30, 15]);
    assert.deepEqual(await ratesOf({ provingFps: 30, hasTime: () => false }), [15]);
  });

  test('keeps a track through half a second of missed faces', async () => {
    const hidden: Scene = (atS) => (atS > 2 && atS < 2.5 ? [] : [{ box: at(500), who: 'ada' }]);
    const { ofType } = await play(hidden, 5);
    assert.equal(ofType('track.started').length, 1);
    assert.equal(ofType('track.ended').length, 1);
  });

  test('follows a person who walks across the picture at nine face widths a second', async () => {
    const { ofType } = await play((atS) => [{ box: at(100 + atS * 900, 100), who: 'ada' }], 2);
    assert.equal(ofType('track.started').length, 1);
    assert.equal(ofType('track.ended').length, 1);
  });

  test('does not run the detector in every frame for a face whose mesh does not fit', async () => {
    const scene: Scene = () => [{ box: at(500), who: 'turned' }];
    const analyser = new ScriptedAnalyser(scene);
    const locate = analyser.locate.bind(analyser);
    let frames = 0;
    analyser.locate = (picture, regions) => {
      frames += 1;
      return frames < 20 ? locate(picture, regions) : Promise.resolve(regions.map(() => undefined));
    };
    await playWith(analyser, 10);
    assert.ok(analyser.calls.detect <= 56, `${analyser.calls.detect} detections in 10 s`);
  });

  test('keeps a face that the detector finds only when it is shown alone', async () => {
    const crowd = (atS: number) =>
      [200, 600, 1000, 1400].map((x, n) => ({
        box: at(x),
        who: `p${n}`,
        isDetectable: n < 3 || atS < 1 || ('alone' as const),
      }));
    const { ofType, analyser } = await play(crowd, 20);
    assert.equal(ofType('track.started').length, 4);
    assert.deepEqual(
      ofType('track.ended').map(({ reason }) => reason),
      Array.from({ length: 4 }, () => 'source-ended'),
    );
    const { detectAlone } = analyser.calls;
    assert.ok(detectAlone >= 5 && detectAlone <= 13, `${detectAlone} looks at one face in 20 s`);
  });

  test('keeps a far face that the detector finds only when it is shown alone', async () => {
    const far: Scene = (atS) => [{ box: at(500, 60), who: 'ada', isDetectable: atS < 1 || 'alone' }];
    const { ofType } = await play(far, 20);
    assert.deepEqual(
      ofType('track.ended').map(({ reason }) => reason),
      ['source-ended'],
    );
  });

  test('drops a mesh under which the detector finds nothing, not even alone', async () => {
    const wall: Scene = (atS) => [{ box: at(500), who: 'wall', isDetectable: atS < 1 }];
    const { ofType, analyser } = await play(wall, 10);
    const [ended, ...others] = ofType('track.ended');
    assert.deepEqual(others, []);
    assert.ok(ended?.reason === 'left' && ended.lastSeenMs < 5000, `followed until ${ended?.lastSeenMs}`);
    assert.ok(analyser.calls.detectAlone <= 5, `${analyser.calls.detectAlone} looks at the wall`);
  });

  test('does not let a neighbour vouch for a mesh whose face has gone', async () => {
    const beside: Scene = (atS) => [
      { box: at(500), who: 'gone', isDetectable: atS < 1 },
      { box: at(555), who: 'neighbour' },
    ];
    const { ofType } = await play(beside, 10);
    const reasons = ofType('track.ended').map(({ reason }) => reason);
    assert.deepEqual(reasons, ['left', 'source-ended']);
  });

  test('ends the track of a person who left', async () => {
    const { ofType } = await play((atS) => (atS < 2 ? [{ box: at(500), who: 'ada' }] : []), 6);
    const [ended] = ofType('track.ended');
    assert.equal(ended?.reason, 'left');
    assert.ok(ended !== undefined && ended.lastSeenMs < 2000 && ended.atMs < 4000);
  });

  test('distinguishes two people who cross, the nearer hiding the other', async () => {
    const crossing: Scene = (atS) => {
      const near = { box: at(400 + atS * 150, 130), who: 'near' };
      const far = { box: at(1000 - atS * 150, 110), who: 'far' };
      return Math.abs(near.box.x - far.box.x) < 70 ? [near] : [near, far];
    };
    const { ofType, events } = await play(crossing, 4);
    const people = peopleByTrack(events);
    assert.ok([...people.values()].every((seen) => seen.size <= 1));
    assert.equal(ofType('track.started').length, 2);
  });

  test('does not let the live face behind a photograph vouch for it', async () => {
    const swap: Scene = (atS) =>
      atS < 4
        ? [{ box: at(500), who: 'photo' }]
        : [{ box: at(504), who: 'bearer', openness: blinkingAt(atS, [5.2]) }];
    const { ofType, events } = await play(swap, 9);
    const people = peopleByTrack(events);
    assert.ok([...people.values()].every((seen) => seen.size <= 1));
    assert.equal(ofType('track.ended')[0]?.reason, 'another-face');
    const first = ofType('track.started')[0]?.trackId;
    assert.ok(ofType('liveness').every(({ trackId }) => trackId !== first));
  });

  test('does not let a blink vouch for the photograph that comes after it', async () => {
    const swap: Scene = (atS) =>
      atS < 4
        ? [{ box: at(500), who: 'bearer', openness: blinkingAt(atS, [2]) }]
        : [{ box: at(504), who: 'photo' }];
    const { events } = await play(swap, 9);
    const people = peopleByTrack(events);
    assert.equal(people.size, 2);
    assert.ok([...people.values()].every((seen) => seen.size <= 1));
    const photo = [...people.keys()][1];
    const verdicts = events.flatMap((event) =>
      event.type === 'sighting' && event.sighting.trackId === photo ? [event.sighting.liveness.verdict] : [],
    );
    assert.ok(verdicts.length > 0 && verdicts.every((verdict) => verdict === 'undetermined'));
  });

  test('requires a new blink after the face was out of sight', async () => {
    const gone: Scene = (atS) =>
      atS > 4 && atS < 5
        ? []
        : [{ box: at(500), who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [2, 8]) }];
    const { ofType } = await play(gone, 10);
    assert.equal(ofType('track.started').length, 1);
    assert.deepEqual(
      ofType('liveness').map(({ assessment }) => assessment.verdict),
      ['live', 'undetermined', 'live'],
    );
  });

  test('uses the passive model if it is installed', async () => {
    const { ofType } = await play(() => [{ box: at(500), who: 'screen', passiveScore: 0.1 }], 5);
    const [verdict] = ofType('liveness');
    assert.equal(verdict?.assessment.reason, 'passive-model');
  });

  test('bounds the work of a frame with 40 faces and still sees all of them', async () => {
    const crowd = Array.from({ length: 40 }, (_, n) => ({
      box: { x: (n % 10) * 180, y: Math.floor(n / 10) * 200, width: 60 + n, height: 60 + n },
      who: `p${n % 16}`,
    }));
    const { ofType, analyser, counters } = await play(() => crowd, 10);
    assert.equal(ofType('track.started').length, 40);
    assert.ok(analyser.calls.largestLocate <= 8);
    assert.ok(analyser.calls.embed <= (counters['framesAnalysed'] ?? 0));
    assert.ok((counters['facesLocated'] ?? 0) <= 8 * (counters['framesAnalysed'] ?? 0));
    assert.ok((counters['locatesDeferred'] ?? 0) > 0);
  });

  test('reports nothing about a face that only the detector finds', async () => {
    const scene: Scene = () => [{ box: at(500), who: 'poster', isDetectable: true }];
    const analyser = new ScriptedAnalyser(scene);
    analyser.locate = (_, regions) => Promise.resolve(regions.map(() => undefined));
    const { events } = await playWith(analyser, 4);
    assert.deepEqual(events, []);
  });

  test('gives the same events for the same frames', async () => {
    const scene: Scene = (atS) => [
      { box: at(300 + atS * 50), who: 'ada', mouth: speakingAt(atS), openness: blinkingAt(atS, [2]) },
    ];
    const [first, second] = [await play(scene, 6), await play(scene, 6)];
    assert.equal(JSON.stringify(first.events), JSON.stringify(second.events));
  });
});
