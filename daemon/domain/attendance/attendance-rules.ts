import type { Fact, UnknownFact } from '../events/event.js';
import type { CameraId, PersonId } from '../ids.js';

/** How soon something is worth saying, and saying again, seconds; a cooldown of 0 says it every time. */
export interface AttendanceRules {
  /**
   * Per person and camera, of an attendance and of a recognition without proof of life; of somebody who could be either of two
   * persons, per pair and camera.
   */
  readonly attendanceCooldownS: number;
  /** Per stranger and camera. */
  readonly unknownCooldownS: number;
  /** Per camera. */
  readonly attackCooldownS: number;
  /**
   * How long somebody must have been in sight before being called unknown, or a presentation attack by nobody known:
   * the first views of someone walking up are the smallest, and the views of the next seconds often settle who it is.
   * A track that ends sooner is judged by what it had.
   */
  readonly unknownAfterS: number;
}

export type PersonPair = readonly [PersonId, PersonId];

/**
 * What was already recorded. Asked of the records, never of memory alone, so that a restart does not repeat what was
 * said before it. Times are wall clock, milliseconds since the epoch; undefined where there is none.
 */
export interface RecordedFacts {
  lastAttendanceMs(personId: PersonId, cameraId: CameraId): number | undefined;
  lastUnprovenMs(personId: PersonId, cameraId: CameraId): number | undefined;
  /** When somebody who could be either of these two was recorded last, whichever was the nearer. */
  lastAmbiguousMs(pair: PersonPair, cameraId: CameraId): number | undefined;
  lastAttackMs(cameraId: CameraId): number | undefined;
}

/** With what only memory knows: records hold no faces, so nobody can tell strangers apart who were seen before a restart. */
export interface RecentFacts extends RecordedFacts {
  /** When the stranger of this fact was recorded last at its camera. */
  lastUnknownMs(fact: UnknownFact): number | undefined;
}

export type SuppressionReason =
  | 'attendance-cooldown'
  | 'unproven-cooldown'
  | 'ambiguous-cooldown'
  | 'unknown-cooldown'
  | 'attack-cooldown';

/** A fact that is true but was not worth saying, and why: counted and logged, never published. */
export interface SuppressedFact {
  readonly fact: Fact;
  readonly reason: SuppressionReason;
  /** Time between this fact and the recorded one that silences it, seconds. */
  readonly elapsedS: number;
}

/** Why `fact` must not be said now; undefined when it may be. */
export function suppressionOf(
  fact: Fact,
  rules: AttendanceRules,
  recent: RecentFacts,
): SuppressedFact | undefined {
  const { reason, lastMs, cooldownS } = cooldownFor(fact, rules, recent);
  if (lastMs === undefined) return undefined;
  // The distance counts in both directions: a clock set back must not silence a camera until it has caught up.
  const elapsedS = Math.abs(fact.occurredAtMs - lastMs) / 1000;
  return elapsedS < cooldownS ? { fact, reason, elapsedS } : undefined;
}

interface Cooldown {
  readonly reason: SuppressionReason;
  readonly lastMs: number | undefined;
  readonly cooldownS: number;
}

function cooldownFor(fact: Fact, rules: AttendanceRules, recent: RecentFacts): Cooldown {
  switch (fact.kind) {
    case 'attendance':
      return {
        reason: 'attendance-cooldown',
        lastMs: recent.lastAttendanceMs(fact.personId, fact.cameraId),
        cooldownS: rules.attendanceCooldownS,
      };
    case 'recognised-unproven':
      return {
        reason: 'unproven-cooldown',
        lastMs: nearest(fact.occurredAtMs, [
          recent.lastUnprovenMs(fact.personId, fact.cameraId),
          // Who attended a moment ago and passes again without a blink is no news.
          recent.lastAttendanceMs(fact.personId, fact.cameraId),
        ]),
        cooldownS: rules.attendanceCooldownS,
      };
    case 'recognised-ambiguous': {
      const [first, second] = fact.candidates;
      return {
        reason: 'ambiguous-cooldown',
        lastMs: recent.lastAmbiguousMs([first.personId, second.personId], fact.cameraId),
        cooldownS: rules.attendanceCooldownS,
      };
    }
    case 'unknown':
      return {
        reason: 'unknown-cooldown',
        lastMs: recent.lastUnknownMs(fact),
        cooldownS: rules.unknownCooldownS,
      };
    case 'attack':
      return {
        reason: 'attack-cooldown',
        lastMs: recent.lastAttackMs(fact.cameraId),
        cooldownS: rules.attackCooldownS,
      };
  }
}

/** Of several times, the one nearest to `atMs`, in either direction. */
function nearest(atMs: number, times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.sort((a, b) => Math.abs(a - atMs) - Math.abs(b - atMs))[0];
}
