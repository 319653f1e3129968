import { wipe } from '../../host/sodium.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import { isSlug, type RecogniserId } from '../../kernel/ids.js';
import { Lifetime } from '../../kernel/lifetime.js';
import type { Logger } from '../../kernel/logger.js';
import { type SaidTexts, said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';
import { Evidence } from './evidence.js';
import { Gallery } from './gallery.js';
import { explainGalleryError, type GalleryFile } from './gallery-file.js';
import { KeyEncryptionKey } from './keys/key-encryption-key.js';
import type { KeyInput, KeyProvider, KeyRecovery } from './keys/key-provider.js';
import type { KeyRing } from './keys/key-ring.js';
import { galleryDamaged, insertKeySlot, openKeyRing, readKeySlots } from './keys/key-slots.js';
import { emptyWriteAheadLog, forgetDeleted } from './leftovers.js';
import { PassageKeys } from './passage-keys.js';
import { ExternalIds } from './persons/external-ids.js';
import { PersonChanges } from './persons/person-changes.js';
import { PersonDirectory } from './persons/person-directory.js';
import { PersonRows } from './persons/person-rows.js';
import { Persons } from './persons/persons.js';
import { enforceRemovals, enforceTombstones, enforceWithdrawals } from './persons/reapply.js';
import { StagedImports } from './persons/staged-imports.js';
import type { OpenEmbedder } from './re-embedding/re-embed-step.js';
import { settleRecogniser } from './re-embedding/re-embed-switch.js';
import { loadTemplates } from './search/load-templates.js';
import { SearchIndex } from './search/search-index.js';

import { GalleryStrangers } from './strangers/gallery-strangers.js';
import { enforceForgottenStrangers } from './strangers/stranger-rows.js';
import { Quarantine, type QuarantinedRow } from './verify/quarantine.js';

/** Greater than any revision; stands for an erased person. */
const ERASED = Number.MAX_SAFE_INTEGER;

export interface UnlockOptions {
  readonly file: GalleryFile;
  readonly providers: Readonly<Record<KeyProviderKind, KeyProvider>>;
  /** The person's input; the caller wipes it. */
  readonly input: KeyInput;
  /** The configured recogniser. A gallery of another one is refused, unless a move to this one is ready. */
  readonly recogniser: RecogniserId;
  /** Embeds the photographs that were added since a move was ready. */
  readonly openEmbedder?: OpenEmbedder | undefined;
  /** Number of values of its embeddings. */
  readonly dimensions: number;
  readonly by: Actor;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Why a gallery stays sealed. */
export interface Sealed {
  readonly outcome: 'sealed';
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly says?: SaidTexts<'message' | 'remedy'>;
}

export type UnlockResult =
  | { readonly outcome: 'open'; readonly gallery: Gallery; readonly ring: KeyRing }
  | Sealed;

const needsInit: Sealed = {
  outcome: 'sealed',
  code: 'key-not-initialised',
  ...inEnglish({ message: said('gallery/needs-key'), remedy: said('gallery/remedy-needs-key') }),
};

const needsPassphrase: Sealed = {
  outcome: 'sealed',
  code: 'passphrase-needed',
  ...inEnglish({
    message: said('gallery/needs-passphrase'),
    remedy: said('gallery/remedy-needs-passphrase'),
  }),
};

/**
 * Opens the gallery with a key of one of its providers, or returns the reason why it stays sealed. If the gallery has no key
 * yet, the secret becomes its key, if there is one. Loads all templates into memory. Damaged rows go into quarantine and affect
 * no other row.
 * @throws `wrong-key`, `gallery-damaged`, `recogniser-mismatch`, and the errors of a provider
 */
export async function unlockGallery(options: UnlockOptions): Promise<UnlockResult> {
  const { file } = options;
  try {
    const opened = await openRing(options);
    if ('outcome' in opened) {
      if (opened.code === 'wrong-passphrase')
        file.audit.append({ by: options.by, action: 'key.unlock-refused', details: { code: opened.code } });
      return opened;
    }
    return { outcome: 'open', gallery: await openUnlocked(options, opened), ring: opened };
  } catch (error) {
    throw explainGalleryError(error, file.database.path);
  }
}

async function openRing(options: UnlockOptions): Promise<KeyRing | Sealed> {
  const { file, providers, input } = options;
  const slots = readKeySlots(file.database);
  if (slots.length === 0) return openFirstKey(options);
  let refusal: Sealed | undefined;
  for (const { keyId, provider, parameters } of slots) {
    const recovery = await providers[provider].recover(keyId, parameters, input);
    if (recovery.outcome !== 'recovered') refusal ??= sealedBy(recovery);
    else return openKeyRing(file.database, keyId, takeKey(recovery.kek));
  }
  if (refusal?.code === 'wrong-key') assertSlotsNamed(file.database);
  return refusal ?? needsInit;
}

/** If no data key belongs to a key in force, the id of the key was altered, and the key itself may be right. */
function assertSlotsNamed({ db }: OpenDatabase): void {
  const isNamed = db.prepare('SELECT 1 FROM data_key JOIN key_slot ON key_id = kek_id LIMIT 1').get();
  if (isNamed === undefined && db.prepare('SELECT 1 FROM data_key LIMIT 1').get() !== undefined)
    throw galleryDamaged('the id of its key was altered');
}

/** A gallery without a key slot is new. */
async function openFirstKey(options: UnlockOptions): Promise<KeyRing | Sealed> {
  try {
    return await initialiseGallery(options, 'secret');
  } catch (error) {
    if (isRollcallError(error, 'key-missing')) return needsInit;
    throw error;
  }
}

/** Gives a new gallery its first key, of provider `kind`, and binds it to the recogniser. */
export async function initialiseGallery(options: UnlockOptions, kind: KeyProviderKind): Promise<KeyRing> {
  const { file, providers, input, recogniser, by, clock } = options;
  const { kek, parameters } = await providers[kind].create('first', input);
  const key = takeKey(kek);
  const nowMs = clock.wallMs();
  const establish = (): void => {
    assertEmpty(file.database);
    file.database.db
      .prepare('INSERT INTO gallery (id, recogniser, created_at_ms) VALUES (1, ?, ?)')
      .run(recogniser, nowMs);
    insertKeySlot(file.database, { key, provider: kind, parameters, recogniser, nowMs });
    file.audit.append({ by, action: 'key.initialised', subject: key.id, details: { provider: kind } });
  };
  try {
    file.database.transaction(establish);
  } catch (error) {
    key[Symbol.dispose]();
    throw error;
  }
  return openKeyRing(file.database, key.id, key);
}

/** A gallery with persons but without a key slot is damaged: a new key would open none of them. */
function assertEmpty({ db }: OpenDatabase): void {
  const count = (table: string): unknown => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  if (['gallery', 'data_key', 'person'].some((table) => count(table) !== 0))
    throw galleryDamaged('the row that names its key is missing');
}

function takeKey(kek: Uint8Array): KeyEncryptionKey {
  const key = new KeyEncryptionKey(kek);
  wipe(kek);
  return key;
}

function sealedBy(recovery: Exclude<KeyRecovery, { readonly outcome: 'recovered' }>): Sealed {
  if (recovery.outcome === 'passphrase-needed') return needsPassphrase;
  const { code, message, remedy } = recovery;
  return { outcome: 'sealed', code, message, remedy };
}

async function openUnlocked(options: UnlockOptions, ring: KeyRing): Promise<Gallery> {
  const { file, recogniser, dimensions, by, clock, logger } = options;
  const { database, audit } = file;
  const lifetime = new Lifetime(clock);
  lifetime.defer('gallery keys', () => ring[Symbol.dispose]());
  try {
    await settleRecogniser({ ...options, ring });
    const rows = new PersonRows(database);
    const newIndex = () => new SearchIndex(dimensions);
    const imports = lifetime.use('staged imports', new StagedImports({ database, rows, newIndex }));
    let deleted = imports.abandon();
    const quarantine = new Quarantine();
    const report = (row: QuarantinedRow): void => {
      if (!quarantine.add(row)) return;
      logger.error('gallery row is damaged and was quarantined', { ...row });
      const { table, rowId, reason } = row;
      // A damaged id may have a form that the audit log refuses.
      const subject = isSlug(rowId) ? { subject: rowId } : {};
      audit.append({ by, action: 'gallery.row-quarantined', ...subject, details: { table, reason } });
    };
    const persons = new Persons({ ring, rows, quarantine: report });
    const directory = new PersonDirectory();
    lifetime.defer('directory', () => directory[Symbol.dispose]());
    const externalIds = new ExternalIds({ rows, persons, directory });
    lifetime.defer('external ids', () => externalIds[Symbol.dispose]());
    deleted += enforceTombstones({ database, rows, audit, clock });
    deleted += enforceWithdrawals({ database, rows, audit, clock, ring, persons });
    const changes = new PersonChanges({ database, ring, rows, audit, clock });
    enforceRemovals({ database, rows, persons, changes });
    deleted += enforceForgottenStrangers(database);
    const isLogEmpty = deleted > 0 ? forgetDeleted(database) : emptyWriteAheadLog(database);
    if (!isLogEmpty) logger.warn('another program prevents the write-ahead log from being emptied');
    const index = lifetime.use('search index', newIndex());
    const leastRevisions = auditedRevisions(database);
    await loadTemplates({ rows, ring, recogniser, dimensions, index, leastRevisions, quarantine: report });
    const strangers = await GalleryStrangers.load({
      ...{ database, ring, recogniser, dimensions, audit, clock },
      quarantine: report,
    });
    lifetime.defer('strangers', () => strangers[Symbol.dispose]());
    const { personCount, referenceCount: templateCount } = index;
    audit.append({ by, action: 'key.unlocked', subject: ring.current.id, details: { persons: personCount } });
    logger.info('gallery is open', {
      personCount,
      templateCount,
      strangerCount: strangers.count,
      recogniser,
      keyId: ring.current.id,
    });
    const evidence = new Evidence({ database, rows, ring, quarantine: report });
    const parts = {
      database,
      rows,
      audit,
      clock,
      ring,
      recogniser,
      dimensions,
      persons,
      changes,
      externalIds,
      directory,
      imports,
      evidence,
      passageKeys: new PassageKeys(database, ring),
      strangers,
    };
    return new Gallery({ ...parts, index, quarantine, report, lifetime });
  } catch (error) {
    await lifetime[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The newest revision of each person in the audit log since the last restore. A genuine row of an older revision, or of an
 * erased person, was copied back into the file.
 */
function auditedRevisions({ db }: OpenDatabase): ReadonlyMap<string, number> {
  const found = db
    .prepare<[number], { subject: string; revision: number | null }>(
      `SELECT subject, max(CASE
                WHEN action = 'person.erased' THEN ?
                WHEN json_valid(details) THEN json_extract(details, '$.revision') END) AS revision
       FROM audit
       WHERE action LIKE 'person.%'
         AND sequence > coalesce((SELECT max(sequence) FROM audit WHERE action = 'backup.restored'), 0)
       GROUP BY subject`,
    )
    .all(ERASED);
  return new Map(found.flatMap(({ subject, revision }) => (revision === null ? [] : [[subject, revision]])));
}
