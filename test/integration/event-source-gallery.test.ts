import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { auditFollower } from '../../daemon/core/audit/audit-follower.js';
import { GalleryEvents } from '../../daemon/core/gallery/gallery-events.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { passphrase, recoveryKey } from '../support/backup-fixture.js';
import { openSourceRecords, type SourceRecords } from '../support/event-source.js';
import { followLog } from '../support/followed-log.js';
import { enrolmentOf, temporaryDirectory, tester } from '../support/gallery-fixture.js';

/** Follows the audit log once. */
async function follow({ vault }: BackupBox, { records, clock }: SourceRecords): Promise<void> {
  await followLog({ audit: vault.audit, records, clock });
}

/** One line for each event: `enrolled Ada` for a person, `gallery restored` for the gallery. */
function lines(source: SourceRecords, names: ReadonlyMap<string, string>): readonly string[] {
  return source.events().map(({ kind, type, data }) => {
    if (kind !== 'person') return `gallery ${String(data['change'])}`;
    return `${type.split('.')[2]} ${names.get(String(data['person']))}`;
  });
}

async function openBoth(context: TestContext) {
  const box = await openBackupBox(temporaryDirectory(context));
  const names = new Map<string, string>();
  return {
    box,
    source: openSourceRecords(context),
    names,
    async enrol(name: string) {
      const id = await box.vault.gallery().addPerson(enrolmentOf(name, [names.size + 1]), tester);
      names.set(id, name);
      return id;
    },
    [Symbol.asyncDispose]: () => box[Symbol.asyncDispose](),
  };
}

describe('persons', () => {
  test('each change of a person is recorded once, but none from before the first start', async (t) => {
    await using both = await openBoth(t);
    const { box, source, names, enrol } = both;
    const gallery = box.vault.gallery();
    await enrol('Zoe');
    await follow(box, source);
    const [ada, bea, cyd] = [await enrol('Ada'), await enrol('Bea'), await enrol('Cyd')];
    gallery.removePerson(ada, tester);
    gallery.restorePerson(ada, tester);
    gallery.changeProfile(ada, { name: 'Ada' }, tester);
    gallery.erasePerson(bea, tester);
    gallery.eraseBiometricData(cyd, { name: 'Cyd' }, tester);
    await follow(box, source);
    await follow(box, source);
    assert.deepEqual(lines(source, names), [
      'enrolled Ada',
      'enrolled Bea',
      'enrolled Cyd',
      'removed Ada',
      'restored Ada',
      'erased Bea',
      'removed Cyd',
    ]);
  });

  test('an import is recorded person by person when it is committed', async (t) => {
    await using both = await openBoth(t);
    const { box, source, names } = both;
    await follow(box, source);
    const gallery = box.vault.gallery();
    const importId = await gallery.beginImport();
    for (let index = 0; index < 60; index += 1) {
      names.set(
        await gallery.addPerson(enrolmentOf(`P${index}`, [index + 1]), tester, importId),
        `P${index}`,
      );
    }
    await follow(box, source);
    assert.equal(source.events().length, 0, 'no enrolment is recorded before the commit');
    await gallery.commitImport(importId, tester);
    await follow(box, source);
    assert.deepEqual(
      [...lines(source, names)].sort(),
      Array.from({ length: 60 }, (_, index) => `enrolled P${index}`).sort(),
    );
  });

  test('events that a kill or a full disk prevents are recorded later, once each', async (t) => {
    await using both = await openBoth(t);
    const { box, source, names, enrol } = both;
    await follow(box, source);
    await enrol('Ada');
    source.isDiskFull = true;
    await follow(box, source);
    source.isDiskFull = false;
    assert.equal(source.events().length, 0);
    await source.restart();
    await enrol('Bea');
    await follow(box, source);
    await source.restart();
    await follow(box, source);
    assert.deepEqual(lines(source, names), ['enrolled Ada', 'enrolled Bea']);
    assert.deepEqual(
      source.events().map(({ sequence }) => sequence),
      [1, 2],
    );
  });

  test('the log is checked repeatedly', async (t) => {
    await using both = await openBoth(t);
    const { box, source, names, enrol } = both;
    const { vault } = box;
    const { records, clock } = source;
    const { audit } = vault;
    await using follower = auditFollower({ audit, records, clock, logger: silentLogger }).start();
    await follower.settled();
    await enrol('Ada');
    clock.advanceBy(1_000);
    await follower.settled();
    assert.deepEqual(lines(source, names), ['enrolled Ada']);
  });
});

describe('a backup that is restored', () => {
  test('on the same box: the log continues, and the gallery is reported as restored', async (t) => {
    await using both = await openBoth(t);
    const { box, source, names, enrol } = both;
    const path = join(temporaryDirectory(t), 'night.rcb');
    await follow(box, source);
    const ada = await enrol('Ada');
    await box.backups.create({ path, passphrase }, tester);
    await enrol('Bea');
    box.vault.gallery().erasePerson(ada, tester);
    await follow(box, source);
    await box.backups.restore({ path, secret: { recoverySecret: recoveryKey.secretKey } }, tester);
    await enrol('Cyd');
    await follow(box, source);
    assert.deepEqual(lines(source, names), [
      'enrolled Ada',
      'enrolled Bea',
      'erased Ada',
      // The restore brought back the row of Ada and erased it again.
      'erased Ada',
      'gallery restored',
      'enrolled Cyd',
    ]);
  });

  test('of another box: its past changes are not reported', async (t) => {
    const path = join(temporaryDirectory(t), 'old.rcb');
    {
      await using both = await openBoth(t);
      for (const name of ['Xan', 'Yve', 'Zoe']) await both.enrol(name);
      await both.box.backups.create({ path, passphrase }, tester);
    }
    // A new box has neither key nor entries, so the log of the backup becomes its log.
    await using box = await openBackupBox(temporaryDirectory(t), { keyFill: 9 });
    const source = openSourceRecords(t);
    await follow(box, source);
    const before = box.vault.audit.list({ limit: 1 })[0];
    await box.backups.restore({ path, secret: { recoverySecret: recoveryKey.secretKey } }, tester);
    const names = new Map<string, string>();
    names.set(await box.vault.gallery().addPerson(enrolmentOf('Ada', [50]), tester), 'Ada');
    await follow(box, source);
    await follow(box, source);
    assert.ok(before !== undefined);
    assert.deepEqual(lines(source, names), ['gallery restored', 'enrolled Ada']);
  });
});

describe('the opening or sealing of the gallery', () => {
  const eventsOf = ({ vault }: BackupBox, { records, clock }: SourceRecords) =>
    new GalleryEvents({ vault, records, clock, logger: silentLogger });

  test('is recorded when it differs from the last event, across restarts', async (t) => {
    const directory = temporaryDirectory(t);
    const source = openSourceRecords(t);
    for (let start = 0; start < 2; start += 1) {
      await using box = await openBackupBox(directory);
      using _events = eventsOf(box, source);
    }
    assert.deepEqual(lines(source, new Map()), ['gallery opened']);
    for (let start = 0; start < 2; start += 1) {
      const sealedDirectory = temporaryDirectory(t);
      await using box = await openBackupBox(sealedDirectory, { keyFill: null });
      using _events = eventsOf(box, source);
    }
    assert.deepEqual(
      source.events().map(({ data }) => data),
      [{ change: 'opened' }, { change: 'sealed', code: 'key-not-initialised' }],
    );
  });

  test('waits while nothing can be recorded', async (t) => {
    const source = openSourceRecords(t);
    await using box = await openBackupBox(temporaryDirectory(t));
    source.isDiskFull = true;
    using _events = eventsOf(box, source);
    assert.equal(source.events().length, 0);
    source.isDiskFull = false;
    source.clock.advanceBy(5_000);
    assert.deepEqual(lines(source, new Map()), ['gallery opened']);
  });
});
