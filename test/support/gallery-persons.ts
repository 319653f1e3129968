import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ReadingTrail } from '../../daemon/app/audit/reading-trail.js';
import { BoxPersons } from '../../daemon/app/gallery/box-persons.js';
import type { GalleryAccess } from '../../daemon/app/gallery/gallery-access.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import type { PersonControl } from '../../daemon/control/person-control.js';
import type { BoxIdentity } from '../../daemon/domain/events/box-identity.js';
import type { RecogniserId } from '../../daemon/domain/ids.js';
import type { Records } from '../../daemon/records/open-records.js';
import type { PhotoOutcome } from '../../daemon/vision/protocol.js';
import { encodeEmbedding } from '../../daemon/vision/sighting-codec.js';
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
  readonly persons: PersonControl;
  readonly access: GalleryAccess;
  readonly records: Records;
  /** Rows of persons in the database, in whatever state. */
  rowCount(): number;
  /** Of the database's file. */
  readonly path: string;
  /** Alters the database past the program. */
  alter(sql: string): void;
}

/** What looks at photographs. */
export interface PhotographReader {
  readonly recogniser: RecogniserId;
  /** Values of one embedding. */
  readonly dimensions: number;
  /** Similarity from which two faces count as the same person. */
  readonly threshold: number;
  readonly analysePhoto: (image: Buffer, faceNumber?: number) => Promise<PhotoOutcome>;
}

export interface GalleryPersonsOptions {
  /** By default one that plays networks which know painted faces. */
  readonly reader?: PhotographReader;
  /** Holds the files and stays; by default a new one that goes with the box. */
  readonly directory?: string;
  /** By default `box` of the tests. */
  readonly from?: BoxIdentity;
}

/** A sealed gallery on the disk with the persons of the box before it; only the networks are played. */
export async function openGalleryPersons(options: GalleryPersonsOptions = {}): Promise<GalleryPersons> {
  const { reader = playedReader, from } = options;
  const directory =
    options.directory === undefined ? await temporaryDirectory() : keptDirectory(options.directory);
  // Somebody enrolled after the files are opened again comes after those enrolled before.
  const clock = new VirtualClock(options.directory === undefined ? startMs : Date.now());
  const { recogniser, dimensions } = reader;
  const opened = await openTestGallery(galleryOptions(directory.path, { clock, recogniser, dimensions }));
  const { file, gallery } = opened;
  const open: Partial<GalleryAccess> = { gallery: () => gallery, audit: file.audit };
  // The gallery is never sealed here: nothing else of the access is asked for.
  const access = open as GalleryAccess;
  const records = openTestRecords(join(directory.path, 'records.db'), from);
  const persons = new BoxPersons({
    access,
    records,
    threshold: () => reader.threshold,
    margin: () => 0.05,
    todayIso: () => '2026-03-02',
    analysePhoto: async (image, faceNumber) => {
      // Looking at a photograph takes time: no two persons are enrolled in one millisecond.
      clock.advanceBy(1);
      return reader.analysePhoto(image, faceNumber);
    },
    forgetPerson: () => undefined,
    readings: new ReadingTrail({ audit: file.audit, clock, logger: silentLogger }),
  });
  const count = file.database.db.prepare<[], number>('SELECT count(*) FROM person').pluck();
  return {
    persons,
    access,
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
  analysePhoto: async (image, faceNumber) => analysePainted(image, faceNumber),
};

/** What a network would make of a painted face: the same vector for the same face, far from those of others. */
function analysePainted(image: Buffer, faceNumber = 1): PhotoOutcome {
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
