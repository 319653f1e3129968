import { normalDeviate } from '../kernel/identification/error-rates.js';
import { escapeMarkup } from './html-page.js';

/** One line of a chart. Rates are 0..1. */
export interface ChartedCurve {
  readonly title: string;
  readonly points: readonly Rates[];
  /** The operating point; undefined if it is not on this curve. */
  readonly operating: Rates | undefined;
}

interface Rates {
  readonly fpir: number;
  readonly fnir: number;
}

/** Rates outside these are drawn at the edge. */
const LOWEST = 0.0005;
const HIGHEST = 0.6;
const TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4] as const;

/** Units of the drawing. The legend is to the right of the plot. */
const PLOT = { left: 64, top: 16, side: 400 } as const;
const LEGEND = { left: PLOT.left + PLOT.side + 24, line: 22, width: 300 } as const;
const WIDTH = LEGEND.left + LEGEND.width;
const HEIGHT = PLOT.top + PLOT.side + 56;

/** Lines differ in lightness and dashes as well, for grey prints and colour-blind readers. */
const STROKES = [
  ['#1b3a6b', ''],
  ['#c2410c', '7 3'],
  ['#0f8a6d', '2 3'],
  ['#8b2a8f', '10 3 2 3'],
  ['#7a6a00', '5 5'],
  ['#4b5563', '1 4'],
] as const;

/**
 * A detection error trade-off chart as inline SVG: FPIR on the x-axis and FNIR on the y-axis, both on the normal deviate scale. Filled
 * circles are operating points.
 */
export function detChart(title: string, curves: readonly ChartedCurve[]): string {
  return [
    `<svg role="img" aria-label="${escapeMarkup(title)}" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    ...axes(),
    ...curves.flatMap((curve, index) => [line(curve, index), legend(curve, index)]),
    '</svg>',
  ].join('\n');
}

/** The position of a rate on an axis, 0 (lowest) to 1 (highest). */
function along(rate: number): number {
  const [low, high] = [normalDeviate(LOWEST), normalDeviate(HIGHEST)];
  return (normalDeviate(Math.min(HIGHEST, Math.max(LOWEST, rate))) - low) / (high - low);
}

const across = (rate: number): string => (PLOT.left + PLOT.side * along(rate)).toFixed(1);
const upwards = (rate: number): string => (PLOT.top + PLOT.side * (1 - along(rate))).toFixed(1);

function axes(): readonly string[] {
  const { left, top, side } = PLOT;
  const [right, bottom] = [left + side, top + side];
  const ticks = TICKS.flatMap((rate) => {
    const [x, y] = [across(rate), upwards(rate)];
    const label = `${100 * rate}\u00a0%`;
    return [
      `<path d="M${x} ${top}V${bottom}M${left} ${y}H${right}" stroke="#d4d4d4"/>`,
      `<text x="${x}" y="${bottom + 18}" text-anchor="middle">${label}</text>`,
      `<text x="${left - 8}" y="${y}" dy="4" text-anchor="end">${label}</text>`,
    ];
  });
  const middle = top + side / 2;
  return [
    ...ticks,
    `<rect x="${left}" y="${top}" width="${side}" height="${side}" fill="none" stroke="#525252"/>`,
    `<text x="${left + side / 2}" y="${bottom + 42}" text-anchor="middle">FPIR</text>`,
    `<text x="14" y="${middle}" transform="rotate(-90 14 ${middle})" text-anchor="middle">FNIR</text>`,
  ];
}

function strokeOf(index: number): readonly [string, string] {
  return STROKES[index % STROKES.length] ?? STROKES[0];
}

function line({ points, operating }: ChartedCurve, index: number): string {
  const [colour, dashes] = strokeOf(index);
  const path = points.map(({ fpir, fnir }, at) => `${at === 0 ? 'M' : 'L'}${across(fpir)} ${upwards(fnir)}`);
  const mark = operating === undefined ? '' : circle(operating, colour);
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>${mark}`;
}

function circle({ fpir, fnir }: Rates, colour: string): string {
  return `<circle cx="${across(fpir)}" cy="${upwards(fnir)}" r="5" fill="${colour}"/>`;
}

function legend({ title }: ChartedCurve, index: number): string {
  const [colour, dashes] = strokeOf(index);
  const y = PLOT.top + 12 + index * LEGEND.line;
  return [
    `<path d="M${LEGEND.left} ${y}h34" stroke="${colour}" stroke-width="2" stroke-dasharray="${dashes}"/>`,
    `<text x="${LEGEND.left + 42}" y="${y}" dy="4">${escapeMarkup(title)}</text>`,
  ].join('');
}
