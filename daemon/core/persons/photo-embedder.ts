import type { Config } from '../../contract/settings/schema.js';
import {
  type RecogniserName,
  recogniserName,
  recogniserNames,
} from '../../contract/settings/vision-schema.js';
import { decodeEmbedding } from '../../contract/vision/vision-sighting.js';
import { openConfiguredStore } from '../../host/models/configured-store.js';
import type { Clock } from '../../kernel/clock.js';
import { defect } from '../../kernel/errors.js';
import type { Embedding } from '../../kernel/identification/match.js';
import type { RecogniserId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { Random } from '../../kernel/random.js';
import { photoPlan } from '../../vision/plan.js';
import { recogniserInUse } from '../../vision/recogniser-in-use.js';
import { refusal } from '../../words/errors.js';
import { PhotoProcess } from '../cameras/photo-process.js';
import type { PhotoWall } from '../cameras/photo-wall.js';
import type { OpenEmbedder } from '../gallery/re-embedding/re-embed-step.js';

/** The outcome for one stored photograph. */
export type EmbeddedPhoto =
  | {
      readonly outcome: 'embedded';
      /** Unit length, `PhotoEmbedder.dimensions` values. */
      readonly embedding: Embedding;
      /** Score of the view, 0..1. */
      readonly quality: number;
    }
  /** The photograph gives no template; another one is needed. */
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string };

/** Makes templates of stored photographs with another recogniser than the one in use. */
export interface PhotoEmbedder extends AsyncDisposable {
  /** The recogniser of its templates. */
  readonly recogniser: RecogniserId;
  /** Values of one embedding. */
  readonly dimensions: number;
  /** Throws `vision-unavailable` (retryable) while its process does not run. */
  embed(jpeg: Uint8Array): Promise<EmbeddedPhoto>;
}

export interface PhotoEmbedderOptions {
  /** Gives models, provider and detector. */
  readonly config: Config;
  /** Replaces the configured recogniser. */
  readonly recogniser: RecogniserName;
  readonly wall: PhotoWall;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the wait for the process. The embedder is unusable then. */
  readonly signal?: AbortSignal;
}

/**
 * Starts a vision process for photographs only. Throws `pack-absent` or `pack-damaged` before the start, naming the command
 * that installs the recogniser. Throws the reason of the process if it cannot start.
 */
export async function startPhotoEmbedder(options: PhotoEmbedderOptions): Promise<PhotoEmbedder> {
  const { config, recogniser: name, wall, clock, random } = options;
  const store = await openConfiguredStore(config.models.dir);
  const recogniser = recogniserInUse(store, name);
  await store.path(recogniser.pack.id);
  const logger = options.logger.child({ recogniser: recogniser.id });
  const plan = photoPlan(config, name);
  const photos = new PhotoProcess({
    plan: () => plan,
    logLevel: () => config.logging.level,
    ...{ clock, random, logger, wall },
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
      'a photo was embedded with a recogniser other than the requested one',
    );
  }
  return { outcome: 'embedded', embedding, quality: photo.quality.score };
}

/** Opens photo embedders for other recognisers. Everything else is as configured. */
export function embedderSource(options: {
  readonly current: () => Config;
  readonly wall: PhotoWall;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}): OpenEmbedder {
  const { current, ...others } = options;
  return async (name, signal) =>
    startPhotoEmbedder({
      config: current(),
      recogniser: requireRecogniser(name),
      ...others,
      ...present({ signal }),
    });
}

/** @throws `unknown-recogniser` */
function requireRecogniser(name: string): RecogniserName {
  const found = recogniserName.safeParse(name);
  if (found.success) return found.data;
  throw refusal('unknown-recogniser', { name, recogniserNames: recogniserNames.join(', ') });
}
