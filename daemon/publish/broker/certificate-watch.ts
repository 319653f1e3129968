import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import { isoTime } from '../../domain/iso-time.js';
import type { BrokerAccess } from './broker-access.js';
import { type CertificateFacts, certificateFacts, longestLived } from './certificate-facts.js';

/** How long a certificate is still in force. */
export interface CertificateStatus {
  /**
   * `client`: that of this box. `authority`: that which the broker is trusted by (`mqtt.caFile`), of several the one that
   * ends last. `broker`: what the broker showed when it was last connected to.
   */
  readonly whose: 'client' | 'authority' | 'broker';
  readonly names: string;
  readonly notBefore: string;
  readonly notAfter: string;
  /** Whole days left, rounded down; negative when it has expired. */
  readonly daysLeft: number;
  readonly state: 'in force' | 'not yet valid' | 'expires soon' | 'expired';
}

/** From here on a renewal is due. */
export const warnedDays = 30;
const dayMs = 86_400_000;
export const lookEveryMs = 3_600_000;

/** How `facts` stand at `nowMs` (wall clock). */
export function certificateStatus(
  whose: CertificateStatus['whose'],
  { names, notBeforeMs, notAfterMs }: CertificateFacts,
  nowMs: number,
): CertificateStatus {
  const daysLeft = Math.floor((notAfterMs - nowMs) / dayMs);
  const shown = { whose, names, notBefore: isoTime(notBeforeMs), notAfter: isoTime(notAfterMs), daysLeft };
  if (notAfterMs <= nowMs) return { ...shown, state: 'expired' };
  if (notBeforeMs > nowMs) return { ...shown, state: 'not yet valid' };
  return { ...shown, state: daysLeft < warnedDays ? 'expires soon' : 'in force' };
}

/** Knows the certificates of both sides and says once a day that one of them ends soon, or has ended. */
export class CertificateWatch implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #known = new Map<CertificateStatus['whose'], CertificateFacts>();
  /** When it was last said, by fingerprint, on the monotonic clock: a jump of the other neither repeats nor hides it. */
  readonly #saidAtMs = new Map<string, number>();
  readonly #looks: Recurring;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
    this.#looks = new Recurring({
      clock,
      everyMs: lookEveryMs,
      work: () => this.#sayWhatEnds(),
      onFailure: (error) => logger.error('the certificates cannot be looked at', { error }),
    });
  }

  /** Begins to look once an hour. */
  start({ clientCertificate, ca }: Pick<BrokerAccess, 'clientCertificate' | 'ca'>): void {
    if (clientCertificate !== undefined) {
      this.#known.set('client', certificateFacts(clientCertificate.certificate));
    }
    const authority = ca && longestLived(ca);
    if (authority !== undefined) this.#known.set('authority', authority);
    this.#looks.start();
  }

  /** The broker has shown its certificate. */
  sawBroker(facts: CertificateFacts): void {
    this.#known.set('broker', facts);
    this.#sayWhatEnds();
  }

  status(): readonly CertificateStatus[] {
    const nowMs = this.#clock.wallMs();
    return [...this.#known].map(([whose, facts]) => certificateStatus(whose, facts, nowMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#looks[Symbol.asyncDispose]();
  }

  #sayWhatEnds(): void {
    for (const [whose, facts] of this.#known) {
      const status = certificateStatus(whose, facts, this.#clock.wallMs());
      const saidAtMs = this.#saidAtMs.get(facts.fingerprint);
      const isDue = saidAtMs === undefined || this.#clock.monotonicMs() - saidAtMs >= dayMs;
      if (status.state === 'in force' || !isDue) continue;
      this.#saidAtMs.set(facts.fingerprint, this.#clock.monotonicMs());
      const { state, notBefore, notAfter, daysLeft } = status;
      const fields = { whose, state, notBefore, notAfter, daysLeft };
      if (state === 'expires soon') this.#logger.warn('a certificate must be renewed soon', fields);
      else this.#logger.error('a certificate is not in force', fields);
    }
  }
}
