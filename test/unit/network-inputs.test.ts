import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import { BlazefaceDetector } from '../../daemon/vision/inference/blazeface-detector.js';
import { FaceMeshNetwork, facemeshContract } from '../../daemon/vision/inference/face-mesh-network.js';
import { InputBuffers } from '../../daemon/vision/inference/input-buffers.js';
import type { Network } from '../../daemon/vision/inference/network.js';
import { YunetDetector } from '../../daemon/vision/inference/yunet-detector.js';

type Outputs = Awaited<ReturnType<Network['run']>>;
type Dims = readonly [count: number, channels: number, heightPx: number, widthPx: number];

/** A network that answers as `answer` says. Keeps the shapes of its inputs. */
function networkOf(answer: (data: Float32Array, dims: Dims) => Outputs) {
  const shapes: Dims[] = [];
  const run: Network['run'] = async (data, dims) => {
    const shape = dims as Dims;
    assert.equal(
      data.length,
      shape.reduce((product, each) => product * each, 1),
    );
    shapes.push(shape);
    return answer(data, shape);
  };
  return { network: { run }, shapes };
}

/** A picture in one colour, with white parts. */
function picture(
  colour: readonly [red: number, green: number, blue: number],
  ...white: readonly { readonly x: number; readonly y: number; readonly side: number }[]
): Rgb24Picture {
  const [widthPx, heightPx] = [640, 480];
  const data = new Uint8Array(3 * widthPx * heightPx);
  for (let at = 0; at < data.length; at += 3) data.set(colour, at);
  for (const { x, y, side } of white) {
    for (let row = y; row < y + side; row += 1)
      data.fill(255, 3 * (row * widthPx + x), 3 * (row * widthPx + x + side));
  }
  return { format: 'rgb24', widthPx, heightPx, data };
}

const near = (actual: number | undefined, expected: number): void =>
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 0.6, `${actual} is not ${expected}`);

describe('meshes of faces', () => {
  const { cropPx, points } = facemeshContract;
  const middle = Float32Array.from({ length: 3 * points }, (_, at) => (at % 3 === 2 ? 0 : cropPx / 2));

  /** Says how bright the middle of a crop is, and puts all points there. */
  const brightness = networkOf((data, [count]) => {
    const values = Array.from({ length: count }, (_, item) => {
      const at = item * 3 * cropPx * cropPx + (cropPx / 2) * cropPx + cropPx / 2;
      return (data[at] ?? 0) / 255;
    });
    const landmarks = new Float32Array(count * 3 * points);
    for (let item = 0; item < count; item += 1) landmarks.set(middle, item * 3 * points);
    return { landmarks, presence: Float32Array.from(values) };
  });

  test('belong to their regions, in their order, eight in a run at most', async () => {
    const regions = Array.from({ length: 10 }, (_, index) => ({
      ...{ x: 40 + 55 * index, y: 100 + 20 * index, width: 40, height: 40 },
    }));
    const lit = [2, 7, 9];
    const shown = picture(
      [0, 0, 0],
      ...lit.map((index) => ({ x: 40 + 55 * index, y: 100 + 20 * index, side: 40 })),
    );
    const found = await new FaceMeshNetwork(brightness.network, facemeshContract).locate(shown, regions);
    assert.deepEqual(
      brightness.shapes.map(([count]) => count),
      [8, 2],
    );
    assert.deepEqual(
      found.flatMap(({ presence }, index) => (presence > 0.9 ? [index] : [])),
      lit,
    );
    for (const [index, { mesh, closures }] of found.entries()) {
      near(mesh[0], 60 + 55 * index);
      near(mesh[1], 120 + 20 * index);
      assert.equal(closures, undefined);
    }
  });

  test('are fitted to one and a half times the longer side of a region', async () => {
    const corner = networkOf(() => ({
      landmarks: new Float32Array(3 * points),
      presence: Float32Array.of(1),
      blinks: Float32Array.of(0.25, 0.75),
    }));
    const mesh = new FaceMeshNetwork(corner.network, facemeshContract);
    const [found] = await mesh.locate(picture([0, 0, 0]), [{ x: 280, y: 200, width: 80, height: 120 }]);
    near(found?.mesh[0], 320 - 90);
    near(found?.mesh[1], 260 - 90);
    assert.deepEqual(found?.closures, { left: 0.25, right: 0.75 });
  });

  test('need no run without a region', async () => {
    const { network, shapes } = networkOf(() => assert.fail('there is nothing to look at'));
    assert.deepEqual(await new FaceMeshNetwork(network, facemeshContract).locate(picture([0, 0, 0]), []), []);
    assert.deepEqual(shapes, []);
  });
});

interface Shown {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly score: number;
}

const policy = { scoreThreshold: 0.5, overlapThreshold: 0.3, longestInputPx: 640 };

describe('the detector that takes inputs of any size', () => {
  /** Finds these faces, centred at places of the picture, in the grid of `stridePx`; `shown` says how it is shown. */
  function yunet(
    faces: readonly (Shown & { readonly stridePx: 8 | 16 | 32 })[],
    shown: (dims: Dims) => { readonly scale: number; readonly x: number; readonly y: number },
  ) {
    let first: readonly number[] = [];
    const made = networkOf((data, dims) => {
      const [, , heightPx, widthPx] = dims;
      first = [0, 1, 2].map((plane) => Math.round(data[plane * heightPx * widthPx] ?? 0));
      const { scale, x, y } = shown(dims);
      const outputs: Record<string, Float32Array> = {};
      for (const stridePx of [8, 16, 32]) {
        const columns = widthPx / stridePx;
        const cells = (columns * heightPx) / stridePx;
        const [scores, boxes] = [new Float32Array(cells), new Float32Array(4 * cells)];
        for (const face of faces.filter((each) => each.stridePx === stridePx)) {
          const [column, row] = [(face.x - x) * scale, (face.y - y) * scale].map((at) => at / stridePx);
          if (column === undefined || row === undefined || column < 0 || row < 0) continue;
          const cell = Math.floor(row) * columns + Math.floor(column);
          scores[cell] = face.score ** 2;
          const size = Math.log((face.width * scale) / stridePx);
          boxes.set([column % 1, row % 1, size, size], 4 * cell);
        }
        outputs[`cls_${stridePx}`] = scores;
        outputs[`obj_${stridePx}`] = scores.map((score) => (score > 0 ? 1 : 0));
        outputs[`bbox_${stridePx}`] = boxes;
      }
      return outputs;
    });
    return { ...made, firstPixel: () => first };
  }
  const whole = ([, , , widthPx]: Dims) => ({ scale: widthPx / 640, x: 0, y: 0 });
  const grey = picture([10, 20, 30]);

  test('gives boxes in pixels of the picture, the best first, and each face once', async () => {
    const { network, shapes, firstPixel } = yunet(
      [
        { x: 200, y: 150, width: 100, score: 0.7, stridePx: 16 },
        { x: 204, y: 152, width: 104, score: 0.6, stridePx: 32 },
        { x: 500, y: 400, width: 60, score: 0.9, stridePx: 8 },
        { x: 400, y: 100, width: 60, score: 0.45, stridePx: 8 },
        { x: 100, y: 400, width: 10, score: 0.9, stridePx: 8 },
      ],
      whole,
    );
    const found = await new YunetDetector(network, policy).detect(grey, { smallestFacePx: 12 });
    assert.deepEqual(shapes, [[1, 3, 480, 640]]);
    assert.deepEqual(firstPixel(), [30, 20, 10], 'it takes blue first');
    assert.equal(found.length, 2, 'neither the doubtful nor the small one');
    const [first, second] = found;
    near(first?.box.x, 470);
    near(first?.box.y, 370);
    near(first?.box.width, 60);
    assert.ok(Math.abs((first?.score ?? 0) - 0.9) < 1e-6);
    near(second?.box.x, 150);
    near(second?.box.height, 100);
  });

  test('looks at less when only larger faces are of interest, or when it is in a hurry', async () => {
    const { network, shapes } = yunet([], whole);
    const detector = new YunetDetector(network, policy);
    for (const options of [{ smallestFacePx: 12, isQuick: true }, { smallestFacePx: 16 }])
      await detector.detect(grey, options);
    assert.deepEqual(
      shapes.map(([, , , widthPx]) => widthPx),
      [384, 480],
    );
  });

  test('looks at the surroundings of one face, or at a square of fixed size', async () => {
    const around = { x: 300, y: 200, width: 60, height: 60 };
    const face = { x: 330, y: 230, width: 60, score: 0.8, stridePx: 16 } as const;
    const { network, shapes } = yunet([], whole);
    await new YunetDetector(network, policy).detect(grey, { smallestFacePx: 12, around });
    await new YunetDetector(network, policy, 320).detect(grey, { smallestFacePx: 12, around });
    assert.deepEqual(shapes, [
      [1, 3, 192, 192],
      [1, 3, 320, 320],
    ]);
    const fixed = yunet([face], () => ({ scale: 0.5, x: 0, y: 0 }));
    const [found] = await new YunetDetector(fixed.network, policy, 320).detect(grey, { smallestFacePx: 12 });
    assert.deepEqual(fixed.shapes, [[1, 3, 320, 320]]);
    near(found?.box.x, 300);
    near(found?.box.y, 200);
    near(found?.box.width, 60);
  });
});

describe('the light detector', () => {
  const anchors = 16 * 16 * 2 + 8 * 8 * 6;
  const silent = () =>
    networkOf(() => ({ boxes: new Float32Array(16 * anchors), scores: new Float32Array(anchors) }));

  test('gives boxes in pixels of the picture, which it is shown as a whole', async () => {
    let first: readonly number[] = [];
    const { network, shapes } = networkOf((data) => {
      first = [0, 1, 2].map((plane) => Math.round(data[plane * 256 * 256] ?? 0));
      const [boxes, scores] = [new Float32Array(16 * anchors), new Float32Array(anchors)];
      // The first anchor of the second row: its centre is at 8, 24.
      scores[32] = 0.75;
      boxes.set([2, 6, 40, 44], 16 * 32);
      return { boxes, scores };
    });
    const found = await new BlazefaceDetector(network, policy).detect(picture([10, 20, 30]), {
      smallestFacePx: 50,
    });
    assert.deepEqual(shapes, [[1, 3, 256, 256]]);
    assert.deepEqual(first, [10, 20, 30], 'it takes red first');
    const scale = 640 / 256;
    const [{ box, score } = { box: undefined, score: 0 }] = found;
    assert.equal(score, 0.75);
    near(box?.x, (10 - 20) * scale);
    near(box?.y, (30 - 22) * scale);
    near(box?.width, 40 * scale);
    near(box?.height, 44 * scale);
  });

  test('cuts the picture into as many squares as the smallest face needs, half as fine in a hurry', async () => {
    const looks = async (options: { readonly smallestFacePx: number; readonly isQuick?: boolean }) => {
      const { network, shapes } = silent();
      await new BlazefaceDetector(network, policy, { leastInInputPx: 32 }).detect(
        picture([0, 0, 0]),
        options,
      );
      return shapes.length;
    };
    const [fine, coarse] = [await looks({ smallestFacePx: 30 }), await looks({ smallestFacePx: 60 })];
    assert.ok(fine > coarse && coarse > 1, `${fine} and ${coarse}`);
    assert.equal(await looks({ smallestFacePx: 30, isQuick: true }), coarse);
    assert.equal(await looks({ smallestFacePx: 200 }), 1);
  });

  test('looks at parts alone where that takes fewer looks', async () => {
    const part = { x: 100, y: 100, width: 80, height: 80 };
    const looks = async (parts: readonly (typeof part)[]) => {
      const { network, shapes } = silent();
      const detector = new BlazefaceDetector(network, policy, { leastInInputPx: 32 });
      await detector.detect(picture([0, 0, 0]), { smallestFacePx: 30, parts });
      return shapes.length;
    };
    const all = await looks([{ x: 0, y: 0, width: 640, height: 480 }]);
    assert.ok(all > 2);
    assert.equal(await looks([part]), 1);
    assert.equal(await looks([part, { ...part, x: 400 }]), 2);
    const many = Array.from({ length: all }, (_, index) => ({ ...part, x: 10 * index }));
    assert.equal(await looks(many), all, 'the whole picture then');
    assert.equal(await looks(many.slice(1)), all - 1);
  });
});

test('inputs of overlapping calls have buffers of their own, which are used again', async () => {
  const buffers = new InputBuffers();
  const used: ArrayBufferLike[] = [];
  const lend = (samples: number, work: () => Promise<unknown> = async () => undefined) =>
    buffers.lend(samples, async (data) => {
      assert.equal(data.length, samples);
      used.push(data.buffer);
      await work();
    });
  await lend(100);
  await lend(40);
  assert.equal(used[1], used[0], 'a smaller input fits');
  await lend(101);
  assert.notEqual(used[2], used[0]);
  await lend(101, () => lend(101));
  assert.notEqual(used[3], used[4]);
  await assert.rejects(lend(101, () => Promise.reject(new Error('the network failed'))));
  const before = used.length;
  await lend(101);
  assert.equal(used[before], used[before - 1], 'also after a failure');
});
