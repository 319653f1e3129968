import { join } from 'node:path';
import type { Config } from '../../contract/settings/schema.js';
import { freeBytesAt } from '../../host/free-space.js';
import { localTimeOf } from '../../host/local-time.js';
import type { BoxIds } from '../../kernel/ids.js';
import type { PassageCorrections } from '../attendance/passage-corrections.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Signer } from '../delivery/signer.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import { ClipFiles } from './clip-files.js';
import { PassageClips, type PassageClipsOptions } from './passage-clips.js';
import { RecentPassages } from './passage-counts.js';
import type { PassageJournal } from './passage-journal.js';
import { PassageMarks } from './passage-marks.js';
import { pictureOfPassage } from './passage-picture.js';
import { PassageReferences, type PassageReferencesOptions } from './passage-references.js';
import type { PassageSeal } from './passage-seal.js';
import { reportHandlers } from './recognition-report.js';
import { recordedBlindPeriods } from './recorded-blind-periods.js';
import { passageHandlers, RecordedPassages } from './recorded-passages.js';

type PassageStores = PartContext & {
  readonly vault: GalleryVault;
  readonly records: Records & { readonly passages: PassageJournal };
};

/** Counts the passages of the last day, and gives their pictures to other parts. */
export function readPassages({ vault, records, lifetime, clock }: PassageStores) {
  const recentPassages = new RecentPassages(records.passages, clock);
  lifetime.defer('passages of the last day', () => recentPassages[Symbol.dispose]());
  return { recentPassages, pictureOf: pictureOfPassage(records, () => vault.open?.gallery) };
}

/** Keeps clips of the passages of which the configuration wants one. */
export function openClips({
  identity,
  records,
  passageSeal: seal,
  signing,
  runtime,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly identity: BoxIds;
  readonly records: PassageClipsOptions['records'];
  readonly passageSeal: PassageSeal;
  readonly signing: { readonly keys: { readonly current: () => Signer } };
  readonly runtime: { readonly vision: { readonly pool: Pick<PassageClipsOptions, 'takeClip'> } };
}) {
  const { dataDir } = current();
  const clips = new PassageClips({
    ...{ records, seal, clock, logger, from: identity },
    files: new ClipFiles(join(dataDir, 'clips')),
    signer: () => signing.keys.current(),
    settings: () => current().clips,
    masksOf: (id) => current().cameras.find((camera) => camera.id === id)?.masks.length ?? 0,
    takeClip: (id, time) => runtime.vision.pool.takeClip(id, time),
    hasRoom: async () => (await freeBytesAt(dataDir)) > current().disk.lowMiB * 1024 * 1024,
  });
  return { passageClips: lifetime.use('clips of passages', clips) };
}

/** Serves passages, the feedback on them, and reports about recognition. */
export function servePassages({
  vault,
  records,
  runtime,
  calibration,
  corrections,
  persons,
  passageClips: clips,
  readings,
  nameOf,
  pictureOf,
  current,
  clock,
}: PassageStores & {
  readonly runtime: { readonly config: Config };
  readonly calibration: GalleryCalibration;
  readonly corrections: PassageCorrections;
  readonly persons: Pick<PassageReferencesOptions, 'photographs'>;
  readonly passageClips: PassageClips;
  readonly readings: ReadingTrail;
  readonly nameOf: (id: string) => string | undefined;
  readonly pictureOf: PassageReferencesOptions['pictureOf'];
}) {
  const { audit } = vault;
  const { site } = current();
  const journal = records.passages;
  const marks = new PassageMarks({
    ...{ records, vault, audit, corrections, clock },
    hasCamera: (id) => runtime.config.cameras.some((camera) => camera.id === id),
    onMarked: () => calibration.followMarks(),
    effectOf: (id, falseMatch) => calibration.effectOf(id, falseMatch),
  });
  const references = new PassageReferences({
    ...{ photographs: persons.photographs, vault, pictureOf },
    arePicturesKept: () => current().evidence.attendance,
  });
  const passages = new RecordedPassages({
    ...{ journal, vault, readings, clock, nameOf, pictureOf, clips, marks, references },
    blindPeriods: (period) => recordedBlindPeriods(records, period),
  });
  const reports = reportHandlers({
    ...{ journal, records, vault, readings, site, nameOf },
    localTime: localTimeOf(site.timeZone),
    inForce: () => {
      const { identification, liveness } = current();
      const { minimumBlinks, attackAfterS } = liveness;
      return { minimumProbes: identification.minimumProbes, minimumBlinks, attackAfterS };
    },
  });
  return { handlers: { ...passageHandlers(passages), ...reports } };
}
