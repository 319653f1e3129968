import type { Fact, UnknownFact } from '../events/event.js';
import type { CameraId, PersonId } from '../ids.js';

export const watchlistProofs = ['none', 'live'] as const;
export type WatchlistProof = (typeof watchlistProofs)[number];

/** When facts are recorded, seconds. A cooldown of 0 records every fact. */
export interface AttendanceRules {
  /**
   * Per person and camera, for attendances and for recognitions without proof of life or out of validity. For ambiguous passages, per pair of
   * persons and camera.
   */
  readonly attendanceCooldownS: number;
  /** Per stranger and camera. */
  readonly unknownCooldownS: number;
  /** Per camera. */
  readonly attackCooldownS: number;
  /** Per watched or barred person and camera. */
  readonly watchlistCooldownS: number;
  /** Whether the box waits for a proof of life before it tells of a watched or barred person. */
  readonly watchlistRequires: WatchlistProof;
  /**
   * A face must be tracked this long before it counts as unknown, or as a presentation attack without a known person. The
   * first views of an approaching person are small, and later views often give a match. A track that ends sooner is judged at
   * its end.
   */
  readonly unknownAfterS: number;
}

type PersonPair = readonly [PersonId, PersonId];

/**
 * The times of recorded facts, wall clock, milliseconds since the epoch; undefined if there is none. They come from the records
 * and not from memory, so that a restart repeats no fact.
 */
export interface RecordedFacts {
  lastAttendanceMs(personId: PersonId, cameraId: CameraId): number | undefined;
  lastUnprovenMs(personId: PersonId, cameraId: CameraId): number | undefined;
  /** `isBarred`: undefined if the last refusal was that of a person who was not valid, which must not hold back that of a barred one. */
  lastRefusedMs(personId: PersonId, cameraId: CameraId, isBarred: boolean): number | undefined;
  lastWatchedMs(personId: PersonId, cameraId: CameraId): number | undefined;
  /** The last ambiguous passage of these two persons, in either order. */
  lastAmbiguousMs(pair: PersonPair, cameraId: CameraId): number | undefined;
  lastAttackMs(cameraId: CameraId): number | undefined;
}

/** Adds what records do not know: they contain no faces of strangers. */
export interface RecentFacts extends RecordedFacts {
  /** The last fact about the same stranger at the same camera. */
  lastUnknownMs(fact: UnknownFact): number | undefined;
}

type SuppressionReason =
  | 'attendance-cooldown'
  | 'unproven-cooldown'
  | 'refused-cooldown'
  | 'watchlist-cooldown'
  | 'ambiguous-cooldown'
  | 'unknown-cooldown'
  | 'attack-cooldown';

/** A fact that was not recorded, with the reason: counted and logged, never published. */
export type SuppressedFact = HeldBackFact | IgnoredFact;

/** A fact about a stranger whom the owner ignores. */
interface IgnoredFact {
  readonly fact: UnknownFact;
  readonly reason: 'stranger-ignored';
}

/** A fact that a cooldown suppressed. */
export interface HeldBackFact {
  readonly fact: Fact;
  readonly reason: SuppressionReason;
  /** Time between this fact and the recorded fact that suppresses it, seconds. */
  readonly elapsedS: number;
  readonly cooldownS: number;
  /** The recorded fact that suppresses it. */
  readonly earlier: Fact['kind'];
  readonly earlierAtMs: number;
}

/**
 * Seconds between two times in milliseconds, whichever is later: after a clock was set back, a cooldown does not last until the clock
 * has caught up.
 */
export const secondsApart = (oneMs: number, otherMs: number): number => Math.abs(oneMs - otherMs) / 1000;

/** The suppression of `fact`; undefined if it may be recorded. */
export function suppressionOf(
  fact: Fact,
  rules: AttendanceRules,
  recent: RecentFacts,
): HeldBackFact | undefined {
  const { reason, lastMs, cooldownS, earlier } = cooldownFor(fact, rules, recent);
  if (lastMs === undefined) return undefined;
  const elapsedS = secondsApart(fact.occurredAtMs, lastMs);
  return elapsedS < cooldownS
    ? { fact, reason, elapsedS, cooldownS, earlier, earlierAtMs: lastMs }
    : undefined;
}

interface Cooldown {
  readonly reason: SuppressionReason;
  readonly lastMs: number | undefined;
  readonly cooldownS: number;
  readonly earlier: Fact['kind'];
}

function cooldownFor(fact: Fact, rules: AttendanceRules, recent: RecentFacts): Cooldown {
  switch (fact.kind) {
    case 'attendance':
      return {
        reason: 'attendance-cooldown',
        lastMs: recent.lastAttendanceMs(fact.personId, fact.cameraId),
        cooldownS: rules.attendanceCooldownS,
        earlier: 'attendance',
      };
    case 'recognised-unproven':
      return {
        reason: 'unproven-cooldown',
        cooldownS: rules.attendanceCooldownS,
        ...nearest(fact.occurredAtMs, [
          { earlier: 'recognised-unproven', lastMs: recent.lastUnprovenMs(fact.personId, fact.cameraId) },
          // A person with a recent attendance may pass again without a blink.
          { earlier: 'attendance', lastMs: recent.lastAttendanceMs(fact.personId, fact.cameraId) },
        ]),
      };
    case 'recognised-refused':
      return {
        reason: 'refused-cooldown',
        lastMs: recent.lastRefusedMs(fact.personId, fact.cameraId, fact.reason === 'barred'),
        cooldownS: fact.reason === 'barred' ? rules.watchlistCooldownS : rules.attendanceCooldownS,
        earlier: fact.kind,
      };
    case 'watchlist':
      return {
        reason: 'watchlist-cooldown',
        lastMs: recent.lastWatchedMs(fact.personId, fact.cameraId),
        cooldownS: rules.watchlistCooldownS,
        earlier: fact.kind,
      };
    case 'recognised-ambiguous': {
      const [first, second] = fact.candidates;
      return {
        reason: 'ambiguous-cooldown',
        lastMs: recent.lastAmbiguousMs([first.personId, second.personId], fact.cameraId),
        cooldownS: rules.attendanceCooldownS,
        earlier: fact.kind,
      };
    }
    case 'unknown':
      return {
        reason: 'unknown-cooldown',
        lastMs: recent.lastUnknownMs(fact),
        cooldownS: rules.unknownCooldownS,
        earlier: fact.kind,
      };
    case 'attack':
      return {
        reason: 'attack-cooldown',
        lastMs: recent.lastAttackMs(fact.cameraId),
        cooldownS: rules.attackCooldownS,
        earlier: fact.kind,
      };
  }
}

type Earlier = Pick<Cooldown, 'earlier' | 'lastMs'>;

/** The time that is nearest to `atMs`, in either direction; the first without any. */
function nearest(atMs: number, [first, second]: readonly [Earlier, Earlier]): Earlier {
  const distance = ({ lastMs }: Earlier): number =>
    lastMs === undefined ? Number.POSITIVE_INFINITY : Math.abs(lastMs - atMs);
  return distance(second) < distance(first) ? second : first;
}
