import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { CertificateStatus } from '../../publish/broker/certificate-watch.js';
import type { ConditionPort } from '../../publish/condition-port.js';
import type { PublisherStatus } from '../../publish/publisher.js';

export interface CertificateConditionsOptions {
  /** Undefined where no broker is configured. */
  readonly publisher: () => Pick<PublisherStatus, 'connection' | 'certificates'> | undefined;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const lookAtCertificatesEveryMs = 60_000;

/** Says which certificates of the connection to the broker end soon, have ended or are not in force yet. */
export function certificateConditions(options: CertificateConditionsOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: lookAtCertificatesEveryMs,
    work: () => look(options),
    onFailure: (error) => logger.error('the certificates cannot be looked at', { error }),
  });
}

const everybody = ['client', 'authority', 'broker'] as const satisfies readonly CertificateStatus['whose'][];
const matters = ['expired', 'not yet valid'] as const satisfies readonly CertificateStatus['state'][];

function look({ publisher, conditions }: CertificateConditionsOptions): void {
  const status = publisher();
  const known = status?.certificates ?? [];
  const ending = known
    .filter(({ state }) => state !== 'in force')
    .sort((a, b) => (a.notAfter < b.notAfter ? -1 : 1));
  const holds = ending.flatMap(partsOf);
  // The certificate of the broker is known only while there is a connection: without one, nothing of it is over.
  const isWhole = status === undefined || status.connection === 'connected';
  const [first] = ending;
  if (first === undefined && isWhole) {
    conditions.end('certificate-expiring');
    return;
  }
  const judged = isWhole ? everybody : known.map(({ whose }) => whose);
  const parts = judged.flatMap((whose) => matters.flatMap((state) => partsOf({ whose, state })));
  const over = parts.filter((part) => !holds.includes(part));
  conditions.change('certificate-expiring', first === undefined ? {} : detailsOf(first), { holds, over });
}

/** `client` of one that needs to be renewed, `client-expired` besides where that is too late: worse is always more. */
function partsOf({ whose, state }: Pick<CertificateStatus, 'whose' | 'state'>): readonly string[] {
  return state === 'expires soon' ? [whose] : [whose, `${whose}-${state.replaceAll(' ', '-')}`];
}

function detailsOf({ whose, notAfter, daysLeft, state }: CertificateStatus) {
  return { which: whose, notAfter, daysLeft, state: state.replaceAll(' ', '-') };
}
