import type { EyeFault } from '../kernel/liveness/liveness.js';
import { escapeMarkup } from './html-page.js';
import type { RecordedView } from './track-record.js';

/** Marks in the chart of a track; times in seconds. */
interface ChartMarks {
  /** Found blinks. */
  readonly found: readonly { readonly atS: number; readonly durationS: number }[];
  /** True blinks, annotated by hand; undefined if the clip was not annotated. */
  readonly truth: readonly number[] | undefined;
  readonly ambiguous: readonly number[];
  readonly decisions: readonly { readonly atS: number; readonly text: string }[];
}

/** Units of the drawing. */
const PLOT = { left: 44, top: 34, width: 880, height: 150 } as const;
const WIDTH = PLOT.left + PLOT.width + 16;
const FAULT_LINE = 12;
/** Upper end of the axis. Eyes are seldom open wider; see `EyeContour`. */
const WIDEST = 0.45;
/** A longer gap between measurements breaks the line, seconds. */
const LONGEST_GAP_S = 0.25;

/** Left and right of the person. Colour and dashes differ. */
const EYES = {
  left: { colour: '#1b3a6b', dashes: '' },
  right: { colour: '#c2410c', dashes: '5 2' },
} as const;

export const CHART_WIDTH = WIDTH;

/** Height of the chart of a track whose views were left out for this number of reasons. */
export function chartHeight(faults: number): number {
  return PLOT.top + PLOT.height + 24 + FAULT_LINE * faults + 8;
}

/**
 * How far the eyes of one track were open over time, as SVG: a line for each eye, bands for found blinks, triangles above for true
 * ones (hollow: ambiguous), and below a row of ticks for each reason why a view of the eyes is unusable.
 */
export function opennessChart(title: string, looks: readonly RecordedView[], marks: ChartMarks): string {
  const faults = faultsOf(looks);
  const height = chartHeight(faults.length);
  const axis = timeAxis(looks);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeMarkup(title)}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="11">`,
    ...chartElements(looks, marks, axis, faults),
    '</svg>',
  ].join('\n');
}

/** The time range of the chart, and the position of a second. */
interface TimeAxis {
  readonly fromS: number;
  readonly untilS: number;
  readonly x: (atS: number) => number;
}

function timeAxis(looks: readonly RecordedView[]): TimeAxis {
  const fromS = Math.floor(looks[0]?.atS ?? 0);
  const untilS = Math.max(fromS + 1, Math.ceil(looks.at(-1)?.atS ?? 1));
  const x = (atS: number): number => PLOT.left + (PLOT.width * (atS - fromS)) / (untilS - fromS);
  return { fromS, untilS, x };
}

export function faultsOf(looks: readonly RecordedView[]): readonly EyeFault[] {
  return [...new Set(looks.flatMap(({ fault }) => fault ?? []))].sort();
}

function chartElements(
  looks: readonly RecordedView[],
  marks: ChartMarks,
  axis: TimeAxis,
  faults: readonly EyeFault[],
): readonly string[] {
  const { x } = axis;
  const bottom = PLOT.top + PLOT.height;
  const bands = marks.found.map(({ atS, durationS }) => {
    const [left, right] = [x(atS - durationS / 2), x(atS + durationS / 2)];
    return `<rect x="${fix(left)}" y="${PLOT.top}" width="${fix(Math.max(2, right - left))}" height="${PLOT.height}" fill="#fde68a"/>`;
  });
  const triangle = (atS: number, fill: string): string =>
    `<path d="M${fix(x(atS))} ${PLOT.top}l-5 -9h10z" fill="${fill}" stroke="#171717"/>`;
  const decisions = marks.decisions.map(({ atS, text }) =>
    [
      `<path d="M${fix(x(atS))} ${PLOT.top - 12}V${bottom}" stroke="#8b2a8f" stroke-dasharray="4 3"/>`,
      `<text x="${fix(x(atS))}" y="${PLOT.top - 16}" text-anchor="${x(atS) > WIDTH / 2 ? 'end' : 'start'}" fill="#8b2a8f">${escapeMarkup(text)}</text>`,
    ].join(''),
  );
  return [
    ...bands,
    ...axes(axis),
    line(looks, axis, 'left'),
    line(looks, axis, 'right'),
    ...(marks.truth ?? []).map((atS) => triangle(atS, '#171717')),
    ...marks.ambiguous.map((atS) => triangle(atS, '#fff')),
    ...decisions,
    ...faults.map((fault, row) => faultRow(looks, axis, fault, bottom + 24 + FAULT_LINE * (row + 1))),
  ];
}

function axes({ fromS, untilS, x }: TimeAxis): readonly string[] {
  const bottom = PLOT.top + PLOT.height;
  const right = PLOT.left + PLOT.width;
  // At most about twenty labels.
  const step = [1, 2, 5, 10, 30, 60, 300].find((each) => (untilS - fromS) / each <= 20) ?? 600;
  const ticks: string[] = [];
  for (let atS = Math.ceil(fromS / step) * step; atS <= untilS; atS += step) {
    ticks.push(
      `<path d="M${fix(x(atS))} ${PLOT.top}V${bottom}" stroke="#e5e5e5"/><text x="${fix(x(atS))}" y="${bottom + 14}" text-anchor="middle">${atS} s</text>`,
    );
  }
  const levels = [0, 0.1, 0.2, 0.3, 0.4].map(
    (level) =>
      `<path d="M${PLOT.left} ${fix(y(level))}H${right}" stroke="#e5e5e5"/><text x="${PLOT.left - 6}" y="${fix(y(level) + 4)}" text-anchor="end">${level}</text>`,
  );
  return [
    ...ticks,
    ...levels,
    `<rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.width}" height="${PLOT.height}" fill="none" stroke="#525252"/>`,
    `<text x="${PLOT.left + 6}" y="${bottom - 18}" fill="${EYES.left.colour}">left eye</text>`,
    `<text x="${PLOT.left + 6}" y="${bottom - 6}" fill="${EYES.right.colour}">right eye, dashed</text>`,
  ];
}

function y(openness: number): number {
  const part = Math.min(1, Math.max(0, openness / WIDEST));
  return PLOT.top + PLOT.height * (1 - part);
}

function line(looks: readonly RecordedView[], { x }: TimeAxis, eye: keyof typeof EYES): string {
  const { colour, dashes } = EYES[eye];
  let lastS = Number.NEGATIVE_INFINITY;
  const path = looks.flatMap((look) => {
    const openness = look[eye];
    if (openness === undefined) return [];
    const isBroken = look.atS - lastS > LONGEST_GAP_S;
    lastS = look.atS;
    return [`${isBroken ? 'M' : 'L'}${fix(x(look.atS))} ${fix(y(openness))}`];
  });
  return `<path d="${path.join('')}" fill="none" stroke="${colour}" stroke-width="1.5" stroke-dasharray="${dashes}"/>`;
}

function faultRow(looks: readonly RecordedView[], { x }: TimeAxis, fault: EyeFault, at: number): string {
  const ticks = looks.flatMap((look) => (look.fault === fault ? [`M${fix(x(look.atS))} ${at}v-8`] : []));
  return `<path d="${ticks.join('')}" stroke="#dc2626" stroke-width="2"/><text x="${PLOT.left - 40}" y="${at}" fill="#dc2626" stroke="#fff" stroke-width="3" paint-order="stroke">${escapeMarkup(fault)}</text>`;
}

function fix(value: number): string {
  return value.toFixed(1);
}
