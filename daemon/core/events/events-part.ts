import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Publisher } from '../delivery/publisher.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import { outboxLimiter } from '../records/outbox/outbox-limiter.js';
import type { Records } from '../records/records.js';
import { eventHandlers, RecordedEvents } from './recorded-events.js';

/** Serves the recorded events, and starts to enforce the limits of the outbox. */
export function openEvents({
  vault,
  records,
  runtime,
  retention,
  readings,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly vault: GalleryVault;
  readonly records: Records;
  readonly runtime: { readonly publisher: Publisher | undefined };
  readonly retention: { readonly summary: { readonly clockDoubt?: unknown } };
  readonly readings: ReadingTrail;
}) {
  const publisher = () => runtime.publisher;
  const limiter = outboxLimiter({
    ...{ records, clock, logger },
    rules: () => current().outbox,
    inFlight: () => publisher()?.onTheWay() ?? [],
    isClockTrusted: () => retention.summary.clockDoubt === undefined,
  });
  lifetime.use('limits of the outbox', limiter.start());
  const events = new RecordedEvents({
    ...{ records, current, publisher, readings, clock },
    audit: (entry) => void vault.audit.append(entry),
    gallery: () => vault.gallery(),
  });
  return { events, handlers: eventHandlers(events) };
}
