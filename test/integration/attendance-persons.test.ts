import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enrolledPersons } from '../../daemon/core/attendance/attendance-persons.js';
import type { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { enrol, firstNoonMs, openRetentionBox } from '../support/retention-box.js';

test('attendance lists ids of enrolled persons without a key and names only with it, and does not expect a removed person', async (t) => {
  await using box = await openRetentionBox(temporaryDirectory(t));
  const ada = await enrol(box, 'Ada', [1]);
  const ben = await enrol(box, 'Ben', [2]);
  box.gallery?.removePerson(ben, tester);
  const personsOf = async (vault: Partial<GalleryVault>) => {
    // The function reads nothing else of the vault.
    const persons = await enrolledPersons(vault as GalleryVault);
    return (
      persons &&
      [ada, ben].map((id) => {
        const { profile: _, ...person } = persons.get(id) ?? assert.fail();
        return person;
      })
    );
  };
  assert.ok(box.gallery !== undefined);
  const open = { gallery: box.gallery } as NonNullable<GalleryVault['open']>;
  assert.deepEqual(await personsOf({ open, fileIfOpen: box.file }), [
    { id: ada, name: 'Ada', expectedFromMs: firstNoonMs },
    { id: ben, name: 'Ben', expectedFromMs: undefined },
  ]);
  assert.deepEqual(await personsOf({ open: undefined, fileIfOpen: box.file }), [
    { id: ada, name: undefined, expectedFromMs: firstNoonMs },
    { id: ben, name: undefined, expectedFromMs: undefined },
  ]);
  assert.equal(await personsOf({ open: undefined, fileIfOpen: undefined }), undefined);
});

test('the daily run erases a removed person with the reasons of their corrections', async (t) => {
  await using box = await openRetentionBox(temporaryDirectory(t), { rules: { removedPersons: 1 } });
  const ada = await enrol(box, 'Ada', [1]);
  const { corrections } = box.records.attendance;
  const correction = {
    ...({ personId: ada, date: '2026-03-02', kind: 'absence-excused', atMs: null } as const),
    ...{ reason: 'Ada is ill', by: 'uid:1000', recordedAtMs: firstNoonMs },
  };
  corrections.add(correction, () => undefined);
  box.gallery?.removePerson(ada, tester);
  box.clock.advanceBy(2 * 86_400_000);
  const { forgotten } = await box.retention.run({ isClockConfirmed: true }, tester);
  assert.equal(forgotten.removedPersons, 1);
  assert.deepEqual(
    corrections.of(ada, '2026-03-02', '2026-03-02').map(({ reason, kind }) => [reason, kind]),
    [['', 'absence-excused']],
  );
});
