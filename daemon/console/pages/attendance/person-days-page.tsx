import { useRoute } from 'preact-iso';
import type { AttendanceRow, ShownCorrection } from '../../../contract/attendance.js';
import { can } from '../../api/session.js';
import { useLines } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Icon } from '../../parts/icon.js';
import { Empty, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { useDialog } from '../../parts/use-dialog.js';
import { useQuery } from '../../parts/use-query.js';
import { clockTime, dayAndTime, hours, isDay, laterDay, plainDay, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { nameOf, StatusBadges, workedText } from './day-status.js';
import { CorrectionDialog, OpenPoints } from './open-points.js';
import { periodOf, ReportNotes, reportOf, SaveReport } from './shown-report.js';

const t = wordsOf<typeof en>('attendance');

/** The days of one person in a month, with what was corrected. */
export default function PersonAttendance() {
  const { params } = useRoute();
  const { get } = useQuery();
  const person = params['person'] ?? '';
  const period = periodOf('month', isDay(get('day')) ? get('day') : siteDay());
  const report = reportOf(useLines('attendance.report', { ...period, person }));
  const correcting = useDialog<string>();
  const whom = report.value?.rows[0] ?? { person };
  const at = (day: string): string => `/attendance/persons/${encodeURIComponent(person)}?day=${day}`;
  return (
    <>
      <PageHead
        title={nameOf(whom)}
        back={{ href: '/attendance', text: t('title') }}
        actions={[
          {
            text: t('correct-day'),
            look: 'primary',
            isOffered: can('attendance:write'),
            onAct: () => correcting.open(siteDay()),
          },
        ]}
      >
        {can('persons:read') && <a href={`/people/${encodeURIComponent(person)}`}>{t('to-person')}</a>}
      </PageHead>
      <div class="period">
        <a href={at(laterDay(period.from, -1))} aria-label={t('earlier')}>
          <Icon name="back" />
        </a>
        <h2>{plainDay(period.from, { month: 'long', year: 'numeric' })}</h2>
        <a href={at(laterDay(period.to, 1))} aria-label={t('later')}>
          <Icon name="forward" />
        </a>
        <SaveReport report={report.value} />
      </div>
      <Loaded of={report}>
        {({ head, rows }) => (
          <>
            <Section title={t('sums')}>
              <Sums rows={rows} />
            </Section>
            <Section title={t('days')}>
              {rows.length === 0 ? (
                <Empty>{t('no-days')}</Empty>
              ) : (
                <Days rows={rows} onCorrect={correcting.open} />
              )}
            </Section>
            <Corrections of={head.corrections ?? []} />
            <OpenPoints head={head} onCorrected={report.reload} />
            <ReportNotes head={head} />
          </>
        )}
      </Loaded>
      {correcting.of !== undefined && (
        <CorrectionDialog whom={whom} date={correcting.of} onClose={correcting.closes(report.reload)} />
      )}
    </>
  );
}

function Sums({ rows }: { readonly rows: readonly AttendanceRow[] }) {
  const sum = (of: (row: AttendanceRow) => number): number => rows.reduce((all, row) => all + of(row), 0);
  const days = new Set(rows.filter(({ firstIn }) => firstIn !== null).map(({ date }) => date));
  return (
    <Facts
      of={[
        [t('days-there'), days.size],
        [t('sum-workedMin'), hours(sum(({ workedMin }) => workedMin))],
        [t('status-overtime'), hours(sum(({ overtimeMin }) => overtimeMin))],
        [t('status-late'), hours(sum(({ lateMin }) => lateMin))],
        [t('left-early'), hours(sum(({ leftEarlyMin }) => leftEarlyMin))],
      ]}
    />
  );
}

interface DaysProps {
  readonly rows: readonly AttendanceRow[];
  readonly onCorrect: (date: string) => void;
}

function Days({ rows, onCorrect }: DaysProps) {
  return (
    <Table
      label={t('days')}
      items={rows}
      keyOf={({ date, shift, firstIn }) => `${date} ${shift} ${firstIn}`}
      columns={[
        { head: t('day'), cell: ({ date }) => plainDay(date) },
        { head: t('status'), cell: (row) => <StatusBadges row={row} /> },
        { head: t('shift'), isMinor: true, cell: ({ shift }) => shift },
        { head: t('in'), isFigure: true, cell: ({ firstIn }) => firstIn && clockTime(firstIn) },
        { head: t('out'), isFigure: true, cell: ({ lastOut }) => lastOut && clockTime(lastOut) },
        { head: t('sum-workedMin'), isFigure: true, cell: workedText },
        ...(can('attendance:write')
          ? [
              {
                head: <span class="unseen">{t('correct')}</span>,
                isFigure: true,
                cell: ({ date }: AttendanceRow) => (
                  <button
                    type="button"
                    class="small secondary"
                    aria-label={t('correct-of', { day: plainDay(date) })}
                    onClick={() => onCorrect(date)}
                  >
                    {t('correct')}
                  </button>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}

function Corrections({ of: corrections }: { readonly of: readonly ShownCorrection[] }) {
  const { nameOf: cameraName } = useCameras();
  if (corrections.length === 0) return null;
  return (
    <Section title={t('corrections')}>
      <ol class="points">
        {corrections.map(({ number, date, kind, at, camera, reason, by, madeAt }) => (
          <li key={number}>
            <span>
              <strong>
                {plainDay(date)}: {t(`correction-${kind}`)} {at && clockTime(at)}{' '}
                {camera && cameraName(camera)}
              </strong>{' '}
              {reason}
            </span>
            <span class="quiet">{t('correction-by', { number, by, time: dayAndTime(madeAt) })}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}
