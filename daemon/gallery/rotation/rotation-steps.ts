import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { KeyRing } from '../keys/key-ring.js';
import { type RotationJob, writeRotationJob } from './rotation-job.js';
import type { RotationRows } from './rotation-rows.js';
import { type DamagedRow, type RotationUnit, sealUnit, witnessOf } from './rotation-unit.js';
import { rewrap } from './rotation-wrap.js';

/** Data keys wrapped anew in one transaction: a few milliseconds of work. */
const WRAP_BATCH = 250;

/** Data keys replaced in one transaction, unless that is too much to write at once. */
const DEEP_BATCH = 16;
/** Bytes after which a transaction takes no further data key: writing these takes a few milliseconds. */
const DEEP_BATCH_BYTES = 192 * 1024;

export interface RotationStepParts {
  readonly database: OpenDatabase;
  readonly ring: KeyRing;
  readonly rows: RotationRows;
  /** Told once of each row, in the transaction that takes it out of the way. */
  readonly report: (row: DamagedRow) => void;
}

/** Wraps the next data keys by the new key, in one transaction. The job as it is afterwards; undefined where none was left. */
export function wrapStep(parts: RotationStepParts, job: RotationJob): RotationJob | undefined {
  const { database, ring, rows, report } = parts;
  const next = rows.under(job.from, WRAP_BATCH);
  if (next.length === 0) return undefined;
  return database.transaction(() => {
    const broken = next.filter((row) => !rewrap(rows, ring, row));
    for (const { id } of broken) report({ table: 'data_key', rowId: id });
    return noted(database, job, broken.length);
  });
}

/**
 * Seals what lies under the next data keys anew, then stores it in one transaction. What somebody changed meanwhile is left
 * for a later step. The job as it is afterwards; undefined where no data key was left.
 */
export async function deepStep(
  parts: RotationStepParts,
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
    return noted(database, job, damaged);
  });
}

/**
 * Where something does not open, all of it keeps its bytes and its data key, so that it is the same damage as before; only
 * the key-encryption key changes.
 */
function store({ ring, rows, report }: RotationStepParts, unit: RotationUnit): void {
  const { row, fresh, writes, damaged } = unit;
  for (const each of damaged) report(each);
  if (fresh === undefined) {
    rewrap(rows, ring, row);
    return;
  }
  rows.insertKey(fresh);
  for (const write of writes) write(rows, fresh.id);
  rows.deleteKey(row.id);
}

function noted(database: OpenDatabase, job: RotationJob, damaged: number): RotationJob {
  if (damaged === 0) return job;
  const next = { ...job, damaged: job.damaged + damaged };
  writeRotationJob(database, next);
  return next;
}
