import { setImmediate as nextTurn } from 'node:timers/promises';
import { wipe } from '../../../host/sodium.js';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { DataKeyRow, KeyRing } from '../keys/key-ring.js';
import { type RotationJob, rotationJob } from './rotation-job.js';
import type { RotationRows } from './rotation-rows.js';
import { type DamagedRow, type RotationUnit, sealUnit, witnessOf } from './rotation-unit.js';

const nothing = new Uint8Array(0);

/** Data keys rewrapped in one transaction: a few milliseconds of work. */
const WRAP_BATCH = 250;

/** Most data keys replaced in one transaction. */
const DEEP_BATCH = 16;
/** After this many bytes a transaction takes no further data key: writing them takes a few milliseconds. */
const DEEP_BATCH_BYTES = 192 * 1024;

export interface RotationStepContext {
  readonly database: OpenDatabase;
  readonly ring: KeyRing;
  readonly rows: RotationRows;
  /** Called once for each damaged row, in the transaction that skips it. */
  readonly report: (row: DamagedRow) => void;
}

/** Wraps the next data keys with the new key, in one transaction. Returns the updated job, or undefined if no key was left. */
export function wrapStep(parts: RotationStepContext, job: RotationJob): RotationJob | undefined {
  const { database, ring, rows, report } = parts;
  const next = rows.under(job.from, WRAP_BATCH);
  if (next.length === 0) return undefined;
  return database.transaction(() => {
    const damaged = next.filter((row) => !rewrap(rows, ring, row));
    for (const { id } of damaged) report({ table: 'data_key', rowId: id });
    return withDamaged(database, job, damaged.length);
  });
}

/**
 * Replaces the next data keys: seals their fields under new keys, then stores them in one transaction. Rows that changed
 * meanwhile are left for a later step. Returns the updated job, or undefined if no data key was left.
 */
export async function deepStep(
  parts: RotationStepContext,
  job: RotationJob,
  signal: AbortSignal,
): Promise<RotationJob | undefined> {
  const { database, ring, rows } = parts;
  const next = rows.under(job.from, DEEP_BATCH);
  if (next.length === 0) return undefined;
  const units: RotationUnit[] = [];
  let bytes = 0;
  for (const row of next) {
    const unit = await sealUnit(rows, ring, row, database.path);
    if (signal.aborted) return job;
    units.push(unit);
    bytes += unit.bytes;
    if (bytes >= DEEP_BATCH_BYTES) break;
  }
  await nextTurn();
  if (signal.aborted) return job;
  return database.transaction(() => {
    let damaged = 0;
    for (const unit of units) {
      if (!rows.isUnder(unit.row) || witnessOf(rows, unit.row.id) !== unit.witness) continue;
      store(parts, unit);
      if (unit.damaged.length > 0) damaged += 1;
    }
    return withDamaged(database, job, damaged);
  });
}

/** If a field of the unit does not open, all its fields keep their bytes and their data key; only the key is rewrapped. */
function store({ ring, rows, report }: RotationStepContext, unit: RotationUnit): void {
  const { row, fresh, writes, damaged } = unit;
  for (const each of damaged) report(each);
  if (fresh === undefined) {
    rewrap(rows, ring, row);
    for (const write of writes) write(rows, row.id);
    return;
  }
  rows.insertKey(fresh);
  for (const write of writes) write(rows, fresh.id);
  rows.deleteKey(row.id);
}

function withDamaged(database: OpenDatabase, job: RotationJob, damaged: number): RotationJob {
  if (damaged === 0) return job;
  const next = { ...job, damaged: job.damaged + damaged };
  rotationJob.write(database, next);
  return next;
}

/**
 * Wraps a data key with the current key-encryption key. Returns false if it does not open. Such a key is removed: it is useless,
 * and if its damage were ever repaired, the old key would open it again.
 */
function rewrap(rows: RotationRows, ring: KeyRing, row: DataKeyRow): boolean {
  const key = ring.unwrap(row);
  if (key === undefined) {
    rows.rewrap({ id: row.id, kekId: ring.current.id, wrapped: nothing });
    return false;
  }
  rows.rewrap(ring.wrap(key));
  wipe(key.bytes);
  return true;
}
