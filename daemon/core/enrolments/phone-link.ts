import { areEqual } from '../../host/sodium.js';
import type { Clock } from '../../kernel/clock.js';
import type { PhoneLinkState } from '../../kernel/persons/enrolment-guidance.js';
import { hashOfSecret, newSecret } from '../accounts/secrets.js';

/** How long a link waits for its phone, and how long this phone may use it, milliseconds. */
const waitingMs = 10 * 60_000;
const usedMs = 30 * 60_000;

/**
 * A one-time link for a phone. The first that opens it gets a key of its own, and the secret of the link opens nothing any more:
 * a link that was read over a shoulder or sent on is void once the phone of the person has it. Only hashes are kept.
 */
export class PhoneLink {
  readonly #secretHash: Buffer;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #keyHash: Buffer | undefined;
  #expiresAtMs: number;
  #openedAtMs: number | undefined;
  #lastSeenAtMs: number | undefined;
  #refused = 0;
  #isCut = false;

  private constructor(secretHash: Buffer, clock: Pick<Clock, 'monotonicMs'>) {
    this.#secretHash = secretHash;
    this.#clock = clock;
    this.#expiresAtMs = clock.monotonicMs() + waitingMs;
  }

  /** Makes a link with its secret, which is shown once. */
  static make(clock: Pick<Clock, 'monotonicMs'>): { readonly link: PhoneLink; readonly secret: string } {
    const { text, hash } = newSecret('link');
    return { link: new PhoneLink(hash, clock), secret: text };
  }

  /** What its operator sees. Times are on the monotonic clock. */
  show() {
    return {
      state: this.#state(),
      expiresAtMs: this.#expiresAtMs,
      openedAtMs: this.#openedAtMs,
      lastSeenAtMs: this.#lastSeenAtMs,
      refused: this.#refused,
    };
  }

  isOf(secret: string): boolean {
    const hash = hashOfSecret('link', secret);
    return hash !== undefined && areEqual(hash, this.#secretHash);
  }

  /** The key of the phone; undefined if the link was opened before, has expired or was cut. */
  open(): string | undefined {
    if (this.#state() !== 'waiting') {
      this.#refused += 1;
      return undefined;
    }
    const { text, hash } = newSecret('phone');
    const nowMs = this.#clock.monotonicMs();
    this.#keyHash = hash;
    this.#openedAtMs = nowMs;
    this.#lastSeenAtMs = nowMs;
    this.#expiresAtMs = nowMs + usedMs;
    return text;
  }

  /** Whether this is the key of the phone, and still valid. */
  admits(key: string): boolean {
    const hash = hashOfSecret('phone', key);
    if (hash === undefined || this.#keyHash === undefined || !areEqual(hash, this.#keyHash)) return false;
    if (this.#state() !== 'opened') return false;
    this.#lastSeenAtMs = this.#clock.monotonicMs();
    return true;
  }

  cut(): void {
    this.#isCut = true;
  }

  #state(): PhoneLinkState {
    if (this.#isCut || this.#clock.monotonicMs() >= this.#expiresAtMs) return 'ended';
    return this.#openedAtMs === undefined ? 'waiting' : 'opened';
  }
}
