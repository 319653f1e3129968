import { createHash } from 'node:crypto';
import type { Enrolment } from '../../daemon/core/gallery/persons/enrolment.js';
import type { OpenEmbedder } from '../../daemon/core/gallery/re-embedding/re-embed-step.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import type { RecogniserId } from '../../daemon/kernel/ids.js';
import { noiseJpeg, testDimensions, unitVector } from '../../test/support/gallery-fixture.js';

/** Everything about an enrolled person follows from a number, so the check needs no memory. */

const VIEWS = 2;
const JPEG_BYTES = 2500;
const named = /^Person (\d+)$/;

export const nameOf = (seed: number): string => `Person ${seed}`;

/** The number of the person of that name; undefined where it is none of `nameOf`. */
export function seedOf(name: string | undefined): number | undefined {
  const digits = named.exec(name ?? '')?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function jpegsOf(seed: number): readonly Uint8Array[] {
  return Array.from({ length: VIEWS }, (_, view) => noiseJpeg(seed * VIEWS + view, JPEG_BYTES));
}

/** What a recogniser makes of a photograph: the same for the same one, far from those of others. */
export function embeddingOf(recogniser: RecogniserId, jpeg: Uint8Array): Embedding {
  return unitVector(createHash('sha256').update(recogniser).update(jpeg).digest().readUInt32LE(0));
}

export function enrolmentOf(seed: number, recogniser: RecogniserId): Enrolment {
  const photographs = jpegsOf(seed).map((jpeg) => ({
    jpeg,
    embedding: embeddingOf(recogniser, jpeg),
    quality: 0.9,
  }));
  return { profile: { name: nameOf(seed), externalId: `E-${seed}` }, photographs };
}

/** Embeds as a recogniser called `name` would. */
export function playedEmbedder(recogniserOf: (name: string) => RecogniserId): OpenEmbedder {
  return async (name) => {
    const recogniser = recogniserOf(name);
    return {
      recogniser,
      dimensions: testDimensions,
      embed: async (jpeg) => ({
        outcome: 'embedded',
        embedding: embeddingOf(recogniser, jpeg),
        quality: 0.8,
      }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  };
}
