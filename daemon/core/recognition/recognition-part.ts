import { wantedFpir } from '../../contract/settings/core-schema.js';
import { attendanceProof } from '../../contract/settings/schema.js';
import type { ReloadResult } from '../../contract/status.js';
import { localDate } from '../../host/local-date.js';
import type { MatchPolicy } from '../../kernel/identification/match.js';
import { falseMatchesOf } from '../../kernel/passages/mark.js';
import { matchPolicy } from '../../vision/operating-point.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import { failure } from '../../words/errors.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { PhotoProcess } from '../cameras/photo-process.js';
import type { Challenges } from '../challenges/challenges.js';
import { watchGalleryFit, watchRecogniserFit } from '../conditions/calibration-fit.js';
import type { Conditions } from '../conditions/conditions.js';
import { EvidenceCapture } from '../events/evidence-capture.js';
import { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import { recordedMarks } from '../passages/recorded-marks.js';
import { GalleryStandings } from '../persons/person-standings.js';
import type { Records } from '../records/records.js';
import { Decider } from '../sightings/decider.js';
import { factStoreOf } from '../sightings/fact-store.js';
import { SightingIntake } from '../sightings/sighting-intake.js';
import { accuracyHandlers } from './gallery-accuracy.js';
import { recognitionHandlers } from './recognition-handlers.js';

const hourMs = 3_600_000;

type RecognitionStores = PartContext & {
  readonly vault: GalleryVault;
  readonly records: Records & { readonly passages: PassageJournal };
  readonly recogniser: ChosenRecogniser;
};

/** Starts to find a threshold for each person, and to report persons whom the recogniser cannot tell apart. */
export function calibrateGallery({
  vault,
  recogniser,
  records,
  conditions,
  onReload,
  current,
  lifetime,
  clock,
  logger,
}: RecognitionStores & {
  readonly conditions: Conditions;
  readonly onReload: (listener: (result: ReloadResult) => void) => void;
}) {
  const calibration = new GalleryCalibration({
    ...{ vault, audit: vault.audit, clock, logger },
    policy: () => matchPolicy(current(), recogniser.pack),
    targetFpir: () => wantedFpir(current().identification),
    falseMatches: () => falseMatchesOf(recordedMarks(records), recogniser.id),
    night: () => {
      const { retention, site } = current();
      return localDate(clock.wallMs() - retention.atHour * hourMs, site.timeZone);
    },
  });
  lifetime.use('calibration', calibration);
  lifetime.defer('fit of the recogniser', watchRecogniserFit({ calibration, conditions, logger }));
  lifetime.defer('fit of the gallery', watchGalleryFit({ calibration, conditions, logger }));
  onReload(() => calibration.followConfiguration());
  const policy = (): MatchPolicy => ({
    ...matchPolicy(current(), recogniser.pack),
    thresholdOf: (id) => calibration.thresholdOf(id),
    marginBetween: (a, b) => calibration.marginBetween(a, b),
    isInseparable: (a, b) => calibration.isInseparable(a, b),
  });
  return { calibration, policy };
}

interface Deciding {
  /** The operating point, with the thresholds of persons. */
  readonly policy: () => MatchPolicy;
  readonly challenges: Challenges;
}

/** Starts to turn sightings into recorded facts, and to keep their pictures where the configuration asks for it. */
export function openIntake(box: RecognitionStores & Deciding) {
  const { vault, challenges, current, lifetime, clock, logger } = box;
  const decider = openDecider(box);
  lifetime.defer('unknown people in sight', () => decider[Symbol.dispose]());
  const evidence = new EvidenceCapture({
    store: { add: async (picture) => void vault.gallery().addEvidence(picture) },
    wanted: () => current().evidence,
    logger,
  });
  lifetime.use('evidence capture', evidence);
  const intake = lifetime.use('sighting intake', new SightingIntake({ decider, evidence, clock, logger }));
  challenges.onSettled((last) => intake.judgeAgain(last));
  challenges.heldUpWhile(() => intake.isHeldUp);
  const forgetPerson: SightingIntake['forgetPerson'] = (id) => intake.forgetPerson(id);
  return { intake, evidence, forgetPerson };
}

function openDecider(box: RecognitionStores & Deciding): Decider {
  const { vault, records, policy, challenges, current, lifetime, clock, random } = box;
  const persons = new GalleryStandings({
    vault,
    dayAt: (wallMs) => localDate(wallMs, current().site.timeZone),
  });
  lifetime.defer('standings of persons', () => persons[Symbol.dispose]());
  return new Decider({
    search: async (embedding, { count, recogniser: made }) => {
      const gallery = vault.gallery();
      if (made !== gallery.recogniser) throw recogniserMismatch(made, gallery.recogniser);
      return gallery.nearest(embedding, { count });
    },
    get policy() {
      return policy();
    },
    get rules() {
      return current().rules;
    },
    directionOf: (id) => current().cameras.find((camera) => camera.id === id)?.direction ?? 'both',
    proofAt: (id) => {
      const config = current();
      return attendanceProof(
        config,
        config.cameras.find((camera) => camera.id === id),
      );
    },
    challenges,
    persons,
    // 0 days: strangers are told apart during the cooldown only, and not kept.
    strangers: () => (current().retention.strangers === 0 ? undefined : vault.gallery().strangers),
    facts: factStoreOf(records),
    clock,
    random,
  });
}

function recogniserMismatch(found: string, expected: string) {
  return failure('recogniser-mismatch:sighting', { found, expected });
}

/** Serves how well the box recognises, and trials with photos. */
export function serveRecognition({
  vault,
  records,
  calibration,
  policy,
  photos,
  clips,
  readings,
  nameOf,
}: RecognitionStores & {
  readonly calibration: GalleryCalibration;
  readonly policy: () => MatchPolicy;
  readonly photos: PhotoProcess;
  readonly clips: PhotoProcess;
  readonly readings: ReadingTrail;
  readonly nameOf: (id: string) => string | undefined;
}) {
  const marks = () => recordedMarks(records);
  return {
    handlers: {
      ...accuracyHandlers({ calibration, readings, nameOf, marks }),
      ...recognitionHandlers({ vault, photos, clips, readings, policy }),
    },
  };
}
