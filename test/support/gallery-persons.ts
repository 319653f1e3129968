import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { PhotoOutcome } from '../../daemon/contract/vision/vision-answers.js';
import { encodeEmbedding } from '../../daemon/contract/vision/vision-sighting.js';
import { ReadingTrail } from '../../daemon/core/audit/reading-trail.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import { EnrolledPersons, type EnrolledPersonsOptions } from '../../daemon/core/persons/enrolled-persons.js';
import type { MatchPolicy } from '../../daemon/kernel/identification/match.js';
import type { BoxIds, RecogniserId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { present } from '../../daemon/kernel/present.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  galleryOptions,
  openTestGallery,
  testDimensions,
  testRecogniser,
  unitVector,
} from './gallery-fixture.js';
import { faceCountOn, faceOn } from './painted-faces.js';
import { openTestRecords } from './published-box.js';
import { temporaryDirectory } from './temporary-directory.js';

const startMs = Date.UTC(2026, 2, 2, 8);

export interface GalleryPersons extends AsyncDisposable {
  readonly persons: EnrolledPersons;
  readonly vault: GalleryVault;
  readonly records: RecordStores;
  /** The number of person rows in the database, in any state. */
  rowCount(): number;
  /** The path of the database file. */
  readonly path: string;
  /** Alters the database behind the program's back. */
  alter(sql: string): void;
}

/** The analyser of photographs. */
export interface PhotographReader {
  readonly recogniser: RecogniserId;
  /** Values of one embedding. */
  readonly dimensions: number;
  /** Similarity from which two faces count as the same person. */
  readonly threshold: number;
  readonly analysePhoto: (image: Buffer, faceNumber?: number) => Promise<PhotoOutcome>;
}

export interface GalleryPersonsOptions {
  /** By default a fake network for painted faces. */
  readonly reader?: PhotographReader;
  /** The folder of the files, which stays. By default a new one that is removed with the box. */
  readonly directory?: string;
  /** By default `box` of the tests. */
  readonly from?: BoxIds;
  /** By default, no person has a threshold of their own. */
  readonly ownThresholdOf?: EnrolledPersonsOptions['ownThresholdOf'];
  readonly thresholdOf?: MatchPolicy['thresholdOf'];
  /** By default, `department` and `badge`. */
  readonly definedFields?: EnrolledPersonsOptions['definedFields'];
  /** By default, no passage was marked. */
  readonly falseMatches?: EnrolledPersonsOptions['falseMatches'];
}

/** The persons of a box over an encrypted gallery on the disk. Only the networks are fake. */
export async function openGalleryPersons(options: GalleryPersonsOptions = {}): Promise<GalleryPersons> {
  const { reader = playedReader, from } = options;
  const { ownThresholdOf = () => undefined, falseMatches = () => [], thresholdOf } = options;
  const directory =
    options.directory === undefined ? await temporaryDirectory() : keptDirectory(options.directory);
  // A person enrolled after the files are reopened must come after earlier ones.
  const clock = new VirtualClock(options.directory === undefined ? startMs : Date.now());
  const { recogniser, dimensions } = reader;
  const opened = await openTestGallery(galleryOptions(directory.path, { clock, recogniser, dimensions }));
  const { file, gallery } = opened;
  const open: Partial<GalleryVault> = { gallery: () => gallery, audit: file.audit };
  // The gallery is never sealed here, so the tests use nothing else of the vault.
  const vault = open as GalleryVault;
  const records = openTestRecords(join(directory.path, 'records.db'), from);
  const persons = new EnrolledPersons({
    ownThresholdOf,
    falseMatches,
    vault,
    records,
    policy: () => ({
      threshold: reader.threshold,
      margin: 0.05,
      minimumProbes: 2,
      ...present({ thresholdOf }),
    }),
    todayIso: () => '2026-03-02',
    definedFields: options.definedFields ?? (() => new Set(['department', 'badge'])),
    analysePhoto: async (image, faceNumber) => {
      // The analysis takes time, so no two persons are enrolled in the same millisecond.
      clock.advanceBy(1);
      return reader.analysePhoto(image, faceNumber);
    },
    forgetPerson: () => undefined,
    forgetCopies: () => undefined,
    readings: new ReadingTrail({ audit: file.audit, clock, logger: silentLogger }),
    logger: silentLogger,
  });
  const count = file.database.db.prepare<[], number>('SELECT count(*) FROM person').pluck();
  return {
    persons,
    vault,
    records,
    rowCount: () => count.get() ?? 0,
    path: file.database.path,
    alter: (sql) => void file.database.db.exec(sql),
    [Symbol.asyncDispose]: async () => {
      await opened[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

function keptDirectory(path: string): { readonly path: string } & AsyncDisposable {
  return { path, [Symbol.asyncDispose]: async () => undefined };
}

const playedReader: PhotographReader = {
  recogniser: testRecogniser,
  dimensions: testDimensions,
  threshold: 0.5,
  analysePhoto: async (image, faceNumber) => readPainted(image, faceNumber),
};

/** The fake embedding of a painted face: the same vector for the same face, far from others. */
export function readPainted(image: Buffer, faceNumber = 1): PhotoOutcome {
  const face = faceOn(image);
  if (face === undefined) {
    return { outcome: 'refused', code: 'no-face', message: 'there is no face', remedy: 'take another' };
  }
  const faceCount = faceCountOn(image);
  if (faceNumber > faceCount) {
    return {
      outcome: 'refused',
      code: 'no-such-face',
      message: 'there is no such face',
      remedy: 'take another',
    };
  }
  const box = { x: 100 * faceNumber, y: 20, width: 80, height: 90 };
  const seed = createHash('sha256').update(face).digest().readUInt32LE(0);
  return {
    outcome: 'ok',
    embeddingBase64: encodeEmbedding(unitVector(seed)),
    recogniser: testRecogniser,
    quality: { score: 0.9, reasons: [] },
    picture: image,
    ...(faceCount > 1 ? { taken: { face: { number: faceNumber, place: 'left', box }, faceCount } } : {}),
  };
}
