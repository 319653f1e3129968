import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Actor } from '../../daemon/audit/actor.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { recogniserId } from '../../daemon/domain/ids.js';
import type { Gallery } from '../../daemon/gallery/gallery.js';
import { type GalleryFile, openGalleryFile } from '../../daemon/gallery/gallery-file.js';
import type { KeyRing } from '../../daemon/gallery/key-ring.js';
import { type KeyProviders, makeKeyProviders } from '../../daemon/gallery/keys/key-providers.js';
import { unlockGallery } from '../../daemon/gallery/open-gallery.js';
import { createKeyFile } from '../../daemon/host/key-file.js';
import { newRandomBytes } from '../../daemon/host/sodium.js';
import { systemClock } from '../../daemon/host/system-clock.js';

export const dimensions = 128;
export const templatesPerPerson = 5;
export const by: Actor = { actor: 'uid:0', origin: 'bench' };

/** Disposal sets a deadline of seconds that would keep the bench waiting. */
export const clock: typeof systemClock = { ...systemClock, after: () => ({ cancel: () => undefined }) };

/** A gallery on the disk, opened as the daemon does, with its key in a file. */
export interface BenchGallery extends AsyncDisposable {
  readonly gallery: Gallery;
  readonly file: GalleryFile;
  readonly ring: KeyRing;
  readonly providers: KeyProviders;
}

const keyPath = (directory: string, name: string): string => join(directory, 'secrets', name);

export async function makeKey(directory: string, name: string): Promise<void> {
  mkdirSync(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  await createKeyFile(keyPath(directory, name), newRandomBytes(32));
}

export async function openBenchGallery(directory: string): Promise<BenchGallery> {
  const file = await openGalleryFile({
    path: join(directory, 'gallery.db'),
    auditKey: new Uint8Array(32),
    clock,
  });
  const providers = makeKeyProviders({
    clock,
    secretName: 'key',
    credentials: { credentialsDirectory: '', secretsDirectory: join(directory, 'secrets') },
    workDirectory: directory,
  });
  const recogniser = recogniserId('bench');
  const result = await unlockGallery({
    file,
    providers,
    input: {},
    recogniser,
    dimensions,
    by,
    clock,
    logger: silentLogger,
  });
  if (result.outcome === 'sealed') throw new Error(result.message);
  const { gallery, ring } = result;
  return {
    gallery,
    file,
    ring,
    providers,
    async [Symbol.asyncDispose]() {
      await gallery[Symbol.asyncDispose]();
      await file[Symbol.asyncDispose]();
    },
  };
}
