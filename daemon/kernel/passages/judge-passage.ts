import type { HeldBackFact, SuppressedFact } from '../attendance/attendance-rules.js';
import type { Fact, UnknownFact, WatchlistFact } from '../events/event.js';
import { faultsByImportance } from '../faces/judge-view.js';
import type { FaceQuality, QualityReason } from '../faces/quality.js';
import type { ViewTally } from '../faces/view-tally.js';
import type { NearPerson } from '../identification/identify-track.js';
import { type Identification, type MatchPolicy, marginFor } from '../identification/match.js';
import type { PassageId, PersonId } from '../ids.js';
import type { JudgedLiveness, LivenessRequirement } from '../liveness/liveness.js';
import type { Standing } from '../persons/person-standing.js';
import type { Passage, PassageCooldown, PassageEnd } from './passage.js';
import type { PassageReason } from './passage-reason.js';

/**
 * A stranger whose nearest person is this much below the threshold, in margins of the recogniser, may be that person in a bad view:
 * the reason then names the similarity.
 */
const nearMissMargins = 2;

/** People blink 17 times a minute at rest: in less than one interval, the absence of a blink says nothing, seconds. */
const blinkEveryS = 60 / 17;
const isTooBrief = (observedS: number): boolean => observedS < blinkEveryS;

/** The last fact of a track, recorded or held back by a cooldown. */
export interface LastFact {
  readonly fact: Exclude<Fact, WatchlistFact>;
  readonly suppressed: SuppressedFact | undefined;
  /** The passage of the fact that suppressed it, where it is known. */
  readonly earlierId: PassageId | undefined;
}

/** Everything that decides what a passage is. */
interface PassageKnowledge {
  readonly identification: Identification;
  readonly liveness: JudgedLiveness;
  readonly require: LivenessRequirement;
  readonly views: ViewTally;
  readonly policy: MatchPolicy;
  readonly nearest: readonly NearPerson[];
  /** Of the matched person; `valid` without one. */
  readonly standing: Standing;
  readonly last: LastFact | undefined;
  /** The person whom the track showed was removed from the gallery meanwhile. */
  readonly isWithdrawn: boolean;
}

export type PassageJudgement = Pick<Passage, 'outcome' | 'reason' | 'personId' | 'stranger' | 'cooldown'>;

/**
 * What the box decided about a passage, and why. The first rule that applies decides:
 * 1. a person who was removed while in sight: `refused`;
 * 2. a match with a person who is not valid now, or is barred: `refused`; an attack stays an attack;
 * 3. the last fact of the track, also if a cooldown held it back. Facts only follow in the order of `TrackDecision`, so the last one
 *    says most. Of a fact about a stranger, this holds only while the track does not look like an enrolled person;
 * 4. what the track shows now: attack, match, ambiguous, no match;
 * 5. otherwise the face was not seen well enough: `undecided`.
 */
export function judgePassage(known: PassageKnowledge): PassageJudgement {
  const { identification, standing, last, isWithdrawn } = known;
  const { outcome } = identification;
  if (isWithdrawn && outcome !== 'match') return { outcome: 'refused', reason: 'withdrawn' };
  const isAttack = known.liveness.verdict === 'attack' || last?.fact.kind === 'attack';
  const isTold = last?.fact.kind === 'recognised-refused';
  if (outcome === 'match' && standing !== 'valid' && !isAttack && !isTold) {
    return { outcome: 'refused', reason: standing, personId: identification.personId };
  }
  const looksEnrolled = outcome === 'match' || outcome === 'ambiguous';
  if (last !== undefined && !(last.fact.kind === 'unknown' && looksEnrolled)) return judgeFact(last, known);
  return judgeNow(known);
}

/** The reason of a passage that ended: one that ended too early to decide names what ended it. */
export function reasonAtEnd(reason: PassageReason, end: PassageEnd): PassageReason {
  const isTooEarly = reason === 'seen-too-briefly' || reason === 'too-few-views';
  return isTooEarly && end !== 'left' && end !== 'another-face' ? end : reason;
}

function judgeFact({ fact, suppressed, earlierId }: LastFact, known: PassageKnowledge): PassageJudgement {
  const heldBack = suppressed?.reason === 'stranger-ignored' ? undefined : suppressed;
  const isHeld = heldBack !== undefined;
  const held = isHeld ? { cooldown: cooldownOf(heldBack, earlierId) } : {};
  switch (fact.kind) {
    case 'attendance': {
      const proven: PassageReason = fact.liveness.verdict === 'live' ? 'attended' : 'attended-without-proof';
      const reason = isHeld ? 'attended-before' : proven;
      return { outcome: 'attended', reason, personId: fact.personId, ...held };
    }
    case 'recognised-unproven': {
      const missing = proofThatIsMissing(known);
      const reason = heldBack?.earlier === 'attendance' ? 'attended-before' : missing;
      return { outcome: 'unproven', reason, personId: fact.personId, ...held };
    }
    case 'recognised-refused':
      return { outcome: 'refused', reason: fact.reason, personId: fact.personId, ...held };
    case 'recognised-ambiguous':
      return { outcome: 'ambiguous', reason: isHeld ? 'ambiguous-before' : fact.reason, ...held };
    case 'unknown': {
      const reported = isHeld ? 'stranger-before' : strangerReason(known);
      const reason = suppressed?.reason === 'stranger-ignored' ? suppressed.reason : reported;
      return { outcome: 'stranger', reason, ...strangerOf(fact), ...held };
    }
    case 'attack':
      return {
        outcome: 'attack',
        reason: isHeld ? 'attack-before' : attackReason(fact.liveness.reason),
        ...personOf(fact.personId),
        ...held,
      };
  }
}

function judgeNow(known: PassageKnowledge): PassageJudgement {
  const { identification, liveness } = known;
  const matched = identification.outcome === 'match' ? identification.personId : null;
  if (liveness.verdict === 'attack') {
    return { outcome: 'attack', reason: attackReason(liveness.reason), ...personOf(matched) };
  }
  switch (identification.outcome) {
    case 'match':
      return { outcome: 'unproven', reason: proofThatIsMissing(known), ...personOf(matched) };
    case 'ambiguous':
      return { outcome: 'ambiguous', reason: identification.reason };
    case 'no match':
      return { outcome: 'stranger', reason: strangerReason(known) };
    case 'inconclusive':
      return judgeDoubt(known);
  }
}

function cooldownOf(
  { elapsedS, cooldownS }: HeldBackFact,
  passageId: PassageId | undefined,
): PassageCooldown {
  return { elapsedS, cooldownS, ...(passageId === undefined ? {} : { passageId }) };
}

const strangerOf = ({ stranger }: UnknownFact) =>
  stranger === undefined ? {} : { stranger: { id: stranger.id, visit: stranger.visit } };

const personOf = (personId: PersonId | null) => (personId === null ? {} : { personId });

function attackReason(reason: JudgedLiveness['reason']): PassageReason {
  return reason === 'passive-model' || reason === 'challenge-failed' ? reason : 'still-picture';
}

/** What was missing to prove life. */
function proofThatIsMissing({ liveness: { reason, evidence } }: PassageKnowledge): PassageReason {
  switch (reason) {
    case 'challenge-not-passed':
    case 'challenge-failed':
    case 'challenge-not-shown':
    case 'too-close':
    case 'cut-off':
      return reason;
    case 'only-lids-moved':
    case 'movement-unclear':
    case 'still-face':
      return reason;
    case 'eyes-not-seen-well':
      return 'eyes-not-seen';
    default:
      if (evidence.unboundBlinks.length > 0) return 'blink-not-bound';
      return isTooBrief(evidence.observedS) ? 'seen-too-briefly' : 'no-blink';
  }
}

function strangerReason({ identification, nearest: [best], policy }: PassageKnowledge): PassageReason {
  if (best === undefined) return 'gallery-empty';
  const similarity =
    (identification.outcome === 'no match' ? identification.bestSimilarity : undefined) ?? best.similarity;
  if (similarity >= policy.threshold) return 'below-own-threshold';
  const isNearMiss = similarity >= policy.threshold - nearMissMargins * policy.margin;
  return isNearMiss ? 'below-threshold' : 'stranger';
}

/** Too few views to say who it is, or views that do not agree. */
function judgeDoubt(known: PassageKnowledge): PassageJudgement {
  const { identification, policy, nearest, views } = known;
  const [best, ...others] = nearest;
  const undecided = (reason: PassageReason): PassageJudgement => ({ outcome: 'undecided', reason });
  if (identification.probeCount < Math.max(1, policy.minimumProbes)) {
    return undecided(mainFault(views) ?? 'too-few-views');
  }
  const isWithin =
    best !== undefined &&
    best.similarity >= best.threshold &&
    others.some(
      ({ personId, similarity }) => best.similarity - similarity < marginFor(policy, best.personId, personId),
    );
  return isWithin ? { outcome: 'ambiguous', reason: 'within-margin' } : undecided('views-disagree');
}

/** The most frequent fault, if at least half of the views have it; of equal ones, that which a person can correct first. */
function mainFault({ count, faults }: ViewTally): QualityReason | undefined {
  let main: QualityReason | undefined;
  for (const reason of faultsByImportance) {
    if ((faults[reason] ?? 0) > (main === undefined ? 0 : (faults[main] ?? 0))) main = reason;
  }
  return main !== undefined && (faults[main] ?? 0) * 2 >= count ? main : undefined;
}

/** What vision measures at a face between two sightings. */
interface FaceNow {
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  /** Null where the landmarks were not found. */
  readonly view: {
    readonly quality: FaceQuality;
    readonly widthPx: number;
    readonly sharpness: number;
    readonly yawDeg: number;
    readonly meanLuma: number;
  } | null;
  readonly blinkCount: number;
  readonly observedS: number;
}

/**
 * A passage in sight as it would be judged at this moment. Sightings come when something changed: a face that stays too small causes
 * none, but that is what stands in the way.
 */
export function passageNow(passage: Passage, { atMs, view, blinkCount, observedS }: FaceNow): Passage {
  const now: Passage = {
    ...passage,
    lastSeenMs: Math.max(passage.lastSeenMs, atMs),
    liveness: { ...passage.liveness, blinkCount, observedS },
  };
  if (now.reason === 'seen-too-briefly' && !isTooBrief(observedS)) return { ...now, reason: 'no-blink' };
  const { best, count, faults, embedded } = passage.views;
  const [fault] = view?.quality.reasons ?? [];
  if (now.outcome !== 'undecided' || view === null || fault === undefined || best === undefined) return now;
  return {
    ...now,
    reason: fault,
    views: {
      ...{ count, embedded, best: { ...best, ...view } },
      faults: { ...faults, [fault]: Math.max(1, faults[fault] ?? 0) },
    },
  };
}
