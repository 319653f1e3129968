import {
  type AttendanceRules,
  type SuppressedFact,
  suppressionOf,
} from '../../kernel/attendance/attendance-rules.js';
import type { Fact } from '../../kernel/events/event.js';
import type { PassageId } from '../../kernel/ids.js';
import type { TrackKnowledge } from '../../kernel/tracks/track-decision.js';
import type { FactStore } from './fact-store.js';
import type { SightOptions, StrangersInSight } from './strangers-in-sight.js';

/** A fact that is due, and why it is not recorded, if it is not. */
export interface JudgedFact {
  /** With its stranger, where strangers are remembered. */
  readonly fact: Fact;
  readonly suppressed: SuppressedFact | undefined;
  /** The passage of the earlier fact that suppresses it, where it is known. */
  readonly earlierId: PassageId | undefined;
}

interface FactGateOptions {
  /** Read for each fact: the configuration may change. */
  readonly rules: AttendanceRules;
  readonly facts: FactStore;
}

/** Holds back facts that a cooldown or an ignored stranger suppresses. */
export class FactGate {
  readonly #options: FactGateOptions;
  readonly #strangers: StrangersInSight;

  constructor(options: FactGateOptions, strangers: StrangersInSight) {
    this.#options = options;
    this.#strangers = strangers;
  }

  judge(fact: Fact, known: TrackKnowledge, seen: SightOptions): JudgedFact {
    if (fact.kind !== 'unknown') {
      this.#strangers.withdraw(fact.passageId);
      return this.#judged(fact, undefined);
    }
    const told = this.#strangers.tell(fact, known, seen);
    if (!told.isIgnored) return this.#judged(told.fact, told.lastRecordedMs);
    const suppressed = { fact: told.fact, reason: 'stranger-ignored' } as const;
    return { fact: told.fact, suppressed, earlierId: undefined };
  }

  #judged(fact: Fact, lastUnknownMs: number | undefined): JudgedFact {
    const { rules, facts } = this.#options;
    const suppressed = suppressionOf(fact, rules, {
      lastAttendanceMs: (person, camera) => facts.lastAttendanceMs(person, camera),
      lastUnprovenMs: (person, camera) => facts.lastUnprovenMs(person, camera),
      lastRefusedMs: (person, camera, isBarred) => facts.lastRefusedMs(person, camera, isBarred),
      lastWatchedMs: (person, camera) => facts.lastWatchedMs(person, camera),
      lastAmbiguousMs: (pair, camera) => facts.lastAmbiguousMs(pair, camera),
      lastAttackMs: (camera) => facts.lastAttackMs(camera),
      lastUnknownMs: () => lastUnknownMs,
    });
    const earlierId =
      suppressed && facts.passageOfFact(suppressed.earlier, fact.cameraId, suppressed.earlierAtMs);
    return { fact, suppressed, earlierId };
  }
}
