import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import type { ReviewItem } from '../../daemon/contract/review.js';
import { allScopes, builtInRoles, type Scope } from '../../daemon/contract/scopes.js';
import { camerasToReview } from '../../daemon/core/review/cameras-to-review.js';
import { lookAlikesToReview } from '../../daemon/core/review/look-alikes-to-review.js';
import { passagesToReview } from '../../daemon/core/review/passages-to-review.js';
import { Review } from '../../daemon/core/review/review-handlers.js';
import { unknownPeopleToReview } from '../../daemon/core/review/unknown-people-to-review.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { operational } from '../../daemon/kernel/errors.js';
import { cameraId, type PersonId, strangerId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { asideMs, reviewedWithinMs } from '../../daemon/kernel/review/review-kind.js';
import { atTheBox, openAccountsFixture } from '../support/accounts-fixture.js';
import { tester, testRecogniser, unitVector } from '../support/gallery-fixture.js';
import { type PassageApi, withPassageApi } from '../support/passage-api.js';
import { passageEpochMs, passageIdOf, passageOf } from '../support/passage-fixture.js';

const hourMs = 3_600_000;
const listInput = { limit: 100 } as const;

const callerOf = (name: string, scopes: readonly Scope[], cameras?: readonly string[]) => ({
  ...{ actor: `user:${name}`, origin: 'https 192.0.2.7', scopes: new Set(scopes) },
  cameras: cameras && new Set(cameras),
});
const anna = callerOf('anna', builtInRoles.operator);
const ben = callerOf('ben', builtInRoles.operator);
const admin = callerOf('admin', allScopes);

/** The queue over a real gallery and real records, whose clock a test moves. */
interface ReviewFixture extends PassageApi {
  readonly review: Review;
  /** How far the clock is behind the first passages, ms. */
  readonly clock: { sinceEpochMs: number };
  readonly failing: { id: string; name: string; isFailing: boolean }[];
  readonly alike: { a: PersonId; b: PersonId; similarity: number; margin: number }[];
  ids(caller: typeof anna): readonly string[];
}

async function withReview(t: TestContext, work: (fixture: ReviewFixture) => Promise<void>): Promise<void> {
  await withPassageApi(t, async (api) => {
    const { records, gallery, audited, trail } = api;
    const clock = { sinceEpochMs: hourMs };
    const failing: ReviewFixture['failing'] = [];
    const alike: ReviewFixture['alike'] = [];
    const ofPassages = { journal: records.passages, records: records.review, pictureOf: () => undefined };
    const review = new Review({
      sources: [
        camerasToReview({
          cameras: () =>
            failing.map(({ id, name, isFailing }) => ({
              ...{ id, name, isEnabled: true, direction: 'in', counters: {} },
              state: isFailing ? 'failed' : 'streaming',
              ...{ code: 'no-route', message: 'the camera does not answer', remedy: 'Check its cable.' },
            })),
          records,
        }),
        passagesToReview({ kind: 'unproven', ...ofPassages }),
        passagesToReview({ kind: 'near-match', ...ofPassages }),
        unknownPeopleToReview({ gallery: () => gallery, hasPicture: () => false }),
        lookAlikesToReview({ calibration: { alike, isInseparable: () => false }, gallery: () => gallery }),
      ],
      records: records.review,
      gallery: () => gallery,
      nameOf: (id) => gallery.showPerson(id as PersonId)?.profile?.name,
      readings: { note: (entry) => void audited.push(entry) },
      audit: trail,
      clock: { wallMs: () => passageEpochMs + clock.sinceEpochMs },
    });
    const ids = (caller: typeof anna): readonly string[] => {
      const { items } = review.list(listInput, caller);
      assert.equal(review.counts(caller).waiting, items.length, 'the counter agrees with the list');
      return items.map(({ id }) => id);
    };
    await work({ ...api, review, clock, failing, alike, ids });
  });
}

const near = (...persons: readonly (readonly [PersonId, number])[]) =>
  persons.map(([personId, similarity]) => ({ personId, similarity, threshold: 0.4 }));

/** Ada, whose liveness was not confirmed. */
const unproven = (number: number, ada: PersonId, changes: Partial<Passage> = {}): Passage =>
  passageOf(number, {
    ...{ outcome: 'unproven', reason: 'no-blink', personId: ada, nearest: near([ada, 0.8]), events: [] },
    ...changes,
  });

/** An unknown person who is similar to these. */
function nearMatch(number: number, nearest: Passage['nearest'], changes: Partial<Passage> = {}): Passage {
  const { personId: _, ...nobody } = passageOf(number, { events: [], nearest });
  return { ...nobody, outcome: 'stranger', reason: 'below-threshold', ...changes };
}

const itemOf = (number: number): string => `passage.${passageIdOf(number)}`;

describe('the review queue', () => {
  test('holds unproven passages and near matches until feedback, and again when it is taken back', async (t) => {
    await withReview(t, async ({ records, passages, review, ids, ada, grace }) => {
      records.passages.put(passageOf(1, { personId: ada, nearest: [] }));
      records.passages.put(unproven(2, ada));
      records.passages.put(nearMatch(3, near([grace, 0.37], [ada, 0.3])));
      records.passages.put(
        nearMatch(4, near([ada, 0.41], [grace, 0.4]), { outcome: 'ambiguous', reason: 'within-margin' }),
      );
      records.passages.put(nearMatch(5, near([ada, 0.1]), { reason: 'stranger' }));
      const { end: _, ...inSight } = unproven(6, ada);
      records.passages.put(inSight);
      assert.deepEqual(ids(anna), [itemOf(2), itemOf(4), itemOf(3)]);
      const [first, , last] = review.list(listInput, anna).items as readonly Extract<
        ReviewItem,
        { kind: 'unproven' | 'near-match' }
      >[];
      assert.deepEqual(
        first?.candidates.map(({ person }) => person),
        [{ id: ada, name: 'Ada Lovelace' }],
      );
      assert.deepEqual(
        last?.candidates.map(({ person, similarity, photograph }) => [
          person.name,
          similarity,
          photograph !== undefined,
        ]),
        [
          ['Grace Hopper', 0.37, true],
          ['Ada Lovelace', 0.3, true],
        ],
      );
      passages.mark(passageIdOf(2), { was: 'person', person: ada }, anna);
      passages.mark(passageIdOf(3), { was: 'stranger' }, ben);
      assert.deepEqual(ids(anna), [itemOf(4)]);
      assert.deepEqual(ids(ben), [itemOf(4)], 'what one answered is gone for the other');
      passages.unmark(passageIdOf(3), anna);
      assert.deepEqual(ids(ben), [itemOf(4), itemOf(3)]);
      passages.mark(passageIdOf(3), { was: 'nobody' }, ben);
      passages.mark(passageIdOf(4), { was: 'nobody' }, ben);
      assert.deepEqual(ids(anna), []);
      assert.equal(review.counts(anna).lastAt, new Date(passageEpochMs + 4000).toISOString());
    });
  });

  test('asks only about what still needs a person', async (t) => {
    await withReview(t, async ({ records, clock, ids, ada }) => {
      const { passages } = records;
      const stranger = { id: strangerId(`s-${'a'.repeat(26)}`), visit: 1 };
      passages.put(unproven(1, ada, { reason: 'attended-before' }));
      passages.put(nearMatch(2, near([ada, 0.37]), { reason: 'stranger-before' }));
      passages.put(nearMatch(3, near([ada, 0.37]), { stranger }));
      passages.put(unproven(4, ada));
      assert.deepEqual(ids(anna), [itemOf(4), itemOf(3)]);
      passages.assignStranger(stranger.id, ada);
      assert.deepEqual(ids(anna), [itemOf(4)], 'the unknown person is known');
      passages.unassignStranger(stranger.id);
      assert.deepEqual(ids(anna), [itemOf(4), itemOf(3)]);
      // Within ten minutes, the same person passed the liveness check.
      passages.put(passageOf(601, { personId: ada, nearest: [] }));
      assert.deepEqual(ids(anna), [itemOf(3)]);
      passages.put(unproven(602, ada));
      passages.put(passageOf(1300, { personId: ada, nearest: [] }));
      assert.deepEqual(ids(anna), [itemOf(602), itemOf(3)], 'eleven minutes later is another arrival');
      clock.sinceEpochMs = reviewedWithinMs + 600_000;
      assert.deepEqual(ids(anna), [itemOf(602)]);
      clock.sinceEpochMs += hourMs;
      assert.deepEqual(ids(anna), []);
    });
  });

  test('forgets a skipped item for one user, and what needs nothing for everyone, for 30 days', async (t) => {
    await withReview(t, async ({ directory, records, review, clock, ids, trail, ada }) => {
      for (const number of [1, 2, 3]) records.passages.put(nearMatch(number, near([ada, 0.37])));
      const asideEntries = () =>
        trail
          .list({ limit: 50 })
          .filter(({ action }) => action.startsWith('review.'))
          .map(({ action, details }) => [action, details['item']]);
      assert.equal(review.setAside(itemOf(1), 'me', anna).for, 'me');
      assert.deepEqual(ids(anna), [itemOf(3), itemOf(2)]);
      assert.deepEqual(
        ids(ben),
        [itemOf(3), itemOf(2), itemOf(1)],
        'what one skipped is there for the other',
      );
      assert.deepEqual(asideEntries(), [], 'a skipped item leaves no entry');
      review.setAside(itemOf(2), 'everyone', ben);
      assert.deepEqual([ids(anna), ids(ben)], [[itemOf(3)], [itemOf(3), itemOf(1)]]);
      assert.deepEqual(asideEntries(), [['review.set-aside', itemOf(2)]]);
      review.restore(itemOf(2), 'me', anna);
      assert.deepEqual(ids(anna), [itemOf(3)], 'what a colleague said stays');
      review.restore(itemOf(2), 'everyone', anna);
      review.restore(itemOf(1), 'me', ben);
      assert.deepEqual(
        [ids(anna), ids(ben)],
        [
          [itemOf(3), itemOf(2)],
          [itemOf(3), itemOf(2), itemOf(1)],
        ],
      );
      assert.equal(asideEntries().length, 2);
      review.restore(itemOf(1), 'everyone', anna);
      assert.equal(ids(anna).length, 2, 'it was skipped, not done');
      review.restore(itemOf(1), 'me', anna);
      assert.equal(ids(anna).length, 3);
      for (const strange of ['passage.0', 'camera.gate.1', itemOf(9)]) {
        assert.throws(() => review.setAside(strange, 'me', anna), { code: 'no-such-review-item' });
      }
      review.setAside(itemOf(3), 'everyone', anna);
      clock.sinceEpochMs += asideMs;
      records.review.expire(passageEpochMs + clock.sinceEpochMs);
      assert.equal(rowsIn(directory), 0);
    });
  });

  test('remembers nothing of an erased person, a removed account, a deleted passage or a forgotten unknown person', async (t) => {
    await withReview(t, async ({ directory, records, review, alike, gallery, ada, grace }) => {
      records.passages.put(unproven(1, ada));
      records.passages.put(nearMatch(2, near([grace, 0.37])));
      alike.push({ a: ada, b: grace, similarity: 0.38, margin: 0.05 });
      const often = comesOften(gallery, 3);
      const pair = `look-alikes.${ada}.${grace}`;
      review.setAside(itemOf(1), 'me', anna);
      review.setAside(itemOf(2), 'everyone', anna);
      review.setAside(pair, 'everyone', admin);
      review.setAside(`unknown-person.${often}.3`, 'me', anna);
      review.setAside(pair, 'me', ben);
      assert.equal(rowsIn(directory), 5);
      records.retention.forgetAbout(ada);
      assert.equal(rowsIn(directory), 2, 'the passage of Ada, and the pair twice');
      records.retention.forgetStrangers([often]);
      assert.equal(rowsIn(directory), 1);
      review.setAside(itemOf(2), 'me', ben);
      records.review.forgetActor(ben.actor);
      assert.equal(rowsIn(directory), 1);
      records.retention.passages().begin(passageEpochMs + hourMs)(10);
      assert.equal(rowsIn(directory), 0);
    });
  });

  test('remembers nothing of a person who withdraws consent', async (t) => {
    await withReview(t, async ({ directory, review, persons, alike, ada, grace }) => {
      alike.push({ a: ada, b: grace, similarity: 0.38, margin: 0.05 });
      review.setAside(`look-alikes.${ada}.${grace}`, 'everyone', admin);
      assert.equal(rowsIn(directory), 1);
      assert.ok(persons.withdrawConsent(grace, anna));
      assert.equal(rowsIn(directory), 0);
    });
  });

  test('forgets what an API key skipped with the key, which may go with its account', async (t) => {
    await withReview(t, async ({ records, review, directory, ada }) => {
      await using box = await openAccountsFixture({
        onActorRemoved: (actor) => records.review.forgetActor(actor),
      });
      const { handlers } = box.accounts;
      await box.claim();
      const berta = await box.addUser('berta', 'admin');
      records.passages.put(nearMatch(1, near([ada, 0.37])));
      const keyOf = async (by: Caller): Promise<string> => {
        const input = { label: 'a centre', scopes: ['events:read' as const], expiresInDays: 1 };
        const { apiKey } = await handlers['api-keys.create'](input, box.call(by));
        review.setAside(itemOf(1), 'me', { ...anna, actor: `api-key:${apiKey.id}` });
        return apiKey.id;
      };
      const ofBox = await keyOf(atTheBox);
      await keyOf({ ...atTheBox, actor: `user:${berta}` });
      assert.equal(rowsIn(directory), 2);
      await handlers['api-keys.revoke']({ id: ofBox }, box.call(atTheBox));
      assert.equal(rowsIn(directory), 1);
      await handlers['users.remove']({ id: berta }, box.call(atTheBox));
      assert.equal(rowsIn(directory), 0);
    });
  });

  test('forgets what a user skipped with the account, which stays if that fails', async (t) => {
    await withReview(t, async ({ directory, records, review, ada }) => {
      let isDiskFull = true;
      await using box = await openAccountsFixture({
        onActorRemoved(actor) {
          if (isDiskFull) throw operational('disk-full', 'the disk is full');
          records.review.forgetActor(actor);
        },
      });
      await box.claim();
      const id = await box.addUser('berta', 'operator');
      records.passages.put(nearMatch(1, near([ada, 0.37])));
      review.setAside(itemOf(1), 'me', { ...anna, actor: `user:${id}` });
      review.setAside(itemOf(1), 'me', ben);
      const remove = async () => box.accounts.handlers['users.remove']({ id }, box.call(atTheBox));
      await assert.rejects(remove, { code: 'disk-full' });
      assert.equal(rowsIn(directory), 2);
      isDiskFull = false;
      await remove();
      assert.equal(rowsIn(directory), 1);
    });
  });

  test('has what a caller may answer, at the cameras that they may use', async (t) => {
    await withReview(t, async ({ records, review, failing, alike, gallery, ids, ada, grace }) => {
      records.passages.put(unproven(1, ada));
      records.passages.put(nearMatch(2, near([ada, 0.37]), { cameraId: cameraId('yard') }));
      alike.push({ a: ada, b: grace, similarity: 0.38, margin: 0.05 });
      const unknown = `unknown-person.${comesOften(gallery, 3)}.3`;
      const pair = `look-alikes.${ada}.${grace}`;
      for (const id of ['gate', 'yard']) failing.push({ id, name: id, isFailing: true });
      const failedAtMs = passageEpochMs + 5000;
      for (const id of ['gate', 'yard']) {
        records.record({
          kind: 'camera',
          occurredAtMs: failedAtMs,
          cameraId: cameraId(id),
          state: 'failed',
          code: 'no-route',
        });
      }
      const [gate, yard] = ['gate', 'yard'].map((id) => `camera.${id}.${failedAtMs}`);
      assert.deepEqual(ids(admin), [yard, gate, itemOf(1), itemOf(2), unknown, pair]);
      assert.deepEqual(ids(anna), [itemOf(1), itemOf(2), unknown, pair], 'an operator cannot repair cameras');
      assert.deepEqual(ids(callerOf('tom', builtInRoles.technician)), [yard, gate]);
      const guard = callerOf('guard', allScopes, ['yard']);
      assert.deepEqual(ids(guard), [yard, itemOf(2)]);
      const atYard = review.list({ ...listInput, camera: 'yard' }, admin).items.map(({ id }) => id);
      assert.deepEqual(atYard, [yard, itemOf(2)]);
      assert.throws(() => review.list({ ...listInput, camera: 'gate' }, guard), { code: 'forbidden' });
      for (const other of [itemOf(1), gate ?? '', unknown, pair]) {
        assert.throws(() => review.setAside(other, 'everyone', guard), { code: 'no-such-review-item' });
        assert.throws(() => review.restore(other, 'me', guard), { code: 'no-such-review-item' });
      }
      const nameless = review.list(listInput, callerOf('eve', ['passages:read', 'passages:write']));
      assert.doesNotMatch(JSON.stringify(nameless), /Ada|Grace|photograph/);
      // A camera that is back needs nobody; when it fails again, that is another item.
      review.setAside(yard ?? '', 'everyone', admin);
      assert.deepEqual(ids(guard), [itemOf(2)]);
      for (const camera of failing) camera.isFailing = camera.id === 'yard';
      records.record({
        kind: 'camera',
        occurredAtMs: failedAtMs + 1,
        cameraId: cameraId('yard'),
        state: 'streaming',
      });
      records.record({
        kind: 'camera',
        occurredAtMs: failedAtMs + 2,
        cameraId: cameraId('yard'),
        state: 'failed',
        code: 'no-route',
      });
      assert.deepEqual(ids(guard), [`camera.yard.${failedAtMs + 2}`, itemOf(2)]);
    });
  });

  test('has an unknown person who comes often, and again when they have come twice as often', async (t) => {
    await withReview(t, async ({ review, gallery, ids }) => {
      assert.deepEqual(ids(anna), []);
      comesOften(gallery, 2);
      assert.deepEqual(ids(anna), []);
      const id = comesOften(gallery, 4);
      assert.deepEqual(ids(anna), [`unknown-person.${id}.3`]);
      review.setAside(`unknown-person.${id}.3`, 'everyone', ben);
      comesOften(gallery, 5);
      assert.deepEqual(ids(anna), []);
      comesOften(gallery, 6);
      assert.deepEqual(ids(anna), [`unknown-person.${id}.6`]);
      gallery.strangers.setIgnored(id, true, tester);
      assert.deepEqual(ids(anna), []);
      gallery.strangers.setIgnored(id, false, tester);
      assert.deepEqual(ids(anna), [`unknown-person.${id}.6`]);
    });
  });

  test('comes in pages, each item once, whatever was answered between two', async (t) => {
    await withReview(t, async ({ records, passages, review, alike, gallery, ada, grace }) => {
      for (const number of [1, 2, 3]) records.passages.put(unproven(number, ada));
      for (const number of [4, 5]) records.passages.put(nearMatch(number, near([grace, 0.37])));
      alike.push({ a: ada, b: grace, similarity: 0.38, margin: 0.05 });
      const unknown = `unknown-person.${comesOften(gallery, 3)}.3`;
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = review.list({ limit: 2, cursor }, admin);
        seen.push(...page.items.map(({ id }) => id));
        const last = page.items.at(-1);
        if (last?.kind === 'unproven') passages.mark(last.passage.id, { was: 'stranger' }, anna);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(seen, [3, 2, 1, 5, 4].map(itemOf).concat(unknown, `look-alikes.${ada}.${grace}`));
      for (const wrong of ['nonsense', 'unproven', 'unproven~x', 'door~1']) {
        assert.throws(() => review.list({ limit: 2, cursor: wrong }, admin), { code: 'bad-request' });
      }
    });
  });

  test('hides what somebody sets aside in the file, and nothing else of it', async (t) => {
    await withReview(t, async ({ directory, records, passages, ids, ada }) => {
      records.passages.put(nearMatch(1, near([ada, 0.37])));
      const db = new Sqlite(join(directory, 'records.db'));
      db.prepare("INSERT INTO review_aside (item, actor, at_ms) VALUES (?, '', ?)").run(
        itemOf(1),
        passageEpochMs,
      );
      db.close();
      assert.deepEqual(ids(anna), []);
      assert.equal(passages.list({ limit: 10, order: 'newest-first' }, anna).items.length, 1);
    });
  });
});

/** How many items are set aside. */
function rowsIn(directory: string): number {
  const db = new Sqlite(join(directory, 'records.db'), { readonly: true });
  try {
    return Number(db.prepare('SELECT count(*) FROM review_aside').pluck().get());
  } finally {
    db.close();
  }
}

/** Makes the visits of one unknown person as many as this, an hour apart. */
function comesOften({ strangers }: PassageApi['gallery'], visits: number) {
  for (let visit = strangers.list()[0]?.visits ?? 0; visit < visits; visit += 1) {
    const atMs = passageEpochMs + visit * hourMs;
    const passage = passageIdOf(1000 + visit);
    strangers.see({
      ...{ passageId: passage, cameraId: cameraId('gate'), recogniser: testRecogniser, threshold: 0.55 },
      ...{ firstSeenMs: atMs, lastSeenMs: atMs + 1000 },
      views: [{ embedding: unitVector(77), quality: 0.8 }],
    });
    strangers.end(passage);
  }
  const [first] = strangers.list();
  assert.ok(first);
  return first.id;
}
