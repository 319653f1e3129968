import { localTimeOf } from '../../host/local-time.js';
import type { Lifetime } from '../../kernel/lifetime.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { GalleryVault } from '../gallery/gallery-vault.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import { Attendance, attendanceHandlers } from './attendance-handlers.js';
import { enrolledPersons } from './attendance-persons.js';
import type { AttendanceRecords } from './attendance-records.js';
import { type DailySummaryOptions, dailySummary } from './daily-summary.js';
import { PassageCorrections } from './passage-corrections.js';

type AttendanceStores = PartContext & {
  readonly vault: GalleryVault;
  readonly records: Records & { readonly attendance: AttendanceRecords };
};

/** Serves attendance reports and corrections. */
export function openAttendance({
  vault,
  records,
  readings,
  current,
  clock,
}: AttendanceStores & { readonly readings: ReadingTrail }) {
  const { audit } = vault;
  const { site } = current();
  const days = { records: records.attendance, current, localTime: localTimeOf(site.timeZone), clock };
  const attendance = new Attendance({
    ...{ ...days, site, audit, readings },
    persons: () => enrolledPersons(vault),
  });
  return {
    attendance,
    corrections: new PassageCorrections({ ...days, audit }),
    handlers: attendanceHandlers(attendance),
  };
}

/** Starts to record a summary of each day. It waits while attendance of the past may still come, and for a clock to trust. */
export function summariseDays({
  vault,
  records,
  attendance,
  intake,
  retention,
  current,
  lifetime,
  clock,
  logger,
}: Pick<PartContext, 'current' | 'clock' | 'logger'> & {
  readonly lifetime: Pick<Lifetime, 'use'>;
  readonly vault: Pick<GalleryVault, 'open'>;
  readonly records: DailySummaryOptions['records'];
  readonly attendance: Attendance;
  readonly intake: { readonly problem: unknown };
  readonly retention: { readonly isClockTrusted: boolean };
}): void {
  const summary = dailySummary({
    ...{ attendance, records, current, clock, logger },
    localTime: localTimeOf(current().site.timeZone),
    isReady: () => vault.open !== undefined && intake.problem === undefined && retention.isClockTrusted,
  });
  lifetime.use('daily summary', summary.start());
}
