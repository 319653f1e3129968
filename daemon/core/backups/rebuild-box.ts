import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { parseDocument } from 'yaml';
import { loadConfig } from '../../contract/settings/load.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import { createKeyFile } from '../../host/key-file.js';
import type { OwnSecretPlaces } from '../../host/own-secret.js';
import { KEY_BYTES, newRandomBytes, secretBytes, wipe } from '../../host/sodium.js';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import type { Random } from '../../kernel/random.js';
import { openSealedAccounts } from '../accounts/sealed-accounts.js';
import { SessionsStore } from '../accounts/sessions-store.js';
import { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { AuditLog } from '../audit/audit-log.js';
import { modelIds } from '../cameras/model-ids.js';
import { openAuditedMark } from '../conditions/records-loss.js';
import { encodeEvent } from '../delivery/encoding.js';
import { openGalleryFile } from '../gallery/gallery-file.js';
import { importBoxKey } from '../identity/box-key.js';
import { IdentityKeys } from '../identity/identity-keys.js';
import { readIdentityState } from '../identity/identity-state.js';
import { openRecords } from '../records/records.js';
import { onFile, refuseBackup } from './backup-errors.js';
import type { OnBackupProgress } from './backup-progress.js';
import { type BoxFile, decodeFiles, wipeFiles } from './box-files.js';
import { boxDatabases, FILES_SECTION } from './create-backup.js';
import { type BackupFacts, openBackup } from './open-backup.js';
import type { Unlock } from './recipient.js';
import { refuseContent } from './restore-errors.js';
import { finishRestore, type RestoreOutcome } from './restore-finish.js';
import { rewrapForBox } from './restore-rewrap.js';
import { openRestoreSource } from './restore-source.js';
import { readSection, writeSection } from './unpack-backup.js';

const dayMs = 86_400_000;
/** Longest section of small files, bytes. */
const mostFilesBytes = 256 * 2 ** 20;

/** Settings that belong to the machine and not to the box. */
const settingsOfMachine = ['dataDir', 'secretsDir', 'control', 'models'] as const;

export interface RebuildOrder {
  /** The backup. */
  readonly path: string;
  readonly unlock: Unlock;
  /** An empty directory, closed to others. It gets `data`, `secrets`, and `configuration`. */
  readonly directory: string;
  /** Text of the configuration of this machine, whose folders, socket, and models the box gets. */
  readonly machine: string;
  readonly by: Actor;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onProgress?: OnBackupProgress | undefined;
}

/** A box that was built from its backup, in the folder of the order. */
export interface RebuiltBox {
  readonly facts: BackupFacts;
  readonly config: Config;
  readonly gallery: RestoreOutcome & { readonly damagedKeys: number };
  /** Thumbprints of the key that the box signed with, and of the one that it signs with from now on. */
  readonly formerKeyId: string;
  readonly keyId: string;
  /** Ended sessions. */
  readonly sessions: number;
  /** The sequence of the newest event in the backup, and from where on events are numbered. */
  readonly lastSequence: number;
  readonly nextSequence: number;
}

/**
 * Builds the whole box of a backup in a directory: gallery under a new key, records whose numbers continue far beyond those that the
 * former box may have used, accounts without sessions, configuration, secrets, and an identity with a new key, which the former key
 * endorses before it ends. Nothing outside of the directory changes.
 * @throws `backup-without-box`, `backup-unusable`, and the errors of `openRestoreSource`
 */
export async function rebuildBox(order: RebuildOrder): Promise<RebuiltBox> {
  const { path, unlock, directory } = order;
  const dataDir = join(directory, 'data');
  const places = { dataDir, secretsDirectory: join(directory, 'secrets'), credentialsDirectory: '' };
  for (const folder of [dataDir, places.secretsDirectory, join(directory, 'configuration')]) {
    await mkdir(folder, { mode: 0o700 });
  }
  await unpackRest(path, unlock, directory);
  const config = await readConfig(order);
  const galleryPath = inData(order, config.gallery.path, config);
  const recordsPath = inData(order, config.records.path, config);
  await moveOwnKeys(places);
  await chooseBoxKey(path, places);
  await rename(join(directory, 'records.db'), recordsPath);
  await rename(join(directory, 'accounts.db'), join(dataDir, 'accounts.db'));
  const auditKeys = await AuditKeyRing.open(places);
  try {
    if (auditKeys.isNew) throw refuseContent(path, 'it has no key of the audit log');
    const { facts, ...gallery } = await rebuildGallery(order, { galleryPath, auditKeys, config });
    const file = await openGalleryFile({
      ...{
        path: galleryPath,
        auditKey: auditKeys.key,
        formerAuditKeys: auditKeys.former,
        clock: order.clock,
      },
    });
    try {
      const { audit } = file;
      const parts = { ...order, places, config, auditKeys, audit };
      const numbers = await continueRecords(parts, recordsPath);
      const sessions = endSessions(parts);
      const identity = await succeed(parts);
      return { facts, config, gallery, ...numbers, sessions, ...identity };
    } finally {
      await file[Symbol.asyncDispose]();
    }
  } finally {
    auditKeys[Symbol.dispose]();
  }
}

/** Writes what a backup has beside the gallery. @throws `backup-without-box` */
async function unpackRest(path: string, unlock: Unlock, directory: string): Promise<void> {
  await using backup = await openBackup(path, unlock);
  const names = backup.facts.sections.map(({ name }) => name);
  if (![...boxDatabases, FILES_SECTION].every((name) => names.includes(name))) {
    throw refuseBackup('backup-without-box', path, 'it holds the gallery alone');
  }
  for await (const section of backup.sections()) {
    if (boxDatabases.some((name) => name === section.name)) {
      await writeSection(join(directory, `${section.name}.db`), section);
    }
    if (section.name !== FILES_SECTION) continue;
    if (section.sizeBytes > mostFilesBytes) throw refuseContent(path, 'its files are too large');
    const bytes = await readSection(section);
    const files = decodeFiles(path, bytes);
    try {
      for (const file of files) await writeBoxFile(directory, file);
    } finally {
      wipeFiles(files);
      wipe(bytes);
    }
  }
}

async function writeBoxFile(directory: string, { place, name, bytes }: BoxFile): Promise<void> {
  const folder = { configuration: 'configuration', beside: 'configuration', data: 'data', secret: 'secrets' }[
    place
  ];
  const path = join(directory, folder, name);
  await onFile('written', path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
  });
}

/** The configuration of the backup, with the folders of this machine. It must be valid for this program. */
async function readConfig({ path, directory, machine }: RebuildOrder): Promise<Config> {
  const file = join(directory, 'configuration', 'rollcall.yaml');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) throw refuseContent(path, 'it has no configuration');
  const ofBox = parseDocument(text);
  const ofMachine = Object(parseDocument(machine).toJS()) as Readonly<Record<string, unknown>>;
  for (const setting of settingsOfMachine) {
    const value = ofMachine[setting];
    if (value === undefined) ofBox.delete(setting);
    else ofBox.set(setting, value);
  }
  await writeFile(file, ofBox.toString(), { mode: 0o600 });
  const loaded = await loadConfig(file, { dataDir: join(directory, 'data') });
  if (loaded.ok) return loaded.config;
  const problems = loaded.problems.map((problem) => formatProblem('rollcall.yaml', problem));
  throw refuseContent(path, `this program refuses its configuration: ${problems.join('; ')}`);
}

/** Where a database belongs in the rebuilt data. @throws `backup-unusable` if the configuration puts it elsewhere */
function inData({ path: backup, directory }: RebuildOrder, path: string, { dataDir }: Config): string {
  const below = relative(dataDir, path);
  if (below.startsWith('..') || isAbsolute(below) || below.includes('/')) {
    throw refuseContent(backup, `its configuration puts a database outside of dataDir: ${path}`);
  }
  return join(directory, 'data', below);
}

/** Keys that the box can make itself. They become its own, wherever they were: no unit of this machine provides them. */
async function moveOwnKeys({ dataDir, secretsDirectory }: OwnSecretPlaces): Promise<void> {
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
  for (const name of ['audit-key', 'audit-key-former', 'accounts-key']) {
    await rename(join(secretsDirectory, name), join(dataDir, 'keys', name)).catch(ignoreAbsent);
  }
}

/** Makes the key that the box signed with its own, so that it can replace it. @throws `backup-unusable` */
async function chooseBoxKey(path: string, places: OwnSecretPlaces): Promise<void> {
  const state = await readIdentityState(places);
  if (state === undefined) throw refuseContent(path, 'it has no identity of a box');
  const own = join(places.dataDir, 'keys');
  const candidates = [places.secretsDirectory, own].flatMap((folder) =>
    ['box-key', 'box-key.next'].map((name) => join(folder, name)),
  );
  let chosen: Buffer | undefined;
  for (const candidate of candidates) {
    const bytes = await readFile(candidate).catch(() => undefined);
    if (bytes === undefined) continue;
    using key = await importBoxKey(bytes);
    if (chosen === undefined && key.keyId === state.current.keyId) chosen = bytes;
    else wipe(bytes);
    await rm(candidate);
  }
  if (chosen === undefined) throw refuseContent(path, 'it has no key that the box signs with');
  await createKeyFile(join(own, 'box-key'), chosen);
  wipe(chosen);
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}

interface GalleryTarget {
  readonly galleryPath: string;
  readonly auditKeys: AuditKeyRing;
  readonly config: Config;
}

/** Unpacks the gallery, and wraps its data keys with a new key, which becomes the secret that the configuration names. */
async function rebuildGallery(
  { path, unlock, directory, by, clock, onProgress }: RebuildOrder,
  { galleryPath, auditKeys, config }: GalleryTarget,
): Promise<RebuiltBox['gallery'] & { readonly facts: BackupFacts }> {
  await using source = await openRestoreSource({ path, unlock, galleryPath, onProgress });
  await auditKeys.adopt(source.keys.auditKeys);
  const kek = secretBytes(KEY_BYTES);
  const random = newRandomBytes(KEY_BYTES);
  try {
    kek.set(random);
    const target = { kek, provider: 'secret', parameters: {}, createdAtMs: clock.wallMs() } as const;
    const damagedKeys = await rewrapForBox(source, target);
    const outcome = await finishRestore(source, {
      present: { tombstones: [], log: undefined, isNew: true },
      auditKey: auditKeys.key,
      formerAuditKeys: auditKeys.former,
      ...{ by, clock },
    });
    await rename(source.database.path, galleryPath);
    await createKeyFile(join(directory, 'secrets', config.gallery.key), kek);
    return { ...outcome, damagedKeys, facts: source.facts };
  } finally {
    wipe(kek);
    wipe(random);
  }
}

interface Parts extends RebuildOrder {
  readonly places: OwnSecretPlaces;
  readonly config: Config;
  readonly auditKeys: AuditKeyRing;
  readonly audit: AuditLog;
}

/** Lets the numbers of events and messages continue where the former box has used none. */
async function continueRecords(
  { places, config, auditKeys, audit, clock, random, logger }: Parts,
  path: string,
): Promise<Pick<RebuiltBox, 'lastSequence' | 'nextSequence'>> {
  const { site, box } = config;
  const identity = { siteId: site.id, boxId: box.id };
  const mark = openAuditedMark({ dataDir: places.dataDir, auditKeys, audit, clock, logger });
  try {
    await using records = openRecords({
      path,
      encode: (event) => encodeEvent(event, identity, modelIds(config)),
      auditKeys: auditKeys.all,
      isRestored: true,
      ...{ mark, clock, random },
    });
    const gap = records.loss.reported()?.gap;
    return { lastSequence: (gap?.first ?? 1) - 1, nextSequence: (gap?.last ?? 0) + 1 };
  } finally {
    mark[Symbol.dispose]();
  }
}

/** A session of the former box, even one that was ended there after the backup, must not live again here. */
function endSessions({ places, config, auditKeys, audit, clock, logger }: Parts): number {
  using accounts = openSealedAccounts({
    ...{ path: join(places.dataDir, 'accounts.db'), auditKeys: auditKeys.all, log: audit, clock, logger },
    box: `${config.site.id}/${config.box.id}`,
  });
  const sessions = new SessionsStore(accounts.ledger);
  return accounts.ledger.database.transaction(() => sessions.endAll());
}

/** Puts a new key of the box in force, so that the former box cannot sign for it any more. */
async function succeed({ places, config, clock }: Parts): Promise<Pick<RebuiltBox, 'formerKeyId' | 'keyId'>> {
  const overlapMs = config.identity.overlapDays * dayMs;
  using keys = await IdentityKeys.open({ places, clock, overlapMs });
  const formerKeyId = keys.state.current.keyId;
  await keys.succeed(overlapMs);
  await keys.settle();
  return { formerKeyId, keyId: keys.state.current.keyId };
}
