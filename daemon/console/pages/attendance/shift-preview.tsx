import type { AttendancePreview, AttendanceRow, DayTotals } from '../../../contract/attendance.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { Loaded, Section } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { useSettled } from '../../parts/use-settled.js';
import { hours, laterDay, number, plainDay, siteDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { nameOf, statuses, statusText } from './day-status.js';
import type { Rules } from './rules.js';

const t = wordsOf<typeof en>('attendance');
/** The last whole week counts, today does not: it is not over. */
const previewedDays = 7;
const mostShown = 30;

/** What the changed rules would have made of the last seven days. */
export function ShiftPreview({ rules }: { readonly rules: Partial<Rules> }) {
  const to = laterDay(siteDay(), -1);
  const asked = useSettled({
    ...{ from: laterDay(to, 1 - previewedDays), to, ...(rules.pairing && { pairing: rules.pairing }) },
    ...(rules.shifts && { shifts: rules.shifts.map((shift) => ({ ...shift })) }),
    ...(rules.holidays && { holidays: [...rules.holidays] }),
  });
  const preview = useFetched('attendance.preview', asked);
  return (
    <Section title={t('preview')}>
      <Loaded of={preview}>{(value) => (preview.fault === undefined ? <Preview of={value} /> : null)}</Loaded>
    </Section>
  );
}

function Preview({ of: preview }: { readonly of: AttendancePreview }) {
  const { from, to, before, after, changedDays, changed } = preview;
  const period = { from: plainDay(from), to: plainDay(to) };
  if (changedDays === 0) return <p role="status">{t('preview-nothing', period)}</p>;
  return (
    <>
      <p role="status">{t('preview-changed', { count: changedDays, ...period })}</p>
      <Totals before={before} after={after} />
      <h3>{t('preview-days')}</h3>
      <ul class="points">
        {changed.slice(0, mostShown).map(({ person, name, date, before: was, after: is }) => (
          <li key={`${person} ${date}`}>
            <strong>
              {name ?? nameOf({ person })}, {plainDay(date)}
            </strong>
            <span>
              <del>{daysText(was)}</del> <ins>{daysText(is)}</ins>
            </span>
          </li>
        ))}
      </ul>
      {changedDays > mostShown && (
        <p class="quiet">{t('preview-more', { count: changedDays - mostShown })}</p>
      )}
    </>
  );
}

const daysText = (rows: readonly AttendanceRow[]): string =>
  rows.length === 0
    ? t('no-day')
    : rows
        .map(({ shift, statuses: own, workedMin }) =>
          [shift ?? t('no-shift'), ...own.map(statusText), hours(workedMin)].join(', '),
        )
        .join(' + ');

function Totals({ before, after }: { readonly before: DayTotals; readonly after: DayTotals }) {
  const lines = [
    ...statuses
      .map((each) => [statusText(each), before.statuses[each] ?? 0, after.statuses[each] ?? 0] as const)
      .map(([text, was, is]) => [text, was === is ? undefined : number(was), number(is)] as const),
    ...(['workedMin', 'lateMin', 'overtimeMin'] as const).map(
      (each) =>
        [
          t(`sum-${each}`),
          before[each] === after[each] ? undefined : hours(before[each]),
          hours(after[each]),
        ] as const,
    ),
  ].filter(([, was]) => was !== undefined);
  return (
    <Table
      label={t('sum')}
      items={lines}
      keyOf={([text]) => text}
      columns={[
        { head: t('sum'), cell: ([text]) => text },
        { head: t('now'), isFigure: true, cell: ([, was]) => was },
        { head: t('then'), isFigure: true, cell: ([, , is]) => is },
      ]}
    />
  );
}
