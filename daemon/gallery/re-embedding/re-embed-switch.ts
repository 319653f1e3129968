import type { Actor } from '../../audit/actor.js';
import { counted } from '../../base/counted.js';
import { badInput, isRollcallError, messageOf, type RollcallError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { RecogniserId } from '../../domain/ids.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { type GalleryFile, reading } from '../gallery-file.js';
import type { KeyRing } from '../keys/key-ring.js';
import { readRecogniser, resealRecogniser } from '../keys/key-slots.js';
import { deleteReEmbedJob, type ReEmbedJob, readReEmbedJob } from './re-embed-job.js';
import { allDue, allMissing, ReEmbedRows } from './re-embed-rows.js';
import { type OpenEmbedder, reEmbedPhotograph } from './re-embed-step.js';

/** Photographs of persons enrolled at the last moment that are embedded before the gallery opens: a minute at worst. */
const MOST_AT_OPENING = 200;

export interface SwitchOptions {
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  /** The configured one. */
  readonly recogniser: RecogniserId;
  readonly by: Actor;
  readonly logger: Logger;
  /** Absent: what is not embedded yet keeps the gallery sealed. */
  readonly openEmbedder?: OpenEmbedder | undefined;
}

/** What an open file says of the recogniser that belongs to it. Needs no key, so it is proven only when the gallery opens. */
export interface GalleryRecogniser {
  readonly made: RecogniserId;
  /** The one that a move has made it ready for, so that nothing is left to be embedded. */
  readonly readyFor?: RecogniserId;
}

/** Undefined where the gallery holds nobody: it takes any recogniser. @throws `gallery-damaged` */
export function galleryRecogniser(database: OpenDatabase): GalleryRecogniser | undefined {
  return reading(database, () => {
    const made = readRecogniser(database);
    if (made === undefined || holdsNobody(database)) return undefined;
    const job = readReEmbedJob(database);
    if (job?.from !== made || job.phase !== 'working') return { made };
    const rows = new ReEmbedRows(database);
    const isReady =
      allDue(rows, job.to).length === 0 && (job.acceptsMissing || allMissing(rows, job).length === 0);
    return isReady ? { made, readyFor: job.to } : { made };
  });
}

function holdsNobody({ db }: OpenDatabase): boolean {
  return db.prepare('SELECT 1 FROM person UNION ALL SELECT 1 FROM template LIMIT 1').get() === undefined;
}

/**
 * Moves the gallery to the configured recogniser where a move to it is ready or where it holds nobody, and does nothing where
 * it is there already. Whoever was enrolled since the move was ready is embedded first.
 * @throws `recogniser-mismatch`, whose remedy says what is left to do
 */
export async function settleRecogniser(options: SwitchOptions): Promise<void> {
  const { file, recogniser } = options;
  const made = readRecogniser(file.database);
  if (made === undefined || made === recogniser) return;
  if (holdsNobody(file.database)) {
    bindAnew(options, made);
    return;
  }
  const job = readReEmbedJob(file.database);
  if (job?.to !== recogniser || job.from !== made || job.phase !== 'working') {
    throw mismatch(made, recogniser, notMoved(made));
  }
  const rows = new ReEmbedRows(file.database);
  await embedTheLast(options, rows, job);
  const missing = allMissing(rows, job);
  if (missing.length > 0 && !job.acceptsMissing) throw missingPersons(job, missing);
  switchOver(options, rows, job, missing.length);
}

async function embedTheLast(options: SwitchOptions, rows: ReEmbedRows, job: ReEmbedJob): Promise<void> {
  const { file, ring, logger, openEmbedder } = options;
  const due = allDue(rows, job.to);
  if (due.length === 0) return;
  if (openEmbedder === undefined || due.length > MOST_AT_OPENING) throw notReady(job, due.length);
  logger.info('embedding the last photographs before the gallery opens', { photographs: due.length });
  const report = (row: object): void =>
    logger.error('gallery row is damaged; its bytes were kept as they are', { ...row });
  try {
    await using embedder = await openEmbedder(job.recogniserName);
    for (const id of due) await reEmbedPhotograph({ database: file.database, ring, report }, embedder, id);
  } catch (error) {
    if (isRollcallError(error) && error.kind !== 'defect') {
      throw notReady(job, due.length, messageOf(error));
    }
    throw error;
  }
}

/** Nothing has to be embedded, and a move that was begun has nothing left to do. */
function bindAnew({ file, ring, recogniser, by, logger }: SwitchOptions, from: RecogniserId): void {
  const { database, audit } = file;
  database.transaction(() => {
    resealRecogniser(database, ring, recogniser);
    deleteReEmbedJob(database);
    const details = { from, to: recogniser, missing: 0, deleted: 0 };
    audit.append({ by, action: 'gallery.reembedded', details });
  });
  logger.info('the gallery holds nobody and takes another recogniser', { from, to: recogniser });
}

/** In one transaction: before it the gallery is of the old recogniser, after it of the new one. */
function switchOver(
  { file, ring, by, logger }: SwitchOptions,
  rows: ReEmbedRows,
  job: ReEmbedJob,
  missing: number,
): void {
  const { database, audit } = file;
  const { from, to } = job;
  database.transaction(() => {
    resealRecogniser(database, ring, to);
    const deleted = rows.deleteAllOthers(to);
    deleteReEmbedJob(database);
    audit.append({ by, action: 'gallery.reembedded', details: { from, to, missing, deleted } });
  });
  logger.info('the gallery has moved to another recogniser', { from, to, missing });
}

function mismatch(made: RecogniserId, configured: RecogniserId, remedy: string, why = ''): RollcallError {
  return badInput(
    'recogniser-mismatch',
    `the gallery holds templates of the recogniser ${made}, but ${configured} is configured; the two cannot be compared${why}`,
    { remedy, details: { gallery: made, configured } },
  );
}

function notMoved(made: RecogniserId): string {
  return `Configure the recogniser ${made} again and restart; \`rollcall gallery re-embed --to NAME\` then moves the gallery to another one.`;
}

function notReady(job: ReEmbedJob, due: number, reason = ''): RollcallError {
  const because = reason === '' ? '' : ` (${reason})`;
  return mismatch(
    job.from,
    job.to,
    `Configure the recogniser ${job.from} again and restart; when \`rollcall gallery status\` says that the move is ready, configure the new one.`,
    `; ${counted(due, 'photograph is', 'photographs are')} still to be embedded${because}`,
  );
}

function missingPersons(job: ReEmbedJob, missing: readonly string[]): RollcallError {
  return mismatch(
    job.from,
    job.to,
    `Configure the recogniser ${job.from} again and restart; then erase these persons and enrol them again with other photographs, or run \`rollcall gallery re-embed --to ${job.recogniserName} --accept-missing\` to go on without them.`,
    `; of ${counted(missing.length, 'person')} no template could be made: ${missing.slice(0, 10).join(', ')}`,
  );
}
