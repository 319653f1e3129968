import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { type Strip, stripsOf } from '../../daemon/kernel/zones/mask-strips.js';
import {
  areaOf,
  edgesOf,
  faultOf,
  isInside,
  type Place,
  type Polygon,
} from '../../daemon/kernel/zones/polygon.js';
import { isWatched, type Zone } from '../../daemon/kernel/zones/zone.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { withinZones } from '../../daemon/vision/zoned-face-analyser.js';
import { type Scene, ScriptedAnalyser, scriptedFrame } from '../support/scripted-analyser.js';

const polygon = (...corners: readonly (readonly [number, number])[]): Polygon =>
  corners.map(([x, y]) => ({ x, y }));
const square = polygon([0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]);
/** An arch: open at the bottom. */
const arch = polygon(
  [0.1, 0.9],
  [0.1, 0.1],
  [0.9, 0.1],
  [0.9, 0.9],
  [0.7, 0.9],
  [0.7, 0.3],
  [0.3, 0.3],
  [0.3, 0.9],
);
const bowTie = polygon([0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]);

describe('a polygon', () => {
  test('has an inside, also where it is hollow', () => {
    assert.deepEqual(
      [
        [0.4, 0.4],
        [0.19, 0.4],
        [0.4, 0.61],
      ].map(([x = 0, y = 0]) => isInside(square, { x, y })),
      [true, false, false],
    );
    assert.equal(isInside(arch, { x: 0.5, y: 0.5 }), false);
    assert.equal(isInside(arch, { x: 0.2, y: 0.8 }), true);
    assert.ok(Math.abs(areaOf(square) - 0.16) < 1e-9);
  });

  test('must neither cross itself nor touch itself, and must cover something', () => {
    assert.equal(faultOf(square), undefined);
    assert.equal(faultOf([...square].reverse()), undefined);
    assert.equal(faultOf(arch), undefined);
    assert.equal(faultOf(bowTie), 'crosses-itself');
    assert.equal(faultOf(polygon([0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1])), 'crosses-itself');
    assert.equal(faultOf(polygon([0.1, 0.1], [0.5, 0.5], [0.9, 0.9])), 'too-small');
    assert.equal(faultOf(polygon([0.1, 0.1], [0.1, 0.1], [0.1, 0.1])), 'too-small');
  });
});

describe('zones', () => {
  const detect: Zone = { use: 'detect', points: square };
  const ignore: Zone = { use: 'ignore', points: polygon([0.5, 0], [1, 0], [1, 1], [0.5, 1]) };
  const places = [
    { x: 0.3, y: 0.3 },
    { x: 0.55, y: 0.3 },
    { x: 0.1, y: 0.9 },
  ];
  const watched = (...zones: readonly Zone[]) => places.map((place) => isWatched(zones, place));

  test('limit the search to detection zones, and leave out ignored ones first', () => {
    assert.deepEqual(watched(), [true, true, true]);
    assert.deepEqual(watched(detect), [true, true, false]);
    assert.deepEqual(watched(ignore), [true, false, true]);
    assert.deepEqual(watched(ignore, detect), [true, false, false]);
    const elsewhere: Zone = { use: 'detect', points: polygon([0, 0.8], [0.2, 0.8], [0.2, 1], [0, 1]) };
    assert.deepEqual(watched(detect, elsewhere), [true, true, true]);
  });
});

/** How far a place is from the outline of a polygon. */
function distanceTo(points: Polygon, { x, y }: Place): number {
  const distances = edgesOf(points).map(([a, b]) => {
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const along = ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy);
    const share = Math.min(1, Math.max(0, along));
    return Math.hypot(x - a.x - share * dx, y - a.y - share * dy);
  });
  return Math.min(...distances);
}

describe('the strips of masks', () => {
  const isUnder = (strips: readonly Strip[], x: number, y: number): boolean =>
    strips.some(({ left, right, top, bottom }) => left <= x && x <= right && top <= y && y <= bottom);

  test('are the rectangle itself for a rectangle', () => {
    assert.deepEqual(stripsOf([square]), [{ left: 0.2, right: 0.6, top: 0.2, bottom: 0.6 }]);
    assert.deepEqual(stripsOf([]), []);
  });

  test('leave the hollow of a polygon open', () => {
    assert.equal(stripsOf([arch]).length, 3);
    assert.equal(isUnder(stripsOf([arch]), 0.5, 0.5), false);
  });

  test('cover every place of every polygon, and little more', () => {
    const place = fc.record({
      x: fc.double({ min: 0, max: 1, noNaN: true }),
      y: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const star = fc
      .array(fc.double({ min: 0.05, max: 0.5, noNaN: true }), { minLength: 3, maxLength: 16 })
      .map((radii) =>
        radii.map((radius, index) => {
          const angle = (2 * Math.PI * index) / radii.length;
          return { x: 0.5 + radius * Math.cos(angle), y: 0.5 + radius * Math.sin(angle) };
        }),
      );
    fc.assert(
      fc.property(star, fc.array(place, { minLength: 30, maxLength: 30 }), (points, places) => {
        const strips = stripsOf([points]);
        assert.ok(strips.length <= 256);
        for (const { x, y } of places) {
          const isCovered = isUnder(strips, x, y);
          if (isInside(points, { x, y })) assert.ok(isCovered, `${x} ${y} is not covered`);
          else if (isCovered) {
            const mostBeyond = strips.length < 128 ? 1 / 160 : 1 / 40;
            assert.ok(distanceTo(points, { x, y }) <= mostBeyond + 1e-9, `${x} ${y} is covered in vain`);
          }
        }
      }),
    );
  });

  test('are few for rectangles that are drawn by hand', () => {
    const drawn = polygon([0.1, 0.1], [0.4, 0.103], [0.405, 0.5], [0.098, 0.495]);
    assert.equal(stripsOf([drawn]).length, 3);
  });

  test('stay few, and cover everything still, if there are many slanted masks', () => {
    // No two corners have the same height: each of them cuts all teeth.
    const comb = polygon(
      ...[0, 1, 2, 3, 4, 5, 6].flatMap((tooth) => [
        [tooth / 7, 0.05 + tooth / 25] as const,
        [(tooth + 0.5) / 7, 0.5 + tooth / 25] as const,
      ]),
      [1, 0.95],
      [0, 1],
    );
    assert.equal(faultOf(comb), undefined);
    const strips = stripsOf(Array.from({ length: 16 }, () => comb));
    assert.ok(strips.length <= 256, `${strips.length} strips`);
    for (let x = 0.01; x < 1; x += 0.013) {
      for (let y = 0.01; y < 1; y += 0.017) {
        if (isInside(comb, { x, y })) assert.ok(isUnder(strips, x, y), `${x} ${y} is not covered`);
      }
    }
  });
});

describe('a camera with zones', () => {
  async function play(scene: Scene, zones: readonly Zone[], durationS: number) {
    const events: StageEvent[] = [];
    let ids = 0;
    const pipeline = new CameraPipeline({
      cameraId: cameraId('door'),
      analyser: withinZones(new ScriptedAnalyser(scene), zones),
      sink: (event) => events.push(event),
      clock: new VirtualClock(),
      newTrackId: () => trackId(`n${++ids}`),
      ...{ idleFps: 5, trackingFps: 15, smallestFacePx: 40 },
      liveness: defaultLivenessPolicy,
      sameFaceThreshold: 0.5,
    });
    for (let frame = 0; frame < durationS * 15; frame++) {
      await pipeline.analyse(scriptedFrame(frame, (frame * 1000) / 15));
    }
    const ended = events.flatMap((event) => (event.type === 'track.ended' ? [event.reason] : []));
    return { started: events.filter(({ type }) => type === 'track.started').length, ended };
  }

  /** Frames are 1920 x 1080. */
  const at = (x: number) => ({ x: x - 60, y: 400, width: 120, height: 120 });
  const leftHalf: Zone = { use: 'detect', points: polygon([0, 0], [0.5, 0], [0.5, 1], [0, 1]) };
  const rightHalf: Zone = { use: 'ignore', points: polygon([0.5, 0], [1, 0], [1, 1], [0.5, 1]) };

  for (const [name, zone] of [
    ['outside its detection zone', leftHalf],
    ['in an ignored zone', rightHalf],
  ] as const) {
    test(`follows no face ${name}`, async () => {
      const scene: Scene = () => [
        { box: at(500), who: 'ada' },
        { box: at(1500), who: 'bea' },
      ];
      assert.equal((await play(scene, [], 2)).started, 2);
      assert.equal((await play(scene, [zone], 2)).started, 1);
    });

    test(`follows no face whose centre is just outside the picture ${name}`, async () => {
      const scene: Scene = () => [{ box: at(1925), who: 'ada' }];
      assert.equal((await play(scene, [], 2)).started, 1);
      assert.equal((await play(scene, [zone], 2)).started, 0);
    });

    test(`ends the track of a person who walks on ${name}`, async () => {
      const scene: Scene = (atS) => [{ box: at(600 + 150 * Math.min(atS, 5)), who: 'ada' }];
      const walked = await play(scene, [zone], 7);
      assert.deepEqual(walked, { started: 1, ended: ['left'] });
      assert.deepEqual(await play(scene, [], 7), { started: 1, ended: [] });
    });
  }

  test('goes on with the track of a person who steps out of a zone for a moment', async () => {
    const scene: Scene = (atS) => [{ box: at(960 + 40 * Math.cos(atS * Math.PI)), who: 'ada' }];
    const { started, ended } = await play(scene, [rightHalf], 6);
    assert.deepEqual([started, ended], [1, []]);
  });
});
