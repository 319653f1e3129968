import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { type GalleryFile, openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import type { KeyProvider } from '../../daemon/core/gallery/keys/key-provider.js';
import type { Enrolment, EnrolmentPhotograph } from '../../daemon/core/gallery/persons/enrolment.js';
import { type UnlockOptions, unlockGallery } from '../../daemon/core/gallery/unlock-gallery.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { badInput, defect, operational } from '../../daemon/kernel/errors.js';
import type { KeyProviderKind } from '../../daemon/kernel/gallery/key-provider-kind.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

export const testRecogniser = recogniserId('test-recogniser-1');
export const testDimensions = 128;

/** Who does things in the tests. */
export const tester: Actor = { actor: 'uid:1000', origin: 'local socket pid 4711' };

/** A directory that goes when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rollcall-gallery-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The secret of 32 bytes of `fill`, a fresh copy at every reading, as a real provider gives it. */
export function fixedKey(fill: number): KeyProvider {
  const secret = () => new Uint8Array(32).fill(fill);
  return {
    kind: 'secret',
    description: 'the test',
    create: async () => ({ kek: secret(), parameters: {} }),
    async recover(keyId) {
      if (keyIdOf(secret()) === keyId) return { outcome: 'recovered', kek: secret() };
      const message = `the gallery was sealed with the key ${keyId}`;
      return { outcome: 'refused', code: 'wrong-key', message, remedy: 'put back the key' };
    },
    settle: async () => undefined,
  };
}

/** A secret that does not exist. */
export const noKey: KeyProvider = {
  kind: 'secret',
  description: 'the secret "gallery-key"',
  async create() {
    throw badInput('key-missing', 'there is no gallery key');
  },
  recover: async () => ({
    outcome: 'refused',
    code: 'key-missing',
    message: 'there is no gallery key',
    remedy: 'put back the key file',
  }),
  settle: async () => undefined,
};

function unusedProvider(kind: KeyProviderKind): KeyProvider {
  const refuse = async () => {
    throw defect('unused-provider', `no test was to ask the ${kind} provider`);
  };
  return { kind, description: kind, create: refuse, recover: refuse, settle: refuse };
}

/** All providers, of which only `secret` may be asked. */
export function providersOf(secret: KeyProvider): UnlockOptions['providers'] {
  return { secret, passphrase: unusedProvider('passphrase'), tpm: unusedProvider('tpm') };
}

/** A unit vector, the same for the same seed. */
export function unitVector(seed: number, dimensions = testDimensions): Embedding {
  const random = seededRandom(seed);
  const vector = Float32Array.from({ length: dimensions }, () => random.unit() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Bytes that begin as a JPEG does; the rest is noise that occurs nowhere by accident. */
export function noiseJpeg(seed: number, size = 4000): Uint8Array {
  const random = seededRandom(seed);
  const bytes = Uint8Array.from({ length: size }, () => Math.floor(random.unit() * 256));
  bytes.set([0xff, 0xd8, 0xff, 0xe0]);
  return bytes;
}

export function enrolmentPhotograph(seed: number): EnrolmentPhotograph {
  return { jpeg: noiseJpeg(seed), embedding: unitVector(seed), quality: 0.9 };
}

/** An enrolment of a person called `name`, with one photograph for each seed. */
export function enrolmentOf(name: string, seeds: readonly number[]): Enrolment {
  return { profile: { name }, photographs: seeds.map(enrolmentPhotograph) };
}

export interface TestGalleryOptions extends Omit<UnlockOptions, 'file'> {
  readonly path: string;
  readonly auditKey: Uint8Array;
}

/** Options for the gallery `gallery.db` in `directory`, with the secret key 7 and the test recogniser. */
export function galleryOptions(
  directory: string,
  changes: Partial<TestGalleryOptions> = {},
): TestGalleryOptions {
  return {
    path: join(directory, 'gallery.db'),
    auditKey: new Uint8Array(32).fill(0xa0),
    providers: providersOf(fixedKey(7)),
    input: {},
    recogniser: testRecogniser,
    dimensions: testDimensions,
    by: tester,
    clock: new VirtualClock(1_700_000_000_000),
    logger: silentLogger,
    ...changes,
  };
}

export interface TestGallery extends AsyncDisposable {
  readonly file: GalleryFile;
  readonly gallery: Gallery;
}

/** Opens file and gallery, in tests that need both open. @throws what opening throws; a sealed gallery by its code */
export async function openTestGallery(options: TestGalleryOptions): Promise<TestGallery> {
  const file = await openGalleryFile(options);
  try {
    const result = await unlockGallery({ ...options, file });
    if (result.outcome === 'sealed') {
      throw operational(result.code, result.message, { remedy: result.remedy });
    }
    const { gallery } = result;
    return {
      file,
      gallery,
      async [Symbol.asyncDispose]() {
        await gallery[Symbol.asyncDispose]();
        await file[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/** `count` persons called `Person 1` and so on, each with a photograph of the seed of their number. */
export async function enrolPersons(options: TestGalleryOptions, count: number): Promise<void> {
  await using opened = await openTestGallery(options);
  for (let seed = 1; seed <= count; seed += 1) {
    await opened.gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester);
  }
}

/** The names of all listed persons; undefined for a profile that does not open. */
export async function namesIn(gallery: Gallery): Promise<readonly (PersonProfile['name'] | undefined)[]> {
  return (await gallery.listPersons()).map(({ profile }) => profile?.name);
}
