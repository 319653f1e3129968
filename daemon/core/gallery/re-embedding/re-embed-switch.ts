import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Actor } from '../../../kernel/actor.js';
import { counted } from '../../../kernel/counted.js';
import { isRollcallError, messageOf, type RollcallError } from '../../../kernel/errors.js';
import type { RecogniserId } from '../../../kernel/ids.js';
import type { Logger } from '../../../kernel/logger.js';
import { refusal } from '../../../words/errors.js';
import { type GalleryFile, reading } from '../gallery-file.js';
import type { KeyRing } from '../keys/key-ring.js';
import { readRecogniser, resealRecogniser } from '../keys/key-slots.js';
import { deleteReEmbedJob, type ReEmbedJob, reEmbedJob } from './re-embed-job.js';
import { allDue, allMissing, ReEmbedRows } from './re-embed-rows.js';
import { type OpenEmbedder, reEmbedPhotograph } from './re-embed-step.js';

/** Most photographs that are embedded while the gallery opens: a minute at worst. */
const MOST_AT_OPENING = 200;

export interface SwitchOptions {
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  /** The configured recogniser. */
  readonly recogniser: RecogniserId;
  readonly by: Actor;
  readonly logger: Logger;
  /** Absent: photographs that are due keep the gallery sealed. */
  readonly openEmbedder?: OpenEmbedder | undefined;
}

/** The recogniser that an open file names. Needs no key; the name is verified when the gallery opens. */
export interface GalleryRecogniser {
  readonly made: RecogniserId;
  /** The recogniser of a move that is ready. */
  readonly readyFor?: RecogniserId;
}

/** Undefined if the gallery has no persons: it then accepts any recogniser. @throws `gallery-damaged` */
export function galleryRecogniser(database: OpenDatabase): GalleryRecogniser | undefined {
  return reading(database, () => {
    const made = readRecogniser(database);
    if (made === undefined || isEmpty(database)) return undefined;
    const job = reEmbedJob.read(database);
    if (job?.from !== made || job.phase !== 'working') return { made };
    const rows = new ReEmbedRows(database);
    const isReady =
      allDue(rows, job.to).length === 0 && (job.acceptsMissing || allMissing(rows, job).length === 0);
    return isReady ? { made, readyFor: job.to } : { made };
  });
}

function isEmpty({ db }: OpenDatabase): boolean {
  return db.prepare('SELECT 1 FROM person UNION ALL SELECT 1 FROM template LIMIT 1').get() === undefined;
}

/**
 * Moves the gallery to the configured recogniser, if a move to it is ready or the gallery is empty. Embeds the photographs that
 * were added since the move was ready. Does nothing if the gallery already uses that recogniser.
 * @throws `recogniser-mismatch`, whose remedy says what remains to be done
 */
export async function settleRecogniser(options: SwitchOptions): Promise<void> {
  const { file, recogniser } = options;
  const made = readRecogniser(file.database);
  if (made === undefined || made === recogniser) return;
  if (isEmpty(file.database)) {
    bindEmpty(options, made);
    return;
  }
  const job = reEmbedJob.read(file.database);
  if (job?.to !== recogniser || job.from !== made || job.phase !== 'working') {
    throw mismatch(made, recogniser, moveFirst(made));
  }
  const rows = new ReEmbedRows(file.database);
  await embedRemaining(options, rows, job);
  const missing = allMissing(rows, job);
  if (missing.length > 0 && !job.acceptsMissing) throw missingPersons(job, missing);
  switchOver(options, rows, job, missing.length);
}

async function embedRemaining(options: SwitchOptions, rows: ReEmbedRows, job: ReEmbedJob): Promise<void> {
  const { file, ring, logger, openEmbedder } = options;
  const due = allDue(rows, job.to);
  if (due.length === 0) return;
  if (openEmbedder === undefined || due.length > MOST_AT_OPENING) throw notReady(job, due.length);
  logger.info('embedding the remaining photos before the gallery opens', { photographs: due.length });
  const report = (row: object): void =>
    logger.error('gallery row is damaged; its bytes were kept', { ...row });
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

/** Binds an empty gallery to another recogniser. An unfinished move has nothing left to do and is deleted. */
function bindEmpty({ file, ring, recogniser, by, logger }: SwitchOptions, from: RecogniserId): void {
  const { database, audit } = file;
  database.transaction(() => {
    resealRecogniser(database, ring, recogniser);
    deleteReEmbedJob(database);
    const details = { from, to: recogniser, missing: 0, deleted: 0 };
    audit.append({ by, action: 'gallery.reembedded', details });
  });
  logger.info('the empty gallery now uses another recogniser', { from, to: recogniser });
}

/** One transaction: before it the gallery uses the old recogniser, after it the new one. */
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
  return refusal(
    'recogniser-mismatch:gallery',
    { made, configured, why },
    { remedy, details: { gallery: made, configured } },
  );
}

function moveFirst(made: RecogniserId): string {
  return `Configure the recogniser ${made} again and restart; \`rollcall gallery re-embed --to NAME\` then moves the gallery to another one.`;
}

function notReady(job: ReEmbedJob, due: number, reason = ''): RollcallError {
  const because = reason === '' ? '' : ` (${reason})`;
  return mismatch(
    job.from,
    job.to,
    `Configure the recogniser ${job.from} again and restart; when \`rollcall gallery status\` shows that the move is ready, configure the new one.`,
    `; ${counted(due, 'photo has', 'photos have')} not been embedded yet${because}`,
  );
}

function missingPersons(job: ReEmbedJob, missing: readonly string[]): RollcallError {
  return mismatch(
    job.from,
    job.to,
    `Configure the recogniser ${job.from} again and restart; then erase these persons and enrol them again with other photos, or run \`rollcall gallery re-embed --to ${job.recogniserName} --accept-missing\` to move without them.`,
    `; ${counted(missing.length, 'person has', 'persons have')} no template of it: ${missing.slice(0, 10).join(', ')}`,
  );
}
