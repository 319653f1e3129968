import type { Config } from '../../contract/settings/schema.js';
import type { AttendancePlan } from '../../kernel/attendance/shift.js';
import { secondOfDay } from '../../kernel/attendance/time-text.js';
import type { Direction } from '../../kernel/events/event.js';
import type { CameraId } from '../../kernel/ids.js';

/** The configured shifts in the form that the rules need. */
export function attendancePlan({ attendance }: Pick<Config, 'attendance'>): AttendancePlan {
  return {
    pairing: attendance.pairing,
    holidays: new Set(attendance.holidays),
    shifts: attendance.shifts.map(({ from, to, validFrom = null, validUntil = null, ...shift }) => ({
      ...shift,
      fromS: secondOfDay(from),
      toS: secondOfDay(to),
      validFrom,
      validUntil,
    })),
  };
}

/**
 * The direction of each camera: by the lists of `attendance`, otherwise by its own setting. A camera in neither list that is no
 * longer configured counts as `both`.
 */
export function directions({
  attendance,
  cameras,
}: Pick<Config, 'attendance' | 'cameras'>): (cameraId: CameraId) => Direction {
  const entries = new Set<string>(attendance.entryCameras);
  const exits = new Set<string>(attendance.exitCameras);
  const own = new Map<string, Direction>(cameras.map(({ id, direction }) => [id, direction]));
  return (id) => {
    if (entries.has(id)) return exits.has(id) ? 'both' : 'in';
    return exits.has(id) ? 'out' : (own.get(id) ?? 'both');
  };
}
