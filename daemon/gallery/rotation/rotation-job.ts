import type { Actor } from '../../audit/actor.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { galleryDamaged } from '../keys/key-slots.js';
import type { RotationDepth } from './rotation-progress.js';

/** The row of the table `job` that a rotation is known by after a restart. */
const JOB_NAME = 'rotation';

/** A rotation as the database knows it. */
export interface RotationJob {
  readonly depth: RotationDepth;
  /** Ids of key-encryption keys. */
  readonly from: string;
  readonly to: string;
  readonly startedAtMs: number;
  /** Who asked for it. */
  readonly by: Actor;
  /** Data keys under the old key when it began. */
  readonly total: number;
  readonly damaged: number;
  /** `forgetting`: the old key is out of force, but the write-ahead log may still hold what it opened. */
  readonly phase: 'working' | 'forgetting';
}

/** The rotation that has not ended; undefined where there is none. @throws `gallery-damaged` */
export function readRotationJob({ db }: OpenDatabase): RotationJob | undefined {
  const state = db.prepare<[string], string>('SELECT state FROM job WHERE name = ?').pluck().get(JOB_NAME);
  if (state === undefined) return undefined;
  try {
    return JSON.parse(state) as RotationJob;
  } catch (error) {
    throw error instanceof SyntaxError ? galleryDamaged('the state of its rotation was altered') : error;
  }
}

/** To be called in the transaction that the state is about. */
export function writeRotationJob({ db }: OpenDatabase, job: RotationJob): void {
  db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)').run(JOB_NAME, JSON.stringify(job));
}

export function deleteRotationJob({ db }: OpenDatabase): void {
  db.prepare('DELETE FROM job WHERE name = ?').run(JOB_NAME);
}
