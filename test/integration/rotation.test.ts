import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KeyEncryptionKey } from '../../daemon/core/gallery/keys/key-encryption-key.js';
import { readKeySlots } from '../../daemon/core/gallery/keys/key-slots.js';
import { places } from '../../daemon/core/gallery/places.js';
import type { RotationDepth } from '../../daemon/core/gallery/rotation/rotation-job.js';
import { noiseJpeg, temporaryDirectory, tester, unitVector } from '../support/gallery-fixture.js';
import {
  databaseBytes,
  enrol,
  finished,
  openTestGallery,
  passphraseInput,
  readSecret,
  sealedValues,
  type TestGallery,
  tracesOf,
  writeSecret,
} from '../support/rotation-fixture.js';

const depths: readonly RotationDepth[] = ['wrap', 'deep'];

/** Every person is present, opens and is found. */
async function assertWhole(opened: TestGallery, seeds: ReadonlyMap<string, number>): Promise<void> {
  const { gallery } = opened;
  const persons = await gallery.listPersons();
  assert.deepEqual(new Set(persons.map(({ id }) => id)), new Set(seeds.keys()));
  for (const { id, profile } of persons) {
    const seed = seeds.get(id) ?? 0;
    assert.equal(profile?.name, `Person ${seed}`);
    const [best] = await gallery.nearest(unitVector(seed * 10), { count: 1 });
    assert.equal(best?.personId, id);
    const found = (gallery.showPerson(id)?.photographs ?? []).map(({ id: photograph }) =>
      Buffer.from(gallery.readPhotograph(id, photograph) ?? []).toString('base64'),
    );
    const enrolled = [0, 1].map((view) => Buffer.from(noiseJpeg(seed * 10 + view, 3000)).toString('base64'));
    assert.deepEqual(found.sort(), enrolled.sort());
  }
  assert.deepEqual(gallery.quarantined, []);
}

async function enrolMany(opened: TestGallery, count: number, first = 1): Promise<Map<string, number>> {
  const seeds = new Map<string, number>();
  for (let seed = first; seed < first + count; seed += 1) seeds.set(await enrol(opened, seed), seed);
  return seeds;
}

for (const depth of depths) {
  describe(`a ${depth} rotation`, () => {
    test('keeps every person, and leaves nothing that the old key opens', async (t) => {
      const directory = temporaryDirectory(t);
      writeSecret(directory);
      const oldSecret = readSecret(directory);
      await using opened = await openTestGallery(directory);
      const seeds = await enrolMany(opened, 300);
      const { file, ring, rotations } = opened;
      const before = sealedValues(opened);
      const oldWraps = before.slice(0, seeds.size);
      const oldKeyId = ring.current.id;
      writeSecret(directory, '.next');
      const newSecret = readSecret(directory, '.next');
      const rotation = await rotations.start({ kind: 'secret', depth, input: {}, by: tester });
      assert.equal(rotation.progress.total, seeds.size);
      await finished(rotation);

      assert.deepEqual(
        { ...rotation.progress, startedAtMs: 0, toKeyId: '', fromKeyId: '' },
        {
          depth,
          fromKeyId: '',
          toKeyId: '',
          startedAtMs: 0,
          state: 'finished',
          total: 300,
          done: 300,
          damaged: 0,
          problem: undefined,
        },
      );
      assert.equal(rotation.progress.fromKeyId, oldKeyId);
      assert.equal(opened.gallery.keyId, rotation.progress.toKeyId);
      assert.equal(ring.retiring, undefined);
      await assertWhole(opened, seeds);
      assert.deepEqual(readSecret(directory), newSecret, 'the new secret has the name of the old');
      assert.equal(existsSync(join(directory, 'gallery-key.next')), false);

      using oldKey = new KeyEncryptionKey(oldSecret);
      const { db } = file.database;
      const rows = db
        .prepare<[], { id: string; wrapped: Uint8Array }>('SELECT id, wrapped FROM data_key')
        .all();
      assert.ok(rows.every(({ id, wrapped }) => oldKey.unwrap(places.dataKey(id), wrapped) === undefined));
      const slots = db.prepare('SELECT is_current, other_key FROM key_slot').all();
      assert.deepEqual(
        slots,
        [{ is_current: 1, other_key: null }],
        'the old key is not kept, wrapped either',
      );
      const bytes = databaseBytes(directory);
      assert.ok(tracesOf(sealedValues(opened), bytes) > 0, 'the scan finds what is there');
      assert.equal(tracesOf(oldWraps, bytes), 0, 'no byte of an old wrap is left');
      assert.equal(tracesOf([oldKey.checkValue()], bytes), 0, 'nor of the old slot');
      if (depth === 'deep') assert.equal(tracesOf(before, bytes), 0, 'nor of an old ciphertext');
      else assert.ok(tracesOf(before, bytes) > 0);
    });

    test('lets persons be enrolled, changed and erased meanwhile', async (t) => {
      const directory = temporaryDirectory(t);
      writeSecret(directory);
      writeSecret(directory, '.next');
      await using opened = await openTestGallery(directory);
      const { gallery, rotations } = opened;
      const seeds = await enrolMany(opened, 120);
      const ids = [...seeds.keys()];
      const rotation = await rotations.start({ kind: 'secret', depth, input: {}, by: tester });
      let isEnded = false;
      void rotation.ended.then(() => {
        isEnded = true;
      });
      for (let seed = 1001; !isEnded && seed < 1040; seed += 1) {
        const id = await enrol(opened, seed);
        seeds.set(id, seed);
        const erased = ids.shift();
        const changed = ids.at(-1);
        if (erased !== undefined) {
          assert.ok(gallery.erasePerson(gallery.showPerson(erased as never)?.id ?? id, tester));
          seeds.delete(erased);
        }
        const row = (await gallery.listPersons()).find((person) => person.id === changed);
        if (row !== undefined) gallery.removePerson(row.id, tester);
        await nextTurn();
        if (row !== undefined) gallery.restorePerson(row.id, tester);
      }
      await finished(rotation);
      await assertWhole(opened, seeds);
    });

    test('stopped half-way: either key opens the gallery, and the rotation continues', async (t) => {
      const directory = temporaryDirectory(t);
      let seeds: Map<string, number>;
      {
        await using opened = await openTestGallery(directory, {
          first: 'passphrase',
          input: passphraseInput('the first passphrase'),
        });
        seeds = await enrolMany(opened, 300);
        const input = passphraseInput('another passphrase');
        const rotation = await opened.rotations.start({ kind: 'passphrase', depth, input, by: tester });
        while (rotation.progress.done === 0) await nextTurn();
        await rotation[Symbol.asyncDispose]();
        assert.equal(rotation.progress.state, 'stopped');
        assert.ok(rotation.progress.done < 300, 'it was stopped before its end');
        const current = readKeySlots(opened.file.database).map(({ keyId, isCurrent }) => [keyId, isCurrent]);
        const { toKeyId, fromKeyId } = rotation.progress;
        assert.deepEqual(current, [
          [toKeyId, true],
          [fromKeyId, false],
        ]);
      }
      for (const text of ['the first passphrase', 'another passphrase']) {
        await using opened = await openTestGallery(directory, { input: passphraseInput(text) });
        await assertWhole(opened, seeds);
        await opened.rotations[Symbol.asyncDispose]();
      }
      {
        await using opened = await openTestGallery(directory, {
          input: passphraseInput('another passphrase'),
        });
        while (opened.rotations.progress?.state === 'running') await nextTurn();
        await assertWhole(opened, seeds);
      }
      await assert.rejects(
        openTestGallery(directory, { input: passphraseInput('the first passphrase') }),
        /sealed: wrong-passphrase/,
      );
    });
  });
}

describe('a deep rotation of a person who is being changed', () => {
  test('is repeated with the changed data', async (t) => {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    writeSecret(directory, '.next');
    await using opened = await openTestGallery(directory);
    const { gallery, rotations, file } = opened;
    // Large photographs are sealed with turns of the event loop between: enough for a change to come in.
    const id = await enrol(opened, 1, 3_000_000);
    const dataKey = file.database.db.prepare('SELECT data_key_id FROM person').pluck();
    const before = dataKey.get();
    const rotation = await rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester });
    await nextTurn();
    gallery.changeProfile(id, { name: 'Another name' }, tester);
    assert.equal(dataKey.get(), before, 'the rotation has not stored them yet');
    await finished(rotation);
    assert.notEqual(dataKey.get(), before);
    assert.equal(gallery.showPerson(id)?.profile?.name, 'Another name');
    for (const photograph of gallery.showPerson(id)?.photographs ?? []) {
      assert.equal(gallery.readPhotograph(id, photograph.id)?.length, 3_000_000);
    }
    assert.deepEqual(gallery.quarantined, []);
  });
});
