import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GALLERY_MIGRATIONS } from '../../daemon/core/gallery/gallery-schema.js';
import { KeyEncryptionKey } from '../../daemon/core/gallery/keys/key-encryption-key.js';
import {
  deleteKeySlot,
  insertKeySlot,
  linkKeySlots,
  openKeyRing,
  readKeySlots,
  readRecogniser,
  resealRecogniser,
} from '../../daemon/core/gallery/keys/key-slots.js';
import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const recogniser = recogniserId('test-recogniser-1');
const keyOf = (fill: number): KeyEncryptionKey => new KeyEncryptionKey(new Uint8Array(32).fill(fill));
const [firstId, secondId] = [keyOf(1).id, keyOf(2).id];

/** The slots of a gallery under the key 1; with `isRotating` also under the key 2, which it goes to. */
function slots(isRotating = false): OpenDatabase {
  const database = openMemoryDatabase(GALLERY_MIGRATIONS);
  database.db.prepare('INSERT INTO gallery (id, recogniser, created_at_ms) VALUES (1, ?, 5)').run(recogniser);
  const [first, second] = [keyOf(1), keyOf(2)];
  insertKeySlot(database, { key: first, provider: 'secret', parameters: {}, recogniser, nowMs: 10 });
  if (isRotating) {
    const parameters = { passes: 3, salt: 'AA==' };
    insertKeySlot(database, { key: second, provider: 'passphrase', parameters, recogniser, nowMs: 20 });
    linkKeySlots(database, first, second);
  }
  return database;
}

/** The ids of the current and the retiring key of the ring, or with which code it does not open. */
function opened(database: OpenDatabase, fill: number): readonly (string | undefined)[] {
  const key = keyOf(fill);
  try {
    using ring = openKeyRing(database, fill === 2 ? secondId : firstId, key);
    return [ring.current.id, ring.retiring?.id];
  } catch (error) {
    assert.ok(isRollcallError(error));
    assert.throws(() => key.copy(), { code: 'key-disposed' }, 'a key that is refused is wiped');
    return [error.code];
  }
}

const damaged = ['gallery-damaged'];

describe('the key slots of a gallery', () => {
  test('list the current one first, with its parameters', () => {
    const database = slots(true);
    assert.deepEqual(readKeySlots(database), [
      {
        ...{ keyId: secondId, provider: 'passphrase', isCurrent: true, createdAtMs: 20 },
        parameters: { passes: 3, salt: 'AA==' },
      },
      { keyId: firstId, provider: 'secret', parameters: {}, isCurrent: false, createdAtMs: 10 },
    ]);
    assert.equal(readRecogniser(database), recogniser);
    database.db.exec("UPDATE key_slot SET provider = 'tpm'");
    assert.deepEqual(
      readKeySlots(database).map(({ provider }) => provider),
      ['tpm', 'tpm'],
    );
  });

  test('are damaged if their provider or parameters were altered', () => {
    for (const change of ["provider = 'cloud'", "parameters = '{'"]) {
      const database = slots();
      database.db.exec(`UPDATE key_slot SET ${change}`);
      assert.throws(() => readKeySlots(database), { code: 'gallery-damaged' }, change);
      database.close();
    }
  });
});

describe('the key ring of a gallery', () => {
  const cases: readonly (readonly [
    what: string,
    isRotating: boolean,
    sql: string,
    byFirst: readonly (string | undefined)[],
    bySecond?: readonly (string | undefined)[],
  ])[] = [
    ['opens by its key', false, '', [firstId, undefined]],
    ['opens by either key of a rotation', true, '', [secondId, firstId], [secondId, firstId]],
    ['is damaged if its row is gone', false, 'DELETE FROM key_slot', damaged],
    ['is damaged if its recogniser is gone', false, 'DELETE FROM gallery', damaged],
    ['is damaged if its recogniser was altered', false, "UPDATE gallery SET recogniser = 'other'", damaged],
    [
      'is damaged if its check value was altered',
      false,
      'UPDATE key_slot SET check_value = zeroblob(32)',
      damaged,
    ],
    ['is damaged if its seal was altered', false, 'UPDATE key_slot SET seal = zeroblob(41)', damaged],
    [
      'needs another key if neither check value nor seal fits',
      false,
      'UPDATE key_slot SET check_value = zeroblob(32), seal = zeroblob(41)',
      ['wrong-key'],
    ],
    ['is damaged if the second key is gone', true, 'UPDATE key_slot SET other_key = NULL', damaged, damaged],
    [
      'is damaged if the second key does not open',
      true,
      `UPDATE key_slot SET other_key = zeroblob(73) WHERE key_id = '${firstId}'`,
      damaged,
      [secondId, firstId],
    ],
    [
      'is damaged if the second key is not that of its row',
      true,
      `UPDATE key_slot SET check_value = zeroblob(32) WHERE key_id = '${secondId}'`,
      damaged,
      damaged,
    ],
  ];
  for (const [what, isRotating, sql, byFirst, bySecond] of cases) {
    test(what, () => {
      const database = slots(isRotating);
      database.db.exec(sql);
      assert.deepEqual(opened(database, 1), byFirst);
      if (bySecond !== undefined) assert.deepEqual(opened(database, 2), bySecond);
      database.close();
    });
  }

  test('does not open with another key', () => {
    assert.deepEqual(opened(slots(), 3), ['wrong-key']);
  });

  test('holds only the new key after a rotation', () => {
    const database = slots(true);
    deleteKeySlot(database, firstId);
    assert.deepEqual(opened(database, 2), [secondId, undefined]);
    assert.equal(database.db.prepare('SELECT other_key FROM key_slot').pluck().get(), null);
    assert.deepEqual(opened(database, 1), damaged);
  });

  test('opens with another recogniser after it was sealed with all keys', () => {
    for (const isRotating of [false, true]) {
      const database = slots(isRotating);
      const other = recogniserId('other-recogniser');
      {
        using ring = openKeyRing(database, firstId, keyOf(1));
        resealRecogniser(database, ring, other);
      }
      assert.equal(readRecogniser(database), other);
      assert.deepEqual(opened(database, 1), isRotating ? [secondId, firstId] : [firstId, undefined]);
    }
  });
});
