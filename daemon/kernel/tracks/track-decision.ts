import type { WatchlistProof } from '../attendance/attendance-rules.js';
import type { Direction, Fact, RefusedFact, WatchlistFact } from '../events/event.js';
import type { Identification } from '../identification/match.js';
import type { PassageId, PersonId } from '../ids.js';
import { isoTime } from '../iso-time.js';
import type { JudgedLiveness, LivenessRequirement } from '../liveness/liveness.js';
import type { Standing } from '../persons/person-standing.js';
import type { Sighting } from './sighting.js';

/**
 * The decision about one track. A track only moves to the right, so each kind of fact is recorded at most once:
 * undecided → unknown → unproven → booked → attack → ambiguous → refused → attended. A person who is unknown from afar may be
 * recognised nearby, a live person may appear from behind a picture, and a better view may resolve an ambiguity.
 * - `unproven`: a person was recognised without proof of life.
 * - `booked`: the attendance was recorded without proof of life. Only an attack may follow.
 * - `refused`: a person was recognised who is not valid, or barred. An attack may still follow: a barred person is told of
 *   before life is proven. So may the attendance of another person, whom a better view shows.
 * - `attended`: final.
 */
type TrackState =
  | 'undecided'
  | 'unknown'
  | 'unproven'
  | 'booked'
  | 'attack'
  | 'ambiguous'
  | 'refused'
  | 'attended';

export interface TrackDecision {
  readonly state: TrackState;
  /** The person of the last sighting, and since when the track matched this person without a break; monotonic milliseconds. */
  readonly recognised?: { readonly personId: PersonId; readonly sinceMs: number };
  /** The person who was refused last and whether as a barred one, and the watched person who was told of last. */
  readonly refused?: { readonly personId: PersonId; readonly isBarred: boolean };
  readonly watched?: PersonId;
}

/**
 * Waiting time for the blink of a recognised person before the fact `recognised-unproven`, milliseconds. At 17 blinks a minute
 * (`LivenessPolicy.attackAfterS`), 94 of 100 people have blinked by then.
 */
const unprovenAfterMs = 10_000;

/** What an attendance at one camera requires. */
export interface AttendanceProof {
  /** `liveness.require` */
  readonly require: LivenessRequirement;
  /**
   * `liveness.attackAfterS`: an attendance without proof waits until the eyes were well seen for this long. Before that, the rules could
   * not have detected an attack.
   */
  readonly attackAfterS: number;
}

/** The same waiting time at a camera that requires a challenge, milliseconds: three attempts take no longer. */
const unprovenAfterChallengeMs = 60_000;

/** A sighting with the core's judgement of its liveness. */
interface JudgedSighting extends Omit<Sighting, 'liveness'> {
  readonly liveness: JudgedLiveness;
}

/** Everything known about a track at a sighting. */
export interface TrackKnowledge {
  readonly passageId: PassageId;
  readonly sighting: JudgedSighting;
  /** Of the matched person; `valid` without one. */
  readonly standing: Standing;
  /** Whether the matched person is watched. */
  readonly isWatched: boolean;
  readonly identification: Identification;
  /** The applied threshold; published with the fact. */
  readonly threshold: number;
  readonly direction: Direction;
  readonly proof: AttendanceProof;
  /** `AttendanceRules.unknownAfterS`: waiting time for a better view. */
  readonly unknownAfterS: number;
  /** `AttendanceRules.watchlistRequires` */
  readonly watchlistRequires: WatchlistProof;
  /** Wall time (milliseconds since the epoch) of a capture time. */
  readonly wallMsOf: (capturedAtMs: number) => number;
}

interface TrackStep {
  readonly decision: TrackDecision;
  /** A new fact; rules may still suppress it. */
  readonly fact: Fact | undefined;
}

export const undecided: TrackDecision = { state: 'undecided' };

/**
 * The decision after a sighting, with at most one fact. One sighting may lead to several facts: call it again with the returned
 * decision until there is no fact.
 */
export function nextDecision(before: TrackDecision, known: TrackKnowledge): TrackStep {
  const { state } = before;
  const since = recognisedSince(before.recognised, known);
  const { recognised: _, ...kept } = before;
  const now: TrackDecision = { ...kept, ...(since === undefined ? {} : { recognised: since }) };
  const to = (next: TrackState, fact?: Fact): TrackStep => ({ decision: { ...now, state: next }, fact });
  if (state === 'attended') return to(state);
  const watched = watchedIn(known, before.watched);
  if (watched) return { decision: { ...now, watched: watched.personId }, fact: watched };
  const attack = attackIn(known);
  if (state === 'booked') return attack ? to('attended', attack) : to(isLive(known) ? 'attended' : state);

  const waitedMs = since === undefined ? 0 : known.sighting.lastSeenMs - since.sinceMs;
  const refusal = refusalIn(known, before.refused, waitedMs);
  if (refusal) {
    const refused = { personId: refusal.personId, isBarred: refusal.reason === 'barred' };
    return { decision: { ...now, state: 'refused', refused }, fact: refusal };
  }
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
  if ((isBefore('attack') || state === 'refused') && attack) return to('attack', attack);
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
  refused: 6,
  attended: 7,
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

/** The attendance of the recognised person, due or not; undefined for an attack and for a person who is not valid. */
function attendanceIn(known: TrackKnowledge): Fact | undefined {
  const about = aboutPerson(known);
  if (about === undefined || known.sighting.liveness.verdict === 'attack') return undefined;
  return known.standing === 'valid' ? { kind: 'attendance', ...about } : undefined;
}

/** The watched person, if nothing was told of them yet in this track. */
function watchedIn(known: TrackKnowledge, told: PersonId | undefined): WatchlistFact | undefined {
  const about = aboutPerson(known);
  if (!known.isWatched || about === undefined || about.personId === told) return undefined;
  return isEnoughForWatchlist(known) ? { kind: 'watchlist', ...about } : undefined;
}

/**
 * The refusal of a person who is not valid. A barred person is refused as soon as the watchlist allows; another one when an
 * attendance would be recorded, or at the latest when it is clear that no proof of life comes.
 */
function refusalIn(
  known: TrackKnowledge,
  told: TrackDecision['refused'],
  waitedMs: number,
): RefusedFact | undefined {
  const { standing: reason } = known;
  const about = aboutPerson(known);
  if (reason === 'valid' || about === undefined) return undefined;
  // Who is barred while in sight is told of, also if they were refused before because they were not valid.
  if (about.personId === told?.personId && (told.isBarred || reason !== 'barred')) return undefined;
  const isDue =
    reason === 'barred'
      ? isEnoughForWatchlist(known)
      : isLive(known) || unprovenIn(known, waitedMs) !== undefined;
  return isDue ? { kind: 'recognised-refused', ...about, reason } : undefined;
}

/** A picture of a watched or barred person that was judged to be one is an attack, whatever the watchlist requires. */
function isEnoughForWatchlist({ sighting, watchlistRequires }: TrackKnowledge): boolean {
  const { verdict } = sighting.liveness;
  return verdict === 'live' || (watchlistRequires === 'none' && verdict === 'undetermined');
}

function unprovenIn(known: TrackKnowledge, waitedMs: number): Fact | undefined {
  const about = aboutPerson(known);
  const { liveness, isEnded } = known.sighting;
  if (about === undefined || liveness.verdict !== 'undetermined') return undefined;
  const afterMs = known.proof.require === 'challenge' ? unprovenAfterChallengeMs : unprovenAfterMs;
  return isEnded || waitedMs >= afterMs ? { kind: 'recognised-unproven', ...about } : undefined;
}

/**
 * Without a required proof, the attendance is due at the end of the track or after a while, if the rules could have detected an
 * attack, and the face showed anything that a still picture does not.
 */
function isDueWithoutProof({ sighting, proof }: TrackKnowledge, waitedMs: number): boolean {
  if (proof.require !== 'not-attack') return false;
  const { reason, evidence } = sighting.liveness;
  const couldRulesSpeak = reason === 'observed-too-briefly' && evidence.observedS >= proof.attackAfterS;
  if (!couldRulesSpeak) return false;
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

function aboutTrack({ passageId, sighting, wallMsOf }: TrackKnowledge) {
  return {
    occurredAtMs: wallMsOf(sighting.lastSeenMs),
    cameraId: sighting.cameraId,
    trackId: sighting.trackId,
    passageId,
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
