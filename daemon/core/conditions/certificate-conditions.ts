import { type CertificateState, certificateHolders } from '../../kernel/certificate-state.js';
import type { Clock } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { CertificateStatus } from '../delivery/broker/certificate-watch.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { PublisherStatus } from '../delivery/publisher.js';

export interface CertificateConditionsOptions {
  /** Undefined where no broker is configured. */
  readonly publisher: () => Pick<PublisherStatus, 'connection' | 'certificates'> | undefined;
  /** The certificate of the gate; undefined where the gate is disabled. */
  readonly gate?: () => CertificateStatus | undefined;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkCertificatesEveryMs = 60_000;

/** Reports certificates of the broker connection and of the gate that expire soon, have expired or are not valid yet. */
export function certificateConditions(options: CertificateConditionsOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: checkCertificatesEveryMs,
    work: () => check(options),
    onFailure: (error) => logger.error('the certificates cannot be checked', { error }),
  });
}

const urgentStates = ['expired', 'not yet valid'] as const satisfies readonly CertificateState[];

function check({ publisher, gate = () => undefined, conditions }: CertificateConditionsOptions): void {
  const status = publisher();
  const ofGate = gate();
  const known = [...(status?.certificates ?? []), ...(ofGate === undefined ? [] : [ofGate])];
  const ending = known
    .filter(({ state }) => state !== 'in force')
    .sort((a, b) => (a.notAfter < b.notAfter ? -1 : 1));
  const active = ending.flatMap(partsOf);
  // The broker's certificate is known only while connected, so without a connection its faults cannot be over.
  const isWhole = status === undefined || status.connection === 'connected';
  const [first] = ending;
  if (first === undefined && isWhole) {
    conditions.end('certificate-expiring');
    return;
  }
  const judged = isWhole ? certificateHolders : known.map(({ whose }) => whose);
  const possible = judged.flatMap((whose) => urgentStates.flatMap((state) => partsOf({ whose, state })));
  const over = possible.filter((part) => !active.includes(part));
  conditions.change('certificate-expiring', first === undefined ? {} : detailsOf(first), { active, over });
}

/** `client` for a certificate to renew; `client-expired` in addition when it is too late, so that worse is always more. */
function partsOf({ whose, state }: Pick<CertificateStatus, 'whose' | 'state'>): readonly string[] {
  return state === 'expires soon' ? [whose] : [whose, `${whose}-${state.replaceAll(' ', '-')}`];
}

function detailsOf({ whose, notAfter, daysLeft, state }: CertificateStatus) {
  return { which: whose, notAfter, daysLeft, state: state.replaceAll(' ', '-') };
}
