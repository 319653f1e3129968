import { decimals } from '../../time/site-format.js';
import './accuracy.css';
import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import { Curves } from '../../charts/curves.js';
import type en from '../../messages/en/accuracy.json';
import { Empty, Facts, Loaded, PageHead, Section, Wide } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { number, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { Policies } from './compared-policies.js';
import { Recognition } from './recognition-by-camera.js';

const t = wordsOf<typeof en>('accuracy');

/** What the cameras see and lose, how well persons are told apart, and what other settings would change. */
export default function Accuracy() {
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <div class="in-order">
        <Recognition />
        <Policies />
        {can('gallery:read') && <Gallery />}
      </div>
    </>
  );
}

function Gallery() {
  const report = useFetched('reports.accuracy', {});
  return (
    <Loaded of={report}>
      {(found) => (
        <>
          <Section title={t('error-rates')}>
            <ErrorRates report={found} />
          </Section>
          <Section title={t('confusion')}>
            <Confusion of={found.confusion} threshold={found.threshold} margin={found.margin} />
          </Section>
          <Section title={t('own-thresholds')}>
            <OwnThresholds report={found} />
          </Section>
        </>
      )}
    </Loaded>
  );
}

/** Rows of the table that says the same as the curves. */
const mostRows = 20;

/** The detection error trade-off of the gallery: both error rates by threshold. */
function ErrorRates({ report }: { readonly report: Output<'reports.accuracy'> }) {
  const { det, threshold, margin, targetFpir, expectedFpir, expectedFnir, persons, recogniser } = report;
  const { points, inForce } = det;
  const series = [
    { label: t('fmr'), values: points.map(({ fmr }) => fmr) },
    { label: t('fnmr'), values: points.map(({ fnmr }) => fnmr) },
  ];
  const x = points.map((point) => point.threshold);
  const rate = (share: number, [from, to]: readonly number[]): string =>
    t('rate-between', { share: percent(share, 3), from: percent(from ?? 0, 2), to: percent(to ?? 1, 2) });
  const every = Math.ceil(points.length / mostRows);
  return (
    <>
      <Facts
        of={[
          [t('recogniser'), recogniser],
          [t('persons'), number(persons)],
          [t('setting-threshold'), number(threshold)],
          [t('setting-margin'), number(margin)],
          [t('target'), targetFpir === undefined ? t('target-off') : percent(targetFpir, 3)],
          [t('expected-fpir'), expectedFpir === undefined ? t('too-few') : percent(expectedFpir, 3)],
          [t('expected-fnir'), expectedFnir === undefined ? undefined : percent(expectedFnir, 3)],
          [t('comparisons'), t('comparisons-of', { genuine: det.genuine, impostor: det.impostor })],
          [t('fmr'), inForce && rate(inForce.fmr, inForce.fmrInterval)],
          [t('fnmr'), inForce && rate(inForce.fnmr, inForce.fnmrInterval)],
        ]}
      />
      {points.length < 2 ? (
        <Empty>{t('no-curve')}</Empty>
      ) : (
        <>
          <Curves
            label={t('curve-label')}
            x={x}
            xLabel={t('setting-threshold')}
            series={series}
            marked={threshold}
          />
          <p class="quiet">{t('curve-note')}</p>
          <details>
            <summary>{t('as-table')}</summary>
            <Table
              label={t('as-table')}
              items={points.filter((_, index) => index % every === 0)}
              keyOf={({ threshold }) => threshold}
              columns={[
                { head: t('setting-threshold'), cell: ({ threshold }) => number(threshold) },
                { head: t('fmr'), cell: ({ fmr }) => percent(fmr, 3) },
                { head: t('fnmr'), cell: ({ fnmr }) => percent(fnmr, 3) },
              ]}
            />
          </details>
        </>
      )}
    </>
  );
}

type Matrix = Output<'reports.accuracy'>['confusion'];
type Cell = Matrix['cells'][number];

interface ConfusionProps {
  readonly of: Matrix;
  readonly threshold: number;
  readonly margin: number;
}

/** Who was there, and whom the box named or could name. The colour only repeats the figure. */
function Confusion({ of: { persons, cells }, threshold, margin }: ConfusionProps) {
  if (cells.length === 0) return <Empty>{t('no-confusion')}</Empty>;
  const found = new Map(cells.map((cell) => [keyOf(cell.from, cell.to), cell]));
  const everyone = [...persons.map(({ id, name }) => ({ id, name: name ?? id })), undefined];
  return (
    <>
      <p class="quiet">{t('confusion-lead', { threshold: number(threshold) })}</p>
      <Wide label={t('matrix')}>
        <table class="confusion">
          <thead>
            <tr>
              <th scope="col">{t('was-there')}</th>
              {everyone.map((to) => (
                <th key={to?.id ?? ''} scope="col">
                  {to?.name ?? t('no-person')}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {everyone.map((from) => (
              <tr key={from?.id ?? ''}>
                <th scope="row">{from?.name ?? t('a-stranger')}</th>
                {everyone.map((to) => (
                  <Heat
                    key={to?.id ?? ''}
                    cell={found.get(keyOf(from?.id, to?.id))}
                    isSame={from?.id === to?.id}
                    {...{ threshold, margin }}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}

const keyOf = (from: string | undefined, to: string | undefined): string => `${from ?? ''} ${to ?? ''}`;

interface HeatProps {
  readonly cell: Cell | undefined;
  readonly isSame: boolean;
  readonly threshold: number;
  readonly margin: number;
}

function Heat({ cell, isSame, threshold, margin }: HeatProps) {
  if (isSame) return <td class="same">–</td>;
  if (cell === undefined) return <td />;
  const { marked, similarity } = cell;
  return (
    <td class={heatOf(cell, threshold, margin)}>
      {marked > 0 && <strong>{t('times', { count: marked })}</strong>}
      {similarity !== undefined && <span>{decimals(similarity, 2, 2)}</span>}
    </td>
  );
}

function heatOf({ marked, similarity = -1 }: Cell, threshold: number, margin: number): string {
  if (marked > 0 || similarity >= threshold) return 'hot';
  return similarity >= threshold - 2 * margin ? 'warm' : 'cool';
}

/** The persons for whom the box is stricter. */
function OwnThresholds({ report }: { readonly report: Output<'reports.accuracy'> }) {
  const { ownThresholds, ownThresholdCount, threshold } = report;
  if (ownThresholds.length === 0) {
    return <Empty>{t('no-own-thresholds', { threshold: number(threshold) })}</Empty>;
  }
  const rate = (share: number | undefined): string => (share === undefined ? '' : percent(share, 3));
  return (
    <>
      <p class="quiet">
        {t('own-thresholds-lead', { shown: ownThresholds.length, total: ownThresholdCount })}
      </p>
      <Table
        label={t('own-thresholds')}
        items={ownThresholds}
        keyOf={({ person }) => person.id}
        columns={[
          { head: t('person'), cell: ({ person }) => person.name ?? person.id },
          { head: t('setting-threshold'), isFigure: true, cell: ({ threshold: own }) => number(own) },
          { head: t('reason'), cell: ({ reason }) => t(`threshold-${reason}`) },
          { head: t('fmr'), isFigure: true, isMinor: true, cell: ({ fmr }) => rate(fmr) },
          { head: t('fnmr'), isFigure: true, isMinor: true, cell: ({ fnmr }) => rate(fnmr) },
        ]}
      />
    </>
  );
}
