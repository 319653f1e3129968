import type { AuditLog } from '../../audit/audit-log.js';
import type { Lifetime } from '../../base/lifetime.js';
import { type OutboxLimiterOptions, outboxLimiter } from '../../records/outbox/outbox-limiter.js';
import { BoxEvents, type BoxEventsOptions } from '../events/box-events.js';

/** What may be asked of events; the limits of the outbox are watched from now on. */
export function startOutbox({
  records,
  current,
  publisher,
  audit,
  isClockTrusted,
  lifetime,
  clock,
  logger,
}: {
  readonly records: BoxEventsOptions['records'] & OutboxLimiterOptions['records'];
  readonly audit: Pick<AuditLog, 'append'>;
  readonly lifetime: Lifetime;
} & Pick<BoxEventsOptions, 'current' | 'publisher'> &
  Pick<OutboxLimiterOptions, 'isClockTrusted' | 'clock' | 'logger'>): BoxEvents {
  const limiter = outboxLimiter({
    ...{ records, isClockTrusted, clock, logger },
    rules: () => current().outbox,
    inFlight: () => publisher()?.onTheWay() ?? [],
  });
  lifetime.use('limits of the outbox', limiter.start());
  return new BoxEvents({
    ...{ records, current, publisher, clock },
    audit: (entry) => void audit.append(entry),
  });
}
