import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../contract/settings/schema.js';
import { explainAccess } from '../../host/file-access.js';
import { openConfiguredStore } from '../../host/models/configured-store.js';
import { defect, isRollcallError, messageOf } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { matchPolicy } from '../../vision/operating-point.js';
import {
  type ChosenRecogniser,
  chooseRecogniser,
  preferredRecogniser,
} from '../../vision/recogniser-in-use.js';
import { failure } from '../../words/errors.js';
import { AuditKeeper } from '../audit/audit-keeper.js';
import { AuditKeyRing } from '../audit/audit-key-ring.js';
import { auditStart, auditStop } from '../audit/audit-trail.js';
import { modelIds } from '../cameras/model-ids.js';
import type { PhotoWall } from '../cameras/photo-wall.js';
import { AlteredRecords } from '../conditions/altered-records.js';
import { openAuditedMark } from '../conditions/records-loss.js';
import { encodeEvent } from '../delivery/encoding.js';
import { type GalleryFile, openGalleryFile } from '../gallery/gallery-file.js';
import { GalleryVault } from '../gallery/gallery-vault.js';
import { makeKeyProviders } from '../gallery/keys/key-providers.js';
import type { OpenEmbedder } from '../gallery/re-embedding/re-embed-step.js';
import { type GalleryRecogniser, galleryRecogniser } from '../gallery/re-embedding/re-embed-switch.js';
import { sweepWork } from '../gallery/work-directory.js';
import type { PartContext } from '../part-context.js';
import { GalleryPassageSeal } from '../passages/gallery-passage-seal.js';
import type { PassageSeal } from '../passages/passage-seal.js';
import { embedderSource } from '../persons/photo-embedder.js';
import { GrantSeal } from '../records/seals/grant-seal.js';
import { openRecordStores, type RecordStores } from './record-stores.js';

/** The open databases with their keys, and the recogniser that fits the gallery. */
export interface Stores {
  readonly identity: BoxIds;
  readonly recogniser: ChosenRecogniser;
  readonly auditKeys: AuditKeyRing;
  readonly vault: GalleryVault;
  readonly records: RecordStores;
  readonly passageSeal: PassageSeal;
  readonly altered: AlteredRecords;
  /** Wall clock of the newest event of earlier processes. */
  readonly lastRecordedMs: number | undefined;
  /** Starts a process that embeds photos with another recogniser. */
  readonly openEmbedder: OpenEmbedder;
}

export interface StoresOptions extends PartContext {
  readonly photoWall: PhotoWall;
  /** Called when a transaction finds that records.db is damaged; the next start recovers what is left. */
  readonly onRecordsDamaged: (error: Error) => void;
}

/** Opens the gallery and the records. Throws what prevents a start. A damaged gallery does not prevent it, but stays sealed. */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { onRecordsDamaged, photoWall: wall, current, lifetime, clock, random, logger } = options;
  const { gallery, records: recordsConfig, secretsDir, dataDir, site, box } = current();
  for (const { path } of [gallery, recordsConfig]) await makeDirectory(dirname(path));
  const auditKeys = await AuditKeyRing.open({ secretsDirectory: secretsDir, dataDir });
  lifetime.defer('audit keys', () => auditKeys[Symbol.dispose]());
  const openEmbedder = embedderSource({ current, wall, logger, clock, random });
  const { vault, recogniser } = await openVault(options, auditKeys, openEmbedder);
  const { audit } = vault;
  lifetime.defer('audit trail', () => auditStop(audit, logger));
  const identity = { siteId: site.id, boxId: box.id };
  const mark = openAuditedMark({ dataDir, auditKeys, audit, clock, logger });
  lifetime.defer('mark of the records', () => mark[Symbol.dispose]());
  const passageSeal = new GalleryPassageSeal(
    {
      get isOpen() {
        return vault.open !== undefined;
      },
      gallery: () => vault.gallery(),
    },
    auditKeys,
  );
  lifetime.defer('tags of passages', () => passageSeal[Symbol.dispose]());
  const altered = new AlteredRecords({ audit, clock, logger });
  const records = openRecordStores({
    path: recordsConfig.path,
    encode: (event) => encodeEvent(event, identity, modelIds(current())),
    clock,
    random,
    seal: new GrantSeal(`${identity.siteId}/${identity.boxId}`, auditKeys.all),
    passageSeal,
    auditKeys: auditKeys.all,
    isAuditKeyNew: auditKeys.isNew,
    onAltered: (found) => altered.note(found),
    mark,
    onDamaged: onRecordsDamaged,
  });
  lifetime.use('records', records);
  endPassages(records, logger);
  const lastRecordedMs = records.lastRecordedMs();
  return {
    identity,
    recogniser,
    auditKeys,
    vault,
    records,
    passageSeal,
    altered,
    lastRecordedMs,
    openEmbedder,
  };
}

/** Ends the passages of an earlier start. If the disk is full, the next start tries again. */
function endPassages({ passages }: RecordStores, logger: Logger): void {
  try {
    const count = passages.endOpen();
    if (count > 0) logger.info('passages ended because the daemon stopped', { count });
  } catch (error) {
    if (!isRollcallError(error) || error.kind === 'defect') throw error;
    logger.error('the passages of an earlier start could not be ended', { error });
  }
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const access = explainAccess(path, 'written', error);
    throw failure(
      'data-directory',
      { path, reason: access?.reason ?? messageOf(error), remedy: access?.remedy ?? 'Check the disk.' },
      { cause: error },
    );
  }
}

async function openVault(
  { current, lifetime, clock, logger }: PartContext,
  auditKeys: AuditKeyRing,
  openEmbedder: OpenEmbedder,
): Promise<Pick<Stores, 'vault' | 'recogniser'>> {
  const config = current();
  const { path } = config.gallery;
  let recogniser: ChosenRecogniser | undefined;
  const vault = await GalleryVault.start({
    path,
    openFile: () =>
      openGalleryFile({ path, auditKey: auditKeys.key, formerAuditKeys: auditKeys.former, clock }),
    audit: new AuditKeeper({ clock, logger }),
    onFile(audit) {
      sweepWork(path);
      auditStart(audit, config, logger);
    },
    providers: makeKeyProviders({
      clock,
      secretName: config.gallery.key,
      credentials: { secretsDirectory: config.secretsDir },
      workDirectory: dirname(config.control.socketPath),
    }),
    recogniserFor: async (file) => {
      recogniser = await chooseRecogniserFor(file, config, logger);
      return recogniser;
    },
    openEmbedder,
    clock,
    logger,
  });
  lifetime.use('gallery', vault);
  if (recogniser === undefined) throw defect('recogniser-unknown', 'the recogniser was not chosen');
  return { vault, recogniser };
}

/** The configured recogniser, or the one that fits the gallery. Warns if a better one is not installed. */
async function chooseRecogniserFor(
  file: GalleryFile | undefined,
  config: Config,
  logger: Logger,
): Promise<ChosenRecogniser> {
  const ofGallery = file === undefined ? undefined : readGalleryRecogniser(file);
  const store = await openConfiguredStore(config.models.dir);
  const chosen = await chooseRecogniser(store, config.vision.recogniser, ofGallery);
  // Throws if the recogniser has no operating point, before the gallery moves to this recogniser.
  matchPolicy(config, chosen.pack);
  const { name, reason, preferred } = chosen;
  logger.info('the recogniser is chosen', { recogniser: name, reason });
  if (reason === 'default' && preferred === 'absent') {
    logger.warn('a better recogniser is not installed; another one is used', {
      recogniser: name,
      missing: preferredRecogniser,
      remedy: `Run 'rollcall models build' on a machine with access to the npm registry. Then restart rollcalld, before you enrol people.`,
    });
  }
  return chosen;
}

/** The recogniser of the templates; undefined for a damaged gallery, because opening it reports the damage. */
function readGalleryRecogniser({ database }: GalleryFile): GalleryRecogniser | undefined {
  try {
    return galleryRecogniser(database);
  } catch (error) {
    if (isRollcallError(error, 'gallery-damaged')) return undefined;
    throw error;
  }
}
