import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLogger } from '../../daemon/base/logger.js';
import { seededRandom } from '../../daemon/base/random.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { recogniserId } from '../../daemon/domain/ids.js';
import type { Embedding } from '../../daemon/domain/match.js';
import type { EnrolmentPhotograph } from '../../daemon/gallery/enrolment.js';
import type { KeyProvider } from '../../daemon/gallery/gallery-key.js';
import type { GalleryOptions } from '../../daemon/gallery/open-gallery.js';

export const testRecogniser = recogniserId('test-recogniser-1');
export const testDimensions = 128;

/** A directory that goes when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rollcall-gallery-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Gives a fresh copy of 32 bytes of `fill` at every reading, as a real provider does. */
export function fixedKey(fill: number): KeyProvider {
  return { description: 'the test', readSecret: async () => new Uint8Array(32).fill(fill) };
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

/** Options for the gallery `gallery.db` in `directory`, with key 7 and the test recogniser. */
export function galleryOptions(directory: string, changes: Partial<GalleryOptions> = {}): GalleryOptions {
  return {
    path: join(directory, 'gallery.db'),
    keyProvider: fixedKey(7),
    recogniser: testRecogniser,
    dimensions: testDimensions,
    clock: new VirtualClock(1_700_000_000_000),
    logger: silentLogger,
    ...changes,
  };
}
