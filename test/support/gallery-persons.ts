import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BoxPersons } from '../../daemon/app/box-persons.js';
import type { GalleryAccess } from '../../daemon/app/gallery-access.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import type { PersonControl } from '../../daemon/control/person-control.js';
import type { Records } from '../../daemon/records/open-records.js';
import type { PhotoOutcome } from '../../daemon/vision/protocol.js';
import { encodeEmbedding } from '../../daemon/vision/sighting-codec.js';
import { galleryOptions, openTestGallery, testRecogniser, unitVector } from './gallery-fixture.js';
import { faceOn } from './painted-faces.js';
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

/** A sealed gallery on the disk with the persons of the box before it; only the networks are played. */
export async function openGalleryPersons(): Promise<GalleryPersons> {
  const directory = await temporaryDirectory();
  const clock = new VirtualClock(startMs);
  const opened = await openTestGallery(galleryOptions(directory.path, { clock }));
  const { file, gallery } = opened;
  const open: Partial<GalleryAccess> = { gallery: () => gallery, audit: file.audit };
  // The gallery is never sealed here: nothing else of the access is asked for.
  const access = open as GalleryAccess;
  const records = openTestRecords(join(directory.path, 'records.db'));
  const persons = new BoxPersons({
    access,
    records,
    threshold: () => 0.5,
    todayIso: () => '2026-03-02',
    analysePhoto: async (image) => {
      // Looking at a photograph takes time: no two persons are enrolled in one millisecond.
      clock.advanceBy(1);
      return analysePainted(image);
    },
    forgetPerson: () => undefined,
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

/** What a network would make of a painted face: the same vector for the same face, far from those of others. */
function analysePainted(image: Buffer): PhotoOutcome {
  const face = faceOn(image);
  if (face === undefined) {
    return { outcome: 'refused', code: 'no-face', message: 'there is no face', remedy: 'take another' };
  }
  const seed = createHash('sha256').update(face).digest().readUInt32LE(0);
  return {
    outcome: 'ok',
    embeddingBase64: encodeEmbedding(unitVector(seed)),
    recogniser: testRecogniser,
    quality: { score: 0.9, reasons: [] },
    jpegBase64: image.toString('base64'),
  };
}
