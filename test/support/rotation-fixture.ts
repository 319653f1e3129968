import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { type GalleryFile, openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import type { KeyInput, KeyProvider } from '../../daemon/core/gallery/keys/key-provider.js';
import type { KeyRing } from '../../daemon/core/gallery/keys/key-ring.js';
import { PassphraseKeyProvider } from '../../daemon/core/gallery/keys/passphrase-key-provider.js';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { KeyRotations } from '../../daemon/core/gallery/rotation/key-rotations.js';
import type { RotationRun } from '../../daemon/core/gallery/rotation/rotation-run.js';
import {
  initialiseGallery,
  type UnlockOptions,
  unlockGallery,
} from '../../daemon/core/gallery/unlock-gallery.js';
import { newRandomBytes } from '../../daemon/host/sodium.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { KeyProviderKind } from '../../daemon/kernel/gallery/key-provider-kind.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { type Logger, silentLogger } from '../../daemon/kernel/logger.js';
import { enrolmentPhotograph, noiseJpeg, testDimensions, tester, testRecogniser } from './gallery-fixture.js';

/** The least that Argon2id takes: one pass over 8 KiB. */
export const cheapest = { passes: 1, memoryBytes: 8 * 1024 };
const keyName = 'gallery-key';

type Providers = Readonly<Record<KeyProviderKind, KeyProvider>>;

/** Providers whose secrets lie in `directory`. There is no TPM in these tests: asking for one is a mistake. */
export function testProviders(directory: string, clock: Clock = systemClock): Providers {
  const secret = new SecretKeyProvider(keyName, { secretsDirectory: directory, credentialsDirectory: '' });
  const passphrase = new PassphraseKeyProvider({ clock, cost: cheapest });
  const refuse = (): never => {
    throw new Error('no TPM in this test');
  };
  const tpm: KeyProvider = {
    kind: 'tpm',
    description: 'none',
    create: async () => refuse(),
    recover: async () => refuse(),
    settle: async () => refuse(),
  };
  return { secret, passphrase, tpm };
}

export function writeSecret(directory: string, suffix: '' | '.next' = ''): void {
  writeFileSync(join(directory, `${keyName}${suffix}`), newRandomBytes(32), { mode: 0o600, flag: 'wx' });
}

export function readSecret(directory: string, suffix: '' | '.next' = ''): Uint8Array {
  return readFileSync(join(directory, `${keyName}${suffix}`));
}

export const passphraseInput = (text: string): KeyInput => ({ passphrase: Buffer.from(text, 'utf8') });

export interface TestGallery extends AsyncDisposable {
  readonly file: GalleryFile;
  readonly gallery: Gallery;
  readonly ring: KeyRing;
  readonly rotations: KeyRotations;
  readonly providers: Providers;
}

export interface TestGalleryOptions {
  readonly input?: KeyInput;
  /** Provider of the first key, if the gallery has none yet. */
  readonly first?: KeyProviderKind;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Where `gallery.db` lies; by default `directory`. */
  readonly place?: string;
}

/** Opens the gallery of `directory` as a daemon does: its file, its key, and what is left of a rotation. */
export async function openTestGallery(
  directory: string,
  options: TestGalleryOptions = {},
): Promise<TestGallery> {
  const { input = {}, first, clock = systemClock, logger = silentLogger, place = directory } = options;
  const auditKey = new Uint8Array(32).fill(5);
  const file = await openGalleryFile({ path: join(place, 'gallery.db'), auditKey, clock });
  const providers = testProviders(directory, clock);
  const unlock: UnlockOptions = {
    file,
    providers,
    input,
    recogniser: testRecogniser,
    dimensions: testDimensions,
    by: tester,
    clock,
    logger,
  };
  try {
    if (first !== undefined) (await initialiseGallery(unlock, first))[Symbol.dispose]();
    const opened = await unlockGallery(unlock);
    if (opened.outcome !== 'open') throw new Error(`sealed: ${opened.code}`);
    const { gallery, ring } = opened;
    const rotations = await KeyRotations.open({ file, ring, providers, clock, logger });
    return {
      file,
      gallery,
      ring,
      rotations,
      providers,
      async [Symbol.asyncDispose]() {
        await rotations[Symbol.asyncDispose]();
        await gallery[Symbol.asyncDispose]();
        await file[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/** Enrols a person with two photographs; `seed` makes them. */
export function enrol(
  { gallery }: Pick<TestGallery, 'gallery'>,
  seed: number,
  jpegBytes = 3000,
): Promise<PersonId> {
  const photographs = [0, 1].map((view) => ({
    ...enrolmentPhotograph(seed * 10 + view),
    jpeg: noiseJpeg(seed * 10 + view, jpegBytes),
  }));
  return gallery.addPerson({ profile: { name: `Person ${seed}` }, photographs }, tester);
}

/** The rotation's end, which must be a good one. */
export async function finished(rotation: RotationRun): Promise<void> {
  const { state, problem } = await rotation.ended;
  if (state !== 'finished') throw problem ?? new Error(`the rotation ended as ${state}`);
}

/** All sealed values that the database holds, by the table they lie in. */
export function sealedValues({ file }: Pick<TestGallery, 'file'>): readonly Uint8Array[] {
  const { db } = file.database;
  return [
    'SELECT wrapped FROM data_key',
    'SELECT profile FROM person',
    'SELECT vector FROM template',
    'SELECT jpeg FROM photograph',
    'SELECT jpeg FROM evidence',
    'SELECT content FROM stranger',
  ].flatMap((query) => db.prepare<[], Uint8Array>(query).pluck().all());
}

/** The bytes of every file in `directory` whose name begins with `gallery.db`. */
export function databaseBytes(directory: string): Buffer {
  const names = readdirSync(directory).filter((name) => name.startsWith('gallery.db'));
  return Buffer.concat(names.map((name) => readFileSync(join(directory, name))));
}

const WINDOW_BYTES = 8;

/**
 * How many windows of 8 bytes of `values` occur anywhere in `bytes`. Of a value that has gone only few bytes may be left,
 * not its beginning: so it is cut into windows, each looked for on its own. 8 random bytes occur nowhere by accident.
 */
export function tracesOf(values: readonly Uint8Array[], bytes: Buffer): number {
  const wanted = new Set<bigint>();
  // Most places are ruled out by their first three bytes, without making a number of eight.
  const beginnings = new Uint8Array(1 << 24);
  for (const value of values) {
    const view = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    for (let at = 1; at + WINDOW_BYTES <= view.length; at += WINDOW_BYTES) {
      wanted.add(view.readBigUInt64LE(at));
      beginnings[view.readUIntLE(at, 3)] = 1;
    }
  }
  let found = 0;
  let next = bytes.readUIntLE(0, 2) << 8;
  for (let at = 0; at + WINDOW_BYTES <= bytes.length; at += 1) {
    next = (next >>> 8) | ((bytes[at + 2] ?? 0) << 16);
    if (beginnings[next] === 1 && wanted.has(bytes.readBigUInt64LE(at))) found += 1;
  }
  return found;
}
