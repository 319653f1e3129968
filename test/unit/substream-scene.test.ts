import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import { type Frame, yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { ignoredCells } from '../../daemon/kernel/zones/zone.js';
import { otherShape } from '../../daemon/vision/stream-shapes.js';
import { SubstreamScene } from '../../daemon/vision/substream-scene.js';

const small = { widthPx: 640, heightPx: 360 };
const large = { widthPx: 1280, heightPx: 720 };

/** A wall with a bright square. */
function frame(atMs: number, { widthPx, heightPx } = small, square?: Box): Frame {
  const data = new Uint8Array(yuv420Bytes(widthPx, heightPx)).fill(100);
  if (square !== undefined) {
    const { x, y, width, height } = square;
    for (let line = y; line < y + height; line += 1)
      data.fill(160, line * widthPx + x, line * widthPx + x + width);
  }
  const picture = { format: 'yuv420p', range: 'limited', widthPx, heightPx, data } as const;
  return { cameraId: cameraId('door'), sequence: 0, capturedAtMs: atMs, picture, release: () => undefined };
}

/** Nobody is followed. */
const alone = { followed: [], isShort: false };

/** A scene whose substream was still for ten seconds; somebody looked at it at the tenth. */
function stillScene(zones: Parameters<typeof ignoredCells>[0] = []): SubstreamScene {
  const scene = new SubstreamScene(40, ignoredCells(zones));
  scene.watchSubstream(true);
  for (let atMs = 0; atMs <= 10_000; atMs += 200) scene.seeSubstream(frame(atMs));
  scene.look('full', frame(10_000), alone);
  return scene;
}

const square = { x: 300, y: 100, width: 60, height: 60 };

describe('the scene of a camera with a substream', () => {
  test('is not worth a look while nothing moves, but for one in 15 s, for which a key frame is enough', () => {
    const scene = stillScene();
    const wantedAt = [10_200, 13_200, 24_800, 25_000, 29_800].map((atMs) => scene.wantedFrames(atMs));
    assert.deepEqual(wantedAt, ['none', 'none', 'none', 'key-frame', 'key-frame']);
    assert.equal(scene.wantedFrames(30_000), 'all', 'a camera may send no key frame for a long time');
    assert.equal(scene.look('quick', frame(25_000, large), alone), undefined);
  });

  test('is worth one when something moves in the substream, and not for what the main stream shows', () => {
    const scene = stillScene();
    scene.see(frame(10_400, large, square), []);
    assert.equal(scene.wantedFrames(10_400), 'none');
    scene.seeSubstream(frame(10_400, small, square));
    assert.notEqual(scene.look('quick', frame(10_400, large), alone), undefined);
  });

  test('is looked at only where something moved, after the look at the whole picture 15 s before', () => {
    const scene = stillScene();
    scene.seeSubstream(frame(20_000, small, square));
    const [look, later] = [20_000, 25_000].map((atMs) => {
      scene.seeSubstream(frame(atMs, small, square));
      return scene.look('full', frame(atMs, large), alone);
    });
    const [part, ...others] = look?.parts ?? [];
    assert.deepEqual(others, []);
    assert.ok(part !== undefined && part.x < 600 && part.y < 200 && part.x + part.width > 720);
    assert.ok(part.width * part.height < 0.2 * large.widthPx * large.heightPx);
    assert.deepEqual(later, { kind: 'full' });
  });

  test('is not worth looks any more soon after the last motion', () => {
    const scene = stillScene();
    scene.seeSubstream(frame(10_400, small, square));
    for (let atMs = 10_600; atMs <= 14_400; atMs += 200) {
      scene.seeSubstream(frame(atMs));
      if (atMs === 13_000) scene.look('full', frame(atMs, large), alone);
    }
    const wantedAt = [11_400, 14_400].map((atMs) => scene.wantedFrames(atMs));
    assert.deepEqual(wantedAt, ['all', 'none']);
  });

  test('is worth a full look after the last motion, however late, for which a key frame is enough', () => {
    const scene = stillScene();
    scene.seeSubstream(frame(10_400, small, square));
    for (let atMs = 10_600; atMs <= 14_400; atMs += 200) scene.seeSubstream(frame(atMs));
    const wantedAt = [11_400, 14_400].map((atMs) => scene.wantedFrames(atMs));
    assert.deepEqual(wantedAt, ['all', 'key-frame']);
    scene.look('quick', frame(14_400, large), alone);
    assert.equal(scene.wantedFrames(14_600), 'key-frame');
    assert.equal(scene.wantedFrames(20_000), 'all', 'a camera may send no key frame for a long time');
    const look = scene.look('full', frame(14_800, large), alone);
    assert.equal(look?.parts?.length, 1);
    assert.equal(scene.wantedFrames(15_000), 'none');
  });

  test('needs no more than a key frame for the look after a change of light', () => {
    const scene = stillScene();
    const lit = (atMs: number): Frame => {
      const { picture, ...others } = frame(atMs);
      return { ...others, picture: { ...picture, data: picture.data.fill(180) } };
    };
    for (let atMs = 10_200; atMs <= 12_200; atMs += 200) scene.seeSubstream(lit(atMs));
    assert.equal(scene.wantedFrames(12_200), 'key-frame');
    assert.deepEqual(scene.look('full', frame(12_400, large), alone), { kind: 'full' });
    assert.equal(scene.wantedFrames(12_600), 'none');
  });

  test('is looked at in key frames when it was opened, while nobody knows yet what moves', () => {
    const scene = new SubstreamScene(40);
    scene.watchSubstream(true);
    for (let atMs = 0; atMs <= 2000; atMs += 200) scene.seeSubstream(frame(atMs, small, square));
    assert.equal(scene.wantedFrames(2000), 'key-frame');
    assert.deepEqual(scene.look('full', frame(2000, large), alone), { kind: 'full' });
    assert.equal(scene.wantedFrames(2200), 'key-frame', 'the next one as well');
    for (let atMs = 2200; atMs <= 5000; atMs += 200) scene.seeSubstream(frame(atMs, small, square));
    scene.look('full', frame(5000, large), alone);
    assert.equal(scene.wantedFrames(5200), 'none');
    scene.seeSubstream(frame(5400));
    assert.equal(scene.wantedFrames(5400), 'all', 'something moves');
  });

  test('is looked at as often as it may while the main stream is watched alone, although nobody knows what moves', () => {
    const scene = new SubstreamScene(40);
    const looks = [0, 400, 800, 1200].map((atMs) => {
      scene.see(frame(atMs, large), []);
      return scene.look('quick', frame(atMs, large), alone);
    });
    assert.ok(looks.every((look) => look !== undefined));
  });

  test('keeps a stream awake where a camera sends no key frame after it was opened', () => {
    const scene = new SubstreamScene(40);
    scene.watchSubstream(true);
    for (let atMs = 0; atMs <= 6000; atMs += 200) scene.seeSubstream(frame(atMs));
    assert.deepEqual(
      [8800, 9000].map((atMs) => scene.wantedFrames(atMs)),
      ['key-frame', 'all'],
    );
  });

  test('is worth a look at the whole picture when the tracks in the main stream have ended', () => {
    const scene = stillScene();
    assert.equal(scene.wantedFrames(10_200), 'none');
    scene.forget();
    assert.equal(scene.wantedFrames(10_200), 'all');
    assert.deepEqual(scene.look('full', frame(10_200, large), alone), { kind: 'full' });
    assert.equal(scene.wantedFrames(10_400), 'none');
  });

  test('is not worth one where motion is to be ignored', () => {
    const half = [
      { x: 0.3, y: 0 },
      { x: 1, y: 0 },
      { x: 1, y: 1 },
      { x: 0.3, y: 1 },
    ];
    const scene = stillScene([{ use: 'ignore', points: half }]);
    scene.seeSubstream(frame(10_400, small, square));
    assert.equal(scene.wantedFrames(10_400), 'none');
  });

  test('ascribes motion in the substream to a face that is followed in the main stream', () => {
    // The same place in pictures of twice the size, and another one.
    const [there, elsewhere] = [
      { x: 600, y: 200, width: 120, height: 120 },
      { x: 20, y: 200, width: 60, height: 60 },
    ];
    const kindBeside = (box: Box): string | undefined => {
      const scene = stillScene();
      scene.see(frame(10_300, large), [box]);
      scene.seeSubstream(frame(10_400, small, square));
      const state = { followed: [{ box, isNear: true }], isShort: false };
      return scene.look('full', frame(10_400, large), state)?.kind;
    };
    assert.deepEqual([kindBeside(there), kindBeside(elsewhere)], ['quick', 'full']);
  });

  test('is watched in the main stream while the substream cannot be', () => {
    const scene = stillScene();
    scene.watchSubstream(false);
    for (let atMs = 10_400; atMs <= 20_000; atMs += 200) scene.see(frame(atMs, large), []);
    scene.look('full', frame(20_000, large), alone);
    assert.equal(scene.wantedFrames(20_200), 'none');
    scene.see(frame(20_400, large, square), []);
    assert.equal(scene.wantedFrames(20_400), 'all');
  });
});

describe('the shape of a substream', () => {
  const main = { widthPx: 1920, heightPx: 1080 };

  test('may differ from that of the main stream by a rounding', () => {
    for (const [widthPx, heightPx] of [
      [640, 360],
      [640, 352],
      [704, 396],
      [352, 192],
    ] as const)
      assert.equal(otherShape(main, { widthPx, heightPx }), undefined);
    assert.equal(otherShape(main, { widthPx: 0, heightPx: 0 }), undefined, 'it is not known');
  });

  test('is told where it differs by more', () => {
    const found = otherShape(main, { widthPx: 640, heightPx: 480 });
    assert.equal(found?.code, 'other-shape');
    assert.match(found.message, /640x480.*1920x1080/);
  });
});
