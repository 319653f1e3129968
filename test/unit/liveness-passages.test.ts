import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cameraId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import {
  type Presentation,
  type PresentedTrack,
  presentationsOf,
  ratesByLength,
  stillPictureCalls,
} from '../../daemon/kernel/liveness/presentation-rates.js';
import { describeLiveness } from '../../daemon/lab/describe-liveness.js';
import { presentationByFolder } from '../../daemon/lab/truth-files.js';
import { type ClipPiece, type Cutting, cutFrames } from '../../daemon/vision/cut-clip.js';
import { ScriptedAnalyser, scriptedFrame } from '../support/scripted-analyser.js';

const box = { x: 500, y: 400, width: 120, height: 120 };

/** A clip of one face, 10 frames a second, that can be played again and again. */
async function cut(clipS: number, cutting: Omit<Cutting, 'memory'>) {
  const analyser = new ScriptedAnalyser(() => [{ box, who: 'ada' }]);
  let plays = 0;
  const play = () => {
    plays += 1;
    const frames = Array.from({ length: clipS * 10 }, (_, index) => scriptedFrame(index, index * 100));
    return Promise.resolve({
      async *[Symbol.asyncIterator]() {
        yield* frames;
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  };
  const rates = { idleFps: 10, trackingFps: 10, provingFps: 10 };
  const camera = { id: cameraId('clip'), rates, smallestFacePx: 40, maxAnalysisWidthPx: 1920 };
  const options = { camera, analyser, liveness: defaultLivenessPolicy, sameFaceThreshold: 0.5 };
  const pieces: ClipPiece[] = [];
  for await (const piece of cutFrames(play, options, { ...cutting, memory: 'near' })) pieces.push(piece);
  return { pieces, plays, calls: analyser.calls };
}

const told = ({ lengthMs, startMs, isLooped }: ClipPiece) => [lengthMs ?? 'whole', startMs, isLooped];

describe('a clip that is cut into passages', () => {
  test('gives adjacent whole pieces, and itself as a whole', async () => {
    const { pieces, plays } = await cut(5, { lengthsMs: [1000, 2000, 8000] });
    assert.deepEqual(
      pieces.map(told).filter(([length]) => length !== 1000),
      [
        [2000, 0, false],
        [2000, 2000, false],
        ['whole', 0, false],
      ],
    );
    assert.equal(pieces.filter(({ lengthMs }) => lengthMs === 1000).length, 5);
    assert.equal(plays, 1);
  });

  test('begins every piece with a new track that ends with the piece', async () => {
    const { pieces } = await cut(5, { lengthsMs: [2000] });
    const second = pieces.find(({ startMs }) => startMs === 2000);
    const sighting = second?.events.findLast((event) => event.type === 'sighting');
    assert.ok(sighting?.type === 'sighting' && sighting.sighting.isEnded);
    assert.equal(sighting.sighting.trackId, 't1');
    const { firstSeenMs, lastSeenMs, liveness } = sighting.sighting;
    assert.deepEqual([firstSeenMs, lastSeenMs], [2000, 3900]);
    assert.ok(liveness.evidence.observedS <= 2, 'nothing is known of what was seen before');
  });

  test('is repeated for lengths that it does not fill, without further runs of the networks', async () => {
    const once = await cut(3, { lengthsMs: [2000, 5000] });
    const { pieces, plays, calls } = await cut(3, { lengthsMs: [2000, 5000, 15_000], loopMs: 10_000 });
    assert.deepEqual(pieces.map(told), [
      [2000, 0, false],
      [5000, 0, true],
      ['whole', 0, true],
    ]);
    assert.equal(plays, 4);
    assert.ok(calls.locate <= once.calls.locate + 3, `${calls.locate} and ${once.calls.locate}`);
    const whole = pieces[2]?.events.findLast((event) => event.type === 'sighting');
    assert.ok(whole?.type === 'sighting' && whole.sighting.liveness.evidence.observedS > 9);
  });

  test('counts from the beginning of its truth to the end', async () => {
    const { pieces } = await cut(5, { lengthsMs: [1000], fromMs: 1500, untilMs: 4000 });
    assert.deepEqual(pieces.map(told), [
      [1000, 0, false],
      [1000, 1000, false],
      ['whole', 0, false],
    ]);
  });
});

const track = (verdict: PresentedTrack['verdict'], observedS: number): PresentedTrack => ({
  track: 't1',
  verdict,
  reason: 'observed-too-briefly',
  observedS,
  attackCall: undefined,
  identity: undefined,
});

const piece = {
  clip: 'a.mp4',
  species: undefined,
  people: ['ada'],
  lengthS: 5,
  startS: 0,
  isLooped: false,
} as const;

describe('presentations', () => {
  test('are as many as there are people, and an error in any track counts', () => {
    const tracks = [track('live', 1), track('undetermined', 4), track('attack', 1)];
    const verdicts = (of: Parameters<typeof presentationsOf>[0]) =>
      presentationsOf(of).map(({ verdict, reason }) => [verdict, reason].join(' '));
    assert.deepEqual(verdicts({ ...piece, tracks }), ['attack observed-too-briefly']);
    assert.deepEqual(verdicts({ ...piece, species: 'print', tracks }), ['live observed-too-briefly']);
    assert.deepEqual(verdicts({ ...piece, people: ['ada', 'grace'], tracks: tracks.slice(0, 1) }), [
      'live observed-too-briefly',
      'undetermined no-face',
    ]);
    const [nobody] = presentationsOf({ ...piece, tracks: [] });
    assert.equal(nobody?.observedS, 0);
    const confused = [track('live', 3), { ...track('undetermined', 1), identity: 'wrong' as const }];
    assert.deepEqual(
      presentationsOf({ ...piece, tracks: confused }).map(({ verdict, identity }) => [verdict, identity]),
      [['live', 'wrong']],
    );
  });

  const presentation = (over: Partial<Presentation>): Presentation => {
    const { track: _, ...outcome } = track('live', 3);
    return { ...piece, ...outcome, ...over };
  };

  test('give BPCER, APCER of each species and non-response by length, with intervals for people and clips', () => {
    const rates = ratesByLength([
      presentation({ lengthS: 'whole', verdict: 'attack' }),
      presentation({}),
      presentation({ startS: 5 }),
      presentation({
        clip: 'b.mp4',
        people: ['grace'],
        verdict: 'undetermined',
        reason: 'eyes-not-seen-well',
      }),
      presentation({ clip: 'b.mp4', people: ['grace'], verdict: 'attack', isLooped: true }),
      presentation({ clip: 'c.mp4', species: 'replay' }),
      presentation({ clip: 'd.mp4', species: 'print', verdict: 'attack' }),
    ]);
    assert.deepEqual(
      rates.map(({ lengthS }) => lengthS),
      [5, 'whole'],
    );
    const [{ genuine, attacks } = assert.fail()] = rates;
    assert.ok(genuine);
    assert.deepEqual([genuine.presentations, genuine.looped, genuine.clips, genuine.people], [4, 1, 2, 2]);
    assert.deepEqual(
      [genuine.live.share, genuine.undetermined.share, genuine.attack.share],
      [0.5, 0.25, 0.25],
    );
    assert.deepEqual(genuine.nonResponses, { 'eyes-not-seen-well': 1 });
    // Two people: the interval of a half of two trials.
    assert.deepEqual(
      genuine.live.interval.map((end) => end.toFixed(3)),
      ['0.095', '0.905'],
    );
    assert.deepEqual(
      [attacks.replay?.live.share, attacks.print?.live.share, attacks.mask],
      [1, 0, undefined],
    );
    assert.equal(rates[1]?.genuine?.attack.share, 1);
  });

  test('count as recognised only as the right person and when no attack is called', () => {
    const [{ genuine } = assert.fail()] = ratesByLength([
      presentation({ identity: 'right' }),
      presentation({ identity: 'right', verdict: 'attack' }),
      presentation({ identity: 'wrong' }),
      presentation({ identity: 'none' }),
    ]);
    assert.deepEqual([genuine?.recognised?.count, genuine?.misrecognised?.count], [1, 1]);
  });

  test('of still pictures are reported with their time, for whole clips only', () => {
    const call = { afterS: 7, observedS: 6 };
    const calls = stillPictureCalls([
      presentation({ species: 'print', attackCall: call }),
      presentation({ species: 'print', lengthS: 'whole', verdict: 'attack', attackCall: call }),
      presentation({ species: 'screen-still', lengthS: 'whole', clip: 'e.mp4' }),
      presentation({ species: 'replay', lengthS: 'whole' }),
    ]);
    assert.deepEqual(
      calls.map(({ species, call: called }) => [species, called]),
      [
        ['print', call],
        ['screen-still', undefined],
      ],
    );
  });

  test('are shown in tables that name every error', () => {
    const presentations = [
      presentation({ lengthS: 'whole', verdict: 'attack', reason: 'still-picture' }),
      presentation({ clip: 'c.mp4', species: 'print', verdict: 'undetermined', lengthS: 'whole' }),
    ];
    const text = describeLiveness({
      fps: 15,
      provingFps: 30,
      loopS: 60,
      memory: 'near',
      enrolled: null,
      rates: ratesByLength(presentations),
      stillPictures: stillPictureCalls(presentations),
      skipped: [{ clip: 'gone.mp4', reason: 'not-found' }],
      presentations,
    });
    assert.match(text, /^whole +1 +0 +1 +1 +0 % \(0 to 79\) +0 % \(0 to 79\) +100 % \(21 to 100\)$/m);
    assert.match(text, /^a\.mp4 +genuine +whole +0\.0 +attack \(still-picture\)$/m);
    assert.match(text, /^c\.mp4 +print +never +3\.0$/m);
    assert.match(text, /^whole +print +observed-too-briefly 1$/m);
    assert.match(text, /^15 frames per second, up to 30 until a face has proven/);
    assert.match(text, /left out: 1 clip\n {2}gone\.mp4 \(the clip does not exist\)/);
  });

  test('know what a clip shows by its folders, and do not guess', () => {
    assert.deepEqual(presentationByFolder('genuine/ada/door.mp4')?.people, ['ada']);
    assert.deepEqual(presentationByFolder('print/door.mp4'), {
      species: 'print',
      people: ['print/door.mp4'],
      fromS: undefined,
      untilS: undefined,
    });
    assert.equal(presentationByFolder('ada/door.mp4'), undefined);
    assert.equal(presentationByFolder('genuine.mp4'), undefined);
  });
});
