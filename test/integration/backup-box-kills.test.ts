import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { seededRandom } from '../../daemon/base/random.js';
import { examineBackup } from '../../daemon/gallery/backup/examine-backup.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { recoveryKey } from '../support/backup-fixture.js';
import { namesIn, noiseJpeg, temporaryDirectory, tester, unitVector } from '../support/gallery-fixture.js';
import { KillSpan } from '../support/kill-span.js';
import { runAndKill } from '../support/killed-child.js';

const KILLS = 6;
/** Longer than one backup or one restore of these galleries takes on a machine that has nothing else to do. */
const FIRST_SPAN_MS = 500;
const PERSONS = 40;

async function enrolAll(box: BackupBox, prefix: string): Promise<readonly string[]> {
  const names = Array.from({ length: PERSONS }, (_, index) => `${prefix}${index}`);
  for (const [index, name] of names.entries()) {
    const photograph = { jpeg: noiseJpeg(index, 60_000), embedding: unitVector(index), quality: 1 };
    await box.access.gallery().addPerson({ profile: { name }, photographs: [photograph] }, tester);
  }
  return names;
}

const workDirectories = (box: BackupBox): readonly string[] =>
  readdirSync(join(box.galleryPath, '..')).filter((name) => name.includes('-work'));

async function boxOf(t: TestContext, prefix: string) {
  const directory = temporaryDirectory(t);
  const path = join(temporaryDirectory(t), `${prefix}.rcb`);
  await using box = await openBackupBox(directory);
  const names = await enrolAll(box, prefix);
  await box.backups.create({ path }, tester);
  return { directory, path, names };
}

/** The recovery key where a child finds it: what it takes from a process is another one each time. */
function keyDirectory(t: TestContext): string {
  const path = temporaryDirectory(t);
  writeFileSync(join(path, 'secret'), recoveryKey.secretKey, { mode: 0o600 });
  writeFileSync(join(path, 'public'), recoveryKey.publicKey, { mode: 0o600 });
  return path;
}

describe('a daemon that is killed', () => {
  test(`while it makes a backup leaves whole backups, parts of one, and the gallery (${KILLS} kills)`, async (t) => {
    const span = new KillSpan(seededRandom(20_260_301), FIRST_SPAN_MS);
    const { directory, names } = await boxOf(t, 'A');
    const target = temporaryDirectory(t);
    const keys = keyDirectory(t);
    let cutOff = 0;
    let whole = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const lines = await runAndKill(
        'backup-box-child.ts',
        [directory, keys, 'create', target],
        span.nextMs(),
      );
      span.fell(lines.some((line) => line.startsWith('created')) ? 'after' : 'before');
      await using box = await openBackupBox(directory);
      assert.deepEqual(await namesIn(box.access.gallery()), names, `kill ${kill}`);
      assert.deepEqual(workDirectories(box), []);
      assert.equal(box.access.audit.verify().outcome, 'whole');
      for (const name of readdirSync(target)) {
        const path = join(target, name);
        if (name.endsWith('.part')) cutOff += 1;
        else {
          await examineBackup(path, { recoverySecret: recoveryKey.secretKey }, target);
          whole += 1;
        }
        rmSync(path, { recursive: true });
      }
    }
    t.diagnostic(`${KILLS} kills: ${whole} whole backups, ${cutOff} parts of one`);
    assert.ok(whole > 0 && cutOff > 0, 'the kills hit backups');
  });

  test(`while it restores has wholly the old gallery or wholly the new one (${KILLS} kills)`, async (t) => {
    const span = new KillSpan(seededRandom(20_260_302), FIRST_SPAN_MS);
    const a = await boxOf(t, 'A');
    const b = await boxOf(t, 'B');
    const keys = keyDirectory(t);
    let restored = 0;
    let amid = 0;
    const seen = new Set<string | undefined>();
    for (let kill = 0; kill < KILLS; kill += 1) {
      const order = kill % 2 === 0 ? [b.path, a.path] : [a.path, b.path];
      const lines = await runAndKill(
        'backup-box-child.ts',
        [a.directory, keys, 'restore', ...order],
        span.nextMs(),
      );
      const done = lines.filter((line) => line.startsWith('restored')).length;
      span.fell(done > 0 ? 'after' : 'before');
      restored += done;
      const work = join(a.directory, 'data', 'gallery.db.restore-work');
      if (existsSync(work)) amid += 1;
      await using box = await openBackupBox(a.directory);
      const names = await namesIn(box.access.gallery());
      const [first] = names;
      assert.deepEqual(names, first?.startsWith('A') ? a.names : b.names, `kill ${kill}`);
      seen.add(first);
      assert.equal(box.access.gallery().quarantined.length, 0);
      assert.deepEqual(workDirectories(box), []);
      assert.equal(box.access.audit.verify().outcome, 'whole');
    }
    t.diagnostic(`${KILLS} kills: ${restored} whole restores, ${amid} cut off amid one`);
    assert.ok(restored > 0 && amid > 0, 'the kills hit restores');
    assert.equal(seen.size, 2, 'both galleries were met');
  });
});
