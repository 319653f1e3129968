import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AuditKeeper } from '../../daemon/core/audit/audit-keeper.js';
import { AuditKeyRing } from '../../daemon/core/audit/audit-key-ring.js';
import { GalleryBackups } from '../../daemon/core/backups/gallery-backups.js';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { makeKeyProviders } from '../../daemon/core/gallery/keys/key-providers.js';
import { createKeyFile } from '../../daemon/host/key-file.js';
import { newRandomBytes } from '../../daemon/host/sodium.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';

export const dimensions = 128;
export const templatesPerPerson = 5;
export const by: Actor = { actor: 'uid:0', origin: 'bench' };

/** Disposal sets a deadline of seconds that would keep the bench waiting. */
const clock: typeof systemClock = { ...systemClock, after: () => ({ cancel: () => undefined }) };

/** A gallery on the disk, opened as the daemon does, with its key in a file. */
export interface BenchGallery extends AsyncDisposable {
  readonly vault: GalleryVault;
  readonly backups: GalleryBackups;
}

/** Makes a secret of the box in `directory`. */
export async function makeKey(directory: string, name: string): Promise<void> {
  const secrets = join(directory, 'secrets');
  mkdirSync(secrets, { recursive: true, mode: 0o700 });
  await createKeyFile(join(secrets, name), newRandomBytes(32));
}

/** `values` is how many values a template has. */
export async function openBenchGallery(directory: string, values = dimensions): Promise<BenchGallery> {
  const path = join(directory, 'gallery.db');
  const id = recogniserId('bench');
  const places = { credentialsDirectory: '', secretsDirectory: join(directory, 'secrets') };
  const auditKeys = await AuditKeyRing.open({ ...places, dataDir: directory });
  const { key: auditKey, former: formerAuditKeys } = auditKeys;
  const vault = await GalleryVault.start({
    path,
    openFile: () => openGalleryFile({ path, auditKey, formerAuditKeys, clock }),
    audit: new AuditKeeper({ clock, logger: silentLogger }),
    providers: makeKeyProviders({
      clock,
      secretName: 'key',
      credentials: places,
      workDirectory: directory,
    }),
    recogniserFor: async () => ({ id, dimensions: values }),
    clock,
    logger: silentLogger,
  });
  const backups = new GalleryBackups({
    vault,
    auditKeys,
    galleryPath: path,
    recogniser: id,
    identity: { siteId: 'bench', boxId: 'bench' },
    dataDir: directory,
    clock,
    logger: silentLogger,
    forgetPerson: () => undefined,
    review: { forgetPerson: () => undefined },
  });
  return {
    vault,
    backups,
    async [Symbol.asyncDispose]() {
      await backups[Symbol.asyncDispose]();
      await vault[Symbol.asyncDispose]();
      auditKeys[Symbol.dispose]();
    },
  };
}

/** A recovery key whose public half the box has; returns the secret half. */
export async function installRecoveryKey(backups: GalleryBackups): Promise<Uint8Array> {
  const { publicKey, secretKey } = newRecoveryKey();
  await backups.installRecoveryKey(publicKey, by);
  return secretKey;
}
