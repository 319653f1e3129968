import { identifyTrack, nearestPersons, type TrackProbes } from '../identification/identify-track.js';
import type { Identification, MatchPolicy } from '../identification/match.js';
import type { PersonId } from '../ids.js';
import type { JudgedLiveness, LivenessRequirement } from '../liveness/liveness.js';
import type { Standing } from '../persons/person-standing.js';
import { nextDecision, type TrackKnowledge, undecided } from '../tracks/track-decision.js';
import { judgePassage, type LastFact, type PassageJudgement, reasonAtEnd } from './judge-passage.js';
import { mostNearPersons, type Passage, type PassageLiveness } from './passage.js';
import { eyesAtRate } from './preview-rate.js';

/** Settings that differ from those of the recorded passages; absent ones stay. */
export interface ChangedSettings {
  readonly threshold?: number;
  readonly margin?: number;
  readonly minimumProbes?: number;
  readonly require?: LivenessRequirement;
  readonly minimumBlinks?: number;
  readonly attackAfterS?: number;
  /** Pixels of the full picture. */
  readonly smallestFacePx?: number;
  /** Frames analysed a second until life is proven. */
  readonly provingFps?: number;
}

/** Settings that a passage does not store: those in force are taken for those of the passage. */
export type SettingsInForce = Required<
  Pick<ChangedSettings, 'minimumProbes' | 'minimumBlinks' | 'attackAfterS'>
>;

/**
 * Why what a passage stores does not tell what it would have become.
 * - `views-not-stored`: an earlier version stored no similarity of the single views.
 * - `not-explained`: the stored figures and the settings do not lead to the recorded outcome, so they cannot lead to another.
 * - `faces-not-compared`: views were too small, so they were never compared; with a smaller limit they would have been.
 * - `best-view-too-small`: the best view is under the new limit, and the sizes of the others are not stored.
 * - `not-asked`: the person was not asked for a challenge.
 * - `ended-at-decision`: the box had decided; what the face showed later is not stored.
 * - `stillness-not-stored`: whether the face kept still for so long is not stored.
 * - `eyes-not-stored`: there is no curve of the eyes, or a challenge decided.
 * - `rate-not-recorded`: fewer frames were analysed, and more could have shown a blink.
 * - `depends-on-frames`: whether a blink is found depends on which moments the frames show.
 * - `blink-would-be-missed`: the blink that proved life is missed; whether a later one came is not stored.
 */
export const previewDoubts = [
  'views-not-stored',
  'not-explained',
  'faces-not-compared',
  'best-view-too-small',
  'not-asked',
  'ended-at-decision',
  'stillness-not-stored',
  'eyes-not-stored',
  'rate-not-recorded',
  'depends-on-frames',
  'blink-would-be-missed',
] as const;
type PreviewDoubt = (typeof previewDoubts)[number];

export type PassagePreview =
  | (({ readonly kind: 'same' } | { readonly kind: 'changed' }) &
      Pick<PassageJudgement, 'outcome' | 'reason' | 'personId'>)
  | { readonly kind: 'unknown'; readonly doubt: PreviewDoubt };

export interface PreviewContext {
  readonly inForce: SettingsInForce;
  /** Of a person whom the passage was not recognised as; `atMs`: wall clock. */
  readonly standingOf: (personId: PersonId, atMs: number) => Standing;
}

/**
 * What an ended passage would have become with other settings. The functions that decide passages judge it again from what it stores.
 * First they judge it with the recorded settings: only where that leads to the recorded outcome, a prediction says something.
 * Cooldowns change no outcome and are left out: a reason such as `attended-before` stays where nothing else changes.
 */
export function previewPassage(
  passage: Passage,
  changed: ChangedSettings,
  context: PreviewContext,
): PassagePreview {
  const { outcome, reason, personId } = passage;
  const as = (judged: Pick<PassageJudgement, 'outcome' | 'reason' | 'personId'>) => ({
    ...{ outcome: judged.outcome, reason: judged.reason },
    ...(judged.personId === undefined ? {} : { personId: judged.personId }),
  });
  const same: PassagePreview = { kind: 'same', ...as(passage) };
  // The data of a person who was removed is gone, whatever the settings.
  if (reason === 'withdrawn') return same;
  const sizeDoubt = doubtAboutSize(passage, changed);
  if (sizeDoubt !== undefined) return { kind: 'unknown', doubt: sizeDoubt };
  const probes = probesOf(passage);
  if (probes === undefined) return { kind: 'unknown', doubt: 'views-not-stored' };
  const before = judgeAgain(passage, {}, probes, context);
  if (typeof before === 'string' || before.outcome !== outcome || before.personId !== personId) {
    return { kind: 'unknown', doubt: 'not-explained' };
  }
  const after = judgeAtRate(passage, changed, probes, context);
  if (typeof after === 'string') return { kind: 'unknown', doubt: after };
  const isSame =
    after.outcome === before.outcome && after.reason === before.reason && after.personId === before.personId;
  return isSame ? same : { kind: 'changed', ...as(after) };
}

/** Views that were too small were never embedded, and of the others only the best one has its size stored. */
function doubtAboutSize(
  { outcome, views: { best, embedded, faults } }: Passage,
  { smallestFacePx }: ChangedSettings,
): PreviewDoubt | undefined {
  if (smallestFacePx === undefined || best === undefined) return undefined;
  if (smallestFacePx < best.smallestFacePx) {
    const wereSmall = (faults['too-small'] ?? 0) > 0;
    return wereSmall && outcome === 'undecided' ? 'faces-not-compared' : undefined;
  }
  return embedded > 0 && best.widthPx < smallestFacePx ? 'best-view-too-small' : undefined;
}

/** The probes as far as the nearest persons go. Undefined where an earlier version stored none. */
function probesOf({ probeQualities, nearest, views }: Passage): TrackProbes | undefined {
  if (probeQualities === undefined) return views.embedded === 0 ? [] : undefined;
  return probeQualities.map((quality, index) => ({
    capturedAtMs: index,
    quality,
    candidates: nearest.flatMap(({ personId, ofProbes }) => {
      const similarity = ofProbes?.[index];
      return similarity === undefined ? [] : [{ personId, similarity }];
    }),
  }));
}

/** As `judgeAgain`. With another rate, the number of blinks may be known only within bounds: both must lead to the same. */
function judgeAtRate(
  passage: Passage,
  changed: ChangedSettings,
  probes: TrackProbes,
  context: PreviewContext,
): PassageJudgement | PreviewDoubt {
  const { provingFps } = changed;
  if (provingFps === undefined) return judgeAgain(passage, changed, probes, context);
  const { least, most, observedS, doubt } = eyesAtRate(passage, provingFps);
  // With rare frames, stillness is not observed.
  const { liveness } = passage;
  const wasStill = liveness.reason === 'still-picture' || liveness.reason === 'still-face';
  if (wasStill && observedS < liveness.observedS / 2) return 'stillness-not-stored';
  const [fewest, all] = [least, most].map((count) =>
    judgeAgain(passageWithBlinks(passage, count, observedS), changed, probes, context),
  );
  if (fewest === undefined || all === undefined) return doubt;
  if (typeof fewest === 'string' || typeof all === 'string') return typeof all === 'string' ? all : doubt;
  const isSame =
    fewest.outcome === all.outcome && fewest.reason === all.reason && fewest.personId === all.personId;
  return isSame ? all : doubt;
}

/** The passage as if the face had blinked so often. */
function passageWithBlinks(passage: Passage, blinkCount: number, observedS: number): Passage {
  const { liveness } = passage;
  const lost: Partial<PassageLiveness> =
    blinkCount < liveness.blinkCount && liveness.reason === 'blinked'
      ? { verdict: 'undetermined', reason: 'observed-too-briefly' }
      : {};
  return { ...passage, liveness: { ...liveness, ...lost, blinkCount, observedS } };
}

function judgeAgain(
  passage: Passage,
  changed: ChangedSettings,
  probes: TrackProbes,
  { inForce, standingOf }: PreviewContext,
): PassageJudgement | PreviewDoubt {
  const policy = policyOf(passage, changed, inForce);
  const identification = identifyTrack(probes, policy);
  const liveness = livenessUnder(passage, changed, inForce, identification);
  if (typeof liveness === 'string') return liveness;
  const require = changed.require ?? passage.liveness.require;
  const { attackAfterS } = { ...inForce, ...changed };
  const known = {
    ...{ identification, liveness, policy, views: passage.views },
    standing: standingIn(passage, identification, standingOf),
    nearest: nearestPersons(probes, policy, mostNearPersons),
  };
  const last = lastFactOf(passage, { ...known, proof: { require, attackAfterS } });
  const judged = judgePassage({ ...known, require, last, isWithdrawn: false });
  return passage.end === undefined ? judged : { ...judged, reason: reasonAtEnd(judged.reason, passage.end) };
}

/** The own thresholds of persons, the pairs that cannot be told apart and those who look alike are those of the passage. */
function policyOf(
  { threshold, margin, nearest, reason }: Passage,
  changed: ChangedSettings,
  { minimumProbes }: SettingsInForce,
): MatchPolicy {
  const own = new Map(
    nearest.flatMap((near) => (near.threshold > threshold ? [[near.personId, near.threshold]] : [])),
  );
  const [first, second] = nearest;
  return {
    threshold: changed.threshold ?? threshold,
    margin: changed.margin ?? margin,
    minimumProbes: changed.minimumProbes ?? minimumProbes,
    thresholdOf: (id) => own.get(id),
    // Of look-alikes, only that the margin between them was not kept is stored.
    marginBetween: () =>
      reason === 'within-margin' && first && first.similarity - (second?.similarity ?? -1) >= margin
        ? first.similarity - (second?.similarity ?? -1) + rounding
        : undefined,
    isInseparable: (a, b) =>
      reason === 'inseparable-pair' &&
      [a, b].every((id) => id === first?.personId || id === second?.personId),
  };
}

/** Stored similarities are rounded to four digits. */
const rounding = 2e-4;

function standingIn(
  { outcome, reason, personId, lastSeenMs }: Passage,
  identification: Identification,
  standingOf: PreviewContext['standingOf'],
): Standing {
  if (identification.outcome !== 'match') return 'valid';
  if (identification.personId !== personId) return standingOf(identification.personId, lastSeenMs);
  const isRefusal = reason === 'expired' || reason === 'not-yet-valid' || reason === 'barred';
  return outcome === 'refused' && isRefusal ? reason : 'valid';
}

/** The liveness of the face with these settings. */
function livenessUnder(
  passage: Passage,
  changed: ChangedSettings,
  inForce: SettingsInForce,
  identification: Identification,
): JudgedLiveness | PreviewDoubt {
  const { require: was, ...recorded } = passage.liveness;
  const { minimumBlinks, attackAfterS } = { ...inForce, ...changed };
  const require = changed.require ?? was;
  const asRecorded = judgedLiveness(passage, recorded.verdict, recorded.reason);
  const isMatch = identification.outcome === 'match';
  if (recorded.reason === 'passive-model') return asRecorded;
  if (recorded.reason === 'still-picture' || recorded.reason === 'still-face') {
    // What else moved in the face beside its blinks is not stored.
    if (recorded.blinkCount >= minimumBlinks) return 'stillness-not-stored';
    return attackAfterS > inForce.attackAfterS ? 'ended-at-decision' : asRecorded;
  }
  const wasAsked = recorded.reason.startsWith('challenge-');
  if (require === 'challenge' && isMatch) return wasAsked ? asRecorded : 'not-asked';
  const isRigid = recorded.reason === 'only-lids-moved' || recorded.reason === 'movement-unclear';
  const isLive = recorded.blinkCount >= minimumBlinks && !isRigid;
  const isProofDecided = recorded.reason === 'blinked' || recorded.reason === 'challenge-passed';
  if (!isLive && isProofDecided && isMatch && require === 'blink') return 'ended-at-decision';
  const mayBeStill = attackAfterS < inForce.attackAfterS && recorded.observedS >= attackAfterS;
  if (mayBeStill && !(isLive && isMatch)) return 'stillness-not-stored';
  if (isLive) return judgedLiveness(passage, 'live', 'blinked');
  const isDoubt =
    recorded.verdict === 'undetermined' &&
    !wasAsked &&
    !(recorded.reason === 'only-lids-moved' && recorded.blinkCount < minimumBlinks);
  return judgedLiveness(passage, 'undetermined', isDoubt ? recorded.reason : 'observed-too-briefly');
}

/** The evidence as far as it is stored: the number of blinks without their times. */
function judgedLiveness(
  { liveness, reason: why, lastSeenMs }: Passage,
  verdict: JudgedLiveness['verdict'],
  reason: JudgedLiveness['reason'],
): JudgedLiveness {
  const { blinkCount, observedS, frameCount, passiveScore } = liveness;
  const blink = { atMs: lastSeenMs, durationMs: 0 };
  return {
    ...{ verdict, reason },
    evidence: {
      blinks: Array.from({ length: blinkCount }, () => blink),
      unboundBlinks: why === 'blink-not-bound' ? [blink] : [],
      ...{ gestures: [], observedS, frameCount },
      ...(passiveScore === undefined ? {} : { passiveScore }),
    },
  };
}

/** The last fact of a track that shows at its end what the passage stores. */
function lastFactOf(
  passage: Passage,
  known: Pick<TrackKnowledge, 'identification' | 'standing' | 'proof'> & {
    readonly liveness: JudgedLiveness;
    readonly policy: MatchPolicy;
  },
): LastFact | undefined {
  const { id: passageId, cameraId, trackId, recogniser, views, startedAtMs, lastSeenMs } = passage;
  const { identification, standing, proof, liveness, policy } = known;
  const seen: TrackKnowledge = {
    ...{ passageId, identification, standing, proof, threshold: policy.threshold },
    sighting: {
      ...{ cameraId, trackId, recogniser, views, liveness, sequence: 0, isEnded: true, probes: [] },
      ...{ firstSeenMs: startedAtMs, lastSeenMs, box: { x: 0, y: 0, width: 0, height: 0 } },
      quality: views.best?.quality ?? { score: 0, reasons: [] },
    },
    ...{ isWatched: false, watchlistRequires: 'none', direction: 'in', unknownAfterS: 0 },
    wallMsOf: (atMs) => atMs,
  };
  let last: LastFact | undefined;
  for (
    let step = nextDecision(undecided, seen);
    step.fact !== undefined;
    step = nextDecision(step.decision, seen)
  ) {
    if (step.fact.kind !== 'watchlist')
      last = { fact: step.fact, suppressed: undefined, earlierId: undefined };
  }
  return last;
}
