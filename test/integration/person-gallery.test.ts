import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exportAll } from '../../daemon/cli/export/export-archive.js';
import { readmeOf } from '../../daemon/cli/export/export-readme.js';
import { createExportFolder } from '../../daemon/cli/export/export-sink.js';
import { collectRecord } from '../../daemon/cli/export/person-record.js';
import { openImportFolder } from '../../daemon/cli/import/import-folder.js';
import { notesOn } from '../../daemon/cli/import/import-report.js';
import { runImport } from '../../daemon/cli/import/import-run.js';
import { openImport } from '../../daemon/cli/import/open-import.js';
import { allPersons } from '../../daemon/cli/person/all-persons.js';
import { describeEnrolment } from '../../daemon/cli/person-text.js';
import { describePerson } from '../../daemon/contract/persons-text.js';
import type { Scope } from '../../daemon/contract/scopes.js';
import { encodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import type { OwnThreshold } from '../../daemon/core/gallery/gallery-calibration.js';
import type { EnrolledPersons } from '../../daemon/core/persons/enrolled-persons.js';
import { personHandlers } from '../../daemon/core/persons/person-handlers.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { cameraId, personId, recogniserId } from '../../daemon/kernel/ids.js';
import type { FalseMatch } from '../../daemon/kernel/passages/mark.js';
import { english } from '../../daemon/words/language.js';
import { openGalleryPersons } from '../support/gallery-persons.js';
import { paintFace } from '../support/painted-faces.js';
import { passageIdOf } from '../support/passage-fixture.js';
import { servePersons } from '../support/person-server.js';
import { personCommands } from '../support/run-person-command.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const row = (face: string) => ({
  name: face,
  externalId: face,
  photographs: [paintFace(face)],
  isDuplicateAllowed: false,
  isDryRun: false,
});

const staged = (face: string) => {
  const { isDryRun: _, ...rest } = row(face);
  return rest;
};

const actor = { actor: 'uid:1000', origin: 'test' };
const everyone = { limit: 100, removed: 'excluded', sort: 'oldest' } as const;
const listed = async (persons: EnrolledPersons) => (await persons.list(everyone, actor)).items;

describe('persons in a sealed gallery', () => {
  test('two simultaneous enrolments do not give one external id, or one face, to two persons', async () => {
    await using gallery = await openGalleryPersons();
    const { persons } = gallery;
    const sameId = [row('ada'), { ...row('bea'), externalId: 'ada' }];
    const [ada, bea] = await Promise.all(sameId.map((each) => persons.add(each, actor)));
    assert.deepEqual([ada?.outcome, bea?.outcome], ['enrolled', 'external-id-taken']);
    const sameFace = [row('cyd'), { ...row('cyd'), externalId: 'other' }];
    const [cyd, twin] = await Promise.all(sameFace.map((each) => persons.add(each, actor)));
    assert.deepEqual([cyd?.outcome, twin?.outcome], ['enrolled', 'similar']);
    assert.equal(gallery.rowCount(), 2);
  });

  test('a template that resembles many persons is refused, even if duplicates are allowed', async () => {
    await using gallery = await openGalleryPersons();
    const { persons } = gallery;
    const again = (name: string) => ({ ...row('ada'), externalId: name, isDuplicateAllowed: true });
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      assert.equal((await persons.add(again(name), actor)).outcome, 'enrolled', name);
    }
    const sixth = await persons.add(again('f'), actor);
    assert.ok(sixth.outcome === 'refused');
    assert.equal(
      sixth.photographs[0]?.outcome === 'refused' && sixth.photographs[0].code,
      'like-many-persons',
    );
    assert.equal(gallery.rowCount(), 5);
    assert.equal((await persons.add(row('bea'), actor)).outcome, 'enrolled');
  });

  test('each reading of names leaves an audit entry without them', async () => {
    await using gallery = await openGalleryPersons();
    const { persons, vault } = gallery;
    for (const face of ['ada', 'bea']) await persons.add(row(face), actor);
    const [ada] = await listed(persons);
    await persons.show(ada?.id ?? '', actor);
    await persons.show('p-unknown', actor);
    const entries = vault.audit.list({ limit: 2 });
    assert.deepEqual(
      entries.map(({ action, subject, details, actor: by }) => [action, subject, details, by]),
      [
        ['person.listed', undefined, { persons: 2 }, actor.actor],
        ['person.read', ada?.id, {}, actor.actor],
      ],
    );
  });

  test('tells why the threshold of a person is their own, and the marked passages to callers who may see them', async () => {
    const near = { general: 0.5, threshold: 0.74 };
    let own: OwnThreshold | undefined = { ...near, reason: 'marked' };
    const falseMatches = (): readonly FalseMatch[] =>
      [0.7, 0.73].map((similarity, index) => ({
        ...{ personId: personId(id), similarity, cameraId: cameraId(index === 0 ? 'gate' : 'yard') },
        passageId: passageIdOf(index),
      }));
    let id = '';
    await using gallery = await openGalleryPersons({ ownThresholdOf: () => own, falseMatches });
    await gallery.persons.add(row('ada'), actor);
    id = (await listed(gallery.persons))[0]?.id ?? '';
    const shown = (scope: Scope, cameras?: ReadonlySet<string>) => {
      const person = gallery.persons.show(id, { ...actor, scopes: new Set([scope]), cameras });
      assert.ok(person);
      const text = describePerson(person, { show: (at) => at, say: english.say });
      return {
        inForce: person.thresholdInForce,
        lines: text.slice(text.indexOf('\nneeds')).split('\n').slice(1),
      };
    };
    const said = { similarity: 0.74, general: 0.5, reason: 'marked' };
    const both = [passageIdOf(1), passageIdOf(0)];
    assert.deepEqual(shown('passages:read').inForce, { ...said, markedPassages: both });
    assert.deepEqual(shown('passages:read').lines, [
      'needs        0.740 instead of 0.500: 2 passages were marked as wrong; to undo:',
      ...both.map((passage) => `             rollcall passages unmark ${passage}`),
    ]);
    assert.deepEqual(shown('passages:read', new Set(['gate'])).inForce?.markedPassages, [passageIdOf(0)]);
    assert.deepEqual(shown('persons:read').inForce, said);
    own = { ...near, reason: 'neighbour' };
    assert.deepEqual(shown('persons:read').lines, [
      'needs        0.740 instead of 0.500: another enrolled person is that similar',
    ]);
    own = undefined;
    assert.equal(shown('persons:read').inForce, undefined);
  });

  test('an enrolment that tells who a picture shows leaves an entry, and the name only to callers who may read names', async () => {
    await using gallery = await openGalleryPersons();
    const { persons, vault } = gallery;
    const enrol = personHandlers(persons)['persons.enrol'];
    const callOf = (...scopes: readonly Scope[]) => ({
      caller: { ...actor, scopes: new Set(scopes), provedAtMs: 'always' as const, isLimited: true },
      signal: new AbortController().signal,
      requestId: 'r',
    });
    await enrol(row('ada'), callOf());
    const { externalId: _, ...again } = { ...row('ada'), isDryRun: true };
    const unnamed = await enrol(again, callOf());
    assert.ok(unnamed.outcome === 'similar' && !('name' in unnamed));
    const named = await enrol(again, callOf('names:read'));
    assert.ok(named.outcome === 'similar' && named.name === 'ada');
    for (const isDryRun of [true, false]) {
      const request = { ...again, isDuplicateAllowed: true, isDryRun, idempotencyKey: 'a1b2c3d4e5' };
      const warned = await enrol(request, callOf());
      assert.ok(warned.outcome === (isDryRun ? 'enrollable' : 'enrolled'));
      if (!isDryRun) assert.deepEqual(await enrol(request, callOf()), warned);
      assert.deepEqual(Object.keys(warned.resembles?.[0] ?? {}).sort(), ['personId', 'similarity']);
    }
    const stranger = { ...row('bea'), isDryRun: true };
    assert.equal((await enrol(stranger, callOf())).outcome, 'enrollable');
    const matches = vault.audit
      .list({ action: 'person.recognised' })
      .map(({ details }) => details['matches']);
    const all = [1, 1, 1, 1, 1, 0];
    assert.deepEqual(matches, all, 'the enrolment of a stranger leaves none, a dry run and a repetition do');
  });

  test('a new person who resembles an enrolled one is enrolled with a warning that names both and the similarity', async () => {
    // In a plane: cosines of 1, 0.47 and 0 with the first.
    const faces: Readonly<Record<string, number>> = { ada: 1, bea: 0.47, cyd: 0 };
    await using gallery = await openGalleryPersons({
      reader: {
        recogniser: recogniserId('test-recogniser-1'),
        dimensions: 2,
        threshold: 0.5,
        analysePhoto: async (image) => {
          const cosine = faces[String(image)] ?? 0;
          return {
            outcome: 'ok',
            embeddingBase64: encodeEmbedding(Float32Array.of(cosine, Math.sqrt(1 - cosine * cosine))),
            recogniser: recogniserId('test-recogniser-1'),
            quality: { score: 0.9, reasons: [] },
            picture: paintFace(String(image)),
          };
        },
      },
    });
    const { persons } = gallery;
    const person = (name: string, isDuplicateAllowed = false) => ({
      ...{ name, photographs: [Buffer.from(name)], isDuplicateAllowed, isDryRun: false },
    });
    const ada = await persons.add(person('ada'), actor);
    assert.ok(ada.outcome === 'enrolled' && ada.resembles === undefined);
    const bea = await persons.add(person('bea'), actor);
    assert.ok(bea.outcome === 'enrolled');
    const [near, ...others] = bea.resembles ?? [];
    assert.deepEqual([near?.personId, near?.name, others], [ada.person.id, 'ada', []]);
    assert.ok(Math.abs((near?.similarity ?? 0) - 0.47) < 1e-5);
    assert.match(
      describeEnrolment(bea, ['b.jpg'], english),
      new RegExp(`enrolled bea as .*\\nwarning: the face resembles ada \\(${ada.person.id}\\) 0\\.470\\n`),
    );
    const importId = await persons.beginImport();
    const again = await persons.stage(importId, person('ada', true), actor);
    assert.ok(again.outcome === 'accepted');
    assert.deepEqual(
      again.resembles?.map(({ name }) => name),
      ['ada', 'bea'],
    );
    assert.match(
      notesOn(again, ['a.jpg']).join(),
      /^warning: the face resembles ada .* 1\.000; bea .* 0\.470$/,
    );
    assert.equal((await persons.stage(importId, person('ada'), actor)).outcome, 'similar', 'still refused');
  });

  test('a threshold set by hand is kept with its reason, audited without the reason, and never lower than that of the box', async () => {
    await using gallery = await openGalleryPersons();
    const { persons, vault } = gallery;
    await persons.add(row('ada'), actor);
    const [{ id } = { id: '' }] = await listed(persons);
    const set = await persons.update(id, { threshold: { similarity: 0.7, reason: ' Twin of Bea ' } }, actor);
    assert.ok(set.outcome === 'updated');
    const kept = { similarity: 0.7, recogniser: 'test-recogniser-1', reason: 'Twin of Bea' };
    assert.deepEqual(set.person.threshold, kept);
    await persons.update(id, { name: 'Augusta' }, actor);
    assert.deepEqual((await persons.show(id, actor))?.threshold, kept, 'another change leaves it');
    for (const threshold of [
      { similarity: 0.3, reason: 'comes in with a hat' },
      { similarity: 0.7, reason: ' ' },
    ]) {
      await assert.rejects(persons.update(id, { threshold }, actor), { code: 'threshold-refused' });
    }
    const taken = await persons.update(id, { threshold: null }, actor);
    assert.ok(taken.outcome === 'updated' && taken.person.threshold === undefined);
    const changes = vault.audit.list({ action: 'person.changed', limit: 5 }).map(({ details }) => details);
    assert.deepEqual(changes, [
      { revision: 2, threshold: 0.7 },
      { revision: 3 },
      { revision: 4, threshold: 'auto' },
    ]);
  });

  test('the command line sets a threshold by hand with a reason, and removes it again', async () => {
    await using gallery = await openGalleryPersons();
    await gallery.persons.add(row('ada'), actor);
    await using server = await servePersons(gallery);
    const { run } = await personCommands(server);
    const unexplained = await run(['set', 'ada', '--threshold', '0.7']);
    assert.equal(unexplained.exitCode, 2);
    assert.match(unexplained.stderr, /--threshold and --reason must be given together/);
    const set = await run(['set', 'ada', '--threshold', '0.7', '--reason', 'her sister works here']);
    assert.equal(set.exitCode, 0, set.stderr);
    assert.match(set.stdout, /^threshold +0\.7 with test-recogniser-1, set by hand: her sister works here$/m);
    const low = await run(['set', 'ada', '--threshold', '0.2', '--reason', 'hats']);
    assert.equal(low.exitCode, 2);
    assert.match(low.stderr, /0\.2 is lower than 0\.5, the threshold of the box/);
    const back = await run(['set', 'ada', '--threshold', 'auto']);
    assert.equal(back.exitCode, 0, back.stderr);
    assert.doesNotMatch(back.stdout, /^threshold/m);
  });

  test('two simultaneous changes do not give one external id to two persons', async () => {
    await using gallery = await openGalleryPersons();
    const { persons } = gallery;
    for (const face of ['ada', 'bea']) await persons.add(row(face), actor);
    const all = await listed(persons);
    const changed = await Promise.all(all.map(({ id }) => persons.update(id, { externalId: '7' }, actor)));
    assert.deepEqual(
      changed.map(({ outcome }) => outcome),
      ['updated', 'external-id-taken'],
    );
  });

  test('a simultaneous enrolment and import do not give one external id to two persons', async () => {
    await using gallery = await openGalleryPersons();
    const { persons } = gallery;
    const importId = await persons.beginImport();
    await persons.stage(importId, row('ada'), actor);
    const [added, committed] = await Promise.allSettled([
      persons.add({ ...row('bea'), externalId: 'ada' }, actor),
      persons.commitImport(importId, actor),
    ]);
    assert.equal(added.status === 'fulfilled' && added.value.outcome, 'enrolled');
    assert.equal(committed.status === 'rejected' && committed.reason.code, 'import-outdated');
  });

  test('an export contains all other data if a photograph is damaged', async () => {
    await using gallery = await openGalleryPersons();
    const { persons } = gallery;
    await persons.add({ ...row('ada'), photographs: [paintFace('ada', 1), paintFace('ada', 2)] }, actor);
    gallery.alter(
      'UPDATE photograph SET jpeg = zeroblob(length(jpeg)) WHERE id = (SELECT min(id) FROM photograph)',
    );
    const [ada] = await listed(persons);
    const lines = persons.export(ada?.id ?? '', 'everything', actor);
    assert.ok(lines);
    const record = await collectRecord(lines);
    assert.equal(record.photographs.length, 1);
    assert.equal(record.templates.length, 2);
    assert.match(readmeOf(record), /Missing: 1 picture that can no longer be read/);
  });

  test('a person with a damaged profile is shown as damaged and can be erased', async () => {
    await using gallery = await openGalleryPersons();
    const { persons } = gallery;
    await persons.add(row('ada'), actor);
    gallery.alter('UPDATE person SET profile = zeroblob(length(profile))');
    const [ada] = await listed(persons);
    const id = ada?.id ?? '';
    const isDamage = { code: 'field-damaged' };
    await assert.rejects(persons.update(id, { name: 'Ada' }, actor), isDamage);
    assert.throws(() => persons.withdrawConsent(id, actor), isDamage);
    assert.equal(persons.erase(id, actor)?.personId, id);
    assert.equal(gallery.rowCount(), 0);
  });
});

describe('an erasure while another program keeps the log open', () => {
  test('fails, but leaves its certificate: the person is erased', async () => {
    await using gallery = await openGalleryPersons();
    await using server = await servePersons(gallery);
    await gallery.persons.add(row('ada'), actor);
    const [ada] = await listed(gallery.persons);
    const id = ada?.id ?? '';
    const reader = new Sqlite(gallery.path, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM person').get();
    const commands = await personCommands(server);
    const path = join(server.directory, 'certificate.json');
    const { exitCode, stdout, stderr } = await commands.run(['erase', id, '--yes', '--certificate', path]);
    reader.close();
    assert.equal(exitCode, 1);
    assert.match(stderr, /the daemon empties the log/);
    assert.match(stdout, /certificate of erasure/);
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).personId, id);
    assert.equal(gallery.rowCount(), 0);
  });
});

describe('imports into a sealed gallery', () => {
  test('leave no row behind when their connection closes, also in the middle of a row', async () => {
    await using gallery = await openGalleryPersons();
    await using server = await servePersons(gallery);
    const session = await openImport(server.client);
    for (const face of ['ada', 'bea']) await session.stage(staged(face));
    assert.equal(gallery.rowCount(), 2);
    const amid = session.stage(staged('cyd'));
    session[Symbol.dispose]();
    await Promise.allSettled([amid]);
    await until('what was staged is gone', () => gallery.rowCount() === 0);
  });

  test('take over what another box exported', async () => {
    await using one = await openGalleryPersons();
    await using from = await servePersons(one);
    for (const face of ['ada', 'bea']) await from.client.call('persons.enrol', row(face));
    await using directory = await temporaryDirectory();
    const folder = join(directory.path, 'everybody');
    const all = await allPersons(from.client, 'excluded');
    await using sink = await createExportFolder(folder);
    await exportAll(
      all,
      async (id) => collectRecord(await from.client.call('persons.export', { id, scope: 'enrolment' })),
      sink,
    );
    await sink.finish();

    await using two = await openGalleryPersons();
    await using to = await servePersons(two);
    await using source = await openImportFolder(join(folder, 'persons.csv'), folder);
    const report = await runImport({
      source,
      openImport: () => openImport(to.client),
      todayIso: '2026-03-02',
      isDryRun: false,
      isDuplicateAllowed: false,
      isRefusedSkipped: false,
    });
    assert.equal(report.outcome, 'imported', JSON.stringify(report));
    const [ada, bea] = await allPersons(to.client, 'included');
    assert.deepEqual([ada?.name, bea?.externalId], ['ada', 'bea']);
    const again = await to.client.call('persons.enrol', { ...row('ada'), externalId: 'x' });
    assert.equal(again.outcome, 'similar', 'they are recognised from now on');
  });
});
