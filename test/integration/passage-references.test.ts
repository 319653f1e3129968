import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { mostPassageReferences } from '../../daemon/contract/enrolment.js';
import { allScopes, type Scope } from '../../daemon/contract/scopes.js';
import type { PhotoOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { encodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { withoutBuild } from '../support/box.js';
import {
  enrolmentOf,
  enrolmentPhotograph,
  noiseJpeg,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { type PassageApi, withPassageApi } from '../support/passage-api.js';
import { passageIdOf, passageOf } from '../support/passage-fixture.js';
import { moveOrder, openMoving, untilMove } from '../support/re-embed-fixture.js';
import { otherRecogniser } from '../support/scripted-embedder.js';

const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' } as const;

const callerWith = (scopes: readonly Scope[] = allScopes, cameras?: readonly string[]) => ({
  ...{ ...tester, scopes: new Set(scopes), cameras: cameras && new Set(cameras) },
});
const operator = callerWith();

/** A face that has this cosine to the face of `seed`, and a direction of its own. */
function like(seed: number, similarity: number, own: number): Embedding {
  const face = unitVector(seed);
  const other = unitVector(own);
  const shared = face.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
  const rest = other.map((value, index) => value - shared * (face[index] ?? 0));
  const length = Math.hypot(...rest);
  const share = Math.sqrt(1 - similarity ** 2) / length;
  return face.map((value, index) => similarity * value + share * (rest[index] ?? 0));
}

const seen = (embedding: Embedding, changes: object = {}): PhotoOutcome => ({
  ...{ outcome: 'ok', embeddingBase64: encodeEmbedding(embedding), recogniser: testRecogniser },
  quality: { score: 0.8, reasons: [] },
  picture: Buffer.from(noiseJpeg(77)),
  ...changes,
});

/** Ada passes, alive, and the box keeps the picture. */
function pass({ records, gallery }: PassageApi, number: number, person: PersonId): string {
  const { id, lastSeenMs } = passageOf(number);
  records.passages.put(passageOf(number, { personId: person, events: [] }));
  const picture = { kind: 'passage', eventId: id, personId: person, cameraId: 'gate' } as const;
  assert.ok(gallery.addEvidence({ ...picture, takenAtMs: lastSeenMs, jpeg: noiseJpeg(number) }));
  return id;
}

async function withConsent(api: PassageApi): Promise<void> {
  const updated = await api.persons.update(api.ada, { consent }, tester);
  assert.equal(updated.outcome, 'updated');
}

const shows = (api: PassageApi, embedding: Embedding, changes: object = {}): void => {
  api.look.analysePhoto = async () => seen(embedding, changes);
};

const refused = (reason: string) => ({ code: 'reference-refused', details: { reason } });

function adding(name: string, work: (api: PassageApi) => Promise<void>): void {
  test(name, async (t) => {
    await withPassageApi(t, async (api) => {
      await withConsent(api);
      shows(api, like(1, 0.7, 50));
      await work(api);
    });
  });
}

describe('the picture of a passage', () => {
  adding('becomes a photograph of the person, which says where it is from, and goes again', async (api) => {
    const { ada, gallery, passages, persons, trail } = api;
    const id = pass(api, 1, ada);
    assert.deepEqual(passages.show(id, operator).reference, {});
    assert.equal(passages.show(id, callerWith(['passages:read'])).reference, undefined);
    const before = (await gallery.nearest(like(1, 0.7, 50), { count: 1 }))[0]?.similarity ?? 0;
    const { photograph, person, retired } = await passages.addReference(id, operator);
    assert.deepEqual([person, retired], [ada, undefined]);
    const [now] = await gallery.nearest(like(1, 0.7, 50), { count: 1 });
    assert.ok(before < 0.71 && (now?.similarity ?? 0) > 0.99 && now?.personId === ada);
    assert.deepEqual(passages.show(id, operator).reference, { photograph });
    const fromPassage = { passage: id, camera: 'gate', seenAt: '2026-03-02T07:00:01.800Z' };
    const kept = persons.photographs.list(ada, operator) ?? [];
    assert.deepEqual(
      kept.map((each) => each.fromPassage).filter((each) => each !== undefined),
      [fromPassage],
    );
    assert.deepEqual(persons.photographs.read(ada, photograph, tester), Buffer.from(noiseJpeg(77)));
    for (const limited of [callerWith(['persons:read']), callerWith(allScopes, ['yard'])]) {
      const listed = persons.photographs.list(ada, limited) ?? [];
      assert.deepEqual(listed.find((each) => each.id === photograph)?.fromPassage, {});
    }
    const [entry] = trail.list({ action: 'person.photographs-changed' });
    assert.equal(entry?.subject, ada);
    assert.deepEqual(entry?.details, {
      ...{ revision: 3, basis: 'consent', passage: id },
      ...{ added: 1, deleted: 0, photographs: 2 },
    });
    assert.ok(
      !JSON.stringify(persons.show(ada, operator)).includes(id),
      'only the list of photographs tells it',
    );

    await assert.rejects(passages.addReference(id, operator), refused('already-added'));
    await persons.update(ada, { notes: 'changed meanwhile' }, tester);
    assert.deepEqual(passages.show(id, operator).reference, { photograph });
    assert.deepEqual(await passages.removeReference(id, operator), { person: ada, photograph });
    assert.equal(gallery.showPerson(ada)?.templates.length, 1);
    assert.equal(gallery.showPerson(ada)?.profile?.origins, undefined);
    await assert.rejects(passages.removeReference(id, operator), { code: 'no-such-reference' });
    const [undone] = trail.list({ action: 'person.photographs-changed' });
    assert.deepEqual([undone?.subject, undone?.details['passage']], [ada, id]);
  });

  adding('is refused where the face is not that of the person beyond doubt', async (api) => {
    const { ada, grace, gallery, passages, audited } = api;
    const id = pass(api, 1, ada);
    const cases: readonly [Embedding, string][] = [
      // Above the threshold, by less than the margin.
      [like(1, 0.52, 50), 'disagrees'],
      [unitVector(50), 'disagrees'],
      [unitVector(2), 'disagrees'],
      // Between Ada and Grace: near both.
      [between(unitVector(1), unitVector(2)), 'resembles-other'],
    ];
    for (const [embedding, reason] of cases) {
      shows(api, embedding);
      await assert.rejects(passages.addReference(id, operator), (error: Error) => {
        assert.match(error.message, /cannot become a reference/);
        assert.doesNotMatch(error.message, new RegExp(`\\d\\.\\d|${grace}`));
        return assert.deepEqual(Object(error).details, { reason }) === undefined;
      });
    }
    assert.equal(audited.filter(({ action }) => action === 'person.verified').length, cases.length);
    shows(api, like(1, 0.7, 50), { quality: { score: 0.8, reasons: [], warnings: ['too-small'] } });
    await assert.rejects(passages.addReference(id, operator), refused('too-small'));
    api.look.analysePhoto = async () => ({
      ...{ outcome: 'refused', code: 'no-face', message: 'there is no face', remedy: 'take another' },
    });
    await assert.rejects(passages.addReference(id, operator), refused('picture-unusable'));
    assert.equal(gallery.showPerson(ada)?.templates.length, 1);
  });

  adding('is refused without a right, a camera, a picture, consent, or a person', async (api) => {
    const { ada, gallery, passages, persons } = api;
    const id = pass(api, 1, ada);
    const withoutPictures = callerWith(allScopes.filter((scope) => scope !== 'passages:pictures'));
    await assert.rejects(passages.addReference(id, withoutPictures), { code: 'forbidden' });
    const elsewhere = callerWith(allScopes, ['yard']);
    await assert.rejects(passages.addReference(id, elsewhere), { code: 'no-such-passage' });
    await assert.rejects(passages.removeReference(id, elsewhere), { code: 'no-such-passage' });
    api.records.passages.put(passageOf(2, { personId: ada, events: [] }));
    const bare = passageIdOf(2);
    assert.deepEqual(passages.show(bare, operator).reference, { refusal: 'picture-expired' });
    await assert.rejects(passages.addReference(bare, operator), refused('picture-expired'));
    api.look.arePicturesKept = false;
    await assert.rejects(passages.addReference(bare, operator), refused('picture-not-kept'));
    passages.mark(id, { was: 'stranger' }, operator);
    await assert.rejects(passages.addReference(id, operator), refused('marked-wrong'));
    passages.unmark(id, operator);
    await persons.update(ada, { consent: null }, tester);
    await assert.rejects(passages.addReference(id, operator), refused('no-consent'));
    await withConsent(api);
    // Consent is withdrawn while a vision process looks at the picture.
    api.look.analysePhoto = async () => {
      gallery.removePerson(ada, tester);
      return seen(like(1, 0.7, 50));
    };
    await assert.rejects(passages.addReference(id, operator), refused('person-not-active'));
  });

  adding(
    'takes the place of the least useful one beyond the limit, never of an enrolled photograph',
    async (api) => {
      const { ada, gallery, passages, persons } = api;
      const [enrolled] = gallery.showPerson(ada)?.photographs ?? [];
      const ids: string[] = [];
      for (let number = 1; number <= mostPassageReferences; number += 1) {
        shows(api, like(1, 0.7, 50 + number));
        ids.push((await passages.addReference(pass(api, number, ada), operator)).photograph);
      }
      // The same view as the third again.
      shows(api, like(1, 0.7, 53));
      const last = await passages.addReference(pass(api, 20, ada), operator);
      assert.equal(last.retired, ids[2]);
      const kept = persons.photographs.list(ada, operator) ?? [];
      assert.equal(kept.length, 1 + mostPassageReferences);
      assert.ok(kept.some((each) => each.id === enrolled?.id));
      assert.equal(passages.show(passageIdOf(3), operator).reference?.photograph, undefined);
    },
  );

  adding('stays without its picture and its passage, and goes with the person', async (api) => {
    const { ada, gallery, passages, persons } = api;
    const id = pass(api, 1, ada);
    const { photograph } = await passages.addReference(id, operator);
    const { madeFrom } = gallery.readTemplates(ada).find((each) => each.madeFrom === photograph) ?? {};
    assert.equal(madeFrom, photograph);
    const lines = [];
    for await (const line of persons.export(ada, 'everything', tester) ?? []) lines.push(line);
    const fromPassage = { passage: id, camera: 'gate', seenAt: '2026-03-02T07:00:01.800Z' };
    assert.deepEqual(
      lines.flatMap((line) => ('fromPassage' in line ? [line.fromPassage] : [])),
      [fromPassage],
    );
    // As retention does with photographs.
    api.alter(`UPDATE template SET photograph_id = NULL; DELETE FROM photograph`);
    const bare = (persons.photographs.list(ada, operator) ?? []).find(
      (each) => each.fromPassage !== undefined,
    );
    assert.deepEqual([bare?.hasPicture, bare?.fromPassage], [false, fromPassage]);
    assert.deepEqual(passages.show(id, operator).reference, { photograph: bare?.id });
    const withdrawn = persons.withdrawConsent(ada, tester);
    assert.equal(withdrawn?.what.templates, 2);
    assert.equal(gallery.showPerson(ada)?.profile?.origins, undefined);
    assert.equal(gallery.showPerson(ada)?.templates.length, 0);
  });
});

test('the commands add and remove it, and the list of photographs names the passage', {
  skip: withoutBuild,
}, async (t) => {
  await withPassageApi(t, async (api) => {
    await withConsent(api);
    shows(api, like(1, 0.7, 50));
    const id = pass(api, 1, api.ada);
    const added = await api.run('passages', 'add-reference', id);
    assert.equal(added.exitCode, 0, added.stderr);
    assert.match(added.stdout, /is also recognised by f-\S+, from this passage/);
    const listed = await api.run('person', 'photo', 'list', api.ada);
    assert.match(listed.stdout, new RegExp(`passage ${id} at gate, 2026-03-02`));
    const again = await api.run('passages', 'add-reference', id);
    assert.notEqual(again.exitCode, 0);
    assert.match(again.stderr, /it already is one of the person/);
    const removed = await api.run('passages', 'remove-reference', id);
    assert.match(removed.stdout, /is no longer recognised by f-/);
  });
});

test('a move to another recogniser keeps where a photograph is from, also when its picture is deleted later', async (t) => {
  const directory = temporaryDirectory(t);
  const origin = { passage: passageIdOf(1), camera: 'gate', seenAtMs: 1_772_434_801_800 };
  let ada: PersonId;
  {
    await using moving = await openMoving(directory);
    ada = await moving.gallery.addPerson(enrolmentOf('Ada', [1]), tester);
    const change = { added: [enrolmentPhotograph(2)], removed: [], origin };
    assert.ok(moving.gallery.changeViews(ada, change, tester));
    await moving.moves.start(moveOrder);
    await untilMove(moving, 'ready');
  }
  await using moved = await openMoving(directory, { recogniser: otherRecogniser });
  moved.file.database.db.exec('UPDATE template SET photograph_id = NULL; DELETE FROM photograph');
  const { templates = [], profile } = moved.gallery.showPerson(ada) ?? {};
  assert.ok(templates.every(({ recogniser }) => recogniser === otherRecogniser));
  const origins = templates.map(({ madeFrom }) => profile?.origins?.[madeFrom ?? '']);
  assert.deepEqual(new Set(origins), new Set([undefined, origin]));
});

function between(one: Embedding, other: Embedding): Embedding {
  const sum = one.map((value, index) => value + (other[index] ?? 0));
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}
