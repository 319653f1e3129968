import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.js';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import type { Recurring } from '../../base/recurring.js';
import { freeBytesAt } from '../../host/free-space.js';
import { localTimeOf } from '../../host/local-time.js';
import type { PublisherOptions } from '../../publish/publisher-options.js';
import type { Records } from '../../records/open-records.js';
import type { BoxAttendance } from '../attendance/box-attendance.js';
import { dailySummary } from '../attendance/daily-summary.js';
import { auditDigest } from '../audit/audit-digest.js';
import { auditFollower } from '../audit/audit-follower.js';
import type { BoxConditions } from '../conditions/box-conditions.js';
import { certificateConditions } from '../conditions/certificate-conditions.js';
import { clockWatch } from '../conditions/clock-watch.js';
import { diskWatch } from '../conditions/disk-watch.js';
import type { GalleryAccess } from '../gallery/gallery-access.js';
import { GalleryEvents } from '../gallery/gallery-events.js';
import type { ReplaceableParts } from '../parts.js';
import { lossNews } from '../records-mark.js';
import { earliestMs } from '../retention/retention.js';

export interface EventSourceParts {
  readonly lifetime: Lifetime;
  readonly records: Records;
  readonly access: GalleryAccess;
  readonly conditions: BoxConditions;
  readonly parts: ReplaceableParts;
  readonly attendance: BoxAttendance;
  /** False while attendance of the past may still come, or the clock cannot be trusted. */
  readonly isPastSettled: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Starts whatever records events of its own accord, beside what cameras see. */
export function startEventSources(sources: EventSourceParts): void {
  const { lifetime, records, access, clock, logger } = sources;
  const { audit } = access;
  watchConditions(sources);
  const { conditions } = sources;
  lifetime.use('lost records', lossNews({ records, audit, conditions, clock, logger }).start());
  const gallery = new GalleryEvents({ access, records, clock, logger });
  lifetime.defer('events of the gallery', () => gallery[Symbol.dispose]());
  lifetime.use('audit follower', auditFollower({ audit, records, clock, logger }).start());
  lifetime.use('audit digest', auditDigest({ audit, records, clock, logger }).start());
  lifetime.use('daily summary', summaryOf(sources).start());
}

function summaryOf(sources: EventSourceParts): Recurring {
  const { records, access, parts, attendance, isPastSettled, clock, logger } = sources;
  return dailySummary({
    attendance,
    records,
    current: () => parts.config,
    localTime: localTimeOf(parts.config.site.timeZone),
    isReady: () => access.open !== undefined && isPastSettled() && clock.wallMs() >= earliestMs,
    clock,
    logger,
  });
}

function watchConditions({ lifetime, parts, conditions, clock, logger }: EventSourceParts): void {
  const { gallery, records } = parts.config;
  const watch = diskWatch({
    directories: { gallery: dirname(gallery.path), records: dirname(records.path) },
    freeBytes: freeBytesAt,
    lowMiB: () => parts.config.disk.lowMiB,
    conditions,
    clock,
    logger,
  });
  lifetime.use('disk watch', watch.start());
  lifetime.use('clock watch', clockWatch({ conditions, clock, logger }).start());
  const publisher = () => parts.publisher?.status();
  lifetime.use('certificates', certificateConditions({ publisher, conditions, clock, logger }).start());
}

/** What the box says of itself on its state topic. */
export function boxState(access: GalleryAccess, conditions: BoxConditions): PublisherOptions['state'] {
  return {
    current() {
      const about = conditions.about();
      return {
        gallery: access.open === undefined ? 'sealed' : 'open',
        conditions: [...conditions.current()],
        ...(Object.keys(about).length === 0 ? {} : { about }),
      };
    },
    onChanged(listener) {
      const stops = [access.onChanged(listener), conditions.onChanged(listener)];
      return () => stops.forEach((stop) => void stop());
    },
  };
}
