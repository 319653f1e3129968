import { newRandomBytes } from '../../host/sodium.js';
import type { Clock } from '../../kernel/clock.js';
import { refusal } from '../../words/errors.js';

/** A challenge can be answered for this time. */
export const attemptMs = 5 * 60_000;
/** Attempts at once. Beyond it the oldest go: their callers begin again. */
const mostAttempts = 10_000;
/**
 * Attempts of one session, or of the logins from one network, so that one caller cannot push out those of others. A page may begin
 * a login whenever it is opened, and an office may have one address.
 */
const mostOfOwner = 250;

/** What an attempt is for. A login belongs to nobody yet, the others to a session. */
export interface AttemptFor {
  readonly purpose: 'login' | 'step-up' | 'registration';
  readonly sessionId?: string | undefined;
  /** The network of the caller, for logins. */
  readonly network?: string | undefined;
}

interface Pending extends AttemptFor {
  readonly challenge: string;
  readonly untilMs: number;
}

/** Challenges that wait for their answer: in memory, each for one answer. A restart forgets them. */
export class PasskeyAttempts {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #pending = new Map<string, Pending>();

  constructor(clock: Clock, most = mostAttempts) {
    this.#clock = clock;
    this.#most = most;
  }

  begin(given: AttemptFor): { readonly attempt: string; readonly challenge: string } {
    this.#forget(given);
    const [attempt, challenge] = [randomText(24), randomText(32)];
    this.#pending.set(attempt, { ...given, challenge, untilMs: this.#clock.monotonicMs() + attemptMs });
    return { attempt, challenge };
  }

  /** The challenge of an attempt, which is over with this call, whatever comes of it. @throws `no-such-attempt` */
  take(attempt: string, { purpose, sessionId }: Omit<AttemptFor, 'network'>): string {
    const found = this.#pending.get(attempt);
    this.#pending.delete(attempt);
    const isOwn = found?.purpose === purpose && found.sessionId === sessionId;
    if (isOwn && this.#clock.monotonicMs() < found.untilMs) return found.challenge;
    throw refusal('no-such-attempt');
  }

  #forget(given: AttemptFor): void {
    const nowMs = this.#clock.monotonicMs();
    const ofOwner: string[] = [];
    // The oldest come first.
    for (const [id, pending] of this.#pending) {
      if (pending.untilMs <= nowMs) this.#pending.delete(id);
      else if (pending.sessionId === given.sessionId && pending.network === given.network) ofOwner.push(id);
    }
    for (const id of ofOwner.slice(0, Math.max(0, ofOwner.length - mostOfOwner + 1)))
      this.#pending.delete(id);
    const [oldest] = this.#pending.keys();
    if (oldest !== undefined && this.#pending.size >= this.#most) this.#pending.delete(oldest);
  }
}

const randomText = (bytes: number): string => Buffer.from(newRandomBytes(bytes)).toString('base64url');
