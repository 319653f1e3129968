import { useEffect, useRef } from 'preact/hooks';
import type { AttendanceRow } from '../../../contract/attendance.js';
import type en from '../../messages/en/attendance.json';
import { Filters } from '../../parts/filters.js';
import { Field } from '../../parts/form-fields.js';
import { type Column, LongTable, wholeList } from '../../parts/long-table.js';
import { Badge } from '../../parts/page.js';
import { useQuery } from '../../parts/use-query.js';
import { hours, plainDay, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { mainStatus, nameOf, statuses, statusLetter, statusText, toneOf, workedText } from './day-status.js';
import type { Period } from './shown-report.js';
import { byPerson, type PersonDays } from './shown-report.js';

const t = wordsOf<typeof en>('attendance');

/** Height of a row of a week: the time worked, and a status of two lines. */
const weekRowPx = 64;

interface DayGridProps {
  readonly rows: readonly AttendanceRow[];
  readonly period: Period;
  readonly days: readonly string[];
  readonly holidays: readonly string[];
  /** True: a letter a day, with the words below. */
  readonly isNarrow: boolean;
}

/** Persons by days: what matters most of each day, in words or as a letter, and in its tone. */
export function DayGrid({ rows, period, days, holidays, isNarrow }: DayGridProps) {
  const query = useQuery();
  const name = query.get('name');
  const today = siteDay();
  const grid = useRef<HTMLDivElement>(null);
  useEffect(() => showToday(grid.current), [period.from, isNarrow]);
  const holidaysShown = days.filter((day) => holidays.includes(day));
  const persons = byPerson(rows).filter((each) => nameOf(each).toLowerCase().includes(name.toLowerCase()));
  const columns: readonly Column<PersonDays>[] = [
    {
      head: t('person'),
      cell: (each) => <a href={hrefOf(each.person, period)}>{nameOf(each)}</a>,
    },
    ...days.map(
      (day): Column<PersonDays> => ({
        head: (
          <DayHead {...{ day, isNarrow }} isToday={day === today} isHoliday={holidaysShown.includes(day)} />
        ),
        cell: ({ person, ...about }) => (
          <DayCell
            about={nameOf({ person, ...about })}
            href={hrefOf(person, period)}
            day={day}
            rows={about.days.get(day) ?? []}
            isNarrow={isNarrow}
          />
        ),
      }),
    ),
    { head: t('sum-workedMin'), cell: ({ workedMin }) => hours(workedMin), isFigure: true },
    {
      head: t('status-overtime'),
      cell: ({ overtimeMin }) => (overtimeMin === 0 ? '' : hours(overtimeMin)),
      isFigure: true,
    },
  ];
  return (
    <>
      <Filters>
        <Field label={t('name')} type="search" {...query.bound('name')} />
      </Filters>
      <div ref={grid} class={`grid-table ${isNarrow ? 'month' : 'week'}`}>
        <LongTable
          caption={t('grid')}
          list={wholeList(persons)}
          columns={columns}
          keyOf={({ person }) => person}
          {...(!isNarrow && { rowPx: weekRowPx })}
          empty={t('nobody-period')}
        />
      </div>
      {isNarrow && <Legend hasHolidays={holidaysShown.length > 0} />}
    </>
  );
}

const hrefOf = (person: string, { from }: Period): string =>
  `/attendance/persons/${encodeURIComponent(person)}?day=${from}`;

interface DayHeadProps {
  readonly day: string;
  readonly isNarrow: boolean;
  readonly isToday: boolean;
  readonly isHoliday: boolean;
}

/** The column of a month has no room for a word, so the number stands out, and the legend says why. */
function DayHead({ day, isNarrow, isToday, isHoliday }: DayHeadProps) {
  const text = plainDay(day, isNarrow ? { day: 'numeric' } : { weekday: 'short', day: 'numeric' });
  return (
    <span class={isHoliday ? 'holiday' : ''} aria-current={isToday ? 'date' : undefined}>
      {text} {isHoliday && <small class={isNarrow ? 'unseen' : ''}>{t('holiday')}</small>}
    </span>
  );
}

/** Where not all days fit beside the names, today is in the middle of those that do. */
function showToday(grid: HTMLElement | null): void {
  const head = grid?.querySelector('[aria-current="date"]')?.closest('th');
  if (!grid || !head) return;
  const names = grid.querySelector('th')?.offsetWidth ?? 0;
  grid.scrollLeft = head.offsetLeft + head.offsetWidth / 2 - (grid.clientWidth + names) / 2;
}

interface DayCellProps {
  readonly about: string;
  readonly href: string;
  readonly day: string;
  readonly rows: readonly AttendanceRow[];
  readonly isNarrow: boolean;
}

function DayCell({ about, href, day, rows, isNarrow }: DayCellProps) {
  const main = mainStatus(rows);
  if (main === undefined) return null;
  const worked = rows.map(workedText).filter((text) => text !== '');
  const words = [...new Set(rows.flatMap((row) => row.statuses))].map(statusText);
  const label = [about, plainDay(day), ...words, ...worked].join(', ');
  return (
    <a class={`day ${toneOf(main)}`} href={href} title={label}>
      <span class="unseen">{label}</span>
      <span aria-hidden="true">{isNarrow ? statusLetter(main) : worked.join(' + ')}</span>
      {!isNarrow && <small aria-hidden="true">{statusText(main)}</small>}
    </a>
  );
}

/** The letters of a month, in words. */
function Legend({ hasHolidays }: { readonly hasHolidays: boolean }) {
  return (
    <ul class="legend" aria-label={t('legend')}>
      {statuses.map((status) => (
        <li key={status}>
          <Badge tone={toneOf(status)}>{statusLetter(status)}</Badge> {statusText(status)}
        </li>
      ))}
      {hasHolidays && <li class="holiday">{t('holiday')}</li>}
    </ul>
  );
}
