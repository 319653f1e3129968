import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';
import type { PhotographChange } from '../../daemon/contract/photographs.js';
import type { PhotoOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { encodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import type { ControlClient } from '../../daemon/core/api/client.js';
import { verifyGallery } from '../../daemon/core/gallery/verify/verify-gallery.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { analysePhoto } from '../../daemon/vision/photo.js';
import { isFound } from '../support/ada-and-grace.js';
import { withoutBuild } from '../support/box.js';
import { assertGone, assertThere, ciphertextsOf, prepared } from '../support/erasure-scan.js';
import { enrolmentOf, enrolmentPhotograph, openTestGallery, tester } from '../support/gallery-fixture.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { newBoxRecogniser, openTestAnalyser, portrait } from '../support/inference.js';
import { paintFace, paintWall } from '../support/painted-faces.js';
import { type PersonServer, servePersons, startPersonServer } from '../support/person-server.js';
import { openMoving } from '../support/re-embed-fixture.js';
import { personCommands } from '../support/run-person-command.js';
import { sharedFile } from '../support/shared-media.js';

const list = (client: ControlClient, id: string) => client.call('persons.photographs.list', { id });
const add = (client: ControlClient, id: string, ...photographs: readonly Buffer[]) =>
  client.call('persons.photographs.add', { id, photographs });
const remove = (client: ControlClient, id: string, photographId: string) =>
  client.call('persons.photographs.remove', { id, photographId });

async function enrol(client: ControlClient, face: string, views = 2, isDuplicateAllowed = false) {
  const photographs = Array.from({ length: views }, (_, view) => paintFace(face, view + 1));
  const result = await client.call('persons.enrol', { name: face, photographs, isDuplicateAllowed });
  assert.ok(result.outcome === 'enrolled', JSON.stringify(result));
  return result.person;
}

const codesOf = (result: PhotographChange): readonly string[] =>
  'photographs' in result
    ? result.photographs.map((each) => (each.outcome === 'refused' ? each.code : each.outcome))
    : [result.outcome];

/** How many templates the running search compares with. */
const searched = ({ behind }: PersonServer): number => behind.vault.gallery().templateCount;

function served(name: string, work: (client: ControlClient, server: PersonServer) => Promise<void>): void {
  test(name, async () => {
    await using server = await startPersonServer();
    await work(server.client, server);
  });
}

describe('photographs of a person', () => {
  served(
    'are added, replaced and removed, at once in the search, with a new revision and an entry',
    async (client, server) => {
      const { id, revision } = await enrol(client, 'ada');
      const added = await add(client, id, paintFace('ada', 3));
      assert.ok(added.outcome === 'changed', JSON.stringify(added));
      assert.deepEqual(
        [added.person.revision, added.person.photographs, searched(server)],
        [revision + 1, 3, 3],
      );
      const [first, second, third] = await list(client, id);
      assert.ok(first && second && third);
      assert.deepEqual([first.hasPicture, first.qualityScore], [true, 0.9]);
      assert.ok([first, second, third].every(({ agreement }) => agreement?.isAgreeing === true));
      assert.match(third.storedAt ?? '', /^2026-03-02T/);

      const photographs = [paintFace('ada', 4)];
      const replaced = await client.call('persons.photographs.replace', {
        ...{ id, photographId: second.id, photographs },
      });
      assert.ok(replaced.outcome === 'changed');
      const ids = replaced.person.photographIds;
      assert.ok(!ids.includes(second.id) && ids.length === 3);
      const gone = client.call('persons.photographs.read', { id, photographId: second.id });
      await assert.rejects(gone, { code: 'no-such-photograph' });
      const newest = ids.find((each) => each !== first.id && each !== third.id) ?? '';
      assert.deepEqual(
        await client.call('persons.photographs.read', { id, photographId: newest }),
        photographs[0],
      );

      const left = await remove(client, id, first.id);
      assert.deepEqual([left.photographs, left.templates, searched(server)], [2, 2, 2]);
      await assert.rejects(remove(client, id, first.id), { code: 'no-such-photograph' });
      await remove(client, id, third.id);
      await assert.rejects(remove(client, id, newest), { code: 'last-photograph' });
      assert.equal(searched(server), 1);
      const last = { id, photographId: newest, photographs: [paintFace('ada', 5)] };
      assert.equal((await client.call('persons.photographs.replace', last)).outcome, 'changed');

      const entries = server.behind.vault.audit.list({ action: 'person.photographs-changed' });
      assert.deepEqual(
        entries.map(({ subject, details }) => [subject, details]),
        [
          [id, { revision: 2, added: 1, deleted: 0, photographs: 3 }],
          [id, { revision: 3, added: 1, deleted: 1, photographs: 3 }],
          [id, { revision: 4, added: 0, deleted: 1, photographs: 2 }],
          [id, { revision: 5, added: 0, deleted: 1, photographs: 1 }],
          [id, { revision: 6, added: 1, deleted: 1, photographs: 1 }],
        ],
      );

      // A kill in the middle of a change must not leave the hashes of photographs that a centre sent.
      const { vault, records } = server.behind;
      records.photographHashes.set(id, ['a hash']);
      const cut = mock.method(vault.gallery(), 'changeViews', () => assert.fail('the box was killed'));
      await assert.rejects(client.call('persons.photographs.replace', { ...last, photographId: id }));
      assert.equal(records.photographHashes.of([id]).size, 1, 'nothing was changed');
      await assert.rejects(add(client, id, paintFace('ada', 6)), { code: 'internal' });
      assert.equal(records.photographHashes.of([id]).size, 0);
      cut.mock.restore();

      const certificate = await client.call('persons.erase', { id });
      assert.deepEqual(certificate.what, { templates: 1, photographs: 1, evidence: 0, passages: 0 });
      assert.equal(server.behind.rowCount() + searched(server), 0);
      await assert.rejects(list(client, id), { code: 'no-such-person' });
    },
  );

  served(
    'are refused by the rules of an enrolment, and where they show another person',
    async (client, server) => {
      const { id } = await enrol(client, 'ada');
      const cases: readonly [readonly Buffer[], readonly string[]][] = [
        [[paintWall()], ['no-face']],
        [[paintFace('bea')], ['different-person']],
        [
          [paintFace('ada', 3), paintFace('bea')],
          ['enrolled', 'different-person'],
        ],
        // More photographs of another person than the person has: the majority does not decide here.
        [[1, 2, 3, 4].map((view) => paintFace('bea', view)), Array(4).fill('different-person')],
      ];
      for (const [photographs, codes] of cases) {
        assert.deepEqual(codesOf(await add(client, id, ...photographs)), codes);
      }
      const told = JSON.stringify(await add(client, id, paintFace('bea')));
      assert.doesNotMatch(told, /\d\.\d{3}/, 'no similarity, which would lead to a picture that matches');
      const twin = await enrol(client, 'ada', 1, true);
      const similar = await add(client, id, paintFace('ada', 3));
      assert.ok(similar.outcome === 'similar' && similar.personId === twin.id);
      const anyway = { id, photographs: [paintFace('ada', 3)], isDuplicateAllowed: true };
      const allowed = await client.call('persons.photographs.add', anyway);
      assert.ok(allowed.outcome === 'changed');
      assert.deepEqual(
        allowed.resembles?.map((other) => other.personId),
        [twin.id],
      );
      const many = Array.from({ length: 18 }, (_, view) => paintFace('ada', view));
      await assert.rejects(add(client, id, ...many), { code: 'too-many-photographs' });
      assert.equal(searched(server), 4);
      const verified = server.behind.vault.audit.list({ action: 'person.verified' });
      assert.deepEqual(
        verified.map(({ details }) => details['isMatch']),
        [false, false, false, false],
      );
    },
  );

  served(
    'that are not of one person are told apart from the others, and a single one from none',
    async (client, { behind }) => {
      const gallery = behind.vault.gallery();
      const [mixed, single] = [
        await gallery.addPerson(enrolmentOf('mixed', [1, 1, 2]), tester),
        await gallery.addPerson(enrolmentOf('single', [3]), tester),
      ];
      // Photographs of one enrolment are in no certain order.
      const agreements = (await list(client, mixed))
        .map(({ agreement }) => agreement ?? assert.fail('no agreement'))
        .sort((one, other) => other.similarity - one.similarity);
      assert.deepEqual(
        agreements.map(({ isAgreeing }) => isAgreeing),
        [true, true, false],
      );
      assert.ok((agreements[0]?.similarity ?? 0) > 0.99 && (agreements[2]?.similarity ?? 1) < 0.5);
      assert.deepEqual(
        (await list(client, single)).map((each) => 'agreement' in each),
        [false],
      );
    },
  );

  served(
    'change only as the caller has read the person, and only of an active one',
    async (client, { behind }) => {
      const { id, revision } = await enrol(client, 'ada');
      const photographs = [paintFace('ada', 3)];
      const late = { id, photographs, ifRevision: revision + 1 };
      await assert.rejects(client.call('persons.photographs.add', late), { code: 'changed-meanwhile' });
      const both = await Promise.allSettled(
        [1, 2].map(() => client.call('persons.photographs.add', { id, photographs, ifRevision: revision })),
      );
      assert.deepEqual(
        both.map(({ status }) => status),
        ['fulfilled', 'rejected'],
      );
      await client.call('persons.remove', { id });
      await assert.rejects(add(client, id, ...photographs), { code: 'person-not-active' });
      await client.call('persons.restore', { id });
      // Retention deletes pictures, and their templates stay.
      behind.alter('UPDATE template SET photograph_id = NULL; DELETE FROM photograph');
      const kept = await list(client, id);
      assert.deepEqual(
        kept.map(({ hasPicture, storedAt }) => [hasPicture, storedAt]),
        Array(3).fill([false, undefined]),
      );
      assert.deepEqual(codesOf(await add(client, id, paintFace('bea'))), ['different-person']);
      await remove(client, id, kept[0]?.id ?? '');
      assert.equal((await list(client, id)).length, 2);
      await assert.rejects(add(client, 'p-unknown', ...photographs), { code: 'no-such-person' });
    },
  );
});

describe('in the files of the gallery', () => {
  test('a removed photograph is nowhere, a new one is there after a restart, and a template that was taken away is missed', async (t) => {
    const { directory, options } = prepared(t);
    let id: PersonId;
    {
      await using opened = await openTestGallery(options);
      id = await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester);
      const [first] = opened.gallery.showPerson(id)?.photographs ?? [];
      const before = ciphertextsOf(options, id);
      assertThere(t, directory, before);
      const change = { added: [enrolmentPhotograph(3)], removed: [first?.id ?? ''] };
      assert.equal(opened.gallery.changeViews(id, change, tester), true);
      const after = new Set(ciphertextsOf(options, id).map(String));
      // The profile is sealed again, too; the data key stays.
      const deleted = before.filter((bytes) => !after.has(String(bytes)));
      assert.equal(deleted.length, 3, 'profile, template and photograph');
      assertGone(t, directory, deleted);
    }
    {
      await using opened = await openTestGallery(options);
      assert.deepEqual(opened.gallery.quarantined, []);
      assert.deepEqual([await isFound(opened.gallery, 1), await isFound(opened.gallery, 3)], [false, true]);
    }
    await using moving = await openMoving(directory);
    const verify = () =>
      verifyGallery({
        ...{ file: moving.file, gallery: moving.gallery, ring: moving.ring, clock, by: tester },
        ...{ thresholds: new Map(), signal: new AbortController().signal, onProgress: () => undefined },
      });
    assert.deepEqual((await verify()).findings, []);
    const taken = 'DELETE FROM template WHERE id = (SELECT id FROM template LIMIT 1)';
    moving.file.database.db.exec(taken);
    const [finding] = (await verify()).findings;
    assert.deepEqual([finding?.table, finding?.reason, finding?.personId], ['template', 'missing', id]);
  });
});

test('the commands list, add, replace and remove photographs', { skip: withoutBuild }, async () => {
  await using server = await startPersonServer();
  const { run } = await personCommands(server);
  const { id } = await enrol(server.client, 'ada', 1);
  const file = async (name: string, bytes: Buffer): Promise<string> => {
    await writeFile(join(server.directory, name), bytes);
    return join(server.directory, name);
  };
  const second = await file('second.jpg', paintFace('ada', 2));
  const added = await run(['photo', 'add', 'ada', '--image', second]);
  assert.match(added.stdout, new RegExp(`second.jpg: quality 0.90\\n${id} is recognised by 2 templates`));
  const listed = await run(['photo', 'list', 'ada']);
  assert.match(
    listed.stdout,
    /^photo +stored at +picture +quality +agreement +from\n(f-\S+ +2026-03-02 \S+ +yes +0\.90 +1\.000 +enrolment\n){2}$/,
  );
  const [, first = ''] = /^(f-\S+)/m.exec(listed.stdout) ?? [];
  const wrong = await run(['photo', 'replace', 'ada', first, '-i', await file('bea.jpg', paintFace('bea'))]);
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stdout, /bea\.jpg: refused, .*\(different-person\)[\s\S]*not stored/);
  const third = await file('third.jpg', paintFace('ada', 3));
  assert.equal((await run(['photo', 'replace', 'ada', first, '--image', third])).exitCode, 0);
  const left = await list(server.client, id);
  const asked = await run(['photo', 'remove', 'ada', left[0]?.id ?? '']);
  assert.match(asked.stderr, /This permanently deletes the photo f-\S+ of p-\S+/);
  assert.equal(asked.exitCode, 2);
  const removed = await run(['photo', 'remove', 'ada', left[0]?.id ?? '', '--yes']);
  assert.match(removed.stdout, /is recognised by one template/);
  const last = await run(['photo', 'remove', 'ada', left[1]?.id ?? '', '--yes']);
  assert.match(last.stderr, /this is the last photo[\s\S]*Replace it, or add another one first/);
});

/** Persons of a box whose photographs the networks of a new box look at. */
async function withNetworks(work: (client: ControlClient) => Promise<void>): Promise<void> {
  await using analyser = await openTestAnalyser();
  const { id: recogniser, threshold } = await newBoxRecogniser();
  const look = async (image: Buffer, faceNumber?: number): Promise<PhotoOutcome> => {
    const found = await analysePhoto(image, analyser, faceNumber);
    if (found.outcome !== 'ok') {
      const { outcome: code, message, remedy } = found;
      return { outcome: 'refused', code, message, remedy };
    }
    const { embedding, quality, jpeg: picture } = found;
    const { score, reasons } = quality;
    const seen = { quality: { score, reasons: [...reasons] }, picture };
    return { outcome: 'ok', recogniser, embeddingBase64: encodeEmbedding(embedding), ...seen };
  };
  const first = await analysePhoto(await portrait('a').jpeg().toBuffer(), analyser);
  assert.ok(first.outcome === 'ok');
  const dimensions = first.embedding.length;
  await using behind = await openGalleryPersons({
    reader: { recogniser, dimensions, threshold, analysePhoto: look },
  });
  await using server = await servePersons(behind);
  await work(server.client);
}

async function changesOf(client: ControlClient, own: readonly Buffer[], other: Buffer): Promise<void> {
  const [first, ...more] = own;
  assert.ok(first !== undefined);
  const enrolled = await client.call('persons.enrol', { name: 'x', photographs: [first] });
  assert.ok(enrolled.outcome === 'enrolled', JSON.stringify(enrolled));
  const { id } = enrolled.person;
  for (const photograph of more) assert.equal((await add(client, id, photograph)).outcome, 'changed');
  assert.deepEqual(codesOf(await add(client, id, other)), ['different-person']);
  const [oldest] = await list(client, id);
  const swap = { id, photographId: oldest?.id ?? '', photographs: [other] };
  assert.deepEqual(codesOf(await client.call('persons.photographs.replace', swap)), ['different-person']);
  const left = await remove(client, id, oldest?.id ?? '');
  assert.deepEqual([left.photographs, left.templates], [more.length, more.length]);
}

test('the networks accept another picture of the same person, and no other person', async () => {
  await withNetworks(async (client) => {
    const jpeg = (name: 'a' | 'b') => portrait(name).jpeg({ quality: 92 });
    const mirrored = await jpeg('a').flop().toBuffer();
    await changesOf(client, [await jpeg('a').toBuffer(), mirrored], await jpeg('b').toBuffer());
  });
});

const people = sharedFile('media/identities/dlib_johns');

test('the networks accept photographs of one person of other days', { skip: people.skip }, async () => {
  const of = (person: string, count: number): readonly Buffer[] =>
    readdirSync(join(people.path, person))
      .sort()
      .slice(0, count)
      .map((file) => readFileSync(join(people.path, person, file)));
  await withNetworks(async (client) => {
    const [other] = of('John_Savage', 1);
    assert.ok(other !== undefined);
    await changesOf(client, of('John_Salley', 3), other);
  });
});
