import type { Clock } from '../../kernel/clock.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';

/** This many wrong answers of one person at one camera within `windowMs` are a presentation attack. */
const wrongAnswersOfAttack = 3;
/** After this many challenges without a pass within `windowMs`, the person is locked out for a while. */
const mostTries = 6;
const windowMs = 5 * 60_000;
/** The length of a lockout, milliseconds. */
const lockMs = 60_000;

interface Tries {
  readonly ended: readonly { readonly atMs: number; readonly isWrongAnswer: boolean }[];
  readonly lockedUntilMs: number;
}

/** Counts challenges in memory, by person and camera. Not by track: an attacker with a recording can start a new track. */
export class ChallengeTries {
  readonly #clock: Clock;
  readonly #tries = new Map<string, Tries>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lockedUntilMs(personId: PersonId, cameraId: CameraId): number {
    return this.#tries.get(keyOf(personId, cameraId))?.lockedUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  passed(personId: PersonId, cameraId: CameraId): void {
    this.#tries.delete(keyOf(personId, cameraId));
  }

  /**
   * Counts a challenge without a pass. `isWrongAnswer`: the face moved, but not as it was asked; who does nothing gives no answer.
   * `refused`: this was one wrong answer too many.
   */
  ended(personId: PersonId, cameraId: CameraId, isWrongAnswer: boolean): 'open' | 'refused' {
    const nowMs = this.#clock.monotonicMs();
    this.#forgetOld(nowMs);
    const key = keyOf(personId, cameraId);
    const ended = [...(this.#tries.get(key)?.ended ?? []), { atMs: nowMs, isWrongAnswer }];
    const isRefused = ended.filter((each) => each.isWrongAnswer).length >= wrongAnswersOfAttack;
    const isLocked = isRefused || ended.length >= mostTries;
    // Repeated withdrawals, as with a recording that does not fit, cause a lockout after each further try.
    const after = isLocked
      ? { ended: isRefused ? [] : ended.slice(-mostTries), lockedUntilMs: nowMs + lockMs }
      : { ended, lockedUntilMs: Number.NEGATIVE_INFINITY };
    this.#tries.set(key, after);
    return isRefused ? 'refused' : 'open';
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { ended, lockedUntilMs }] of this.#tries) {
      const recent = ended.filter(({ atMs }) => atMs > nowMs - windowMs);
      if (recent.length > 0 || lockedUntilMs > nowMs) this.#tries.set(key, { ended: recent, lockedUntilMs });
      else this.#tries.delete(key);
    }
  }
}

const keyOf = (personId: PersonId, cameraId: CameraId): string => `${cameraId}/${personId}`;
