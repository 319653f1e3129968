import type { Clock } from '../base/clock.js';
import { isRollcallError, operational } from '../base/errors.js';
import { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import type { RecogniserId } from '../domain/ids.js';
import { openDatabase } from '../host/sqlite.js';
import { explainSqliteError } from '../host/sqlite-errors.js';
import type { Gallery } from './gallery.js';
import { bindGallery } from './gallery-identity.js';
import { type KeyProvider, readGalleryKey } from './gallery-key.js';
import { lockGallery } from './gallery-lock.js';
import { loadTemplates } from './load-templates.js';
import { openOnnxSearchIndex } from './onnx-search-index.js';
import { OpenedGallery } from './opened-gallery.js';
import { PersonRows } from './person-rows.js';
import { Quarantine, type QuarantinedRow } from './quarantine.js';
import { GALLERY_APPLICATION_ID, GALLERY_MIGRATIONS } from './schema.js';
import { SealedPersons } from './sealed-persons.js';
import { loadSodium } from './sodium.js';

const BUSY_TIMEOUT_MS = 20;

export interface GalleryOptions {
  /** Database file; made where it is missing, for its owner only. */
  readonly path: string;
  readonly keyProvider: KeyProvider;
  /** What makes the templates; a gallery of another one is refused. */
  readonly recogniser: RecogniserId;
  /** Values of one of its embeddings. */
  readonly dimensions: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Opens the gallery, or makes an empty one bound to this key and recogniser, and loads all templates into memory.
 * Only one opening at a time. Damaged rows are reported in `quarantined` and cost only themselves.
 * @throws `key-missing`, `key-malformed`, `wrong-key`, `gallery-damaged`, `recogniser-mismatch`, `gallery-in-use`,
 * `database-newer`,
 * `database-foreign` and what else `openDatabase` refuses
 */
export async function openGallery(options: GalleryOptions): Promise<Gallery> {
  const lifetime = new Lifetime(options.clock);
  try {
    return await openParts(options, lifetime);
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw explain(error, options.path);
  }
}

async function openParts(options: GalleryOptions, lifetime: Lifetime): Promise<Gallery> {
  const { path, recogniser, dimensions, clock, logger } = options;
  const sodium = await loadSodium();
  const key = await readGalleryKey(options.keyProvider);
  lifetime.defer('gallery key', () => key[Symbol.dispose]());
  const lock = lockGallery(path);
  lifetime.defer('gallery lock', () => lock[Symbol.dispose]());
  const database = lifetime.use(
    'gallery database',
    openDatabase(path, { applicationId: GALLERY_APPLICATION_ID, migrations: GALLERY_MIGRATIONS }),
  );
  // Nobody else writes; a foreign program that reads must not hold the event loop for seconds.
  database.db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  bindGallery(database, key, recogniser, clock);
  const index = lifetime.use('search index', await openOnnxSearchIndex(dimensions));

  const quarantine = new Quarantine();
  const report = (row: QuarantinedRow): void => {
    if (quarantine.add(row)) logger.error('gallery row is damaged and was put aside', { ...row });
  };
  const rows = new PersonRows(database);
  await loadTemplates({ rows, key, recogniser, dimensions, index, quarantine: report });
  const persons = new SealedPersons({ sodium, key, rows, quarantine: report });
  const { personCount, templateCount } = index;
  logger.info('gallery is open', { personCount, templateCount, recogniser, keyId: key.id });
  return new OpenedGallery({
    sodium,
    recogniser,
    dimensions,
    keyId: key.id,
    rows,
    persons,
    index,
    quarantine,
    clock,
    lifetime,
  });
}

/** Damage has the gallery's own code, wherever in the file it was met. */
function explain(error: unknown, path: string): unknown {
  const explained = explainSqliteError(error, path);
  if (!isRollcallError(explained, 'database-damaged')) return explained;
  return operational('gallery-damaged', `the gallery file ${path} is damaged`, {
    remedy: 'Put back a copy of the gallery file from a backup; keep the damaged file for examination.',
    details: { path },
    cause: explained,
  });
}
