import { weekdays } from '../../../kernel/attendance/shift-calendar.js';
import type { Output } from '../../api/call.js';

type Shown = Output<'attendance.shifts'>;
export type Shift = Shown['shifts'][number];
export type Rules = Pick<Shown, 'pairing' | 'shifts' | 'holidays'>;

/** A shift as the configuration has it without further words. */
export const newShift = (id: string): Shift => ({
  ...{ id, days: weekdays.slice(0, 5), from: '08:00', to: '17:00' },
  ...{ lateGraceS: 300, earlyLeaveGraceS: 300, overtimeAfterS: 900, breakS: 0, breakAfterS: 21_600 },
});

const none: Rules = { pairing: 'first-in-last-out', shifts: [], holidays: [] };

/** The rules among the settings of the box. */
export function rulesOf(settings: Output<'config.show'>['settings']): Rules {
  const beginning = 'attendance.';
  const own = settings
    .filter(({ path }) => path.startsWith(beginning))
    .map(({ path, value }) => [path.slice(beginning.length), value] as const);
  // Each of these settings has the form that the operation on shifts shows.
  const { pairing, shifts, holidays } = { ...none, ...(Object.fromEntries(own) as Partial<Rules>) };
  return { pairing, shifts, holidays };
}

export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** The settings that the draft changes, by their names. */
export function changedRules(inForce: Rules, draft: Rules): Readonly<Record<string, unknown>> {
  const names = (Object.keys(none) as (keyof Rules)[]).filter((name) => !isSame(inForce[name], draft[name]));
  return Object.fromEntries(names.map((name) => [`attendance.${name}`, draft[name]]));
}
