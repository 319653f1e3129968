import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { before, describe, test } from 'node:test';
import * as tf from '@tensorflow/tfjs';
import * as faceapi from '@vladmandic/face-api/dist/face-api.node-wasm.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { type Box, intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import { ssdAnchors } from '../../daemon/kernel/faces/ssd-anchors.js';
import { greatestDifference, openNetwork, output, runNetwork } from '../support/onnx-run.js';
import {
  cropPicture,
  type NhwcPicture,
  noisePicture,
  photoPicture,
  samplePhoto,
} from '../support/tensor-pictures.js';
import { startTensorFlow } from '../support/tensorflow.js';

const TOLERANCE = 1e-4;

const modelDirectory = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'model',
);

interface Face {
  readonly score: number;
  readonly box: Box;
}

function netInput(picture: NhwcPicture): faceapi.NetInput {
  const image = tf.tensor3d(picture.data, [picture.heightPx, picture.widthPx, 3]);
  return new faceapi.NetInput([image as unknown as faceapi.TResolvedNetInput]);
}

/** Decodes encodings into [top, left, bottom, right] as fractions of the picture, like face-api. */
function decoded(encodings: Float32Array, widthPx: number, heightPx: number): Float32Array {
  const anchors = ssdAnchors(widthPx, heightPx);
  assert.equal(encodings.length, anchors.length);
  const boxes = new Float32Array(encodings.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const [cx = 0, cy = 0, width = 0, height = 0] = anchors.subarray(i, i + 4);
    const [ty = 0, tx = 0, th = 0, tw = 0] = encodings.subarray(i, i + 4);
    const [x, y] = [cx + (tx / 10) * width, cy + (ty / 10) * height];
    const [halfWidth, halfHeight] = [(width * Math.exp(tw / 5)) / 2, (height * Math.exp(th / 5)) / 2];
    boxes.set(
      [
        (y - halfHeight) / heightPx,
        (x - halfWidth) / widthPx,
        (y + halfHeight) / heightPx,
        (x + halfWidth) / widthPx,
      ],
      i,
    );
  }
  return boxes;
}

async function network(packId: string): ReturnType<typeof openNetwork> {
  const store = await openModelStore();
  await store.build({ packIds: [packId] });
  return openNetwork(await store.path(packId));
}

describe('networks built from weights alone agree with face-api', () => {
  before(startTensorFlow);

  test('ssd-mobilenet-v1 at 512x512: scores and boxes decoded with our anchors', async () => {
    const original = new faceapi.SsdMobilenetv1();
    await original.loadFromDisk(modelDirectory);
    const converted = await network('ssd-mobilenet-v1');
    const pictures = [
      noisePicture(512, 512, 3),
      await photoPicture(samplePhoto('sample1.jpg'), 512, 512),
      await photoPicture(samplePhoto('sample6.jpg'), 512, 512),
    ];
    for (const [index, picture] of pictures.entries()) {
      const wanted = original.forwardInput(netInput(picture));
      const found = await runNetwork(converted, [picture]);
      const scores = greatestDifference(output(found, 'scores'), wanted.scores[0]?.dataSync() ?? []);
      const boxes = greatestDifference(
        decoded(output(found, 'boxes'), 512, 512),
        wanted.boxes[0]?.dataSync() ?? [],
      );
      assert.ok(scores <= TOLERANCE, `scores of picture ${index} differ by ${scores}`);
      assert.ok(boxes <= TOLERANCE, `boxes of picture ${index} differ by ${boxes}`);
    }
    await converted.release();
  });

  test('ssd-mobilenet-v1 finds the same face at other sizes, even where maps have odd sides', async () => {
    const converted = await network('ssd-mobilenet-v1');
    const faces = async (widthPx: number, heightPx: number): Promise<readonly Face[]> => {
      const whole = await photoPicture(samplePhoto('sample6.jpg'), 512, 512);
      const data = new Float32Array(widthPx * heightPx * 3);
      for (let y = 0; y < heightPx; y++) {
        data.set(whole.data.subarray(y * 512 * 3, (y * 512 + widthPx) * 3), y * widthPx * 3);
      }
      const found = await runNetwork(converted, [{ widthPx, heightPx, data }]);
      const boxes = decoded(output(found, 'boxes'), widthPx, heightPx);
      return [...output(found, 'scores')].map((score, index) => {
        const [top = 0, left = 0, bottom = 0, right = 0] = boxes.subarray(index * 4, index * 4 + 4);
        const box = {
          x: left * widthPx,
          y: top * heightPx,
          width: (right - left) * widthPx,
          height: (bottom - top) * heightPx,
        };
        return { score, box };
      });
    };
    const [reference] = [...(await faces(512, 512))].sort((a, b) => b.score - a.score);
    assert.ok(reference);
    for (const [widthPx, heightPx] of [
      [512, 416],
      [480, 448],
      [500, 423],
    ] as const) {
      const sure = (await faces(widthPx, heightPx)).filter((face) => face.score > 0.8);
      const overlap = Math.max(...sure.map((face) => intersectionOverUnion(face.box, reference.box)));
      assert.ok(overlap > 0.9, `the closest box at ${widthPx}x${heightPx} overlaps by ${overlap}`);
    }
    await converted.release();
  });

  test('dlib-resnet: the embedding, alone and in a batch', async () => {
    const original = new faceapi.FaceRecognitionNet();
    await original.loadFromDisk(modelDirectory);
    const converted = await network('dlib-resnet');
    const pictures = [
      noisePicture(150, 150, 11),
      await cropPicture(samplePhoto('sample6.jpg'), { left: 0.276, top: 0.127, side: 0.238 }, 150),
      await cropPicture(samplePhoto('sample1.jpg'), { left: 0.168, top: 0.153, side: 0.186 }, 150),
    ];
    const batch = output(await runNetwork(converted, pictures), 'embedding');
    for (const [index, picture] of pictures.entries()) {
      const wanted = original.forwardInput(netInput(picture)).dataSync();
      const single = output(await runNetwork(converted, [picture]), 'embedding');
      const difference = greatestDifference(single, wanted);
      assert.ok(difference <= TOLERANCE, `the embedding of picture ${index} differs by ${difference}`);
      const inBatch = greatestDifference(batch.subarray(index * 128, (index + 1) * 128), single);
      assert.ok(inBatch <= TOLERANCE, `the embedding of picture ${index} in a batch differs by ${inBatch}`);
    }
    await converted.release();
  });
});
