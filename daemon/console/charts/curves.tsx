import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../shell/theme.js';
import { number, percent } from '../time/site-time.js';

interface CurvesProps {
  /** What the picture shows, for readers who do not see it. */
  readonly label: string;
  /** Ascending. */
  readonly x: readonly number[];
  readonly xLabel: string;
  /** Shares, 0..1. The scale is logarithmic: a share of 0 is a gap. */
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly number[];
    readonly token: Token;
  }[];
  /** A value of x with a line. */
  readonly marked: number;
}

/** Colours of curves: tokens of console.css. */
type Token = '--accent' | '--bad' | '--ok' | '--info';

const heightPx = 320;
const smallestShare = 1e-5;

/** Shares over a value, as curves. */
export function Curves(props: CurvesProps) {
  const host = useRef<HTMLDivElement>(null);
  const chosen = theme.value;
  useEffect(() => {
    const place = host.current;
    if (place === null) return undefined;
    let chart = draw(place, props);
    const again = (): void => {
      chart.destroy();
      chart = draw(place, props);
    };
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', again);
    const sizes = new ResizeObserver(() => chart.setSize({ width: place.clientWidth, height: heightPx }));
    sizes.observe(place);
    return () => {
      dark.removeEventListener('change', again);
      sizes.disconnect();
      chart.destroy();
    };
  }, [props.x, props.series, props.marked, chosen]);
  return <div ref={host} class="chart" role="img" aria-label={props.label} />;
}

function draw(place: HTMLElement, { x, xLabel, series, marked }: CurvesProps): uPlot {
  const colourOf = (token: string): string => tokenColour(place, token);
  const ink = colourOf('--ink-quiet');
  const line = { stroke: colourOf('--line'), width: 1 };
  const axis = { stroke: ink, grid: line, ticks: line };
  const curves = series.map(({ label, token }) => ({
    ...{ label, stroke: colourOf(token), width: 2, spanGaps: false },
    value: (_: uPlot, share: number | null) => (share === null ? '–' : percent(share, 3)),
  }));
  return new uPlot(
    {
      ...{ width: place.clientWidth, height: heightPx },
      scales: { x: { time: false }, y: { distr: 3 } },
      axes: [
        { ...axis, label: xLabel, values: (_, splits) => splits.map((each) => number(each)) },
        {
          ...axis,
          size: 70,
          values: (_, splits) => splits.map((each) => (isPower(each) ? percent(each, 3) : '')),
        },
      ],
      series: [{ label: xLabel, value: (_, value) => (value === null ? '–' : number(value)) }, ...curves],
      hooks: { draw: [(chart) => drawLine(chart, marked, ink)] },
    },
    [[...x], ...series.map(({ values }) => values.map((share) => (share < smallestShare ? null : share)))],
    place,
  );
}

/** Only powers of ten have a name on the scale. */
const isPower = (share: number): boolean => Math.abs(Math.log10(share) % 1) < 1e-9;

function drawLine(chart: uPlot, at: number, colour: string): void {
  const { ctx, bbox } = chart;
  const x = chart.valToPos(at, 'x', true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([6, 6]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** A canvas knows no tokens: the browser says what a token is in the theme in use. */
function tokenColour(place: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
