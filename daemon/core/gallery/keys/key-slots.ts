import { wipe } from '../../../host/sodium.js';
import type { OpenDatabase } from '../../../host/sqlite.js';
import { type KeyProviderKind, keyProviderKinds } from '../../../kernel/gallery/key-provider-kind.js';
import { type RecogniserId, recogniserId } from '../../../kernel/ids.js';
import { failure } from '../../../words/errors.js';
import { places } from '../places.js';
import { KeyEncryptionKey } from './key-encryption-key.js';
import type { KeySlotParameters } from './key-provider.js';
import { KeyRing } from './key-ring.js';

/** A KEK in force, as the gallery stores it. */
export interface KeySlot {
  readonly keyId: string;
  readonly provider: KeyProviderKind;
  readonly parameters: KeySlotParameters;
  readonly isCurrent: boolean;
  /** Wall clock, milliseconds since the epoch. */
  readonly createdAtMs: number;
}

interface SlotRow {
  readonly keyId: string;
  readonly provider: string;
  readonly parameters: string;
  readonly checkValue: Uint8Array;
  readonly seal: Uint8Array;
  readonly otherKey: Uint8Array | null;
  readonly isCurrent: number;
  readonly createdAtMs: number;
}

export function galleryDamaged(reason: string): Error {
  return failure('gallery-damaged', { reason }, { details: { table: 'key_slot' } });
}

const nothing = new Uint8Array(0);

function isProviderKind(text: string): text is KeyProviderKind {
  return keyProviderKinds.some((kind) => kind === text);
}

function readRows({ db }: OpenDatabase): readonly SlotRow[] {
  return db
    .prepare<[], SlotRow>(
      `SELECT key_id AS keyId, provider, parameters, check_value AS checkValue, seal, other_key AS otherKey,
              is_current AS isCurrent, created_at_ms AS createdAtMs
       FROM key_slot ORDER BY is_current DESC, created_at_ms DESC`,
    )
    .all();
}

/** @throws `gallery-damaged` */
function parseParameters(text: string): KeySlotParameters {
  try {
    return JSON.parse(text) as KeySlotParameters;
  } catch (error) {
    throw error instanceof SyntaxError ? galleryDamaged('the parameters of its key were altered') : error;
  }
}

/** The keys in force, the current one first; empty if the gallery has no key yet. Needs no key. */
export function readKeySlots(database: OpenDatabase): readonly KeySlot[] {
  return readRows(database).map(({ keyId, provider, parameters, isCurrent, createdAtMs }) => {
    if (!isProviderKind(provider)) throw galleryDamaged('the provider of its key is unknown');
    return {
      keyId,
      provider,
      parameters: parseParameters(parameters),
      isCurrent: isCurrent === 1,
      createdAtMs,
    };
  });
}

/** The recogniser of the gallery; undefined if the gallery has no key yet. */
export function readRecogniser({ db }: OpenDatabase): RecogniserId | undefined {
  const made = db.prepare<[], string>('SELECT recogniser FROM gallery WHERE id = 1').pluck().get();
  return made === undefined ? undefined : recogniserId(made);
}

export interface NewKeySlot {
  readonly key: KeyEncryptionKey;
  readonly provider: KeyProviderKind;
  readonly parameters: KeySlotParameters;
  readonly recogniser: RecogniserId;
  readonly nowMs: number;
}

/** Puts a key in force as the current one. Call it in a transaction. */
export function insertKeySlot({ db }: OpenDatabase, slot: NewKeySlot): void {
  const { key, provider, parameters, recogniser, nowMs } = slot;
  db.prepare('UPDATE key_slot SET is_current = 0').run();
  db.prepare(
    `INSERT INTO key_slot (key_id, provider, parameters, check_value, seal, other_key, is_current, created_at_ms)
     VALUES (?, ?, ?, ?, ?, NULL, 1, ?)`,
  ).run(
    key.id,
    provider,
    JSON.stringify(parameters),
    key.checkValue(),
    key.wrap(places.gallerySeal(key.id, recogniser), nothing),
    nowMs,
  );
}

/**
 * Wraps each key of a rotation with the other, so that either of them opens the gallery during the rotation. Call it in the
 * transaction that puts the second key in force.
 */
export function linkKeySlots({ db }: OpenDatabase, first: KeyEncryptionKey, second: KeyEncryptionKey): void {
  const update = db.prepare('UPDATE key_slot SET other_key = ? WHERE key_id = ?');
  for (const [key, other] of [
    [first, second],
    [second, first],
  ] as const) {
    const copy = other.copy();
    try {
      update.run(key.wrap(places.otherKey(key.id, other.id), copy), key.id);
    } finally {
      wipe(copy);
    }
  }
}

/** Removes a key: it no longer opens the gallery. Call it in a transaction. */
export function deleteKeySlot({ db }: OpenDatabase, keyId: string): void {
  db.prepare('DELETE FROM key_slot WHERE key_id = ?').run(keyId);
  db.prepare('UPDATE key_slot SET other_key = NULL').run();
}

/** Changes the recogniser and seals it with every key in force. Call it in a transaction. */
export function resealRecogniser({ db }: OpenDatabase, ring: KeyRing, recogniser: RecogniserId): void {
  db.prepare('UPDATE gallery SET recogniser = ? WHERE id = 1').run(recogniser);
  const update = db.prepare('UPDATE key_slot SET seal = ? WHERE key_id = ?');
  for (const key of [ring.current, ring.retiring]) {
    if (key !== undefined) update.run(key.wrap(places.gallerySeal(key.id, recogniser), nothing), key.id);
  }
}

/**
 * Checks the key by two independent values, the check value and the seal. If neither matches, the key is wrong. If only one
 * matches, the key is right and the row is damaged.
 */
function assertKeyFits(row: SlotRow, key: KeyEncryptionKey, recogniser: RecogniserId): void {
  const doesSealOpen = key.unwrap(places.gallerySeal(row.keyId, recogniser), row.seal) !== undefined;
  const isCheckRight = key.hasCheckValue(row.checkValue);
  if (doesSealOpen && isCheckRight) return;
  if (doesSealOpen || isCheckRight)
    throw galleryDamaged('the check values of its key and recogniser were altered');
  throw failure('wrong-key', { keyId: row.keyId, id: key.id });
}

/**
 * The ring of all keys in force, opened with one of them. Takes ownership of `key`.
 * @throws `wrong-key`, `gallery-damaged`
 */
export function openKeyRing(database: OpenDatabase, keyId: string, key: KeyEncryptionKey): KeyRing {
  try {
    return ringOf(database, keyId, key);
  } catch (error) {
    key[Symbol.dispose]();
    throw error;
  }
}

function ringOf(database: OpenDatabase, keyId: string, key: KeyEncryptionKey): KeyRing {
  const recogniser = readRecogniser(database);
  const rows = readRows(database);
  const row = rows.find((candidate) => candidate.keyId === keyId);
  if (recogniser === undefined || row === undefined)
    throw galleryDamaged('the row that describes it is missing');
  assertKeyFits(row, key, recogniser);
  const otherRow = rows.find((candidate) => candidate.keyId !== keyId);
  if (otherRow === undefined) return new KeyRing(key);
  const bytes =
    row.otherKey === null ? undefined : key.unwrap(places.otherKey(keyId, otherRow.keyId), row.otherKey);
  if (bytes === undefined) throw galleryDamaged('the second key of a rotation does not open');
  const other = new KeyEncryptionKey(bytes);
  wipe(bytes);
  assertKeyFits(otherRow, other, recogniser);
  return row.isCurrent === 1 ? new KeyRing(key, other) : new KeyRing(other, key);
}
