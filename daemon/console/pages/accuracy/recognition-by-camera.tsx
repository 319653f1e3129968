import type { Output } from '../../api/request.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/accuracy.json';
import { useCameras } from '../../parts/camera-choice.js';
import { Filters } from '../../parts/filters.js';
import { Field } from '../../parts/form-fields.js';
import { Empty, Loaded, Section } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { OutcomeBadge, reasonWord } from '../../parts/term-words.js';
import { useQuery } from '../../parts/use-query.js';
import { number, percent, siteDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('accuracy');

type Report = Output<'reports.recognition'>;
type CameraReport = Report['cameras'][number];

const dayMs = 86_400_000;
/** Reasons of one camera that are shown: the others are rare. */
const mostReasons = 8;

/** What each camera saw in a few days, what came of it, and why it was lost. */
export function Recognition() {
  const query = useQuery();
  const from = query.get('from') || siteDay(new Date(Date.now() - 6 * dayMs));
  const to = query.get('to') || siteDay();
  const report = useFetched('reports.recognition', { from, to });
  return (
    <Section title={t('recognition')}>
      <Filters>
        <Field label={t('from')} type="date" {...query.bound('from')} value={from} />
        <Field label={t('to')} type="date" {...query.bound('to')} value={to} />
      </Filters>
      <Loaded of={report}>
        {({ cameras, passages, marked }) =>
          cameras.length === 0 ? (
            <Empty>{t('no-passages')}</Empty>
          ) : (
            <>
              <p>{t('passages-of', { passages, marked })}</p>
              {cameras.map((camera) => (
                <CameraPart key={camera.camera} of={camera} />
              ))}
            </>
          )
        }
      </Loaded>
    </Section>
  );
}

function CameraPart({ of: { camera, passages, reasons, byDwell } }: { readonly of: CameraReport }) {
  const { nameOf } = useCameras();
  return (
    <details open>
      <summary>{t('camera-passages', { camera: nameOf(camera), passages })}</summary>
      <div class="versus">
        <Reasons reasons={reasons.slice(0, mostReasons)} passages={passages} />
        <Dwell byDwell={byDwell} />
      </div>
    </details>
  );
}

function Reasons({ reasons, passages }: Pick<CameraReport, 'reasons' | 'passages'>) {
  return (
    <Table
      label={t('by-reason')}
      items={reasons}
      keyOf={({ outcome, reason }) => `${outcome} ${reason}`}
      columns={[
        { head: t('outcome'), cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
        {
          head: t('reason'),
          cell: ({ outcome, reason, remedy }) => (
            <>
              {reasonWord(reason, outcome)}
              {remedy !== undefined && <small class="quiet"> {remedy}</small>}
            </>
          ),
        },
        {
          head: t('passages'),
          isFigure: true,
          cell: ({ count }) => t('count-share', { count, share: percent(count / passages) }),
        },
      ]}
    />
  );
}

/** Passages without an answer by the time in sight: what people pass too fast for, and what the camera sees badly. */
function Dwell({ byDwell }: Pick<CameraReport, 'byDwell'>) {
  return (
    <Table
      label={t('by-dwell')}
      items={byDwell}
      keyOf={({ fromS }) => fromS}
      columns={[
        {
          head: t('in-sight'),
          cell: ({ fromS, toS }) => (toS === null ? t('from-s', { fromS }) : t('from-to-s', { fromS, toS })),
        },
        { head: t('answered'), isFigure: true, cell: ({ answered }) => number(answered) },
        { head: t('held-back'), isFigure: true, cell: ({ heldBack }) => number(heldBack) },
        {
          head: t('unanswered'),
          isFigure: true,
          cell: ({ passages, heldBack, unanswered }) =>
            t('count-share', { count: unanswered, share: shareOf(unanswered, passages - heldBack) }),
        },
      ]}
    />
  );
}

const shareOf = (count: number, of: number): string => (of === 0 ? '–' : percent(count / of));
