import { join } from 'node:path';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { type GalleryFile, openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import type { KeyRing } from '../../daemon/core/gallery/keys/key-ring.js';
import type { ReEmbedProgress } from '../../daemon/core/gallery/re-embedding/re-embed-job.js';
import type { OpenEmbedder } from '../../daemon/core/gallery/re-embedding/re-embed-step.js';
import { ReEmbeddings } from '../../daemon/core/gallery/re-embedding/re-embeddings.js';
import { unlockGallery } from '../../daemon/core/gallery/unlock-gallery.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { ReEmbedState } from '../../daemon/kernel/gallery/gallery-job.js';
import type { RecogniserId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { fixedKey, providersOf, testDimensions, tester, testRecogniser } from './gallery-fixture.js';
import { otherDimensions, otherName, otherRecogniser, scriptedEmbedder } from './scripted-embedder.js';
import { until } from './until.js';

export interface MovingGallery extends AsyncDisposable {
  readonly file: GalleryFile;
  readonly gallery: Gallery;
  readonly ring: KeyRing;
  readonly moves: ReEmbeddings;
}

export interface MovingOptions {
  /** The configured one; by default that of the fixtures. */
  readonly recogniser?: RecogniserId;
  readonly openEmbedder?: OpenEmbedder;
  /** The byte that the secret consists of; by default 7. */
  readonly key?: number;
}

/** Opens the gallery `gallery.db` of `directory` as a daemon does, with its moves. @throws what keeps it sealed */
export async function openMoving(directory: string, options: MovingOptions = {}): Promise<MovingGallery> {
  const { recogniser = testRecogniser, openEmbedder = scriptedEmbedder(), key = 7 } = options;
  const path = join(directory, 'gallery.db');
  const file = await openGalleryFile({ path, auditKey: new Uint8Array(32).fill(0xa0), clock });
  try {
    const opened = await unlockGallery({
      file,
      providers: providersOf(fixedKey(key)),
      input: {},
      recogniser,
      dimensions: recogniser === otherRecogniser ? otherDimensions : testDimensions,
      openEmbedder,
      by: tester,
      clock,
      logger: silentLogger,
    });
    if (opened.outcome !== 'open') throw new Error(`sealed: ${opened.code}`);
    const { gallery, ring } = opened;
    const report = gallery.putAside.bind(gallery);
    const moves = new ReEmbeddings({ file, ring, openEmbedder, report, clock, logger: silentLogger });
    gallery.attach('moves', moves);
    return {
      file,
      gallery,
      ring,
      moves,
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

export const moveOrder = { recogniserName: otherName, acceptsMissing: false, by: tester } as const;

/** Waits until the move has come to a state. */
export async function untilMove(
  { moves }: Pick<MovingGallery, 'moves'>,
  state: ReEmbedState,
  isWanted: (progress: ReEmbedProgress) => boolean = () => true,
): Promise<ReEmbedProgress> {
  await until(`the move to be ${state}`, async () => {
    const { progress } = moves;
    return progress?.state === state && isWanted(progress);
  });
  const { progress } = moves;
  if (progress === undefined) throw new Error('there is no move');
  return progress;
}

/** Templates in the file by what they were made with. */
export function templatesBy({ file }: Pick<MovingGallery, 'file'>): Readonly<Record<string, number>> {
  const rows = file.database.db
    .prepare<[], { name: string; count: number }>(
      'SELECT recogniser AS name, count(*) AS count FROM template GROUP BY recogniser',
    )
    .all();
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}
