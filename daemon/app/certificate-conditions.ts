import type { Clock, Timer } from '../base/clock.js';
import type { CertificateStatus } from '../publish/certificate-watch.js';
import type { ConditionPort } from '../publish/condition-port.js';
import type { PublisherStatus } from '../publish/publisher.js';

export interface CertificateConditionsOptions {
  /** Undefined where no broker is configured. */
  readonly publisher: () => Pick<PublisherStatus, 'connection' | 'certificates'> | undefined;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
}

export const lookAtCertificatesEveryMs = 60_000;

/** Says that a certificate of the connection to the broker ends soon, has ended or is not in force yet. */
export class CertificateConditions implements Disposable {
  readonly #options: CertificateConditionsOptions;
  #timer: Timer | undefined;

  constructor(options: CertificateConditionsOptions) {
    this.#options = options;
    this.#look();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { publisher, conditions, clock } = this.#options;
    const status = publisher();
    const [ending] = (status?.certificates ?? [])
      .filter(({ state }) => state !== 'in force')
      .sort((a, b) => (a.notAfter < b.notAfter ? -1 : 1));
    if (ending !== undefined) conditions.begin('certificate-expiring', detailsOf(ending));
    // The certificate of the broker is known only while there is a connection: without one, nothing is over.
    else if (status === undefined || status.connection === 'connected')
      conditions.end('certificate-expiring');
    this.#timer = clock.after(lookAtCertificatesEveryMs, () => this.#look());
  }
}

function detailsOf({ whose, notAfter, daysLeft, state }: CertificateStatus) {
  return { which: whose, notAfter, daysLeft, state: state.replaceAll(' ', '-') };
}
