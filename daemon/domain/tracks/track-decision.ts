import type { Direction, Fact } from '../events/event.js';
import type { Identification } from '../identification/match.js';
import type { PersonId } from '../ids.js';
import { isoTime } from '../iso-time.js';
import type { JudgedLiveness, LivenessRequirement } from '../liveness/liveness.js';
import type { Sighting } from './sighting.js';

/**
 * What has been said about one track. A track only moves to the right, so each kind of fact is said at most once about it:
 * undecided → unknown → unproven → booked → attack → ambiguous → attended. Somebody who was unknown from afar may be recognised
 * from near, a live person who hides behind a picture may come out, and a better view may settle which of two persons it is.
 * - `unproven`: a person was recognised, and not seen to be live.
 * - `booked`: the attendance was said without proof of life. Only an attack may still be called.
 * - `attended`: nothing more is said.
 */
type TrackState = 'undecided' | 'unknown' | 'unproven' | 'booked' | 'attack' | 'ambiguous' | 'attended';

export interface TrackDecision {
  readonly state: TrackState;
  /** Whom the track was recognised as at the last sighting, and since when without a break; monotonic milliseconds. */
  readonly recognised?: { readonly personId: PersonId; readonly sinceMs: number };
}

/**
 * How long a recognised person is waited for to blink before it is said that life was not proven, milliseconds. At 17 blinks a
 * minute (`LivenessPolicy.attackAfterS`) 94 of 100 people have blinked by then.
 */
export const unprovenAfterMs = 10_000;

/** What makes the attendance of a recognised person at one camera. */
export interface AttendanceProof {
  /** `liveness.require` */
  readonly require: LivenessRequirement;
  /** `liveness.attackAfterS`: without proof the attendance waits for longer than an attack takes to be called. */
  readonly attackAfterS: number;
}

/** At a camera that asks for a challenge the same comes later, milliseconds: three tries take no longer. */
export const unprovenAfterChallengeMs = 60_000;

/** A sighting, and what the core makes of its liveness. */
export interface JudgedSighting extends Omit<Sighting, 'liveness'> {
  readonly liveness: JudgedLiveness;
}

/** What is known about a track when a sighting of it arrives. */
export interface TrackKnowledge {
  readonly sighting: JudgedSighting;
  readonly identification: Identification;
  /** Similarity from which two faces count as the same person: published with the fact. */
  readonly threshold: number;
  readonly direction: Direction;
  readonly proof: AttendanceProof;
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

/**
 * The decision after a sighting, with at most one fact. Pure: the same knowledge gives the same fact. Ask again with the decision
 * that it returns until there is no fact: one sighting may make several true.
 */
export function nextDecision({ state, recognised }: TrackDecision, known: TrackKnowledge): TrackStep {
  const since = recognisedSince(recognised, known);
  const to = (next: TrackState, fact?: Fact): TrackStep => ({
    decision: { state: next, ...(since === undefined ? {} : { recognised: since }) },
    fact,
  });
  const attack = attackIn(known);
  if (state === 'booked') return attack ? to('attended', attack) : to(isLive(known) ? 'attended' : state);
  if (state === 'attended') return to(state);

  const waitedMs = since === undefined ? 0 : known.sighting.lastSeenMs - since.sinceMs;
  const attendance = attendanceIn(known);
  if (attendance && isLive(known)) return to('attended', attendance);
  const isBefore = (later: TrackState): boolean => rank[state] < rank[later];
  if (isBefore('unproven')) {
    const unproven = unprovenIn(known, waitedMs);
    if (unproven) return to('unproven', unproven);
  }
  if (attendance && isBefore('booked') && isDueWithoutProof(known, waitedMs)) return to('booked', attendance);

  const ambiguous = isBefore('ambiguous') ? ambiguousIn(known) : undefined;
  if (ambiguous) return to('ambiguous', ambiguous);
  if (isBefore('attack') && attack) return to('attack', attack);
  const unknown = isBefore('unknown') ? unknownIn(known) : undefined;
  return unknown ? to('unknown', unknown) : to(state);
}

const rank: Readonly<Record<TrackState, number>> = {
  undecided: 0,
  unknown: 1,
  unproven: 2,
  booked: 3,
  attack: 4,
  ambiguous: 5,
  attended: 6,
};

const isLive = ({ sighting }: TrackKnowledge): boolean => sighting.liveness.verdict === 'live';

function recognisedSince(
  before: TrackDecision['recognised'],
  { sighting, identification }: TrackKnowledge,
): TrackDecision['recognised'] {
  if (identification.outcome !== 'match') return undefined;
  const { personId } = identification;
  return before?.personId === personId ? before : { personId, sinceMs: sighting.lastSeenMs };
}

/** The attendance of who is recognised, whether it is due or not; none where an attack is called. */
function attendanceIn(known: TrackKnowledge): Fact | undefined {
  const about = aboutPerson(known);
  if (about === undefined || known.sighting.liveness.verdict === 'attack') return undefined;
  return { kind: 'attendance', ...about };
}

function unprovenIn(known: TrackKnowledge, waitedMs: number): Fact | undefined {
  const about = aboutPerson(known);
  const { liveness, isEnded } = known.sighting;
  if (about === undefined || liveness.verdict !== 'undetermined') return undefined;
  const afterMs = known.proof.require === 'challenge' ? unprovenAfterChallengeMs : unprovenAfterMs;
  return isEnded || waitedMs >= afterMs ? { kind: 'recognised-unproven', ...about } : undefined;
}

/** Where no proof is asked for: at the end of the track, or once an attack would have been called. */
function isDueWithoutProof({ sighting, proof }: TrackKnowledge, waitedMs: number): boolean {
  if (proof.require !== 'not-attack') return false;
  return sighting.isEnded || waitedMs >= proof.attackAfterS * 1000 + unprovenAfterMs;
}

function aboutPerson(known: TrackKnowledge) {
  const { identification, direction, threshold } = known;
  if (identification.outcome !== 'match') return undefined;
  const { personId, similarity, margin } = identification;
  return { ...aboutTrack(known), personId, direction, similarity, threshold, margin };
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

function publishedLiveness(liveness: JudgedLiveness, wallMsOf: TrackKnowledge['wallMsOf']) {
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
