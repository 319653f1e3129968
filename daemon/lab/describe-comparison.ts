import { counted } from '../kernel/counted.js';
import { csvLine } from '../kernel/csv.js';
import type { MatchPolicy } from '../kernel/identification/match.js';
import {
  type ComparedPassage,
  type ConfusionMatrix,
  confusionMatrices,
  isDifferent,
  type PassageAnswer,
} from '../kernel/identification/passage-comparison.js';
import type { LivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import { table } from '../kernel/text-table.js';
import { escapeMarkup } from './html-page.js';

/** What `rollcall evaluate compare --json` prints. */
export interface PolicyComparison {
  readonly recogniser: string;
  readonly a: PolicySettings;
  readonly b: PolicySettings;
  /** Enrolled. */
  readonly people: number;
  readonly clips: number;
  readonly passages: readonly ComparedPassage[];
}

/** The settings of one side. */
export interface PolicySettings {
  readonly match: Pick<MatchPolicy, 'threshold' | 'margin' | 'minimumProbes'> & {
    readonly targetFpir: number | undefined;
  };
  readonly liveness: LivenessPolicy;
}

/** The comparison as text: settings, differing passages and confusion matrices. */
export function describeComparison(comparison: PolicyComparison): string {
  const { recogniser, a, b, people, clips, passages } = comparison;
  const different = passages.filter(isDifferent);
  const differences = different.map((passage) => [
    passage.clip,
    passage.track,
    `${passage.firstSeenS.toFixed(1)} to ${passage.lastSeenS.toFixed(1)} s`,
    ...(passage.truth === undefined ? [''] : [passage.truth]),
    answerText(passage.a),
    answerText(passage.b),
  ]);
  return [
    `recogniser ${recogniser}: ${counted(people, 'person', 'persons')} enrolled, ${counted(clips, 'clip')}, ${counted(passages.length, 'passage')}`,
    ...settingsTable(a, b),
    '',
    different.length === 0
      ? 'no passage differs'
      : `passages that differ: ${different.length} of ${passages.length}\n${table(['clip', 'track', 'seen', 'truth', 'A', 'B'], differences)}`,
    ...confusionMatrices(passages).flatMap((matrix) => ['', matrixTitle(matrix), matrixTable(matrix)]),
  ].join('\n');
}

function answerText({ who, event, atS }: PassageAnswer): string {
  return `${who}, event ${event}${atS === undefined ? '' : ` at ${atS.toFixed(1)} s`}`;
}

/** Settings that differ between the sides. */
function settingsTable(a: PolicySettings, b: PolicySettings): readonly string[] {
  const flat = ({ match, liveness }: PolicySettings): Readonly<Record<string, unknown>> => ({
    ...match,
    ...liveness,
  });
  const [inA, inB] = [flat(a), flat(b)];
  const rows = Object.keys(inA)
    .filter((name) => inA[name] !== inB[name])
    .map((name) => [name, `${inA[name] ?? 'none'}`, `${inB[name] ?? 'none'}`]);
  return rows.length === 0 ? ['A and B are the same settings'] : [table(['setting', 'A', 'B'], rows)];
}

function matrixTitle({ rows, columns }: ConfusionMatrix): string {
  return `passages: ${rows} in rows, ${columns} in columns`;
}

function matrixTable({ rows, columns, labels, counts }: ConfusionMatrix): string {
  const lines = labels.map((label, row) => [
    label,
    ...(counts[row] ?? []).map((count) => (count === 0 ? '·' : `${count}`)),
  ]);
  return table([`${rows} \\ ${columns}`, ...labels], lines);
}

/** One line per matrix cell that is not zero: matrix, row, column and number of passages. */
export function comparisonCsv({ passages }: PolicyComparison): string {
  const cells = confusionMatrices(passages).flatMap(({ rows, columns, labels, counts }) =>
    labels.flatMap((row, y) =>
      labels.flatMap((column, x) => {
        const count = counts[y]?.[x] ?? 0;
        return count === 0 ? [] : [[`${rows} against ${columns}`, row, column, `${count}`]];
      }),
    ),
  );
  return [['matrix', 'row', 'column', 'passages'], ...cells].map((line) => `${csvLine(line)}\r\n`).join('');
}

/** Units of the drawing. */
const CELL = 26;
const LABELS = 220;
const GAP = 40;

/** The matrices, one below the other. The diagonal (agreement) is grey; disagreement is coloured. */
export function comparisonSvg({ passages }: PolicyComparison): string {
  const matrices = confusionMatrices(passages);
  const sideOf = ({ labels }: ConfusionMatrix): number => LABELS + CELL * labels.length;
  const width = Math.max(...matrices.map(sideOf)) + GAP;
  let top = GAP;
  const drawn: string[] = [];
  for (const matrix of matrices) {
    drawn.push(`<g transform="translate(8 ${top})">${matrixDrawing(matrix)}</g>`);
    top += sideOf(matrix) + GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="confusion matrices" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${top}" fill="#fff"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function matrixDrawing(matrix: ConfusionMatrix): string {
  const { labels, counts } = matrix;
  const at = (index: number): number => LABELS + CELL * index;
  const middle = (index: number): number => at(index) + CELL / 2;
  const names = labels.map((label, index) => {
    const text = escapeMarkup(label);
    return [
      `<text x="${LABELS - 8}" y="${middle(index) + 4}" text-anchor="end">${text}</text>`,
      `<text transform="translate(${middle(index) + 4} ${LABELS - 8}) rotate(-90)">${text}</text>`,
    ].join('');
  });
  const cells = labels.flatMap((_, row) =>
    labels.map((__, column) => {
      const count = counts[row]?.[column] ?? 0;
      const fill = count === 0 ? '#fff' : row === column ? '#d4d4d4' : '#fdba74';
      const box = `<rect x="${at(column)}" y="${at(row)}" width="${CELL}" height="${CELL}" fill="${fill}" stroke="#e5e5e5"/>`;
      const number = `<text x="${middle(column)}" y="${middle(row) + 4}" text-anchor="middle">${count}</text>`;
      return count === 0 ? box : box + number;
    }),
  );
  return `<text font-weight="bold">${escapeMarkup(matrixTitle(matrix))}</text>${names.join('')}${cells.join('')}`;
}
