import { randomBytes } from 'node:crypto';
import { wantedFpir } from '../../contract/settings/core-schema.js';
import { attendanceProof } from '../../contract/settings/schema.js';
import { localDate } from '../../host/local-date.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { systemRandom as random } from '../../host/system-random.js';
import { operational } from '../../kernel/errors.js';
import type { PersonId } from '../../kernel/ids.js';
import { defaultChallengePolicy } from '../../kernel/liveness/challenge.js';
import { falseMatchesOf } from '../../kernel/passages/mark.js';
import { matchPolicy } from '../../vision/operating-point.js';
import { programVersion } from '../api/program-version.js';
import { Challenges } from '../challenges/challenges.js';
import { PromptScreens } from '../challenges/prompt-screens.js';
import { Prompts, promptWebhook } from '../challenges/prompts.js';
import { watchGalleryFit, watchRecogniserFit } from '../conditions/calibration-fit.js';
import type { Conditions } from '../conditions/conditions.js';
import { inBlocks } from '../delivery/sequence-blocks.js';
import type { Signer } from '../delivery/signer.js';
import { EvidenceCapture } from '../events/evidence-capture.js';
import { GalleryCalibration } from '../gallery/gallery-calibration.js';
import { recordedMarks } from '../passages/recorded-marks.js';
import { GalleryStandings } from '../persons/person-standings.js';
import { Decider } from '../sightings/decider.js';
import { factStoreOf } from '../sightings/fact-store.js';
import { SightingIntake } from '../sightings/sighting-intake.js';
import type { ComposeContext, Stores } from './stores.js';

const hourMs = 3_600_000;

/** Starts to find a threshold for each person, and to report persons whom the recogniser cannot tell apart. */
export function startCalibration(
  { current, lifetime, logger }: ComposeContext,
  { vault, recogniser, records }: Stores,
  conditions: Conditions,
): GalleryCalibration {
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
  return calibration;
}

/** Opens the challenges that cameras ask for, and the prompts that bring them to a screen. */
export function openChallenges(
  { current, lifetime, logger }: ComposeContext,
  { identity, records }: Stores,
  signer: Signer,
): { readonly prompts: Prompts; readonly challenges: Challenges; readonly screens: PromptScreens } {
  const screens = new PromptScreens(clock);
  const prompts = new Prompts({
    from: identity,
    signer,
    screens: (prompt) => screens.show(prompt),
    nextSequence: inBlocks((count) => records.takeStateSequences(count)),
    webhook() {
      const { liveness, secretsDir: secretsDirectory } = current();
      const { promptWebhook: config } = liveness;
      return config && promptWebhook(config, { secretsDirectory, version: programVersion() }, clock);
    },
    clock,
    logger,
  });
  const challenges = new Challenges({
    isAskedAt: (id) => {
      const config = current();
      const camera = config.cameras.find((each) => each.id === id);
      return camera !== undefined && attendanceProof(config, camera).require === 'challenge';
    },
    hasAttended: (person, camera) => {
      const lastMs = records.lastAttendanceMs(person, camera);
      const cooldownMs = current().rules.attendanceCooldownS * 1000;
      return lastMs !== undefined && Math.abs(clock.wallMs() - lastMs) < cooldownMs;
    },
    show: (prompt) => prompts.show(prompt),
    policy: () => ({ ...defaultChallengePolicy, delayMs: current().liveness.promptDelayS * 1000 }),
    randomBytes,
    clock,
    logger,
  });
  lifetime.defer('challenges', () => challenges[Symbol.dispose]());
  return { prompts, challenges, screens };
}

export interface IntakeOptions {
  readonly calibration: GalleryCalibration;
  readonly challenges: Challenges;
}

/** Starts to turn sightings into recorded facts, and to keep their pictures where the configuration asks for it. */
export function startIntake(
  context: ComposeContext,
  stores: Stores,
  options: IntakeOptions,
): { readonly intake: SightingIntake; readonly evidence: EvidenceCapture } {
  const { current, lifetime, logger } = context;
  const { challenges } = options;
  const decider = composeDecider(context, stores, options);
  lifetime.defer('unknown people in sight', () => decider[Symbol.dispose]());
  const evidence = new EvidenceCapture({
    store: { add: async (picture) => void stores.vault.gallery().addEvidence(picture) },
    wanted: () => current().evidence,
    logger,
  });
  lifetime.use('evidence capture', evidence);
  const intake = lifetime.use('sighting intake', new SightingIntake({ decider, evidence, clock, logger }));
  challenges.onSettled((last) => intake.judgeAgain(last));
  challenges.heldUpWhile(() => intake.isHeldUp);
  return { intake, evidence };
}

function composeDecider(
  { current, lifetime }: ComposeContext,
  { recogniser, vault, records }: Stores,
  { calibration, challenges }: IntakeOptions,
): Decider {
  const thresholdOf = (id: PersonId): number | undefined => calibration.thresholdOf(id);
  const isInseparable = (a: PersonId, b: PersonId): boolean => calibration.isInseparable(a, b);
  const marginBetween = (a: PersonId, b: PersonId): number | undefined => calibration.marginBetween(a, b);
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
      return { ...matchPolicy(current(), recogniser.pack), thresholdOf, marginBetween, isInseparable };
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
  return operational(
    'recogniser-mismatch',
    `a sighting was made with the recogniser ${found}, but the gallery with ${expected}`,
    { remedy: 'Install the same version of rollcall for all its processes and restart rollcalld.' },
  );
}
