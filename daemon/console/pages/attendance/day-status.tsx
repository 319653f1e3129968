import type { AttendanceRow } from '../../../contract/attendance.js';
import type en from '../../messages/en/attendance.json';
import { Badge, type Tone } from '../../parts/page.js';
import { hours } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('attendance');

export type Status = AttendanceRow['statuses'][number];

/** Every status with its tone. The first one of a day that stands here is its most important one. */
const tones: Readonly<Record<Status, Tone>> = {
  'seen-not-proven': 'warn',
  absent: 'bad',
  incomplete: 'warn',
  unproven: 'warn',
  late: 'warn',
  'left-early': 'warn',
  present: 'ok',
  overtime: 'info',
  expected: 'quiet',
  excused: 'quiet',
  early: 'ok',
  'on-time': 'ok',
};
export const statuses = Object.keys(tones) as readonly Status[];

export const statusText = (status: Status): string => t(`status-${status}`);
/** One or two letters, explained below the grid of a month. */
export const statusLetter = (status: Status): string => t(`letter-${status}`);
export const toneOf = (status: Status): Tone => tones[status];

/** What matters most of a day. */
export function mainStatus(rows: readonly AttendanceRow[]): Status | undefined {
  return statuses.find((status) => rows.some((row) => row.statuses.includes(status)));
}

/** All statuses of a day, the most important one first. */
export function StatusBadges({ row }: { readonly row: AttendanceRow }) {
  return (
    <span class="badges">
      {statuses
        .filter((status) => row.statuses.includes(status))
        .map((status) => (
          <Badge key={status} tone={tones[status]}>
            {statusText(status)}
          </Badge>
        ))}
      {row.isCorrected && <Badge tone="info">{t('corrected')}</Badge>}
    </span>
  );
}

/** The time worked; of a person who is still there, the time so far. */
export function workedText({ workedMin, workedSoFarMin, firstIn }: AttendanceRow): string {
  if (workedSoFarMin !== undefined) return t('so-far', { time: hours(workedSoFarMin) });
  return firstIn === null ? '' : hours(workedMin);
}

export const nameOf = ({ name, person }: { readonly name?: string; readonly person: string }): string =>
  name ?? person;
