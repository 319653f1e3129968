import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { defect, isRollcallError, messageOf, operational } from '../../base/errors.js';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import type { Config } from '../../config/schema.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { type GalleryFile, openGalleryFile } from '../../gallery/gallery-file.js';
import { makeKeyProviders } from '../../gallery/keys/key-providers.js';
import { type GalleryRecogniser, galleryRecogniser } from '../../gallery/re-embedding/re-embed-switch.js';
import { sweepWork } from '../../gallery/work-directory.js';
import { explainAccess } from '../../host/file-access.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { openConfiguredStore } from '../../models/configured-store.js';
import { matchPolicy } from '../../models/operating-point.js';
import { encodeEvent } from '../../publish/encoding.js';
import { GrantSeal } from '../../records/commands/grant-seal.js';
import { openRecords, type Records } from '../../records/open-records.js';
import {
  type ChosenRecogniser,
  chooseRecogniser,
  preferredRecogniser,
} from '../../vision/recogniser-in-use.js';
import { AuditKeeper } from '../audit/audit-keeper.js';
import { AuditKeyRing } from '../audit/audit-key-ring.js';
import { trailStart, trailStop } from '../audit/audit-trail.js';
import { modelIds } from '../cameras/model-ids.js';
import { GalleryAccess } from '../gallery/gallery-access.js';
import { openBoxRecordsMark } from '../records-mark.js';
import { embedderSource } from './compose-upkeep.js';

/** What the box keeps, open. */
export interface Stores {
  readonly identity: BoxIdentity;
  readonly recogniser: ChosenRecogniser;
  readonly auditKeys: AuditKeyRing;
  readonly access: GalleryAccess;
  readonly records: Records;
}

export interface StoresOptions {
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  /** Called when a transaction finds records.db damaged: what can be read is brought in order at the next start. */
  readonly onRecordsDamaged: (error: Error) => void;
}

/** Opens gallery and records. `current` is the configuration in force. Throws what keeps one of them from being opened. */
export async function openStores(
  config: Config,
  current: () => Config,
  { lifetime, logger, onRecordsDamaged }: StoresOptions,
): Promise<Stores> {
  for (const path of [config.gallery.path, config.records.path]) await makeDirectory(dirname(path));
  const { secretsDir, dataDir } = config;
  const auditKeys = await AuditKeyRing.open({ secretsDirectory: secretsDir, dataDir });
  lifetime.defer('audit keys', () => auditKeys[Symbol.dispose]());
  const { access, recogniser } = await openBoxGallery(config, { lifetime, logger, auditKeys });
  lifetime.defer('audit trail', () => trailStop(access.audit, logger));
  const identity = { siteId: config.site.id, boxId: config.box.id };
  const mark = openBoxRecordsMark({ dataDir, auditKeys, audit: access.audit, clock, logger });
  lifetime.defer('mark of the records', () => mark[Symbol.dispose]());
  const records = lifetime.use(
    'records',
    openRecords({
      path: config.records.path,
      encode: (event) => encodeEvent(event, identity, modelIds(current())),
      clock,
      random,
      seal: new GrantSeal(`${identity.siteId}/${identity.boxId}`, auditKeys.all),
      mark,
      onDamaged: onRecordsDamaged,
    }),
  );
  return { identity, recogniser, auditKeys, access, records };
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const access = explainAccess(path, 'written', error);
    throw operational(
      'data-directory',
      `the directory ${path} cannot be made: ${access?.says ?? messageOf(error)}`,
      {
        cause: error,
        remedy: `${access?.remedy ?? 'check the disk'}; or correct dataDir (or the path below it)`,
      },
    );
  }
}

async function openBoxGallery(
  config: Config,
  options: Pick<StoresOptions, 'lifetime' | 'logger'> & { readonly auditKeys: AuditKeyRing },
): Promise<Pick<Stores, 'access' | 'recogniser'>> {
  const { lifetime, logger, auditKeys } = options;
  const providers = makeKeyProviders({
    clock,
    secretName: config.gallery.key,
    credentials: { secretsDirectory: config.secretsDir },
    workDirectory: dirname(config.control.socketPath),
  });
  const { path } = config.gallery;
  let recogniser: ChosenRecogniser | undefined;
  const access = await GalleryAccess.start({
    path,
    openFile: () =>
      openGalleryFile({ path, auditKey: auditKeys.key, formerAuditKeys: auditKeys.former, clock }),
    audit: new AuditKeeper({ clock, logger }),
    onFile(audit) {
      sweepWork(path);
      trailStart(audit, config, logger);
    },
    providers,
    recogniserFor: async (file) => {
      recogniser = await recogniserFor(config, file, logger);
      return recogniser;
    },
    openEmbedder: embedderSource(() => config, logger),
    clock,
    logger,
  });
  lifetime.use('gallery', access);
  if (recogniser === undefined) throw defect('recogniser-unknown', 'the recogniser was not chosen');
  return { access, recogniser };
}

/** As configured, or as fits the gallery; says so where it is not the one that a new gallery should have. */
async function recogniserFor(
  config: Config,
  file: GalleryFile | undefined,
  logger: Logger,
): Promise<ChosenRecogniser> {
  const own = file === undefined ? undefined : readGalleryRecogniser(file);
  const store = await openConfiguredStore(config.models.dir);
  const chosen = await chooseRecogniser(store, config.vision.recogniser, own);
  // Before a gallery is moved to it: throws where no operating point is known.
  matchPolicy(config, chosen.pack);
  const { name, reason, preferred } = chosen;
  logger.info('faces are compared with a recogniser', { recogniser: name, reason });
  if (reason === 'default' && preferred === 'absent') {
    logger.warn('a better recogniser is not on this machine: another one stands in for it', {
      recogniser: name,
      missing: preferredRecogniser,
      remedy: `Run 'rollcall models build' where npm can reach its registry, and restart rollcalld before anybody is enrolled.`,
    });
  }
  return chosen;
}

/** A damaged gallery says nothing of its recogniser; when it is unlocked, it says that it is damaged. */
function readGalleryRecogniser({ database }: GalleryFile): GalleryRecogniser | undefined {
  try {
    return galleryRecogniser(database);
  } catch (error) {
    if (isRollcallError(error, 'gallery-damaged')) return undefined;
    throw error;
  }
}
