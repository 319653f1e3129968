import type { Direction, Fact } from '../events/event.js';
import type { Identification } from '../identification/match.js';
import { isoTime } from '../iso-time.js';
import type { LivenessAssessment } from '../liveness/liveness.js';
import type { Sighting } from './sighting.js';

/**
 * What has been said about one track. A track only moves to the right, so each fact is said at most once about it:
 * undecided → unknown → attack → ambiguous → attended. Somebody who was unknown from afar may be recognised from near, a
 * live person who hides behind a picture may come out, and a better view may settle which of two persons it is; nothing is
 * said after an attendance.
 */
export type TrackDecision =
  | { readonly state: 'undecided' }
  | { readonly state: 'unknown' }
  | { readonly state: 'attack' }
  | { readonly state: 'ambiguous' }
  | { readonly state: 'attended' };

/** What is known about a track when a sighting of it arrives. */
export interface TrackKnowledge {
  readonly sighting: Sighting;
  readonly identification: Identification;
  /** Similarity from which two faces count as the same person: published with the fact. */
  readonly threshold: number;
  readonly direction: Direction;
  /** `AttendanceRules.unknownAfterS`: how long a better view is waited for. */
  readonly unknownAfterS: number;
  /** Wall time (milliseconds since the epoch) of a capture time. */
  readonly wallMsOf: (capturedAtMs: number) => number;
}

export interface TrackStep {
  readonly decision: TrackDecision;
  /** What became true with this sighting; rules may still suppress it. */
  readonly fact: Fact | undefined;
}

export const undecided: TrackDecision = { state: 'undecided' };

/** The decision after a sighting. Pure: the same knowledge gives the same fact. */
export function nextDecision(decision: TrackDecision, known: TrackKnowledge): TrackStep {
  if (decision.state === 'attended') return { decision, fact: undefined };
  const attendance = attendanceIn(known);
  if (attendance) return { decision: { state: 'attended' }, fact: attendance };

  if (decision.state === 'ambiguous') return { decision, fact: undefined };
  const ambiguous = ambiguousIn(known);
  if (ambiguous) return { decision: { state: 'ambiguous' }, fact: ambiguous };

  if (decision.state === 'attack') return { decision, fact: undefined };
  const attack = attackIn(known);
  if (attack) return { decision: { state: 'attack' }, fact: attack };

  if (decision.state === 'unknown') return { decision, fact: undefined };
  const unknown = unknownIn(known);
  if (unknown) return { decision: { state: 'unknown' }, fact: unknown };
  return { decision, fact: undefined };
}

function attendanceIn(known: TrackKnowledge): Fact | undefined {
  const { sighting, identification, direction, threshold } = known;
  if (sighting.liveness.verdict !== 'live' || identification.outcome !== 'match') return undefined;
  const { personId, similarity, margin } = identification;
  return { kind: 'attendance', ...aboutTrack(known), personId, direction, similarity, threshold, margin };
}

function ambiguousIn(known: TrackKnowledge): Fact | undefined {
  const { sighting, identification, direction, threshold } = known;
  if (sighting.liveness.verdict !== 'live' || identification.outcome !== 'ambiguous') return undefined;
  if (!isSettled(known)) return undefined;
  const { candidates, reason } = identification;
  return { kind: 'recognised-ambiguous', ...aboutTrack(known), candidates, reason, direction, threshold };
}

function attackIn(known: TrackKnowledge): Fact | undefined {
  const { sighting, identification } = known;
  if (sighting.liveness.verdict !== 'attack') return undefined;
  const { outcome } = identification;
  if ((outcome === 'inconclusive' || outcome === 'ambiguous') && !isSettled(known)) return undefined;
  const match = identification.outcome === 'match' ? identification : undefined;
  return {
    kind: 'attack',
    ...aboutTrack(known),
    personId: match?.personId ?? null,
    similarity: match?.similarity ?? null,
  };
}

function unknownIn(known: TrackKnowledge): Fact | undefined {
  const { sighting, identification, threshold } = known;
  if (identification.outcome !== 'no match' || sighting.liveness.verdict === 'attack') return undefined;
  const isWellSeen = sighting.quality.reasons.length === 0;
  if (!isWellSeen || !isSettled(known)) return undefined;
  const bestSimilarity = identification.bestSimilarity ?? null;
  return { kind: 'unknown', ...aboutTrack(known), bestSimilarity, threshold };
}

function isSettled({ sighting, unknownAfterS }: TrackKnowledge): boolean {
  return sighting.isEnded || sighting.lastSeenMs - sighting.firstSeenMs >= unknownAfterS * 1000;
}

function aboutTrack({ sighting, wallMsOf }: TrackKnowledge) {
  return {
    occurredAtMs: wallMsOf(sighting.lastSeenMs),
    cameraId: sighting.cameraId,
    trackId: sighting.trackId,
    recogniser: sighting.recogniser,
    quality: sighting.quality.score,
    liveness: publishedLiveness(sighting.liveness, wallMsOf),
  };
}

function publishedLiveness(liveness: LivenessAssessment, wallMsOf: TrackKnowledge['wallMsOf']) {
  const { blinks, observedS, frameCount, passiveScore } = liveness.evidence;
  return {
    verdict: liveness.verdict,
    reason: liveness.reason,
    blinks: blinks.map(({ atMs, durationMs }) => ({
      time: isoTime(wallMsOf(atMs)),
      durationS: durationMs / 1000,
    })),
    observedS,
    frameCount,
    ...(passiveScore === undefined ? {} : { passiveScore }),
  };
}
