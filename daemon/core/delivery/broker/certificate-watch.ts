import type { CertificateHolder, CertificateState } from '../../../kernel/certificate-state.js';
import type { Clock } from '../../../kernel/clock.js';
import { isoTime } from '../../../kernel/iso-time.js';
import type { Logger } from '../../../kernel/logger.js';
import { Recurring } from '../../../kernel/recurring.js';
import type { BrokerAccess } from './broker-access.js';
import { type CertificateFacts, certificateFacts, longestLived } from './certificate-facts.js';

/** The validity of a certificate. */
export interface CertificateStatus {
  readonly whose: CertificateHolder;
  readonly names: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days left, rounded down; negative when it has expired. */
  readonly daysLeft: number;
  readonly state: CertificateState;
}

/** A certificate with fewer days left must be renewed. */
export const warnedDays = 30;
const dayMs = 86_400_000;
export const checkEveryMs = 3_600_000;

/** The validity at `nowMs` (wall clock). */
export function certificateStatus(
  whose: CertificateHolder,
  { names, notBeforeMs, notAfterMs }: CertificateFacts,
  nowMs: number,
): CertificateStatus {
  const daysLeft = Math.floor((notAfterMs - nowMs) / dayMs);
  const shown = { whose, names, notBefore: isoTime(notBeforeMs), notAfter: isoTime(notAfterMs), daysLeft };
  if (notAfterMs <= nowMs) return { ...shown, state: 'expired' };
  if (notBeforeMs > nowMs) return { ...shown, state: 'not yet valid' };
  return { ...shown, state: daysLeft < warnedDays ? 'expires soon' : 'in force' };
}

/** Watches the certificates of both sides, and logs once a day that one expires soon or is not valid. */
export class CertificateWatch implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #known = new Map<CertificateHolder, CertificateFacts>();
  /** When a certificate was last logged, by fingerprint, on the monotonic clock. */
  readonly #loggedAtMs = new Map<string, number>();
  readonly #checks: Recurring;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#checks = new Recurring({
      clock,
      everyMs: checkEveryMs,
      work: () => this.#logInvalid(),
      onFailure: (error) => logger.error('the certificates cannot be checked', { error }),
    });
  }

  /** Begins to check once an hour. */
  start({ clientCertificate, ca }: Pick<BrokerAccess, 'clientCertificate' | 'ca'>): void {
    if (clientCertificate !== undefined) {
      this.#known.set('client', certificateFacts(clientCertificate.certificate));
    }
    const authority = ca && longestLived(ca);
    if (authority !== undefined) this.#known.set('authority', authority);
    this.#checks.start();
  }

  /** The broker has shown its certificate. */
  sawBroker(facts: CertificateFacts): void {
    this.#known.set('broker', facts);
    this.#logInvalid();
  }

  status(): readonly CertificateStatus[] {
    const nowMs = this.#clock.wallMs();
    return [...this.#known].map(([whose, facts]) => certificateStatus(whose, facts, nowMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#checks[Symbol.asyncDispose]();
  }

  #logInvalid(): void {
    for (const [whose, facts] of this.#known) {
      const status = certificateStatus(whose, facts, this.#clock.wallMs());
      const loggedAtMs = this.#loggedAtMs.get(facts.fingerprint);
      const isDue = loggedAtMs === undefined || this.#clock.monotonicMs() - loggedAtMs >= dayMs;
      if (status.state === 'in force' || !isDue) continue;
      this.#loggedAtMs.set(facts.fingerprint, this.#clock.monotonicMs());
      const { state, notBefore, notAfter, daysLeft } = status;
      const fields = { whose, state, notBefore, notAfter, daysLeft };
      if (state === 'expires soon') this.#logger.warn('a certificate must be renewed soon', fields);
      else this.#logger.error('a certificate is not in force', fields);
    }
  }
}
