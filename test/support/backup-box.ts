import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditKeeper } from '../../daemon/core/audit/audit-keeper.js';
import { AuditKeyRing } from '../../daemon/core/audit/audit-key-ring.js';
import { GalleryBackups } from '../../daemon/core/backups/gallery-backups.js';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { makeKeyProviders } from '../../daemon/core/gallery/keys/key-providers.js';
import { sweepWork } from '../../daemon/core/gallery/work-directory.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { recoveryKey } from './backup-fixture.js';
import { testDimensions, tester, testRecogniser } from './gallery-fixture.js';

/** What a box's daemon knows of its gallery, without cameras. */
export interface BackupBox extends AsyncDisposable {
  readonly directory: string;
  readonly galleryPath: string;
  readonly vault: GalleryVault;
  readonly backups: GalleryBackups;
  /** Persons whom a restore took away. */
  readonly forgotten: readonly string[];
  /** Persons of whom the review queue was told to forget everything. */
  readonly notReviewed: readonly string[];
}

export interface BackupBoxOptions {
  /** Byte that the gallery's secret is made of; null for none. */
  readonly keyFill?: number | null;
  readonly recogniser?: typeof testRecogniser;
  /** Public half of the recovery key that the box makes backups for. */
  readonly publicKey?: Uint8Array;
}

/** Starts what the daemon starts, in the order in which it does, on a directory that may hold a box already. */
export async function openBackupBox(directory: string, options: BackupBoxOptions = {}): Promise<BackupBox> {
  const { keyFill = 7, recogniser: id = testRecogniser, publicKey = recoveryKey.publicKey } = options;
  const secretsDirectory = join(directory, 'secrets');
  const dataDir = join(directory, 'data');
  const galleryPath = join(dataDir, 'gallery.db');
  await mkdir(secretsDirectory, { recursive: true, mode: 0o700 });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const secret = join(secretsDirectory, 'gallery-key');
  if (keyFill !== null && !existsSync(secret))
    await writeFile(secret, new Uint8Array(32).fill(keyFill), { mode: 0o600 });
  const auditKeys = await AuditKeyRing.open({ secretsDirectory, dataDir, credentialsDirectory: '' });
  const vault = await GalleryVault.start({
    path: galleryPath,
    openFile: () =>
      openGalleryFile({
        path: galleryPath,
        auditKey: auditKeys.key,
        formerAuditKeys: auditKeys.former,
        clock,
      }),
    audit: new AuditKeeper({ clock, logger: silentLogger }),
    onFile: () => sweepWork(galleryPath),
    providers: makeKeyProviders({
      clock,
      secretName: 'gallery-key',
      credentials: { secretsDirectory, credentialsDirectory: '' },
      workDirectory: directory,
    }),
    recogniserFor: async () => ({ id, dimensions: testDimensions }),
    clock,
    logger: silentLogger,
  });
  const forgotten: string[] = [];
  const notReviewed: string[] = [];
  const identity = { siteId: 'test-site', boxId: 'test-box' };
  const backups = new GalleryBackups({
    vault,
    auditKeys,
    galleryPath,
    recogniser: id,
    identity,
    dataDir,
    clock,
    logger: silentLogger,
    forgetPerson: (person) => void forgotten.push(person),
    review: { forgetPerson: (person) => void notReviewed.push(person) },
  });
  const box: BackupBox = {
    directory,
    galleryPath,
    vault,
    backups,
    forgotten,
    notReviewed,
    async [Symbol.asyncDispose]() {
      await backups[Symbol.asyncDispose]();
      await vault[Symbol.asyncDispose]();
      auditKeys[Symbol.dispose]();
    },
  };
  try {
    await backups.installRecoveryKey(publicKey, tester);
    return box;
  } catch (error) {
    await box[Symbol.asyncDispose]();
    throw error;
  }
}
