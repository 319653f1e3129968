import type { Config } from '../../config/schema.js';
import type { AttendancePlan } from '../../domain/attendance/shift.js';
import { secondOfDay } from '../../domain/attendance/time-text.js';
import type { Direction } from '../../domain/events/event.js';
import type { CameraId } from '../../domain/ids.js';

/** The shifts of a configuration as the rules take them. */
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
 * What being seen at each camera means: what the lists of `attendance` say, or else the camera's own direction. A camera that
 * is in neither list and no longer configured means either.
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
