import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { GalleryKeys } from '../../daemon/core/gallery/gallery-keys.js';
import { GalleryUpkeep, type GalleryUpkeepOptions } from '../../daemon/core/gallery/gallery-upkeep.js';
import { newRandomBytes } from '../../daemon/host/sodium.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { defect } from '../../daemon/kernel/errors.js';
import { type RecogniserId, recogniserId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type BackupBox, openBackupBox } from '../../test/support/backup-box.js';
import { testRecogniser } from '../../test/support/gallery-fixture.js';
import { playedEmbedder } from './played-person.js';

/** Where things lie in the directory of a box that faults are done to. */
export interface FaultPlaces {
  readonly directory: string;
  readonly galleryPath: string;
  /** The gallery's key, and the one that a rotation goes to. */
  readonly keyPath: string;
  readonly nextKeyPath: string;
  /** Not part of the box: keys that were replaced, backups, the recovery key. */
  readonly oldKeys: string;
  readonly backups: string;
  readonly recovery: string;
}

export function placesIn(directory: string): FaultPlaces {
  return {
    directory: join(directory, 'box'),
    galleryPath: join(directory, 'box', 'data', 'gallery.db'),
    keyPath: join(directory, 'box', 'secrets', 'gallery-key'),
    nextKeyPath: join(directory, 'box', 'secrets', 'gallery-key.next'),
    oldKeys: join(directory, 'old-keys'),
    backups: join(directory, 'backups'),
    recovery: join(directory, 'recovery'),
  };
}

/** Writes the file completely or not at all. */
export function putFile(path: string, bytes: Uint8Array | string): void {
  const unfinished = `${path}.unfinished`;
  writeFileSync(unfinished, bytes, { mode: 0o600 });
  renameSync(unfinished, path);
}

/** Makes the directories, the keys and the configuration of a box, which has no gallery yet. */
export function prepareBox(directory: string, recoveryKey: RecoveryKey): FaultPlaces {
  const places = placesIn(directory);
  const folders = [join(places.directory, 'data'), join(places.directory, 'secrets')];
  for (const folder of [...folders, places.oldKeys, places.backups, places.recovery]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  putFile(places.keyPath, newRandomBytes(32));
  putFile(join(places.recovery, 'secret'), recoveryKey.secretKey);
  putFile(join(places.recovery, 'public'), recoveryKey.publicKey);
  configureRecogniser(places, testRecogniser);
  return places;
}

const recogniserFile = ({ directory }: FaultPlaces): string => join(directory, 'recogniser');

/** What the configuration of a box says; taken over when it is next opened. */
export function configureRecogniser(places: FaultPlaces, recogniser: RecogniserId): void {
  putFile(recogniserFile(places), recogniser);
}

export function readRecoverySecret({ recovery }: FaultPlaces): Uint8Array {
  return readFileSync(join(recovery, 'secret'));
}

/** A box as the daemon has it, without cameras. */
export interface FaultBox extends AsyncDisposable {
  readonly places: FaultPlaces;
  readonly recogniser: RecogniserId;
  readonly box: BackupBox;
  /** Continues a move to another recogniser. */
  readonly upkeep: GalleryUpkeep;
}

/** Opens the box in `directory`, and continues unfinished work. @throws why the gallery is sealed */
export async function openFaultBox(directory: string): Promise<FaultBox> {
  const places = placesIn(directory);
  const recogniser = recogniserId(
    existsSync(recogniserFile(places)) ? readFileSync(recogniserFile(places), 'utf8') : testRecogniser,
  );
  const publicKey = readFileSync(join(places.recovery, 'public'));
  const box = await openBackupBox(places.directory, { recogniser, publicKey, keyFill: null });
  try {
    box.vault.requireOpen();
  } catch (error) {
    await box[Symbol.asyncDispose]();
    throw error;
  }
  const { vault } = box;
  const keys = new GalleryKeys({ vault, clock });
  const openEmbedder = playedEmbedder(recogniserId);
  // Played templates of one person have nothing in common.
  const thresholds = async () => new Map<RecogniserId, number>();
  const calibration: GalleryUpkeepOptions['calibration'] = {
    calibrate: async () => {
      throw defect('unused-calibration', 'a fault loop finds no thresholds');
    },
  };
  const upkeep = new GalleryUpkeep({
    ...{ vault, keys, openEmbedder, calibration, thresholds, clock },
    logger: silentLogger,
  });
  return {
    places,
    recogniser,
    box,
    upkeep,
    async [Symbol.asyncDispose]() {
      await upkeep[Symbol.asyncDispose]();
      await box[Symbol.asyncDispose]();
    },
  };
}
