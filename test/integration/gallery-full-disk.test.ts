import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import {
  enrolmentOf,
  enrolmentPhotograph,
  galleryOptions,
  namesIn,
  noiseJpeg,
  openTestGallery,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';
import { mountSmallDisk } from '../support/small-disk.js';

async function isFound(gallery: Gallery, seed: number): Promise<boolean> {
  const [best] = await gallery.nearest(unitVector(seed), { count: 1 });
  return best !== undefined && best.similarity > 0.99;
}

function isFullDisk(error: unknown): boolean {
  return isRollcallError(error, 'disk-full') && error.remedy !== undefined;
}

const largePhotograph = (seed: number) => ({ ...enrolmentPhotograph(seed), jpeg: noiseJpeg(seed, 400_000) });

test('on a full disk every change fails with that reason and leaves nothing partial; with space again all work', (t) =>
  fullDisk(t));

async function fullDisk(t: TestContext): Promise<void> {
  const mounted = mountSmallDisk(8);
  if ('skip' in mounted) {
    t.skip(mounted.skip);
    return;
  }
  using disk = mounted;
  const options = galleryOptions(join(disk.path, 'gallery'));
  let ids: readonly [PersonId, PersonId, PersonId];
  {
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    ids = [
      await gallery.addPerson(enrolmentOf('Ada', [1]), tester),
      await gallery.addPerson(enrolmentOf('Grace', [2]), tester),
      await gallery.addPerson(enrolmentOf('Emmy', [3]), tester),
    ];
    const [ada, grace, emmy] = ids;
    gallery.removePerson(emmy, tester);
    const importId = await gallery.beginImport();
    await gallery.addPerson(enrolmentOf('Staged', [4]), tester, importId);
    const entries = file.audit.count();
    disk.fill();

    // Large: what the write-ahead log has room for within its file would still succeed.
    const enrolment = { profile: { name: 'Late' }, photographs: [5, 6].map(largePhotograph) };
    await assert.rejects(gallery.addPerson(enrolment, tester), isFullDisk);
    assert.equal(await isFound(gallery, 5), false);
    const notes = 'x'.repeat(2000);
    const attempts: readonly (() => unknown)[] = [
      () => gallery.changeProfile(ada, { name: 'Ada', notes }, tester),
      () => gallery.removePerson(grace, tester),
      () => gallery.restorePerson(emmy, tester),
      () => gallery.eraseBiometricData(grace, { name: 'Grace' }, tester),
    ];
    let refused = 0;
    for (const attempt of attempts) {
      try {
        attempt();
      } catch (error) {
        assert.ok(isFullDisk(error), String(error));
        refused += 1;
      }
    }
    assert.equal(refused, attempts.length);
    assert.deepEqual(
      [await isFound(gallery, 1), await isFound(gallery, 2)],
      [true, true],
      'still recognised',
    );
    assert.throws(() => gallery.erasePerson(ada, tester), isFullDisk);
    assert.equal(await isFound(gallery, 1), true);
    assert.equal(file.audit.verify().outcome, 'whole');
    assert.equal((await namesIn(gallery)).length, 3);
    assert.equal(
      file.audit.count(),
      entries + attempts.length - refused,
      'an entry for each change, no other',
    );

    disk.free();
    const late = await gallery.addPerson(enrolment, tester);
    assert.equal(await isFound(gallery, 5), true);
    await gallery.commitImport(importId, tester);
    assert.ok(gallery.erasePerson(late, tester));
    assert.ok(gallery.erasePerson(ada, tester));
  }
  await using opened = await openTestGallery(options);
  assert.deepEqual(opened.gallery.quarantined, []);
  assert.deepEqual((await namesIn(opened.gallery)).toSorted(), ['Emmy', 'Grace', 'Staged']);
  assert.equal(await isFound(opened.gallery, 4), true);
  assert.equal(opened.file.audit.verify().outcome, 'whole');
}
