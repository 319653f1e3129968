import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type OpenDatabase, openDatabase } from '../../daemon/host/sqlite.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import type { Migration } from '../../daemon/host/sqlite-migrations.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const applicationId = 0x726f_6c6c;
const first: Migration = {
  name: 'notes',
  apply: 'CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT',
};
const second: Migration = {
  name: 'length of notes',
  apply: (db) => {
    db.exec('ALTER TABLE note ADD COLUMN length INTEGER');
    db.prepare('UPDATE note SET length = length(text)').run();
  },
};

describe('a database', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollcall-sqlite-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  const place = (name: string): string => join(directory, name);
  const openAt = (path: string, migrations: readonly Migration[] = [first]): OpenDatabase =>
    openDatabase(path, { migrations, applicationId });

  function refused(path: string, code: string, migrations: readonly Migration[] = [first]): void {
    assert.throws(
      () => openAt(path, migrations),
      (error: unknown) => {
        assert.ok(isRollcallError(error, code), String(error));
        assert.ok(error.message.includes(path));
        assert.ok(error.remedy);
        return true;
      },
    );
  }

  const notes = (database: OpenDatabase): unknown[] =>
    database.db.prepare('SELECT text FROM note').pluck().all();
  const write = (database: OpenDatabase, text: string): void =>
    database.transaction(() => void database.db.prepare('INSERT INTO note (text) VALUES (?)').run(text));

  test('is created for its owner only, with its log, and keeps its content', () => {
    const path = join(directory, 'sub', 'new.db');
    const database = openAt(path);
    write(database, 'kept');
    for (const file of readdirSync(join(directory, 'sub'))) {
      assert.equal(statSync(join(directory, 'sub', file)).mode & 0o777, 0o600, file);
    }
    assert.equal(readdirSync(join(directory, 'sub')).length, 3, 'database, log and shared memory');
    database.close();
    const again = openAt(path);
    assert.deepEqual(notes(again), ['kept']);
    again.close();
  });

  test('restored with a mode open to others becomes private again', () => {
    const path = place('restored.db');
    openAt(path).close();
    chmodSync(path, 0o644);
    const database = openAt(path);
    for (const file of [path, `${path}-wal`, `${path}-shm`])
      assert.equal(statSync(file).mode & 0o777, 0o600, file);
    database.close();
  });

  test('has the settings that survive power cuts on the open connection', () => {
    const database = openAt(place('pragmas.db'));
    const pragma = (name: string): unknown => database.db.pragma(name, { simple: true });
    assert.equal(pragma('journal_mode'), 'wal');
    assert.equal(pragma('synchronous'), 2);
    assert.equal(pragma('foreign_keys'), 1);
    assert.equal(pragma('secure_delete'), 1);
    assert.equal(pragma('busy_timeout'), 5000);
    database.close();
  });

  test('keeps what was committed when the process dies without closing', () => {
    const path = place('killed.db');
    openAt(path).close();
    const script = `
      import { openDatabase } from ${JSON.stringify(new URL('../../daemon/host/sqlite.ts', import.meta.url).href)};
      const database = openDatabase(${JSON.stringify(path)}, { migrations: [${JSON.stringify(first)}], applicationId: ${applicationId} });
      const insert = database.db.prepare('INSERT INTO note (text) VALUES (?)');
      database.transaction(() => insert.run('committed'));
      database.unsyncedTransaction(() => insert.run('committed for a kill'));
      database.db.exec('BEGIN');
      insert.run('not committed');
      process.kill(process.pid, 'SIGKILL');
    `;
    assert.throws(
      () => execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]),
      (error: { signal?: string }) => error.signal === 'SIGKILL',
    );
    const again = openAt(path);
    assert.deepEqual(notes(again), ['committed', 'committed for a kill']);
    again.close();
  });

  test('overwrites what is deleted', () => {
    const path = place('erased.db');
    const database = openAt(path);
    const mark = 'a text that must not remain anywhere';
    write(database, mark.repeat(50));
    database.db.prepare('DELETE FROM note').run();
    database.close();
    assert.equal(readFileSync(path).includes(mark), false);
  });

  test('is migrated one version at a time, with its content', () => {
    const path = place('forward.db');
    const old = openAt(path);
    write(old, 'four');
    old.close();
    const database = openAt(path, [first, second]);
    assert.deepEqual(database.db.prepare('SELECT text, length FROM note').all(), [
      { text: 'four', length: 4 },
    ]);
    assert.equal(database.db.pragma('user_version', { simple: true }), 2);
    database.close();
  });

  test('stays at the version before a migration that fails', () => {
    const path = place('failing.db');
    const failing: Migration = {
      name: 'fails half way',
      apply: (db) => {
        db.exec('CREATE TABLE half (id INTEGER)');
        throw new Error('half way');
      },
    };
    assert.throws(() => openAt(path, [first, failing]), /half way/);
    const database = openAt(path, [first]);
    assert.deepEqual(database.db.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all(), []);
    database.close();
  });

  test('of a newer release is refused with both versions, and not changed', () => {
    const path = place('newer.db');
    openAt(path, [first, second]).close();
    refused(path, 'database-newer', [first]);
    const database = openAt(path, [first, second]);
    assert.equal(database.db.pragma('user_version', { simple: true }), 2);
    database.close();
  });

  test('of another program or kind is refused', () => {
    const foreign = place('foreign.db');
    new Sqlite(foreign).exec('CREATE TABLE theirs (id INTEGER)').close();
    chmodSync(foreign, 0o644);
    const content = readFileSync(foreign);
    refused(foreign, 'database-foreign');
    assert.deepEqual(readFileSync(foreign), content, 'left as it was');
    assert.equal(statSync(foreign).mode & 0o777, 0o644);
    const other = place('other-kind.db');
    openDatabase(other, { migrations: [first], applicationId: 77 }).close();
    refused(other, 'database-foreign');
  });

  test('that is another file, cut short or damaged inside is refused', () => {
    const text = place('text.db');
    writeFileSync(text, 'site:\n  id: this is the configuration\n'.repeat(100));
    refused(text, 'database-damaged');

    const path = place('damaged.db');
    const database = openAt(path);
    for (let index = 0; index < 200; index += 1) write(database, `note ${index} `.repeat(50));
    database.close();
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged.fill(0x5a, 3 * 4096, 5 * 4096);
    writeFileSync(path, damaged);
    refused(path, 'database-damaged');
    writeFileSync(path, whole);
    truncateSync(path, whole.length - 3 * 4096);
    refused(path, 'database-damaged');
  });

  test('that cannot be opened is refused with the reason', () => {
    mkdirSync(place('folder.db'));
    refused(place('folder.db'), 'database-not-opened');
    writeFileSync(place('plain'), '');
    refused(join(place('plain'), 'below.db'), 'database-not-opened');
  });

  test('passes on what a transaction throws and undoes it', () => {
    const database = openAt(place('undo.db'));
    assert.throws(
      () =>
        database.transaction(() => {
          database.db.prepare("INSERT INTO note (text) VALUES ('gone')").run();
          throw new RangeError('own error');
        }),
      RangeError,
    );
    assert.deepEqual(notes(database), []);
    assert.throws(
      () =>
        database.unsyncedTransaction(() => {
          assert.equal(database.db.pragma('synchronous', { simple: true }), 1);
          database.db.prepare("INSERT INTO note (text) VALUES ('gone')").run();
          throw new RangeError('own error');
        }),
      RangeError,
    );
    assert.deepEqual(notes(database), []);
    const within = (): unknown => database.db.pragma('synchronous', { simple: true });
    assert.equal(
      database.transaction(() => database.unsyncedTransaction(within)),
      2,
    );
    assert.throws(
      () => database.transaction(() => database.db.prepare('INSERT INTO note (text) VALUES (NULL)').run()),
      (error) => error instanceof Sqlite.SqliteError,
    );
    database.close();
  });
});

/** A file system of one MiB, or why there is none. */
function tinyDisk(): { readonly path: string; readonly skip: false } | { readonly skip: string } {
  if (process.getuid?.() !== 0) return { skip: 'mounting a tiny file system needs root' };
  const path = mkdtempSync(join(tmpdir(), 'rollcall-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'pipe' });
    return { path, skip: false };
  } catch (error) {
    rmSync(path, { recursive: true });
    return { skip: `no file system can be mounted here: ${String(error)}` };
  }
}

const disk = tinyDisk();

describe('a full disk', { skip: disk.skip }, () => {
  const mountPoint = 'path' in disk ? disk.path : '';
  after(() => {
    execFileSync('umount', [mountPoint]);
    rmSync(mountPoint, { recursive: true });
  });

  test('is reported, loses nothing that was committed, and ends when there is space again', () => {
    const path = join(mountPoint, 'full.db');
    const database = openDatabase(path, { migrations: [first], applicationId });
    const insert = database.db.prepare('INSERT INTO note (text) VALUES (?)');
    const ballast = join(mountPoint, 'ballast');
    writeFileSync(ballast, Buffer.alloc(600 << 10));
    let committed = 0;
    assert.throws(
      () => {
        for (; committed < 1000; committed += 1) database.transaction(() => insert.run('x'.repeat(4000)));
      },
      (error) => isRollcallError(error, 'disk-full') && error.retryable,
    );
    assert.ok(committed > 0 && committed < 1000);
    const count = (): unknown => database.db.prepare('SELECT count(*) FROM note').pluck().get();
    assert.equal(count(), committed);
    rmSync(ballast);
    database.transaction(() => insert.run('after'));
    assert.equal(count(), committed + 1);
    database.close();
  });

  test('is reported when the database cannot be created', () => {
    writeFileSync(join(mountPoint, 'rest'), '');
    assert.throws(() => writeFileSync(join(mountPoint, 'rest'), Buffer.alloc(2 << 20)));
    assert.throws(
      () => openDatabase(join(mountPoint, 'none.db'), { migrations: [first], applicationId }),
      (error) => isRollcallError(error, 'disk-full') || isRollcallError(error, 'disk-failed'),
    );
  });
});
