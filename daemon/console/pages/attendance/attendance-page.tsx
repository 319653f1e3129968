import type { AttendanceRow } from '../../../contract/attendance.js';
import { useFetched, useLines } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { ChoiceFilter, Filters } from '../../parts/filters.js';
import { Choice, Field } from '../../parts/form-fields.js';
import { Icon } from '../../parts/icon.js';
import { type Column, LongTable, wholeList } from '../../parts/long-table.js';
import { Loaded, PageHead } from '../../parts/page.js';
import { useQuery } from '../../parts/use-query.js';
import { clockTime, isDay, laterDay, plainDay, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { DayGrid } from './day-grid.js';
import { nameOf, type Status, StatusBadges, statuses, statusText, workedText } from './day-status.js';
import { OpenPoints } from './open-points.js';
import {
  byName,
  daysOf,
  type Period,
  periodOf,
  type Report,
  ReportNotes,
  reportOf,
  SaveReport,
  type View,
  views,
} from './shown-report.js';

const t = wordsOf<typeof en>('attendance');
const refreshMs = 60_000;

/** Who came and went: today, a week, or a month. */
export default function Attendance() {
  const query = useQuery();
  const view = query.oneOf('view', views) ?? 'today';
  const day = isDay(query.get('day')) ? query.get('day') : siteDay();
  return (
    <>
      <PageHead title={t('title')}>
        <a href="/attendance/shifts">{t('to-shifts')}</a>
      </PageHead>
      <nav aria-label={t('views')} class="tabs">
        {views.map((each) => (
          <a
            key={each}
            href={each === 'today' ? '/attendance' : `/attendance?view=${each}&day=${day}`}
            aria-current={each === view ? 'page' : undefined}
          >
            {t(each)}
          </a>
        ))}
      </nav>
      {view === 'today' ? <TodayReport /> : <PeriodReport view={view} day={day} />}
    </>
  );
}

function TodayReport() {
  const report = reportOf(useLines('attendance.today', {}, { everyMs: refreshMs }));
  return (
    <Loaded of={report}>
      {(value) => (
        <>
          <Today report={value} />
          <OpenPoints head={value.head} onCorrected={report.reload} />
          <ReportNotes head={value.head} />
        </>
      )}
    </Loaded>
  );
}

function PeriodReport({ view, day }: { readonly view: Exclude<View, 'today'>; readonly day: string }) {
  const period = periodOf(view, day);
  const report = reportOf(useLines('attendance.report', period));
  const { value: rules } = useFetched('attendance.shifts', {});
  return (
    <>
      <div class="period">
        <Step view={view} day={laterDay(period.from, -1)} icon="back" text={t('earlier')} />
        <h2>{periodText(view, period)}</h2>
        <Step view={view} day={laterDay(period.to, 1)} icon="forward" text={t('later')} />
        <SaveReport report={report.value} />
      </div>
      <Loaded of={report}>
        {(value) => (
          <>
            <DayGrid
              rows={value.rows}
              period={period}
              isNarrow={view === 'month'}
              days={daysOf(period)}
              holidays={rules?.holidays ?? []}
            />
            <OpenPoints head={value.head} onCorrected={report.reload} />
            <ReportNotes head={value.head} />
          </>
        )}
      </Loaded>
    </>
  );
}

const dayAndMonth = { day: 'numeric', month: 'long', year: 'numeric' } as const;

function periodText(view: View, { from, to }: Period): string {
  if (view === 'month') return plainDay(from, { month: 'long', year: 'numeric' });
  return t('from-to', { from: plainDay(from, dayAndMonth), to: plainDay(to, dayAndMonth) });
}

interface StepProps {
  readonly view: View;
  readonly day: string;
  readonly icon: 'back' | 'forward';
  readonly text: string;
}

function Step({ view, day, icon, text }: StepProps) {
  return (
    <a href={`/attendance?view=${view}&day=${day}`} aria-label={text}>
      <Icon name={icon} />
    </a>
  );
}

/** What is counted of each shift. */
const counted = ['present', 'expected', 'late', 'absent'] as const satisfies readonly Status[];
/** In the address: persons without a shift. */
const noShift = '-';

/** Who is in, by shift: present, expected, late, missing. */
function Today({ report: { head, rows } }: { readonly report: Report }) {
  const query = useQuery();
  const [shift, status, name] = ['shift', 'status', 'name'].map(query.get) as [string, string, string];
  const shifts = [...new Set(rows.map(shiftOf))].sort();
  const wanted = rows
    .filter(
      (row) =>
        (shift === '' || shiftOf(row) === shift) &&
        (status === '' || row.statuses.some((each) => each === status)) &&
        nameOf(row).toLowerCase().includes(name.toLowerCase()),
    )
    .toSorted(byName);
  return (
    <>
      <ul class="cards counts" aria-label={t('by-shift')}>
        {shifts.map((each) => (
          <li key={each} class="card">
            <h2>{each === noShift ? t('no-shift') : each}</h2>
            <dl class="facts">
              {counted.map((which) => (
                <div key={which}>
                  <dt>{statusText(which)}</dt>
                  <dd>
                    <a href={`/attendance?shift=${encodeURIComponent(each)}&status=${which}`}>
                      <span class="unseen">
                        {each} {statusText(which)}{' '}
                      </span>
                      {rows.filter((row) => shiftOf(row) === each && row.statuses.includes(which)).length}
                    </a>
                  </dd>
                </div>
              ))}
            </dl>
          </li>
        ))}
      </ul>
      <Filters saved={{ query, page: 'attendance' }}>
        <Field label={t('name')} type="search" {...query.bound('name')} />
        <Choice
          label={t('shift')}
          value={shift}
          options={[['', t('any')], ...shifts.map((each) => [each, shiftText(each)] as const)]}
          onValue={query.bound('shift').onValue}
        />
        <ChoiceFilter
          {...{
            query,
            name: 'status',
            label: t('status'),
            any: t('any'),
            values: statuses,
            text: statusText,
          }}
        />
      </Filters>
      <LongTable
        caption={t('today')}
        list={wholeList(wanted)}
        columns={columns(head.to)}
        keyOf={({ person, date, shift: own, firstIn }) => [person, date, own, firstIn].join(' ')}
        empty={t(rows.length === 0 ? 'nobody-today' : 'nobody-so')}
      />
    </>
  );
}

const shiftOf = ({ shift }: AttendanceRow): string => shift ?? noShift;
const shiftText = (shift: string): string => (shift === noShift ? t('no-shift') : shift);

const columns = (today: string): readonly Column<AttendanceRow>[] => [
  {
    head: t('person'),
    cell: (row) => (
      <a href={`/attendance/persons/${encodeURIComponent(row.person)}?day=${today}`}>{nameOf(row)}</a>
    ),
  },
  { head: t('status'), cell: (row) => <StatusBadges row={row} /> },
  { head: t('shift'), cell: ({ shift }) => shift ?? t('no-shift'), isMinor: true },
  { head: t('in'), cell: ({ firstIn }) => firstIn && clockTime(firstIn), isFigure: true },
  {
    head: t('out'),
    cell: ({ lastOut }) => lastOut && clockTime(lastOut),
    isFigure: true,
    isMinor: true,
  },
  { head: t('sum-workedMin'), cell: workedText, isFigure: true, isMinor: true },
];
