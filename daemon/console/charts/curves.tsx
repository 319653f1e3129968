import './chart.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { decimals, percent } from '../time/site-format.js';

interface CurvesProps {
  /** What the picture shows, for readers who do not see it. */
  readonly label: string;
  /** Ascending, at least two. */
  readonly x: readonly number[];
  readonly xLabel: string;
  /** Shares, 0..1. The scale is logarithmic: a share of 0 is a gap. */
  readonly series: readonly { readonly label: string; readonly values: readonly number[] }[];
  /** A value of x with a line; the scale includes it. */
  readonly marked: number;
}

const heightPx = 320;
const edge = { start: 64, end: 12, top: 12, bottom: 44 };
const xSteps = 5;
const dashes = ['', '8 4'];

/** Shares over a value, as curves on a logarithmic scale. Colours come from the style sheet. */
export function Curves({ label, x, xLabel, series, marked }: CurvesProps) {
  const { host, widthPx } = useWidth();
  const first = Math.min(x[0] ?? 0, marked);
  const last = Math.max(x.at(-1) ?? 1, marked);
  const smallest = Math.min(0.1, ...series.flatMap(({ values }) => values.filter((share) => share > 0)));
  const decades = Math.ceil(-Math.log10(smallest));
  const inner = Math.max(1, widthPx - edge.start - edge.end);
  const placeX = (value: number): number => edge.start + (inner * (value - first)) / (last - first);
  const placeY = (share: number): number =>
    edge.top + ((heightPx - edge.top - edge.bottom) * -Math.log10(share)) / decades;
  const bottom = heightPx - edge.bottom;
  const powers = Array.from({ length: decades + 1 }, (_, decade) => 10 ** -decade);
  const steps = Array.from({ length: xSteps }, (_, step) => first + ((last - first) * step) / (xSteps - 1));
  return (
    <div ref={host} class="chart">
      <svg width={widthPx} height={heightPx} role="img" aria-label={label}>
        {powers.map((share) => (
          <g key={share}>
            <path class="grid" d={`M${edge.start} ${placeY(share)}h${inner}`} />
            <text x={edge.start - 8} y={placeY(share) + 4} text-anchor="end">
              {percent(share, 3)}
            </text>
          </g>
        ))}
        {steps.map((value) => (
          <text key={value} x={placeX(value)} y={bottom + 18} text-anchor="middle">
            {decimals(value, 2)}
          </text>
        ))}
        <text x={edge.start + inner / 2} y={heightPx - 6} text-anchor="middle">
          {xLabel}
        </text>
        <path class="mark" d={`M${placeX(marked)} ${edge.top}V${bottom}`} />
        {series.map(({ label: name, values }, index) => (
          <path
            key={name}
            class={`curve curve-${index}`}
            stroke-dasharray={dashes[index] ?? ''}
            d={pathOf(values, (at, share) => `${placeX(x[at] ?? first)} ${placeY(share)}`)}
          />
        ))}
      </svg>
      <ul class="legend">
        {series.map(({ label: name }, index) => (
          <li key={name}>
            <svg width="32" height="8" aria-hidden="true">
              <path class={`curve curve-${index}`} stroke-dasharray={dashes[index] ?? ''} d="M0 4h32" />
            </svg>{' '}
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A line through the values; each share of 0 interrupts it. */
function pathOf(values: readonly number[], pointOf: (index: number, share: number) => string): string {
  return values
    .map((share, index) => {
      if (share <= 0) return '';
      const isFirst = index === 0 || (values[index - 1] ?? 0) <= 0;
      return `${isFirst ? 'M' : 'L'}${pointOf(index, share)}`;
    })
    .join('');
}

/** The element that a drawing fills, and its present width in pixels. */
export function useWidth() {
  const host = useRef<HTMLDivElement>(null);
  const widthPx = useSignal(0);
  useEffect(() => {
    const place = host.current;
    if (place === null) return undefined;
    const sizes = new ResizeObserver(() => {
      widthPx.value = place.clientWidth;
    });
    sizes.observe(place);
    return () => sizes.disconnect();
  }, []);
  return { host, widthPx: widthPx.value };
}
