import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import type en from '../../messages/en/timeline.json';
import { useSettled } from '../../parts/use-query.js';
import { clockMinutes } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { quartersOf, ticksOf } from './day-ticks.js';
import { groupMs, groupsOf, nearestTo, type TimedPassage } from './mark-groups.js';
import { type ChosenMark, type FoundMark, findMark, type MarkStep, stepped } from './mark-order.js';
import { PassageGlance } from './passage-glance.js';
import { fitting, isDeepest, lengthOf, moved, showing, type TimeSpan, zoomed } from './time-view.js';
import { clockAt, isClockChanged } from './timeline-clock.js';
import {
  axisPx,
  type DrawnLane,
  lanePx,
  placeOf,
  type Scale,
  TimelineDrawing,
  timeAt,
} from './timeline-drawing.js';
import { markText } from './timeline-words.js';
import { useTimelinePointer } from './use-timeline-pointer.js';

const t = wordsOf<typeof en>('timeline');

const leastMarkPx = 20;
const leastTickPx = 72;
const leastZonedTickPx = 144;
/** A passage this near to the cursor is shown beside it. */
const nearPx = 16;
const glancePx = 176;

/** A lane before its passages are grouped by what is in view. */
export type TimelineLane = Pick<DrawnLane, 'id' | 'name' | 'blind' | 'passages'>;

interface DayTimelineProps {
  readonly day: TimeSpan;
  readonly nowMs: number;
  readonly lanes: readonly TimelineLane[];
  /** What is shown of the day, and which mark has the focus: the page keeps both. */
  readonly view: Signal<TimeSpan>;
  readonly chosen: Signal<ChosenMark | undefined>;
  readonly isLoading: boolean;
  /** The day and the filters: how many passages there are is announced when they change, not at each passage that ends. */
  readonly asked: string;
  readonly onOpen: (passage: TimedPassage) => void;
  /** The day before, the day after, or today. */
  readonly onDay: (by: -1 | 0 | 1) => void;
}

/**
 * The passages of a day on lanes: what is near together shares a mark, which opens when the view comes nearer. Keys go from mark to
 * mark, and the slider says each in words; a mouse or a finger scrubs, and shows the picture beside it.
 */
export function DayTimeline(props: DayTimelineProps) {
  const { day, nowMs, lanes, view, chosen, isLoading, asked } = props;
  const host = useRef<HTMLDivElement>(null);
  const keys = useId();
  const widthPx = useWidth(host);
  const cursor = useSignal<{ readonly xPx: number; readonly yPx: number } | undefined>(undefined);
  const scale: Scale = { view: view.value, widthPx };
  const stepMs = groupMs(scale.view, { widthPx, leastPx: leastMarkPx });
  const drawn: readonly DrawnLane[] = useMemo(
    () => lanes.map((lane) => ({ ...lane, groups: groupsOf(lane.passages, day, stepMs) })),
    [lanes, day, stepMs],
  );
  const quarters = useMemo(() => quartersOf(day, clockMinutes), [day]);
  const isZoned = useMemo(() => isClockChanged(day.fromMs), [day]);
  const found = findMark(drawn, chosen.value);
  const hovered = cursor.value && markAt(drawn, scale, cursor.value);
  const shown = hovered ?? (cursor.value === undefined ? found : undefined);
  const settled = useSettled(shown?.passage.id);

  const acts = useTimelineActs({ ...props, drawn, found, widthPx });
  const { choose, zoom, enter } = acts;
  useTimelinePointer(host, {
    onHover: (place) => {
      cursor.value = place;
    },
    onMove: (byPx) => {
      view.value = moved(view.value, day, (-byPx / widthPx) * lengthOf(view.value));
    },
    onZoom: zoom,
    onPick: (place, how) => {
      const mark = markAt(drawn, scale, place);
      cursor.value = undefined;
      // A finger hides what is below it: it chooses the passage, which is shown with a link.
      const isEntered = how === 'click' || (how === 'tap' && (mark?.group.passages.length ?? 0) > 1);
      if (mark !== undefined && isEntered) enter(mark);
      else choose(mark);
    },
  });
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = actOf(event, { found, view: view.value });
    if (act === undefined) return;
    event.preventDefault();
    cursor.value = undefined;
    acts.run(act);
  };
  useFocusOnReturn(host, chosen.value, found);

  const count = lanes.reduce((sum, { passages }) => sum + passages.length, 0);
  const countText = t('day-of', { count });
  const announced = useAnnounced(countText, asked, isLoading);
  const markWords = found && markText(found, nameOf(drawn, found));
  return (
    <>
      <p class="timeline-said">{markWords ?? (isLoading && count === 0 ? t('loading') : countText)}</p>
      <p role="status" class="unseen">
        {announced}
      </p>
      <div class="timeline" dir="ltr">
        <div
          ref={host}
          class="timeline-face"
          tabIndex={0}
          role="slider"
          aria-label={t('title')}
          aria-describedby={keys}
          aria-orientation="horizontal"
          aria-valuemin={0}
          aria-valuemax={Math.round(lengthOf(day) / 1000)}
          aria-valuenow={Math.round(((found?.passage.atMs ?? view.value.fromMs) - day.fromMs) / 1000)}
          aria-valuetext={markWords ?? clockAt(view.value.fromMs)}
          onKeyDown={press}
        >
          <TimelineDrawing
            {...{ scale, nowMs, chosen: found, lanes: drawn }}
            isZoned={isZoned}
            ticks={ticksOf(view.value, quarters, {
              widthPx,
              leastPx: isZoned ? leastZonedTickPx : leastTickPx,
            })}
            cursorMs={cursor.value && timeAt(scale, cursor.value.xPx)}
          />
        </div>
        {shown && (
          <div
            class={`glance ${hovered === undefined ? '' : 'passing'}`}
            aria-hidden={hovered !== undefined}
            style={glanceAt(drawn, scale, shown)}
          >
            <PassageGlance
              mark={shown}
              isHover={hovered !== undefined}
              isSettled={settled === shown.passage.id}
            />
          </div>
        )}
      </div>
      <p id={keys} class="quiet">
        {t('keys')}
      </p>
    </>
  );
}

interface ActsOptions extends Pick<DayTimelineProps, 'day' | 'view' | 'chosen' | 'onOpen' | 'onDay'> {
  readonly drawn: readonly DrawnLane[];
  readonly found: FoundMark | undefined;
  readonly widthPx: number;
}

/** What keys and pointers do to the view and the chosen mark. */
function useTimelineActs({ day, view, chosen, drawn, found, widthPx, onOpen, onDay }: ActsOptions) {
  const choose = (mark: FoundMark | undefined): void => {
    if (mark === undefined) return;
    chosen.value = { lane: mark.lane.id, passage: mark.passage.id };
    view.value = showing(view.value, day, mark.passage.atMs);
  };
  const zoom = (factor: number, xPx?: number): void => {
    const atMs =
      xPx === undefined ? aimOf(found?.passage, view.value) : timeAt({ view: view.value, widthPx }, xPx);
    view.value = zoomed(view.value, day, factor, atMs);
  };
  /** One passage is opened; what shares a mark comes nearer, as long as it can. */
  const enter = (mark: FoundMark): void => {
    const { passages } = mark.group;
    const [first, last] = [passages[0], passages.at(-1)];
    if (first === last || isDeepest(view.value)) {
      onOpen(mark.passage);
      return;
    }
    choose(mark);
    if (first && last) view.value = fitting(day, { fromMs: first.atMs, toMs: last.atMs });
  };
  const run = (act: Act): void => {
    if (act.kind === 'step') choose(stepped(drawn, found, act.step, isDeepest(view.value)));
    else if (act.kind === 'zoom') zoom(act.factor);
    else if (act.kind === 'day') onDay(act.by);
    else if (found !== undefined) enter(found);
  };
  return { choose, zoom, enter, run };
}

/** The text that is announced: that of the moment at which what was asked for was there. */
function useAnnounced(text: string, asked: string, isLoading: boolean): string {
  const announced = useSignal('');
  const isDue = useRef(true);
  const settled = useSettled(asked);
  useEffect(() => {
    isDue.current = true;
  }, [asked]);
  useEffect(() => {
    // A fetch begins only after the change that it is for has been drawn.
    if (!isDue.current || isLoading || settled !== asked) return;
    isDue.current = false;
    announced.value = text;
  }, [settled, asked, isLoading]);
  return announced.value;
}

const inputs = ['wheel', 'touchstart', 'pointerdown', 'keydown'];

/** The way back from a passage leads to its mark, which gets the focus once it is there, unless the user does something before. */
function useFocusOnReturn(
  host: RefObject<HTMLElement | null>,
  chosen: ChosenMark | undefined,
  found: FoundMark | undefined,
): void {
  const isAwaited = useRef(chosen !== undefined);
  const isThere = found !== undefined;
  useEffect(() => {
    const over = new AbortController();
    const stop = (): void => {
      isAwaited.current = false;
      over.abort();
    };
    for (const input of inputs)
      globalThis.addEventListener(input, stop, { signal: over.signal, capture: true, passive: true });
    return () => over.abort();
  }, []);
  useEffect(() => {
    if (!isThere) return;
    if (isAwaited.current) host.current?.focus({ preventScroll: true });
    isAwaited.current = false;
  }, [isThere]);
}

type Act =
  | { readonly kind: 'step'; readonly step: MarkStep }
  | { readonly kind: 'zoom'; readonly factor: number }
  | { readonly kind: 'day'; readonly by: -1 | 0 | 1 }
  | { readonly kind: 'enter' };

/** What a key does; undefined for other keys. */
function actOf(
  { key, shiftKey }: KeyboardEvent,
  { found, view }: { readonly found: FoundMark | undefined; readonly view: TimeSpan },
): Act | undefined {
  const step = (to: Exclude<MarkStep['to'], 'time'>): Act => ({ kind: 'step', step: { to } });
  const page = (by: 1 | -1): Act => {
    const atMs = (found?.passage.atMs ?? view.fromMs) + by * lengthOf(view);
    return { kind: 'step', step: { to: 'time', atMs } };
  };
  const acts: Readonly<Record<string, Act>> = {
    ArrowRight: shiftKey ? { kind: 'day', by: 1 } : step('next'),
    ArrowLeft: shiftKey ? { kind: 'day', by: -1 } : step('previous'),
    ArrowDown: step('lane-below'),
    ArrowUp: step('lane-above'),
    Home: step('first'),
    End: step('last'),
    PageDown: page(1),
    PageUp: page(-1),
    // On many keyboards, plus is the same key as the equals sign.
    ...{ '+': { kind: 'zoom', factor: 0.5 }, '=': { kind: 'zoom', factor: 0.5 } },
    '-': { kind: 'zoom', factor: 2 },
    ...{ '0': { kind: 'zoom', factor: Infinity }, t: { kind: 'day', by: 0 }, Enter: { kind: 'enter' } },
  };
  return acts[key];
}

/** Where a zoom by buttons or keys aims: at the chosen passage, if it is in view. */
export function aimOf(chosen: TimedPassage | undefined, { fromMs, toMs }: TimeSpan): number {
  const atMs = chosen?.atMs;
  return atMs !== undefined && fromMs <= atMs && atMs <= toMs ? atMs : (fromMs + toMs) / 2;
}

/** The mark below a pointer: of its lane, the passage that is nearest in time. */
function markAt(
  lanes: readonly DrawnLane[],
  scale: Scale,
  { xPx, yPx }: { readonly xPx: number; readonly yPx: number },
): FoundMark | undefined {
  const lane = lanes[Math.floor((yPx - axisPx) / lanePx)];
  const passage = lane && nearestTo(lane.passages, timeAt(scale, xPx));
  if (lane === undefined || passage === undefined) return undefined;
  const found = findMark(lanes, { lane: lane.id, passage: passage.id });
  const isNear = (atMs: number): boolean => Math.abs(placeOf(scale, atMs) - xPx) <= nearPx;
  const { fromMs, toMs } = found?.group.span ?? { fromMs: passage.atMs, toMs: passage.atMs };
  return isNear(passage.atMs) || isNear((fromMs + toMs) / 2) ? found : undefined;
}

const nameOf = (lanes: readonly DrawnLane[], { lane }: FoundMark): string =>
  lanes.find(({ id }) => id === lane.id)?.name ?? '';

/** Below its lane, as near to the mark as the width allows. */
function glanceAt(lanes: readonly DrawnLane[], scale: Scale, { lane, passage }: FoundMark) {
  const index = lanes.findIndex(({ id }) => id === lane.id);
  const xPx = placeOf(scale, passage.atMs) - glancePx / 2;
  return {
    insetInlineStart: `${Math.max(0, Math.min(scale.widthPx - glancePx, xPx))}px`,
    insetBlockStart: `${axisPx + (index + 1) * lanePx}px`,
    inlineSize: `${glancePx}px`,
  };
}

/** The width of an element, pixels. */
function useWidth(host: RefObject<HTMLElement | null>): number {
  const widthPx = useSignal(globalThis.innerWidth);
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const look = (): void => {
      widthPx.value = Math.max(1, element.clientWidth);
    };
    look();
    const resized = new ResizeObserver(look);
    resized.observe(element);
    return () => resized.disconnect();
  }, []);
  return widthPx.value;
}
