import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { moveAside, openAccountsDatabase } from '../../daemon/core/accounts/accounts-schema.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const clock = new VirtualClock(Date.UTC(2026, 2, 1, 8));

async function openPlace() {
  const directory = await temporaryDirectory();
  const path = join(directory.path, 'accounts.db');
  return {
    path,
    /** Opens the file, and returns the number of its accounts. */
    count(isUsable = true): unknown {
      const database = openAccountsDatabase(path, { clock, logger: silentLogger, isUsable: () => isUsable });
      const found = database.db.prepare('SELECT count(*) FROM user').pluck().get();
      database.close();
      return found;
    },
    names: () => readdirSync(directory.path),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}
const aside = 'accounts.db.damaged-2026-03-01T08-00-00.000Z';
const user = `INSERT INTO user
  (id, user_name, display_name, role, language, time_format, password, created_at_ms, password_at_ms)
  VALUES ('u-1', 'anna', '', 'admin', 'en', '24h', x'00', 0, 0)`;

describe('the file of the accounts', () => {
  test('is made where there is none, and kept where it is usable', async () => {
    await using place = await openPlace();
    assert.equal(place.count(), 0);
    const file = new Sqlite(place.path);
    file.exec(user);
    // The letters "RCac".
    assert.equal(file.pragma('application_id', { simple: true }), 0x52436163);
    file.close();
    assert.equal(place.count(), 1);
    assert.deepEqual(place.names(), ['accounts.db']);
  });

  test('is put aside where the program cannot use it', async () => {
    await using place = await openPlace();
    place.count();
    const file = new Sqlite(place.path);
    file.exec(user);
    file.close();
    assert.equal(place.count(false), 0);
    assert.deepEqual(place.names(), ['accounts.db', aside]);
  });

  test('is put aside where it is no database, one of another program, or has other tables than its version', async () => {
    const damages: Readonly<Record<string, (path: string) => void>> = {
      'no database': (path) => writeFileSync(path, 'x'.repeat(10_000)),
      'of another program'(path) {
        const file = new Sqlite(path);
        file.exec('PRAGMA application_id = 1; CREATE TABLE other (x)');
        file.close();
      },
      'other tables'(path) {
        const file = new Sqlite(path);
        file.exec(`PRAGMA application_id = ${0x52436163}; CREATE TABLE user (x)`);
        file.close();
      },
    };
    for (const [what, damage] of Object.entries(damages)) {
      await using place = await openPlace();
      damage(place.path);
      assert.equal(place.count(), 0, what);
      assert.deepEqual(place.names(), ['accounts.db', aside], what);
    }
  });

  test('is left alone where it cannot be opened for another reason', async () => {
    await using place = await openPlace();
    mkdirSync(place.path);
    assert.throws(() => place.count());
    assert.deepEqual(place.names(), ['accounts.db']);
  });

  test('is put aside with its journals', async () => {
    await using place = await openPlace();
    for (const suffix of ['', '-wal', '-shm']) writeFileSync(`${place.path}${suffix}`, `content${suffix}`);
    const to = moveAside(place.path, 'refused', clock);
    assert.equal(to, `${place.path}.refused-2026-03-01T08-00-00.000Z`);
    for (const suffix of ['', '-wal', '-shm'])
      assert.equal(readFileSync(`${to}${suffix}`, 'utf8'), `content${suffix}`);
    assert.equal(place.names().length, 3);
  });
});
