import './chart.css';
import type { PassageDetails } from '../../contract/passages.js';
import { decimals, number } from '../time/site-format.js';
import { useWidth } from './curves.js';

type Liveness = PassageDetails['liveness'];
type Openness = NonNullable<Liveness['openness']>;

interface OpennessCurveProps {
  /** What the picture shows, for readers who do not see it. */
  readonly label: string;
  readonly openness: Openness;
  readonly blinks: NonNullable<Liveness['blinks']>;
  /** Seconds of a line across the time, with its word. */
  readonly marked: { readonly atS: number; readonly word: string } | undefined;
  readonly words: { readonly open: string; readonly closed: string; readonly seconds: string };
}

const heightPx = 220;
const edge = { start: 44, end: 12, top: 20, bottom: 44 };
const bottomPx = heightPx - edge.bottom;
/** Upper end of the scale. Eyes are seldom open wider. */
const widest = 0.45;
const levels = [0, 0.1, 0.2, 0.3, 0.4];
const timeSteps = 5;
/** After a longer gap, the evidence of a face begins again. */
const longestGapS = 0.5;

/** How far eyes were open over time, with blinks as bands. The line breaks where they were not judged; ticks below show why not. */
export function OpennessCurve({ label, openness, blinks, marked, words }: OpennessCurveProps) {
  const { host, widthPx } = useWidth();
  const { samples, openEyes, closedUnder } = openness;
  const firstS = samples[0]?.afterS ?? 0;
  const lastS = Math.max(firstS + 0.1, samples.at(-1)?.afterS ?? 0, marked?.atS ?? 0);
  const inner = Math.max(1, widthPx - edge.start - edge.end);
  const x = (atS: number): number => edge.start + (inner * (atS - firstS)) / (lastS - firstS);
  const y = (value: number): number => bottomPx - ((bottomPx - edge.top) * Math.min(widest, value)) / widest;
  const steps = Array.from(
    { length: timeSteps },
    (_, step) => firstS + ((lastS - firstS) * step) / (timeSteps - 1),
  );
  const lines = [
    { value: openEyes, word: words.open },
    { value: closedUnder, word: words.closed },
  ].flatMap(({ value, word }) => (value === undefined ? [] : { value, word }));
  return (
    <div ref={host} class="chart">
      <svg width={widthPx} height={heightPx} role="img" aria-label={label}>
        {blinks
          .filter(({ afterS }) => afterS >= firstS && afterS <= lastS)
          .map(({ afterS, durationS }) => (
            <rect
              key={afterS}
              class="band"
              x={x(afterS - durationS / 2)}
              y={edge.top}
              width={Math.max(3, (inner * durationS) / (lastS - firstS))}
              height={bottomPx - edge.top}
            />
          ))}
        {levels.map((level) => (
          <g key={level}>
            <path class="grid" d={`M${edge.start} ${y(level)}h${inner}`} />
            <text x={edge.start - 8} y={y(level) + 4} text-anchor="end">
              {number(level)}
            </text>
          </g>
        ))}
        {lines.map(({ value, word }) => (
          <g key={word}>
            <path class="mark" d={`M${edge.start} ${y(value)}h${inner}`} />
            <text x={edge.start + 4} y={y(value) + 14}>
              {word}
            </text>
          </g>
        ))}
        {marked && (
          <>
            <path class="mark" d={`M${x(marked.atS)} ${edge.top}V${bottomPx}`} />
            <text
              x={x(marked.atS)}
              y={edge.top - 6}
              text-anchor={marked.atS > (firstS + lastS) / 2 ? 'end' : 'start'}
            >
              {marked.word}
            </text>
          </>
        )}
        <path class="curve curve-1" d={curveOf(samples, (atS, value) => `${x(atS)} ${y(value)}`)} />
        <path
          class="unseen-eyes"
          d={samples.flatMap(({ afterS, fault }) => (fault ? `M${x(afterS)} ${bottomPx}v-8` : [])).join('')}
        />
        {steps.map((atS) => (
          <text key={atS} x={x(atS)} y={bottomPx + 18} text-anchor="middle">
            {decimals(atS, 1)}
          </text>
        ))}
        <text x={edge.start + inner / 2} y={heightPx - 6} text-anchor="middle">
          {words.seconds}
        </text>
      </svg>
    </div>
  );
}

function curveOf(samples: Openness['samples'], pointOf: (atS: number, value: number) => string): string {
  let lastS = Number.NEGATIVE_INFINITY;
  return samples
    .map(({ afterS, openness }) => {
      if (openness === undefined) {
        lastS = Number.NEGATIVE_INFINITY;
        return '';
      }
      const isBroken = afterS - lastS > longestGapS;
      lastS = afterS;
      return `${isBroken ? 'M' : 'L'}${pointOf(afterS, openness)}`;
    })
    .join('');
}
