import type { Output } from '../../api/request.js';
import type en from '../../messages/en/accuracy.json';
import { Empty, Wide } from '../../parts/page.js';
import { number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('accuracy');

type Matrix = Output<'reports.accuracy'>['confusion'];
type Cell = Matrix['cells'][number];

interface ConfusionProps {
  readonly of: Matrix;
  readonly threshold: number;
  readonly margin: number;
}

/** Who was there, and whom the box named or could name. The colour only repeats the figure. */
export function Confusion({ of: { persons, cells }, threshold, margin }: ConfusionProps) {
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
      {similarity !== undefined && (
        <span>{number(similarity, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}</span>
      )}
    </td>
  );
}

function heatOf({ marked, similarity = -1 }: Cell, threshold: number, margin: number): string {
  if (marked > 0 || similarity >= threshold) return 'hot';
  return similarity >= threshold - 2 * margin ? 'warm' : 'cool';
}
