import { useFetched, useLines } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { Icon } from '../../parts/icon.js';
import { Loaded, PageHead } from '../../parts/page.js';
import { useQuery } from '../../parts/use-query.js';
import { laterDay, plainDay, siteDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { DayGrid } from './day-grid.js';
import { OpenPoints } from './open-points.js';
import { daysOf, isDay, type Period, periodOf, type View, views } from './period.js';
import { reportOf } from './report.js';
import { ReportNotes } from './report-notes.js';
import { SaveReport } from './save-report.js';
import { Today } from './today.js';

const t = wordsOf<typeof en>('attendance');
const refreshMs = 60_000;

/** Who came and went: today, a week, or a month. */
export default function Attendance() {
  const query = useQuery();
  const view = views.find((each) => each === query.get('view')) ?? 'today';
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
