import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import {
  type EnrolmentOptions,
  enrolmentFor,
  judgeResemblance,
  lookAt,
  named,
  photographChangeFor,
  refuseDisagreeing,
  stagedRowFor,
} from '../../daemon/core/persons/photo-enrolment.js';
import { type SimilarityContext, similarTo } from '../../daemon/core/persons/similar-faces.js';
import { type PersonId, personId, recogniserId } from '../../daemon/kernel/ids.js';
import { damagedName } from '../../daemon/kernel/persons/person-profile.js';

type Near = readonly (readonly [id: string, similarity: number])[];

const candidates = (near: Near) => near.map(([id, similarity]) => ({ personId: personId(id), similarity }));
const face = Float32Array.of(1, 0);
const photo = { outcome: 'enrolled', qualityScore: 0.9 } as const;

describe('faces that are to be enrolled', () => {
  const self = personId('p-self');
  async function judged(near: Near, changes: object = {}, personCount = 100) {
    const asked: number[] = [];
    const gallery = {
      personCount,
      findSimilar: async (_faces: unknown, atLeast: number) => {
        asked.push(atLeast);
        return candidates(near);
      },
      showPerson: (id: string) => (id === 'p-damaged' ? undefined : { profile: { name: `name of ${id}` } }),
    } as unknown as Gallery;
    const question = { photographs: [photo, photo], isDuplicateAllowed: false, ...changes };
    const result = await judgeResemblance([face], question, { gallery, threshold: 0.5, margin: 0.1 });
    assert.deepEqual(asked, [0.4]);
    return result;
  }
  const five = [1, 2, 3, 4, 5].map((each) => [`p-${each}`, 0.6] as const);

  test('are refused where they match five persons of a small gallery, also with duplicates allowed', async () => {
    for (const isDuplicateAllowed of [false, true]) {
      const result = await judged(five, { isDuplicateAllowed }, 199);
      assert.ok('photographs' in result && result.outcome === 'refused');
      assert.deepEqual(
        result.photographs.map((each) => 'code' in each && each.code),
        ['like-many-persons', 'like-many-persons'],
      );
    }
    const allowed = { isDuplicateAllowed: true };
    assert.equal('outcome' in (await judged(five, allowed, 200)), false, 'chance in a large gallery');
    assert.equal('outcome' in (await judged(five.slice(1), allowed)), false);
    const weak = [...five.slice(1), ['p-9', 0.499] as const];
    assert.equal('outcome' in (await judged(weak, allowed)), false, 'one is below the threshold');
  });

  test('are those of a person who is there from the threshold on, unless it is the same one', async () => {
    const similar = await judged([['p-1', 0.5]]);
    assert.deepEqual(similar, { outcome: 'similar', personId: 'p-1', name: 'name of p-1', similarity: 0.5 });
    assert.deepEqual(await judged([['p-self', 0.9]], { self }), {});
    const behind = await judged(
      [
        ['p-self', 0.9],
        ['p-damaged', 0.6],
      ],
      { self },
    );
    assert.deepEqual('name' in behind && behind.name, damagedName);
    const warned = await judged([['p-1', 0.499]]);
    assert.deepEqual(warned, { resembles: [{ personId: 'p-1', name: 'name of p-1', similarity: 0.499 }] });
  });

  test('name the three persons whom they resemble most', async () => {
    const near = [1, 2, 3, 4].map((each) => [`p-${each}`, 0.45] as const);
    const result = await judged(near);
    assert.deepEqual('resembles' in result && result.resembles?.map((each) => each.personId), [
      'p-1',
      'p-2',
      'p-3',
    ]);
  });

  test('name nobody to a caller who may not read names', () => {
    const gallery = { showPerson: () => ({ profile: { name: 'Ada' } }) } as unknown as Gallery;
    const [candidate] = candidates([['p-1', 0.45]]);
    assert.ok(candidate !== undefined);
    const one = named(candidate, gallery);
    const similar = { outcome: 'similar', ...one } as const;
    const enrollable = { outcome: 'enrollable', photographs: [], resembles: [one] } as const;
    const changed = { outcome: 'changed', photographs: [], resembles: [one] } as never;
    const accepted = { outcome: 'accepted', photographs: [], resembles: [one] } as const;
    const refused = { outcome: 'refused', photographs: [photo] } as const;
    const reader = { scopes: new Set(['names:read']) } as never;
    const other = { scopes: new Set() } as never;
    const unnamed = { personId: 'p-1', similarity: 0.45 };
    for (const [forCaller, results] of [
      [enrolmentFor, [similar, enrollable, refused]],
      [photographChangeFor, [similar, changed, refused]],
      [stagedRowFor, [similar, accepted, refused]],
    ] as const) {
      const say = forCaller as (result: unknown, caller: unknown) => unknown;
      for (const result of results) {
        assert.deepEqual(say(result, reader), result);
        assert.doesNotMatch(JSON.stringify(say(result, other)), /Ada/);
      }
      assert.deepEqual(say(similar, other), { outcome: 'similar', ...unnamed });
      assert.deepEqual(say(results[1], other), { ...(results[1] as object), resembles: [unnamed] });
      assert.equal(say(refused, other), refused);
    }
  });
});

describe('the photos of an enrolment', () => {
  const options = (outcome: object) => {
    const picks: (number | undefined)[] = [];
    const analysePhoto = async (_image: Buffer, faceNumber?: number) => {
      picks.push(faceNumber);
      return { ...outcome };
    };
    return {
      picks,
      options: { gallery: { recogniser: recogniserId('r1') }, analysePhoto } as unknown as EnrolmentOptions,
    };
  };
  const embeddingBase64 = Buffer.from(face.buffer).toString('base64');
  const usable = {
    ...{ outcome: 'ok', recogniser: 'r1', embeddingBase64, picture: Uint8Array.of(1) },
    quality: { score: 0.8, reasons: [], warnings: ['cut-off'] },
  };

  test('say what is wrong with a small or cut face, and are kept in order', async () => {
    const { options: given } = options(usable);
    const { photographs, enrolled } = await lookAt(
      { photographs: [Buffer.from('a')], faceNumber: undefined },
      given,
    );
    const [first] = photographs;
    assert.ok(first?.outcome === 'enrolled');
    assert.deepEqual(
      first.warnings?.map(({ code, remedy }) => [code, /room around the whole head/.test(remedy)]),
      [['cut-off', true]],
    );
    assert.deepEqual(
      enrolled.map(({ quality }) => quality),
      [0.8],
    );
  });

  test('are refused without an analysis where the file is over 32 MiB', async () => {
    const { picks, options: given } = options(usable);
    const [most, more] = [0, 1].map((extra) => Buffer.alloc(32 * 2 ** 20 + extra));
    assert.ok(most !== undefined && more !== undefined);
    const { photographs, enrolled } = await lookAt(
      { photographs: [most, more], faceNumber: undefined },
      given,
    );
    assert.deepEqual(
      photographs.map((each) => ('code' in each ? each.code : each.outcome)),
      ['enrolled', 'too-large'],
    );
    assert.deepEqual([enrolled.length, picks.length], [1, 1]);
  });

  test('of which a face is picked are one', async () => {
    const { picks, options: given } = options(usable);
    await lookAt({ photographs: [Buffer.from('a')], faceNumber: 2 }, given);
    assert.deepEqual(picks, [2]);
    for (const photographs of [[], [Buffer.from('a'), Buffer.from('b')]]) {
      await assert.rejects(lookAt({ photographs, faceNumber: 2 }, given), {
        code: 'face-of-several-photographs',
      });
    }
  });

  test('of another recogniser are a defect', async () => {
    const { options: given } = options({ ...usable, recogniser: 'r2' });
    await assert.rejects(lookAt({ photographs: [Buffer.from('a')], faceNumber: undefined }, given), {
      code: 'recogniser-mismatch',
    });
  });

  test('that disagree say with which one, and whether it is known which is wrong', () => {
    const told = (isWrongOneKnown: boolean, count: number) => {
      const photographs = Array.from({ length: count }, () => photo);
      const disagreement = { isWrongOneKnown, photographs: [{ index: 1, comparedTo: 0, similarity: 0.2 }] };
      const results = refuseDisagreeing(photographs, disagreement, 0.5);
      assert.equal(results[0], photo);
      const [, second] = results;
      assert.ok(second?.outcome === 'refused' && second.code === 'different-person');
      return `${second.message} | ${second.remedy}`;
    };
    assert.match(
      told(true, 3),
      /as photo 1 and most others: similarity 0\.200, below the threshold 0\.500 \| Remove/,
    );
    assert.match(told(false, 2), /as photo 1: similarity 0\.200, below .* \| Check/);
    assert.match(
      told(false, 3),
      /do not seem to show one person; the most similar one is photo 1, .* \| Check/,
    );
  });
});

describe('who resembles a face', () => {
  async function found(near: readonly Near[], changes: Partial<SimilarityContext> = {}, self?: PersonId) {
    let asked = 0;
    const gallery = {
      recogniser: recogniserId('r1'),
      nearest: async (_face: unknown, { count }: { readonly count: number }) => {
        assert.equal(count, 3, 'one more than asked for, which may be the person itself');
        return candidates(near[asked++] ?? []);
      },
      showPerson: (id: string) => (id === 'p-damaged' ? undefined : { profile: { name: `name of ${id}` } }),
      strangers: {
        count: 9,
        nearest: (_faces: unknown, { count }: { readonly count: number }) => {
          assert.equal(count, 9);
          return ['s-1', 's-2', 's-3', 's-4'].map((strangerId, index) => ({
            ...{ strangerId, similarity: 0.6 - index / 10 },
          }));
        },
      },
    };
    const context = {
      ...{ gallery, isNamed: true, isShown: () => true },
      policy: { threshold: 0.5, margin: 0.1, thresholds: new Map([['p-high', 0.7]]) },
      ...changes,
    } as unknown as SimilarityContext;
    return similarTo(
      near.map(() => face),
      { limit: 2, ...(self && { self }) },
      context,
    );
  }

  test('is told by the best view of each, without the person itself, the closest first', async () => {
    const self = personId('p-self');
    const { persons } = await found(
      [
        [
          ['p-1', 0.4],
          ['p-self', 0.99],
        ],
        [
          ['p-2', 0.45],
          ['p-1', 0.6],
          ['p-3', 0.1],
        ],
      ],
      {},
      self,
    );
    assert.deepEqual(
      persons.map(({ personId: id, similarity, isToldApart, name }) => [id, similarity, isToldApart, name]),
      [
        ['p-1', 0.6, false, 'name of p-1'],
        ['p-2', 0.45, true, 'name of p-2'],
      ],
    );
  });

  test('has no names for a caller who may not read them, and a placeholder for a damaged one', async () => {
    const near: Near = [['p-damaged', 0.4]];
    assert.equal((await found([near])).persons[0]?.name, damagedName);
    assert.equal('name' in ((await found([near], { isNamed: false })).persons[0] ?? {}), false);
  });

  test('is not told apart from the threshold on, or where the two cannot be separated', async () => {
    const self = personId('p-self');
    const apart = async (similarity: number, changes: Partial<SimilarityContext> = {}, of?: PersonId) =>
      (await found([[['p-1', similarity]]], changes, of)).persons[0]?.isToldApart;
    assert.deepEqual([await apart(0.499), await apart(0.5)], [true, false]);
    const policy = { threshold: 0.5, margin: 0.1, isInseparable: () => true } as never;
    assert.equal(await apart(0.1, { policy }, self), false);
    assert.equal(await apart(0.1, { policy }), true, 'a picture of nobody known');
  });

  test('has the unknown persons whom the caller may see, at most as many as asked for', async () => {
    const { strangers } = await found([[]], { isShown: (id) => String(id) !== 's-1' });
    assert.deepEqual(
      strangers.map(({ strangerId, isToldApart }) => [strangerId, isToldApart]),
      [
        ['s-2', false],
        ['s-3', true],
      ],
    );
  });
});
