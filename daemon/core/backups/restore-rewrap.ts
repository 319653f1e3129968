import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../host/sodium.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import { KeyEncryptionKey } from '../gallery/keys/key-encryption-key.js';
import type { KeySlotParameters } from '../gallery/keys/key-provider.js';
import type { DataKeyRow } from '../gallery/keys/key-ring.js';
import { insertKeySlot, openKeyRing, readKeySlots, readRecogniser } from '../gallery/keys/key-slots.js';
import { places } from '../gallery/places.js';
import { refuseContent } from './restore-errors.js';
import type { RestoreSource } from './restore-source.js';

const BATCH_KEYS = 100;
const nothing = new Uint8Array(0);

/** The key with which a restored gallery opens on this box. */
export interface TargetKey {
  /** 32 bytes in guarded memory. The caller wipes them. */
  readonly kek: Uint8Array;
  readonly provider: KeyProviderKind;
  readonly parameters: KeySlotParameters;
  readonly createdAtMs: number;
}

/**
 * Wraps every data key of the unpacked gallery with the key of this box and removes all other keys. Removes data keys that do not
 * open; their rows then count as damaged. Returns the number of these keys.
 * @throws `backup-unusable` if the keys of the backup do not open its database; `disk-full`
 */
export async function rewrapForBox(
  { database, keys, facts }: RestoreSource,
  target: TargetKey,
): Promise<number> {
  const { db } = database;
  assertKeysOpen({ database, keys, facts });
  const keks = keysById(keys);
  using key = new KeyEncryptionKey(target.kek);
  try {
    // A crash loses nothing: the file is not in use yet.
    db.pragma('synchronous = OFF');
    db.pragma('foreign_keys = OFF');
    const damaged = await rewrapAll(database, { keks, key });
    const recogniser = readRecogniser(database);
    if (recogniser === undefined) throw refuseContent(facts.path, 'it never had a key');
    const { provider, parameters, createdAtMs: nowMs } = target;
    database.transaction(() => {
      db.exec('DELETE FROM key_slot; DELETE FROM job;');
      insertKeySlot(database, { key, provider, parameters, recogniser, nowMs });
    });
    db.pragma('foreign_keys = ON');
    return damaged;
  } finally {
    for (const kek of keks.values()) kek[Symbol.dispose]();
  }
}

/** Checks that the backup has every key in force and that it opens the gallery. @throws `backup-unusable` */
export function assertKeysOpen({
  database,
  keys,
  facts,
}: Omit<RestoreSource, typeof Symbol.asyncDispose>): void {
  const keks = keysById(keys);
  try {
    for (const { keyId } of readKeySlots(database)) assertOpens(facts.path, database, keks.get(keyId));
  } finally {
    for (const kek of keks.values()) kek[Symbol.dispose]();
  }
}

/** The caller disposes the keys. */
function keysById({ keks }: RestoreSource['keys']): ReadonlyMap<string, KeyEncryptionKey> {
  return new Map(keks.map((bytes) => new KeyEncryptionKey(bytes)).map((kek) => [kek.id, kek]));
}

function assertOpens(
  path: string,
  database: RestoreSource['database'],
  kek: KeyEncryptionKey | undefined,
): void {
  if (kek === undefined) throw refuseContent(path, 'its keys do not belong to its database');
  const bytes = kek.copy();
  const copy = new KeyEncryptionKey(bytes);
  wipe(bytes);
  try {
    openKeyRing(database, kek.id, copy)[Symbol.dispose]();
  } catch (error) {
    copy[Symbol.dispose]();
    throw refuseContent(path, 'its keys do not belong to its database', error);
  }
}

async function rewrapAll(
  database: RestoreSource['database'],
  { keks, key }: { readonly keks: ReadonlyMap<string, KeyEncryptionKey>; readonly key: KeyEncryptionKey },
): Promise<number> {
  const { db } = database;
  const after = db.prepare<[string, number], DataKeyRow>(
    'SELECT id, kek_id AS kekId, wrapped FROM data_key WHERE id > ? ORDER BY id LIMIT ?',
  );
  const update = db.prepare('UPDATE data_key SET kek_id = ?, wrapped = ? WHERE id = ?');
  let damaged = 0;
  for (let last = ''; ; ) {
    const rows = after.all(last, BATCH_KEYS);
    const end = rows.at(-1);
    if (end === undefined) return damaged;
    database.transaction(() => {
      for (const { id, kekId, wrapped } of rows) {
        if (kekId === key.id) continue;
        const bytes = keks.get(kekId)?.unwrap(places.dataKey(id), wrapped);
        if (bytes === undefined) damaged += 1;
        update.run(key.id, bytes === undefined ? nothing : key.wrap(places.dataKey(id), bytes), id);
        if (bytes !== undefined) wipe(bytes);
      }
    });
    last = end.id;
    await nextTurn();
  }
}
