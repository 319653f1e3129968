import { dirname } from 'node:path';
import { freeBytesAt } from '../../host/free-space.js';
import { localTimeOf } from '../../host/local-time.js';
import { systemClock as clock } from '../../host/system-clock.js';
import type { Recurring } from '../../kernel/recurring.js';
import type { Attendance } from '../attendance/attendance-handlers.js';
import { dailySummary } from '../attendance/daily-summary.js';
import { auditDigest } from '../audit/audit-digest.js';
import { auditFollower } from '../audit/audit-follower.js';
import { certificateConditions } from '../conditions/certificate-conditions.js';
import type { Conditions } from '../conditions/conditions.js';
import { diskWatch } from '../conditions/disk-watch.js';
import { lossReporter } from '../conditions/records-loss.js';
import { GalleryEvents } from '../gallery/gallery-events.js';
import type { GateHandover } from '../gate/gate-handover.js';
import { earliestMs } from '../retention/retention.js';
import type { Runtime } from '../runtime/runtime.js';
import type { ComposeContext, Stores } from './stores.js';

export interface EventSourceOptions {
  readonly conditions: Conditions;
  readonly runtime: Runtime;
  readonly attendance: Attendance;
  readonly gate: GateHandover | undefined;
  /** False while attendance of the past may still come, and while the clock cannot be trusted. */
  readonly isPastSettled: () => boolean;
}

/** Starts everything that records events besides the cameras. */
export function startEventSources(
  context: ComposeContext,
  stores: Stores,
  options: EventSourceOptions,
): void {
  const { lifetime, logger } = context;
  const { vault, records } = stores;
  const { audit } = vault;
  const { conditions } = options;
  watchConditions(context, options);
  lifetime.use('lost records', lossReporter({ records, audit, conditions, clock, logger }).start());
  const gallery = new GalleryEvents({ vault, records, clock, logger });
  lifetime.defer('events of the gallery', () => gallery[Symbol.dispose]());
  lifetime.use('audit follower', auditFollower({ audit, records, clock, logger }).start());
  lifetime.use('audit digest', auditDigest({ audit, records, clock, logger }).start());
  lifetime.use('daily summary', composeSummary(context, stores, options).start());
}

function composeSummary(
  { current, logger }: ComposeContext,
  { vault, records }: Stores,
  { attendance, isPastSettled }: EventSourceOptions,
): Recurring {
  return dailySummary({
    attendance,
    records,
    current,
    localTime: localTimeOf(current().site.timeZone),
    isReady: () => vault.open !== undefined && isPastSettled() && clock.wallMs() >= earliestMs,
    clock,
    logger,
  });
}

function watchConditions(
  { current, lifetime, logger }: ComposeContext,
  { runtime, conditions, gate }: EventSourceOptions,
): void {
  const { gallery, records } = current();
  const watch = diskWatch({
    directories: { gallery: dirname(gallery.path), records: dirname(records.path) },
    freeBytes: freeBytesAt,
    lowMiB: () => current().disk.lowMiB,
    conditions,
    clock,
    logger,
  });
  lifetime.use('disk watch', watch.start());
  const publisher = () => runtime.publisher?.status();
  const certificates = certificateConditions({
    ...{ publisher, conditions, clock, logger },
    gate: () => gate?.status().certificate,
  });
  lifetime.use('certificates', certificates.start());
}
