import type { Actor } from '../../audit/actor.js';
import type { RecogniserId } from '../../domain/ids.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { galleryDamaged } from '../keys/key-slots.js';

/** The row of the table `job` that a move to another recogniser is known by after a restart. */
const JOB_NAME = 're-embed';

/** Rows of the table `job` that name a photograph of which the new recogniser makes no template, and why. */
const REFUSED_PREFIX = 're-embed-refused:';

/** A move to another recogniser as the database knows it. Which templates are made, they say themselves. */
export interface ReEmbedJob {
  readonly from: RecogniserId;
  readonly to: RecogniserId;
  /** What `to` is called in the configuration. */
  readonly recogniserName: string;
  readonly startedAtMs: number;
  /** Who asked for it. */
  readonly by: Actor;
  /** The gallery may move without those of whom no template can be made. */
  readonly acceptsMissing: boolean;
  /** `cancelling`: the templates made for it are on their way out. */
  readonly phase: 'working' | 'cancelling';
}

/** The move that has not ended; undefined where there is none. @throws `gallery-damaged` */
export function readReEmbedJob({ db }: OpenDatabase): ReEmbedJob | undefined {
  const state = db.prepare<[string], string>('SELECT state FROM job WHERE name = ?').pluck().get(JOB_NAME);
  if (state === undefined) return undefined;
  try {
    return JSON.parse(state) as ReEmbedJob;
  } catch (error) {
    throw error instanceof SyntaxError
      ? galleryDamaged('the state of its move to another recogniser was altered')
      : error;
  }
}

/** To be called in the transaction that the state is about. */
export function writeReEmbedJob({ db }: OpenDatabase, job: ReEmbedJob): void {
  db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)').run(JOB_NAME, JSON.stringify(job));
}

/** Forgets the move and the photographs that were refused. */
export function deleteReEmbedJob(database: OpenDatabase): void {
  database.db.prepare('DELETE FROM job WHERE name = ?').run(JOB_NAME);
  forgetRefused(database);
}

/** Every refused photograph is tried again from here on. */
export function forgetRefused({ db }: OpenDatabase): void {
  db.prepare('DELETE FROM job WHERE substr(name, 1, ?) = ?').run(REFUSED_PREFIX.length, REFUSED_PREFIX);
}

/** Notes that no template can be made of a photograph; `code` says why. */
export function noteRefused({ db }: OpenDatabase, photographId: string, code: string): void {
  db.prepare('INSERT OR REPLACE INTO job (name, state) VALUES (?, ?)').run(
    REFUSED_PREFIX + photographId,
    code,
  );
}

/** For queries that ask whether a photograph was refused. */
export const refusedNameOf = (photographId: string): string => `'${REFUSED_PREFIX}' || ${photographId}`;
