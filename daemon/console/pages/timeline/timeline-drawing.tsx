import { useId } from 'preact/hooks';
import { clockInZone, clockSeconds, clockSecondsInZone, clockTime, number } from '../../time/site-format.js';
import { outcomesOf, type TimedPassage } from './mark-groups.js';
import type { FoundMark, Lane } from './mark-order.js';
import { OutcomeShape } from './outcome-shape.js';
import { lengthOf, type TimeSpan } from './time-view.js';

// A lane from above: its name, its marks, how many passages a mark stands for, and each passage as a tick.
export const axisPx = 28;
export const lanePx = 68;
const namePx = 15;
const markPx = 31;
const countPx = 53;
const tickPx = 58;
const tickHeightPx = 8;
const leastTickPx = 1.5;
/** Room that half a time takes. */
const timeEdgePx = 24;
const zonedEdgePx = 48;

/** A lane with what it is called and when nothing could be seen in it. */
export interface DrawnLane extends Lane {
  readonly name: string;
  readonly blind: readonly TimeSpan[];
}

/** Where times lie on the screen. */
export interface Scale {
  readonly view: TimeSpan;
  readonly widthPx: number;
}

export const placeOf = ({ view, widthPx }: Scale, atMs: number): number =>
  ((atMs - view.fromMs) / lengthOf(view)) * widthPx;

export const timeAt = ({ view, widthPx }: Scale, xPx: number): number =>
  view.fromMs + (xPx / Math.max(1, widthPx)) * lengthOf(view);

interface DrawingProps {
  readonly scale: Scale;
  readonly lanes: readonly DrawnLane[];
  readonly ticks: readonly number[];
  /** True where the times at the ticks need their zone. */
  readonly isZoned: boolean;
  readonly chosen: FoundMark | undefined;
  /** The time at the cursor. */
  readonly cursorMs: number | undefined;
  /** What is later has not come yet. */
  readonly nowMs: number;
}

/** A timeline as a drawing. What it shows is said in words beside it. */
export function TimelineDrawing({ scale, lanes, ticks, isZoned, chosen, cursorMs, nowMs }: DrawingProps) {
  const { widthPx, view } = scale;
  const heightPx = axisPx + lanes.length * lanePx;
  const hatch = useId();
  const [inMinutes, inSeconds] = isZoned ? [clockInZone, clockSecondsInZone] : [clockTime, clockSeconds];
  const tickText = lengthOf(view) <= 15 * 60_000 ? inSeconds : inMinutes;
  const edgePx = isZoned ? zonedEdgePx : timeEdgePx;
  const nowPx = placeOf(scale, nowMs);
  return (
    <svg width={widthPx} height={heightPx} aria-hidden="true" focusable="false">
      <defs>
        <pattern id={hatch} width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path class="blind-line" d="M0 0V8" />
        </pattern>
      </defs>
      {ticks.map((atMs) => (
        <g key={atMs} transform={`translate(${placeOf(scale, atMs)})`}>
          <path class="hour-line" d={`M0 ${axisPx - 6}V${heightPx}`} />
          <text class={`hour ${sideOf(placeOf(scale, atMs), widthPx, edgePx)}`} y={axisPx - 11}>
            {tickText(new Date(atMs))}
          </text>
        </g>
      ))}
      {lanes.map((lane, index) => (
        <g key={lane.id} transform={`translate(0 ${axisPx + index * lanePx})`}>
          <DrawnLaneOf lane={lane} scale={scale} hatch={hatch} chosen={chosen} />
        </g>
      ))}
      {nowPx < widthPx && (
        <rect
          class="to-come"
          x={Math.max(0, nowPx)}
          y={axisPx}
          width={widthPx - Math.max(0, nowPx)}
          height={heightPx - axisPx}
        />
      )}
      {cursorMs !== undefined && (
        <path class="cursor" d={`M${placeOf(scale, cursorMs)} ${axisPx - 6}V${heightPx}`} />
      )}
    </svg>
  );
}

/** At the edges, there is room for a time on one side only. */
function sideOf(xPx: number, widthPx: number, edgePx: number): string {
  if (xPx < edgePx) return 'first';
  return xPx > widthPx - edgePx ? 'last' : '';
}

interface LaneProps {
  readonly lane: DrawnLane;
  readonly scale: Scale;
  readonly hatch: string;
  readonly chosen: FoundMark | undefined;
}

function DrawnLaneOf({ lane, scale, hatch, chosen }: LaneProps) {
  const { view, widthPx } = scale;
  const isInView = ({ fromMs, toMs }: TimeSpan): boolean => toMs > view.fromMs && fromMs < view.toMs;
  const middle = ({ fromMs, toMs }: TimeSpan): number => placeOf(scale, (fromMs + toMs) / 2);
  return (
    <>
      <path class="lane-line" d={`M0 ${lanePx}H${widthPx}`} />
      {lane.blind.filter(isInView).map(({ fromMs, toMs }) => (
        <rect
          key={fromMs}
          fill={`url(#${hatch})`}
          x={placeOf(scale, fromMs)}
          y={namePx + 4}
          width={Math.max(2, placeOf(scale, toMs) - placeOf(scale, fromMs))}
          height={lanePx - namePx - 4}
        />
      ))}
      <text class="lane-name" x="4" y={namePx - 3}>
        {lane.name}
      </text>
      <path class="passage-ticks" d={ticksPath(lane.passages, scale)} />
      {lane.groups
        .filter(({ span }) => isInView(span))
        .map((group) => (
          <g key={group.span.fromMs} transform={`translate(${middle(group.span)} ${markPx})`}>
            {chosen?.lane.id === lane.id && chosen.group.span.fromMs === group.span.fromMs && (
              <circle class="chosen" r="11" />
            )}
            <OutcomeShape outcome={outcomesOf(group)[0]?.[0] ?? 'undecided'} />
            {group.passages.length > 1 && (
              <text class={group.passages.length < 100 ? '' : 'many'} y={countPx - markPx}>
                {number(group.passages.length, { notation: 'compact' })}
              </text>
            )}
          </g>
        ))}
    </>
  );
}

/** Every passage at its own time, as long as the face was in sight. Ticks on the same pixel are drawn once. */
function ticksPath(passages: readonly TimedPassage[], scale: Scale): string {
  const { view } = scale;
  const drawn = new Map<number, number>();
  for (const { atMs, inSightS } of passages) {
    const endMs = atMs + inSightS * 1000;
    if (endMs < view.fromMs || atMs > view.toMs) continue;
    const x = Math.round(placeOf(scale, atMs));
    const width = Math.max(leastTickPx, placeOf(scale, endMs) - x);
    drawn.set(x, Math.max(drawn.get(x) ?? 0, width));
  }
  return [...drawn]
    .map(([x, width]) => `M${x} ${tickPx}h${width.toFixed(1)}v${tickHeightPx}h-${width.toFixed(1)}Z`)
    .join('');
}
