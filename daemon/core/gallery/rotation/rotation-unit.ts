import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../../host/sodium.js';
import { explainSqliteError } from '../../../host/sqlite-errors.js';
import { isRollcallError } from '../../../kernel/errors.js';
import type { VerifyTable } from '../../../kernel/gallery/gallery-damage.js';
import type { FieldPlace } from '../field-place.js';
import type { DataKeyRow, KeyRing } from '../keys/key-ring.js';
import { places } from '../places.js';
import { openField, type SealingKey, sealField } from '../sealing.js';
import type { RotationRows } from './rotation-rows.js';

/** Bytes sealed between two turns of the event loop: a few milliseconds of work. */
const SLICE_BYTES = 512 * 1024;

/** A row that does not open. */
export interface DamagedRow {
  readonly table: Exclude<VerifyTable, 'key_slot'>;
  readonly rowId: string;
}

/** Writes one field. Call it in a transaction. */
type Write = (rows: RotationRows, dataKeyId: string) => void;

/** The fields under one data key: all of a person, a stranger, one picture of a stranger, or none for the key of passages. */
export interface RotationUnit {
  readonly row: DataKeyRow;
  /** Identifies the rows that were read. A different witness later means that they have changed. */
  readonly witness: string;
  /**
   * The new data key, wrapped with the current key-encryption key; undefined if a field is damaged, and for the key of passages:
   * they are in another file, so this key seals no more, and retention deletes it.
   */
  readonly fresh: DataKeyRow | undefined;
  readonly writes: readonly Write[];
  readonly damaged: readonly DamagedRow[];
  /** Bytes to write. */
  readonly bytes: number;
}

/** Identifies the rows under a data key. Profiles and strangers change only together with their revision; other rows never change. */
export function witnessOf(rows: RotationRows, dataKeyId: string): string {
  const owner = rows.owner(dataKeyId);
  const of = owner === undefined ? [] : [owner.id, owner.state, owner.revision];
  const templates = owner === undefined ? [] : rows.vectorsOf(owner.id).map(({ id }) => id);
  const photographs = owner === undefined ? [] : rows.photographsOf(owner.id);
  const evidence = rows.evidenceUnder(dataKeyId).map(({ id }) => id);
  const stranger = rows.stranger(dataKeyId);
  const strangers = stranger === undefined ? [] : [stranger.id, stranger.revision];
  return [...of, ...strangers, ...templates, ...photographs, ...evidence].join(' ');
}

/** Seals every field under one data key under a new one, outside of a transaction and with turns of the event loop. */
export async function sealUnit(
  rows: RotationRows,
  ring: KeyRing,
  row: DataKeyRow,
  path: string,
): Promise<RotationUnit> {
  const witness = witnessOf(rows, row.id);
  if (rows.isPassageKey(row.id)) {
    const retire: Write = (target, dataKeyId) => target.retirePassageKey(dataKeyId);
    const isSound = ring.using(row, () => true) === true;
    const damaged: readonly DamagedRow[] = isSound ? [] : [{ table: 'data_key', rowId: row.id }];
    return { row, witness, fresh: undefined, writes: [retire], damaged, bytes: 0 };
  }
  const from = ring.unwrap(row);
  const { row: fresh, key: to } = ring.newDataKey();
  const resealing = new Resealing(from, to, path);
  try {
    if (from === undefined) resealing.damaged.push({ table: 'data_key', rowId: row.id });
    else await resealAll(resealing, rows, row.id);
  } finally {
    wipe(to.bytes);
    if (from !== undefined) wipe(from.bytes);
  }
  const { damaged, writes, bytes } = resealing;
  if (damaged.length > 0) return { row, witness, fresh: undefined, writes: [], damaged, bytes: 0 };
  return { row, witness, fresh, writes, damaged, bytes };
}

async function resealAll(resealing: Resealing, rows: RotationRows, dataKeyId: string): Promise<void> {
  const owner = rows.owner(dataKeyId);
  if (owner !== undefined) {
    const { id, revision, state, profile } = owner;
    resealing.add(
      { table: 'person', rowId: id },
      { place: places.personProfile(id, revision, state), read: () => profile },
      (sealed) => (target, freshId) => target.setOwner(id, freshId, sealed),
    );
    for (const template of rows.vectorsOf(id)) {
      resealing.add(
        { table: 'template', rowId: template.id },
        { place: places.templateVector(id, template.id, template.recogniser), read: () => template.vector },
        (sealed) => (target) => target.setVector(id, template.id, sealed),
      );
    }
    for (const photograph of rows.photographsOf(id)) {
      resealing.add(
        { table: 'photograph', rowId: photograph },
        { place: places.photographJpeg(id, photograph), read: () => rows.photographJpeg(photograph) },
        (sealed) => (target) => target.setPhotograph(photograph, sealed),
      );
      await resealing.turn();
    }
  }
  const stranger = rows.stranger(dataKeyId);
  if (stranger !== undefined) {
    const { id, content } = stranger;
    resealing.add(
      { table: 'stranger', rowId: id },
      { place: places.strangerContent(stranger), read: () => content },
      (sealed) => (target, freshId) => target.setStranger(id, freshId, sealed),
    );
  }
  for (const { id, kind, eventId, personId } of rows.evidenceUnder(dataKeyId)) {
    resealing.add(
      { table: 'evidence', rowId: id },
      { place: places.evidenceJpeg(id, kind, eventId, personId), read: () => rows.evidenceJpeg(id) },
      (sealed) => (target, freshId) => target.setEvidence(id, freshId, sealed),
    );
    await resealing.turn();
  }
}

/** Collects the newly sealed fields and the damaged rows. */
class Resealing {
  readonly damaged: DamagedRow[] = [];
  readonly writes: Write[] = [];
  bytes = 0;
  #bytesAtTurn = 0;
  readonly #from: SealingKey | undefined;
  readonly #to: SealingKey;
  readonly #path: string;

  constructor(from: SealingKey | undefined, to: SealingKey, path: string) {
    this.#from = from;
    this.#to = to;
    this.#path = path;
  }

  /** Skips a row that was deleted meanwhile; the witness then differs. */
  add(
    row: DamagedRow,
    field: { readonly place: FieldPlace; readonly read: () => Uint8Array | undefined },
    write: (sealed: Uint8Array) => Write,
  ): void {
    const sealed = this.#read(row, field.read);
    if (sealed === undefined || this.#from === undefined) return;
    const plaintext = openField(this.#from, field.place, sealed);
    if (plaintext === undefined) {
      this.damaged.push(row);
      return;
    }
    this.bytes += sealed.length;
    this.writes.push(write(sealField(this.#to, field.place, plaintext)));
    wipe(plaintext);
  }

  /** Yields to the event loop after `SLICE_BYTES`. */
  async turn(): Promise<void> {
    if (this.bytes - this.#bytesAtTurn < SLICE_BYTES) return;
    this.#bytesAtTurn = this.bytes;
    await nextTurn();
  }

  /** A damaged page costs the row, not the rotation. */
  #read(row: DamagedRow, read: () => Uint8Array | undefined): Uint8Array | undefined {
    try {
      return read();
    } catch (error) {
      const explained = explainSqliteError(error, this.#path);
      if (!isRollcallError(explained, 'database-damaged')) throw explained;
      this.damaged.push(row);
      return undefined;
    }
  }
}
