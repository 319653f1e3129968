import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allScopes, type Scope } from '../../daemon/contract/scopes.js';
import { camerasToReview } from '../../daemon/core/review/cameras-to-review.js';
import { lookAlikesToReview } from '../../daemon/core/review/look-alikes-to-review.js';
import { Review } from '../../daemon/core/review/review-handlers.js';
import { serveReview } from '../../daemon/core/review/review-part.js';
import {
  type FewItem,
  fewItems,
  type ReviewReader,
  type ReviewSource,
} from '../../daemon/core/review/review-source.js';
import { cameraId, personId } from '../../daemon/kernel/ids.js';
import { asideMs, type ReviewKind, reviewKinds } from '../../daemon/kernel/review/review-kind.js';

const nowMs = Date.UTC(2026, 2, 2, 12);
const caller = { actor: 'user:anna', origin: 'gate', scopes: new Set<Scope>(allScopes), cameras: undefined };
const readerOf = (changes: Partial<ReviewReader> = {}): ReviewReader => ({
  ...{ caller, cameraIds: undefined, nowMs, aside: new Set<string>() },
  ...{ nameOf: (id) => `name of ${id}`, photographOf: (id) => `photo of ${id}` },
  ...changes,
});

const cameraItem =
  (id: string, camera: string): FewItem['item'] =>
  () => ({
    ...{ id, kind: 'camera', at: '2026-03-02T11:00:00.000Z', camera, name: camera },
    ...{ code: 'no-route', message: 'the camera does not answer', remedy: 'Check its cable.' },
  });
const itemOf = (id: string, rank: number, more: Partial<FewItem> = {}): FewItem => ({
  ...{ id, rank, item: cameraItem(id, 'door') },
  ...more,
});

describe('items that a source names all at once', () => {
  const all = [itemOf('b', 2, { atMs: 20 }), itemOf('c', 10, { atMs: 10 }), itemOf('a', 2), itemOf('d', 1)];
  const source = fewItems(() => all);
  const listed = (limit: number, after?: string, aside: readonly string[] = []): readonly string[] =>
    source.list(readerOf({ aside: new Set(aside) }), limit, after).map(({ place }) => place);

  test('come by their rank, the greatest first, in pages', () => {
    const places = listed(10);
    assert.deepEqual(
      places.map((place) => place.replace(/^0+/, '')),
      ['10.c', '2.b', '2.a', '1.d'],
    );
    assert.deepEqual(listed(2), places.slice(0, 2));
    assert.deepEqual(listed(10, places[1]), places.slice(2));
    assert.deepEqual(
      source.list(readerOf(), 1, undefined).map(({ item }) => item?.id),
      ['c'],
    );
  });

  test('are left out where they are set aside, and are found all the same', () => {
    const reader = readerOf({ aside: new Set(['c']) });
    assert.equal(listed(10, undefined, ['c']).length, 3);
    assert.equal(source.count(reader), 3);
    assert.deepEqual([source.find('c', reader), source.find('x', reader)], [{}, undefined]);
  });

  test('say when the newest came, whatever became of it', () => {
    assert.equal(source.newestMs(readerOf({ aside: new Set(['b']) })), 20);
    assert.equal(fewItems(() => [itemOf('a', 1)]).newestMs(readerOf()), undefined);
  });
});

describe('the review queue', () => {
  function start(...kinds: readonly (readonly [ReviewKind, readonly FewItem[], Partial<ReviewSource>?])[]) {
    const noted: unknown[] = [];
    const audited: unknown[] = [];
    const asides: unknown[] = [];
    const review = new Review({
      sources: kinds.map(([kind, items, changes]) => ({
        ...{ kind, scopes: [], isOfAllCameras: false },
        ...fewItems(() => items),
        ...changes,
      })),
      records: {
        asideFor: () => new Set(),
        setAside(aside, alongside) {
          asides.push(aside);
          alongside();
        },
        restore(item, actor, alongside) {
          asides.push([item, actor]);
          alongside();
        },
      },
      gallery: () => ({ showPerson: () => undefined }),
      nameOf: () => undefined,
      readings: { note: (entry) => void noted.push(entry) },
      audit: { append: (entry) => audited.push(entry) as never },
      clock: { wallMs: () => nowMs },
    });
    return { review, noted, audited, asides };
  }
  const by = { actor: caller.actor, origin: caller.origin };

  test('notes who read it: how many items of each camera, and of none', () => {
    const pair = {
      id: 'pair',
      kind: 'look-alikes',
      at: '',
      similarity: 1,
      persons: [],
      isSeparable: true,
    } as const;
    const { review, noted } = start(
      ['camera', [itemOf('a', 3), itemOf('b', 2), itemOf('c', 1, { item: cameraItem('c', 'yard') })]],
      ['look-alikes', [itemOf('pair', 1, { item: () => ({ ...pair, persons: [] }) })]],
    );
    review.list({ limit: 10 }, caller);
    const action = 'review.listed';
    assert.deepEqual(noted, [
      { by, action, details: { items: 2, camera: 'door' } },
      { by, action, details: { items: 1, camera: 'yard' } },
      { by, action, details: { items: 1 } },
    ]);
  });

  test('counts what waits of each kind, and says when the newest came', () => {
    const { review } = start(
      ['camera', [itemOf('a', 1, { atMs: nowMs - 2000 }), itemOf('b', 2, { atMs: nowMs - 1000 })]],
      ['unproven', [itemOf('c', 1, { atMs: nowMs - 3000 })]],
      ['look-alikes', [itemOf('d', 1)]],
    );
    assert.deepEqual(review.counts(caller), {
      waiting: 4,
      kinds: [
        { kind: 'camera', waiting: 2 },
        { kind: 'unproven', waiting: 1 },
        { kind: 'look-alikes', waiting: 1 },
      ],
      lastAt: '2026-03-02T11:59:59.000Z',
    });
    assert.deepEqual(start(['look-alikes', [itemOf('d', 1)]]).review.counts(caller).lastAt, undefined);
  });

  test('has for each caller what they may answer', () => {
    const { review } = start(
      ['camera', [itemOf('a', 1)], { scopes: ['cameras:read', 'cameras:write'] }],
      ['look-alikes', [itemOf('b', 1)], { isOfAllCameras: true }],
    );
    const waiting = (changes: Partial<Parameters<Review['counts']>[0]>): readonly string[] =>
      review.counts({ ...caller, ...changes }).kinds.map(({ kind }) => kind);
    assert.deepEqual(waiting({}), ['camera', 'look-alikes']);
    assert.deepEqual(waiting({ scopes: new Set<Scope>(['cameras:read']) }), ['look-alikes']);
    assert.deepEqual(waiting({ cameras: new Set(['door']) }), ['camera']);
    for (const change of ['setAside', 'restore'] as const)
      assert.throws(() => review[change]('b', 'me', { ...caller, cameras: new Set(['door']) }), {
        code: 'no-such-review-item',
      });
  });

  test('tells the audit log what is set aside for everyone, and nobody else what one skips', () => {
    const { review, audited, asides } = start([
      'unproven',
      [itemOf('a', 1)],
      { find: () => ({ passage: 7 }) },
    ]);
    const until = new Date(nowMs + asideMs).toISOString();
    assert.deepEqual(review.setAside('a', 'me', caller), { item: 'a', for: 'me', until });
    assert.deepEqual(review.restore('a', 'me', caller), { item: 'a' });
    assert.deepEqual(audited, []);
    review.setAside('a', 'everyone', caller);
    review.restore('a', 'everyone', caller);
    const details = { kind: 'unproven', item: 'a' };
    assert.deepEqual(audited, [
      { by, details, action: 'review.set-aside' },
      { by, details, action: 'review.restored' },
    ]);
    assert.deepEqual(asides, [
      { item: 'a', actor: caller.actor, atMs: nowMs, passage: 7 },
      ['a', caller.actor],
      { item: 'a', actor: undefined, atMs: nowMs, passage: 7 },
      ['a', undefined],
    ]);
  });
});

test('the box serves every kind of the queue, in its order', async () => {
  const { handlers } = serveReview({
    vault: { gallery: () => ({ showPerson: () => undefined, strangers: { list: () => [] } }) },
    records: {
      review: { asideFor: () => new Set(), countWaiting: () => 0, newestMs: () => undefined },
    },
    runtime: { cameras: [], vision: { board: { status: () => [] } } },
    ...{ calibration: { alike: [] }, clock: { wallMs: () => nowMs } },
  } as unknown as Parameters<typeof serveReview>[0]);
  const { kinds } = await handlers['review.counts']({}, { caller } as never);
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    reviewKinds,
  );
});

describe('look-alikes to review', () => {
  const [ada, bea, cyd] = ['p-ada', 'p-bea', 'p-cyd'].map(personId);
  if (ada === undefined || bea === undefined || cyd === undefined) throw new Error('no persons');
  const source = lookAlikesToReview({
    calibration: {
      alike: [
        { a: ada, b: bea, similarity: 0.41, margin: 0.05 },
        { a: ada, b: cyd, similarity: 0.5, margin: 0.05 },
      ],
      isInseparable: (a, b) => a === ada && b === bea,
    },
    gallery: () => ({
      showPerson: (id) => (id === cyd ? undefined : ({ enrolledAtMs: id === ada ? 1000 : 2000 } as never)),
    }),
  });

  test('are the most similar first, with their names, photos, and the later enrolment', () => {
    const [erased, pair] = source.list(readerOf(), 10, undefined).map(({ item }) => item);
    assert.equal(erased, undefined, 'one of them was erased a moment ago');
    assert.deepEqual(pair, {
      ...{ id: 'look-alikes.p-ada.p-bea', kind: 'look-alikes', at: '1970-01-01T00:00:02.000Z' },
      ...{ similarity: 0.41, isSeparable: false },
      persons: [
        { person: { id: ada, name: 'name of p-ada' }, photograph: 'photo of p-ada' },
        { person: { id: bea, name: 'name of p-bea' }, photograph: 'photo of p-bea' },
      ],
    });
  });

  test('are not for callers who are limited to cameras', () => {
    assert.equal(source.count(readerOf()), 2);
    assert.equal(source.count(readerOf({ cameraIds: [cameraId('door')] })), 0);
  });
});

describe('cameras to review', () => {
  const failedAtMs = nowMs - 60_000.5;
  const source = camerasToReview({
    cameras: () =>
      ['door', 'yard', 'hall', 'roof'].map((id) => ({
        ...{ id, name: `name of ${id}`, isEnabled: true, direction: 'in', counters: {} },
        ...{ state: id === 'hall' ? 'streaming' : 'failed', code: 'no-route', message: 'm', remedy: 'r' },
      })) as never,
    records: {
      newestOfCamera: (camera) =>
        camera === 'roof'
          ? undefined
          : ({
              occurredAtMs: failedAtMs,
              payload: Buffer.from(
                JSON.stringify({
                  data: { camera, state: camera === 'yard' ? 'streaming' : 'failed', code: 'no-route' },
                }),
              ),
            } as never),
    },
  });

  test('are those that fail and whose last event says so', () => {
    const items = source.list(readerOf(), 10, undefined).map(({ item }) => item);
    const id = `camera.door.${Math.floor(failedAtMs)}`;
    assert.deepEqual(
      items.map((item) => item?.id),
      [id],
    );
    assert.equal(source.newestMs(readerOf()), failedAtMs);
    const countAt = (camera: string) => source.count(readerOf({ cameraIds: [cameraId(camera)] }));
    assert.deepEqual([countAt('door'), countAt('yard')], [1, 0]);
  });
});
