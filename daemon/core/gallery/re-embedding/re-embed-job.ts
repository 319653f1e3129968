import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Actor } from '../../../kernel/actor.js';
import type { RollcallError } from '../../../kernel/errors.js';
import type { ReEmbedState } from '../../../kernel/gallery/gallery-job.js';
import type { PersonId, RecogniserId } from '../../../kernel/ids.js';
import { SavedJob } from '../background-job.js';

export interface ReEmbedProgress {
  readonly from: RecogniserId;
  readonly to: RecogniserId;
  /** The name of `to` in the configuration. */
  readonly recogniserName: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly state: ReEmbedState;
  readonly acceptsMissing: boolean;
  /** Photographs: all, those with a new template, and those that the new recogniser refused. */
  readonly total: number;
  readonly made: number;
  readonly refused: number;
  /** Persons who would not be recognised after the move. Empty until every photograph was tried. */
  readonly missing: readonly PersonId[];
  /** Why it waits or has failed. */
  readonly problem: RollcallError | undefined;
}

/** A move to another recogniser as the database stores it. The templates themselves show what is done. */
export interface ReEmbedJob {
  readonly from: RecogniserId;
  readonly to: RecogniserId;
  /** The name of `to` in the configuration. */
  readonly recogniserName: string;
  readonly startedAtMs: number;
  /** The actor who started the move. */
  readonly by: Actor;
  /** The gallery may move although some persons have no new template. */
  readonly acceptsMissing: boolean;
  /** `cancelling`: the new templates are being deleted. */
  readonly phase: 'working' | 'cancelling';
}

export const reEmbedJob = new SavedJob<ReEmbedJob>('re-embed', 'its move to another recogniser');

/** Rows of the table `job` that name a photograph that the new recogniser refused, and the reason. */
const REFUSED_PREFIX = 're-embed-refused:';

/** Deletes the job and the list of refused photographs. */
export function deleteReEmbedJob(database: OpenDatabase): void {
  reEmbedJob.delete(database);
  forgetRefused(database);
}

/** Makes every refused photograph due again. */
export function forgetRefused({ db }: OpenDatabase): void {
  db.prepare('DELETE FROM job WHERE substr(name, 1, ?) = ?').run(REFUSED_PREFIX.length, REFUSED_PREFIX);
}

/** Records that the new recogniser refused a photograph; `code` is the reason. */
export function noteRefused({ db }: OpenDatabase, photographId: string, code: string): void {
  db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)').run(
    REFUSED_PREFIX + photographId,
    code,
  );
}

/** SQL for the name of the `job` row of a refused photograph. */
export const refusedNameOf = (photographId: string): string => `'${REFUSED_PREFIX}' || ${photographId}`;
