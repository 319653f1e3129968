import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { backedUpBox, codeOf, filesOf, hashOf, secret } from '../support/backed-up-box.js';
import { openBackupBox } from '../support/backup-box.js';
import {
  enrolmentOf,
  namesIn,
  noiseJpeg,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';

describe('a backup of a running box', () => {
  test('tells what it holds, leaves an entry without its path, and nothing beside the gallery', async (t) => {
    const { directory, path, answer } = await backedUpBox(t);
    assert.equal(answer.sha256, hashOf(path));
    assert.equal(answer.counts['persons'], 2);
    assert.equal(answer.site, 'test-site');
    await using box = await openBackupBox(directory);
    const [entry] = box.access.audit.list({ action: 'backup.created' });
    assert.equal(entry?.details['sha256'], answer.sha256);
    assert.ok(!JSON.stringify(entry).includes('night'));
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
  });

  test('holds no name and no picture in clear, nor any key', async (t) => {
    const { directory, path } = await backedUpBox(t);
    const bytes = readFileSync(path);
    const key = readFileSync(join(directory, 'data', 'keys', 'audit-key'));
    for (const hidden of [
      Buffer.from('Grace'),
      Buffer.from(noiseJpeg(300)).subarray(100, 130),
      key,
      Buffer.alloc(32, 7),
    ])
      assert.equal(bytes.indexOf(hidden), -1);
  });

  test('is made while people are enrolled, recognised and erased', async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(temporaryDirectory(t), 'busy.rcb');
    await using box = await openBackupBox(directory);
    const gallery = box.access.gallery();
    for (let seed = 1; seed <= 60; seed += 1)
      await gallery.addPerson(
        {
          profile: { name: `P${seed}` },
          photographs: [{ jpeg: noiseJpeg(seed, 200_000), embedding: unitVector(seed), quality: 1 }],
        },
        tester,
      );
    const [first] = await gallery.listPersons();
    assert.ok(first);
    let isDone = false;
    const backup = box.backups.create({ path }, tester).finally(() => {
      isDone = true;
    });
    let searches = 0;
    for (let seed = 1000; !isDone; seed += 1) {
      const [found] = await gallery.nearest(unitVector(30), { count: 1 });
      assert.ok(found && found.similarity > 0.99);
      if (seed === 1003) assert.ok(gallery.erasePerson(first.id, tester));
      if (seed % 10 === 0) await gallery.addPerson(enrolmentOf(`Q${seed}`, [seed]), tester);
      searches += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { counts } = await backup;
    assert.ok(searches > 5, `${searches} searches`);
    await box.backups.restore({ path, secret }, tester);
    const names = await namesIn(box.access.gallery());
    assert.ok(!names.includes('P1') && names.includes('P60'));
    assert.ok(Math.abs(names.length - (counts['persons'] ?? 0)) <= 1);
    assert.equal(box.access.audit.verify().outcome, 'whole');
  });

  test('is refused while the gallery is sealed, for nobody, over a file, and twice at a time', async (t) => {
    const { directory, path } = await backedUpBox(t);
    await using box = await openBackupBox(directory);
    assert.equal(await codeOf(box.backups.create({ path }, tester)), 'backup-exists');
    const [one, two] = [1, 2].map((n) => codeOf(box.backups.create({ path: `${path}.${n}` }, tester)));
    assert.equal(await two, 'backup-busy');
    assert.equal(await one, 'done');
    await using sealed = await openBackupBox(temporaryDirectory(t), { keyFill: null });
    assert.equal(await codeOf(sealed.backups.create({ path: `${path}.3` }, tester)), 'gallery-sealed');
  });
});
