import type { AttendanceRow } from '../../../contract/attendance.js';
import type en from '../../messages/en/attendance.json';
import { Choice, Field } from '../../parts/field.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { useQuery } from '../../parts/use-query.js';
import { clockTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { nameOf, type Status, StatusBadges, statuses, statusText, workedText } from './day-status.js';
import { byName, type Report, wholeList } from './report.js';

const t = wordsOf<typeof en>('attendance');

/** What is counted of each shift. */
const counted = ['present', 'expected', 'late', 'absent'] as const satisfies readonly Status[];
/** In the address: persons without a shift. */
const noShift = '-';

/** Who is in, by shift: present, expected, late, missing. */
export function Today({ report: { head, rows } }: { readonly report: Report }) {
  const { get, set } = useQuery();
  const [shift, status, name] = [get('shift'), get('status'), get('name')];
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
      <search class="filters">
        <Field label={t('name')} type="search" value={name} onValue={(value) => set({ name: value })} />
        <Choice
          label={t('shift')}
          value={shift}
          options={[['', t('any')], ...shifts.map((each) => [each, shiftText(each)] as const)]}
          onValue={(value) => set({ shift: value })}
        />
        <Choice
          label={t('status')}
          value={status}
          options={[['', t('any')], ...statuses.map((each) => [each, statusText(each)] as const)]}
          onValue={(value) => set({ status: value })}
        />
      </search>
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
    key: 'name',
    head: t('person'),
    cell: (row) => (
      <a href={`/attendance/persons/${encodeURIComponent(row.person)}?day=${today}`}>{nameOf(row)}</a>
    ),
  },
  { key: 'status', head: t('status'), cell: (row) => <StatusBadges row={row} /> },
  { key: 'shift', head: t('shift'), cell: ({ shift }) => shift ?? t('no-shift'), isMinor: true },
  { key: 'in', head: t('in'), cell: ({ firstIn }) => firstIn && clockTime(firstIn), isFigure: true },
  {
    key: 'out',
    head: t('out'),
    cell: ({ lastOut }) => lastOut && clockTime(lastOut),
    isFigure: true,
    isMinor: true,
  },
  { key: 'worked', head: t('worked'), cell: workedText, isFigure: true, isMinor: true },
];
