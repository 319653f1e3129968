import type { Config } from '../../config/schema.js';
import { localTimeOf } from '../../host/local-time.js';
import { systemClock as clock } from '../../host/system-clock.js';
import type { Records } from '../../records/open-records.js';
import { enrolledPersons } from '../attendance/attendance-persons.js';
import { BoxAttendance } from '../attendance/box-attendance.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { GalleryAccess } from '../gallery/gallery-access.js';

/** Attendance reports over the gallery, in whatever state it is, and the records. */
export function composeAttendance(options: {
  readonly access: GalleryAccess;
  readonly records: Records;
  readonly current: () => Config;
  readonly site: Config['site'];
  readonly readings: ReadingTrail;
}): BoxAttendance {
  const { access, records, current, site, readings } = options;
  return new BoxAttendance({
    records: records.attendance,
    persons: () => enrolledPersons(access),
    audit: access.audit,
    readings,
    current,
    site,
    localTime: localTimeOf(site.timeZone),
    clock,
  });
}
