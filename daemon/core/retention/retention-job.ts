import type { OpenDatabase } from '../../host/sqlite.js';
import type { RetentionReport } from '../../kernel/retention/retention-report.js';

/** Name of retention's row in the table `job`. */
const JOB_NAME = 'retention';

export interface RetentionJob {
  /** The latest time at which the clock was trusted (last run or first start), wall clock in milliseconds. */
  readonly seenAtMs: number;
  /** Absent before the first run. */
  readonly lastRun?: RetentionReport;
}

/** Undefined before the first start and if the row is damaged; retention then starts from the beginning. */
export function readRetentionJob({ db }: OpenDatabase): RetentionJob | undefined {
  const state = db.prepare<[string], string>('SELECT state FROM job WHERE name = ?').pluck().get(JOB_NAME);
  if (state === undefined) return undefined;
  try {
    const job = JSON.parse(state) as Partial<RetentionJob> | null;
    const seenAtMs = job?.seenAtMs;
    return typeof seenAtMs === 'number' && Number.isFinite(seenAtMs) ? { ...job, seenAtMs } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function writeRetentionJob(database: OpenDatabase, job: RetentionJob): void {
  const write = database.db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)');
  database.transaction(() => void write.run(JOB_NAME, JSON.stringify(job)));
}
