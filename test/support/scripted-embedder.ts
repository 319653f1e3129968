import { createHash } from 'node:crypto';
import type { OpenEmbedder } from '../../daemon/core/gallery/re-embedding/re-embed-step.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { unitVector } from './gallery-fixture.js';

/** A recogniser beside the one of the fixtures, with vectors of another size. */
export const otherRecogniser = recogniserId('test-recogniser-2');
export const otherDimensions = 64;
/** Its name in the configuration. */
export const otherName = 'other';

/** What the other recogniser makes of a photograph: the same for the same bytes. */
export function otherEmbedding(jpeg: Uint8Array): Embedding {
  return unitVector(createHash('sha256').update(jpeg).digest().readUInt32LE(0), otherDimensions);
}

export interface ScriptedEmbedding {
  /** Photographs of which it makes no template. */
  readonly refuses?: (jpeg: Uint8Array) => boolean;
  /** Called before each photograph; what it throws is thrown. */
  readonly before?: () => void | Promise<void>;
  /** Called when it is closed. */
  readonly onClose?: () => void;
}

/** Opens an embedder that only knows the name `otherName`. */
export function scriptedEmbedder({ refuses, before, onClose }: ScriptedEmbedding = {}): OpenEmbedder {
  return async (name) => {
    if (name !== otherName) throw operational('pack-absent', `${name} is not installed`);
    return {
      recogniser: otherRecogniser,
      dimensions: otherDimensions,
      async embed(jpeg) {
        const embedding = otherEmbedding(jpeg);
        const isRefused = refuses?.(jpeg) === true;
        await before?.();
        return isRefused
          ? { outcome: 'refused', code: 'no-face' }
          : { outcome: 'embedded', embedding, quality: 0.8 };
      },
      [Symbol.asyncDispose]: async () => onClose?.(),
    };
  };
}
