import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { largestPhotographMiB } from '../../daemon/contract/vision/vision-orders.js';
import { encodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import type { PackStatus } from '../../daemon/host/models/store.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { describeAdded, measureNetwork } from '../../daemon/lab/own-recognisers.js';
import type { LoneVision } from '../../daemon/vision/lone-process.js';
import { expectedTexts } from '../support/expected-text.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const expected = expectedTexts('own-recognisers.txt');

const dimensions = 32;

/** How much noise the network adds to a face that is prepared in each of the ten ways; the fourth way is the right one. */
const noiseOf = [0.5, 0.4, 0.5, 0.1, 0.6, 0.2, 0.7, 0.3, 0.8, 0.9];

interface Asked {
  readonly photo: string;
  readonly ways: readonly number[];
}

/** What a vision process gives for a photo: why it refuses it, or the embedding for each way. */
type Answer = (photo: string, ways: readonly number[]) => string | readonly (Float32Array | null)[];

/** The face of the person whose number begins the name of the photo, with noise. */
const face = (photo: string, way: number, noise = noiseOf[way] ?? 1): Float32Array => {
  const [person = 0, number = 0] = photo.split('-').map(Number);
  const random = seededRandom(1000 * person + 10 * number + way);
  const values = Float32Array.from(
    { length: dimensions },
    (_, at) => (random.unit() - 0.5) * noise + (at === person % 31 ? 1 : 0),
  );
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
};

const recognises: Answer = (photo, ways) => ways.map((way) => face(photo, way));

interface Tried {
  readonly asked: readonly Asked[];
  readonly steps: readonly string[];
  readonly measured: ReturnType<typeof measureNetwork>;
}

/** Measures a network with four photos of each of `people` persons. `large`: photos of that many bytes. */
async function measure(
  answer: Answer,
  {
    people = 23,
    config = {},
    large = {},
  }: { people?: number; config?: object; large?: Readonly<Record<string, number>> } = {},
): Promise<Tried> {
  await using directory = await temporaryDirectory();
  const asked: Asked[] = [];
  const steps: string[] = [];
  const ask = (type: string, order: { request: number; preparations: number[] }, photograph: Uint8Array) => {
    const photo = Buffer.from(photograph).toString('latin1').replaceAll('\0', '');
    const { request, preparations: ways } = order;
    asked.push({ photo, ways });
    const given = answer(photo, ways);
    const result =
      typeof given === 'string'
        ? { refusal: given }
        : { refusal: null, embeddings: given.map((each) => each && encodeEmbedding(each)) };
    return Promise.resolve({ type, request, result });
  };
  const photographed = [];
  for (let person = 0; person < people; person += 1) {
    const paths = [];
    for (let number = 0; number < 4; number += 1) {
      const name = `${person}-${number}`;
      const path = join(directory.path, name);
      await writeFile(path, name);
      const bytes = large[name];
      if (bytes !== undefined) await truncate(path, bytes);
      paths.push(path);
    }
    photographed.push({ name: `person ${person}`, paths });
  }
  const measured = measureNetwork({ ask } as unknown as LoneVision, dimensions, photographed, {
    ...{ known: 'FOLDER', config: configSchema.parse({ site: { id: 'x', timeZone: 'UTC' }, ...config }) },
    onProgress: (done, total, step) => void steps.push(`${step} ${done}/${total}`),
  });
  await measured.catch(() => undefined);
  return { asked, steps, measured };
}

describe('the choice of a preparation', () => {
  test('tries all with three photos of each of twenty persons, and the best four with all', async () => {
    const { asked, steps, measured } = await measure(recognises);
    const few = asked.filter(({ ways }) => ways.length === 10);
    assert.deepEqual(
      few.map(({ photo }) => photo),
      Array.from({ length: 20 }, (_, person) => [0, 1, 2].map((number) => `${person}-${number}`)).flat(),
    );
    const others = asked.slice(few.length);
    assert.equal(others.length, 23 * 4 - 60, 'no photo is read twice for the same ways');
    assert.ok(
      others.every(({ ways }) => ways.join() === '3,5,7,1'),
      JSON.stringify(others[0]),
    );
    assert.deepEqual(
      [...steps.slice(0, 2), ...steps.slice(19, 21), steps.at(-1)],
      [
        'trying preparations 1/23',
        'trying preparations 2/23',
        'trying preparations 20/23',
        'measuring 1/23',
        'measuring 23/23',
      ],
    );
    const { chosen, point, targetFpir, leftOut } = await measured;
    assert.deepEqual([point.people, targetFpir, leftOut], [23, 0.01, []]);
    assert.deepEqual(
      chosen.sampled.map(({ name, samples }) => [name, samples.length]),
      Array.from({ length: 23 }, (_, person) => [`person ${person}`, 4]),
    );
    assert.deepEqual(chosen.sampled[22]?.samples[3], { embedding: face('22-3', 3), isEnrollable: true });
    const added = {
      ...{ id: 'own-made-up', tried: chosen.tried, point, margin: 0.05, targetFpir },
      interface: { input: { layout: 'NCHW' }, output: { dimensions } } as never,
      leftOut: [{ photograph: 'folder/dark.jpg', reason: 'poor quality (dark)' }],
      status: {} as PackStatus,
    };
    expected('an own recogniser', describeAdded(added));
  });

  test('takes the one that is best with all photos, of those that were best with few', async () => {
    // With the fourth photo of each person, the second best way is better.
    const { measured } = await measure((photo, ways) =>
      ways.map((way) => face(photo, way, photo.endsWith('-3') ? (way === 5 ? 0.01 : 0.9) : noiseOf[way])),
    );
    const { chosen } = await measured;
    assert.deepEqual(
      chosen.tried.map(({ isChosen, all }) => (isChosen ? 'chosen' : all && 'tried')),
      [undefined, 'tried', undefined, 'tried', undefined, 'chosen', undefined, 'tried', undefined, undefined],
    );
    assert.deepEqual(chosen.sampled[0]?.samples[3]?.embedding, face('0-3', 5, 0.01));
  });

  test('aims at the rate of the configuration, and at the usual one where that is switched off', async () => {
    for (const [wanted, targetFpir] of [
      [0.05, 0.05],
      ['off', 0.01],
    ] as const) {
      const { measured } = await measure(recognises, { config: { identification: { targetFpir: wanted } } });
      assert.equal((await measured).targetFpir, targetFpir);
    }
  });

  test('leaves out photos that enrolment would refuse or that are too large, and persons with fewer than three', async () => {
    const largest = largestPhotographMiB * 2 ** 20;
    const { asked, measured } = await measure(
      (photo, ways) => (photo === '0-0' || photo === '0-1' ? 'no face' : recognises(photo, ways)),
      { large: { '1-0': largest, '2-0': largest + 1 } },
    );
    const { point, leftOut } = await measured;
    assert.equal(point.people, 22);
    assert.deepEqual(
      leftOut.map(({ photograph, reason }) => [photograph.split('/').at(-1), reason]),
      [
        ['0-0', 'no face'],
        ['0-1', 'no face'],
        ['2-0', `larger than ${largestPhotographMiB} MiB`],
      ],
    );
    assert.deepEqual(
      ['0-0', '0-2', '1-0', '2-0'].map((name) => asked.filter(({ photo }) => photo === name).length),
      [1, 1, 1, 0],
    );
  });

  test('refuses a network that does not tell the persons apart, with the best that was reached', async () => {
    const { measured } = await measure((photo, ways) => ways.map((way) => face(photo, way, 1.2 + way)));
    await assert.rejects(measured, (error: Error & { details?: unknown }) => {
      assert.match(
        error.message,
        /^the network does not tell the people apart: the best preparation \(RGB, \(x - 127\.5\) \/ 127\.5\) reaches a decidability of [12]\.\d\d and an equal error rate of \d\d\.\d %; 3 and at most 7\.0 % are needed$/,
      );
      return true;
    });
    const { asked, measured: late } = await measure((photo, ways) =>
      ways.map((way) => face(photo, way, photo.endsWith('-3') ? 30 : noiseOf[way])),
    );
    await assert.rejects(late, { code: 'own-network-does-not-separate' });
    assert.ok(asked.length > 60, 'only all photos show it');
    const { measured: silent } = await measure((_photo, ways) => ways.map(() => null));
    await assert.rejects(silent, /apart: it gave no usable numbers; 3 and/);
  });

  test('refuses a folder that shows a person of another folder, because no threshold keeps them apart', async () => {
    const { measured } = await measure((photo, ways) => {
      const again = photo.replace(/^22-/, '0-');
      return ways.map((way) => face(again, way));
    });
    await assert.rejects(measured, {
      code: 'own-network-does-not-separate',
      message: /which unknown people need, it misses \d+\.\d % of the searches; at most 50\.0 % are allowed$/,
    });
  });

  test('refuses embeddings of another size or number, and too few persons', async () => {
    for (const wrong of [
      ((_photo, ways) => ways.map(() => Float32Array.of(1))) as Answer,
      ((photo, ways) => ways.slice(1).map((way) => face(photo, way))) as Answer,
    ]) {
      const { measured } = await measure(wrong);
      await assert.rejects(measured, { code: 'own-network-unfit' });
    }
    const { measured } = await measure((photo, ways) =>
      /^[0-3]-/.test(photo) ? (photo.startsWith('0') ? 'no face' : 'dark') : recognises(photo, ways),
    );
    await assert.rejects(measured, {
      code: 'too-few-photographs',
      message:
        'FOLDER has 19 people with 3 usable photos; 20 are needed to judge a network. Photos that were left out: no face: 4, dark: 12',
    });
  });
});
