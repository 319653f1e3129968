import type { Clock } from '../../base/clock.js';
import { defect } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Random } from '../../base/random.js';
import type { Config } from '../../config/schema.js';
import type { RecogniserName } from '../../config/vision-schema.js';
import type { Embedding } from '../../domain/identification/match.js';
import type { RecogniserId } from '../../domain/ids.js';
import { openConfiguredStore } from '../../models/configured-store.js';
import { photoPlan } from '../../vision/plan.js';
import { recogniserInUse } from '../../vision/recogniser-in-use.js';
import { decodeEmbedding } from '../../vision/sighting-codec.js';
import { PhotoProcess } from '../cameras/photo-process.js';

/** What became of one kept photograph. */
export type EmbeddedPhoto =
  | {
      readonly outcome: 'embedded';
      /** Unit length, `PhotoEmbedder.dimensions` values. */
      readonly embedding: Embedding;
      /** Score of the view, 0..1. */
      readonly quality: number;
    }
  /** No template can be made of it: another photograph is needed. */
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string };

/** Makes templates of kept photographs with a recogniser of its own, beside the one in use. */
export interface PhotoEmbedder extends AsyncDisposable {
  /** What its templates are made with. */
  readonly recogniser: RecogniserId;
  /** Values of one embedding. */
  readonly dimensions: number;
  /** Throws `vision-unavailable` (retryable) while its process does not run. */
  embed(jpeg: Uint8Array): Promise<EmbeddedPhoto>;
}

export interface PhotoEmbedderOptions {
  /** The configuration in force: models, provider and detector are taken from it. */
  readonly config: Config;
  /** Instead of the configured one. */
  readonly recogniser: RecogniserName;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the wait for the process; the embedder is then of no use. */
  readonly signal?: AbortSignal;
}

/**
 * Starts one vision process that looks at photographs only. Throws `pack-absent` or `pack-damaged`, naming the command that
 * installs the recogniser, before anything is started; and what the process names as its reason for not starting.
 */
export async function startPhotoEmbedder(options: PhotoEmbedderOptions): Promise<PhotoEmbedder> {
  const { config, recogniser: name, clock, random } = options;
  const store = await openConfiguredStore(config.models.dir);
  const recogniser = recogniserInUse(store, name);
  await store.path(recogniser.pack.id);
  const logger = options.logger.child({ recogniser: recogniser.id });
  const plan = photoPlan(config, name);
  const photos = new PhotoProcess({
    plan: () => plan,
    logLevel: () => config.logging.level,
    ...{ clock, random, logger },
    signal: options.signal ?? new AbortController().signal,
  });
  try {
    await photos.start();
  } catch (error) {
    await photos[Symbol.asyncDispose]();
    throw error;
  }
  return {
    recogniser: recogniser.id,
    dimensions: recogniser.dimensions,
    embed: (jpeg) => embedWith(photos, jpeg, recogniser),
    [Symbol.asyncDispose]: () => photos[Symbol.asyncDispose](),
  };
}

async function embedWith(
  photos: PhotoProcess,
  jpeg: Uint8Array,
  { id, dimensions }: { readonly id: RecogniserId; readonly dimensions: number },
): Promise<EmbeddedPhoto> {
  const photo = await photos.analyse(jpeg, { photograph: 'kept' });
  if (photo.outcome === 'refused') {
    const { code, message } = photo;
    return { outcome: 'refused', code, message };
  }
  const embedding = decodeEmbedding(photo.embeddingBase64);
  if (photo.recogniser !== id || embedding.length !== dimensions) {
    throw defect(
      'recogniser-mismatch',
      'a photograph was embedded with another recogniser than was asked for',
    );
  }
  return { outcome: 'embedded', embedding, quality: photo.quality.score };
}
