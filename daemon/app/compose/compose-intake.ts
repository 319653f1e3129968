import { operational } from '../../base/errors.js';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import { attendanceProof, type Config } from '../../config/schema.js';
import type { PersonId } from '../../domain/ids.js';
import type { NewEvidence } from '../../gallery/evidence.js';
import { localDate } from '../../host/local-date.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { matchPolicy } from '../../models/operating-point.js';
import { type ChallengePort, createDecider, type Decider } from '../../records/decider.js';
import type { BoxConditions } from '../conditions/box-conditions.js';
import { watchRecogniserFit } from '../conditions/recogniser-fit.js';
import type { Challenges } from '../events/challenges.js';
import { EvidenceCapture } from '../events/evidence-capture.js';
import { SightingIntake } from '../events/sighting-intake.js';
import type { GalleryAccess } from '../gallery/gallery-access.js';
import { GalleryCalibration } from '../gallery/gallery-calibration.js';
import type { Stores } from './compose-stores.js';

const hourMs = 3_600_000;

/** Starts what finds the threshold of each person, and says where the recogniser cannot tell persons apart. */
export function startCalibration(
  { access, recogniser }: Stores,
  current: () => Config,
  given: { readonly conditions: BoxConditions; readonly lifetime: Lifetime; readonly logger: Logger },
): GalleryCalibration {
  const { conditions, lifetime, logger } = given;
  const calibration = new GalleryCalibration({
    ...{ access, audit: access.audit, clock, logger },
    policy: () => matchPolicy(current(), recogniser.pack),
    targetFpir: () => current().identification.targetFpir,
    night: () => {
      const { retention, site } = current();
      return localDate(clock.wallMs() - retention.atHour * hourMs, site.timeZone);
    },
  });
  lifetime.use('calibration', calibration);
  lifetime.defer('fit of the recogniser', watchRecogniserFit({ calibration, conditions, logger }));
  return calibration;
}

/** Starts what turns sightings into recorded facts, and keeps their pictures where that is wanted. */
export function startIntake(
  stores: Stores,
  current: () => Config,
  given: {
    readonly calibration: GalleryCalibration;
    readonly challenges: Challenges;
    readonly lifetime: Lifetime;
    readonly logger: Logger;
  },
): { readonly intake: SightingIntake; readonly evidence: EvidenceCapture } {
  const { calibration, challenges, lifetime, logger } = given;
  const decider = composeDecider(stores, current, { calibration, challenges });
  lifetime.defer('looks of strangers', () => decider[Symbol.dispose]());
  const { access } = stores;
  const evidence = lifetime.use('evidence capture', composeEvidence({ access, current, logger }));
  const intake = lifetime.use('sighting intake', new SightingIntake({ decider, evidence, clock, logger }));
  challenges.onSettled((last) => intake.lookAgain(last));
  challenges.heldUpWhile(() => intake.isHeldUp);
  return { intake, evidence };
}

function composeEvidence(options: {
  readonly access: GalleryAccess;
  readonly current: () => Config;
  readonly logger: Logger;
}): EvidenceCapture {
  const { access, current, logger } = options;
  const add = async (evidence: NewEvidence): Promise<void> => void access.gallery().addEvidence(evidence);
  return new EvidenceCapture({ store: { add }, wanted: () => current().evidence, logger });
}

function composeDecider(
  { recogniser, access, records }: Stores,
  current: () => Config,
  {
    calibration,
    challenges,
  }: { readonly calibration: GalleryCalibration; readonly challenges: ChallengePort },
): Decider {
  const thresholdOf = (id: PersonId): number | undefined => calibration.thresholdOf(id);
  const isInseparable = (a: PersonId, b: PersonId): boolean => calibration.isInseparable(a, b);
  return createDecider({
    search: async (embedding, { count, recogniser: made }) => {
      const gallery = access.gallery();
      if (made !== gallery.recogniser) throw mismatch(made, gallery.recogniser);
      return gallery.nearest(embedding, { count });
    },
    get policy() {
      return { ...matchPolicy(current(), recogniser.pack), thresholdOf, isInseparable };
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
    facts: records,
    clock,
  });
}

function mismatch(found: string, expected: string) {
  return operational(
    'recogniser-mismatch',
    `a sighting was made with the recogniser ${found}, the gallery with ${expected}`,
    { remedy: 'install one version of rollcall for all its processes and restart it' },
  );
}
