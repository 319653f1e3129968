import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { passageOutcomes } from '../../../kernel/passage-outcome.js';
import type en from '../../messages/en/timeline.json';
import { ActionBar } from '../../parts/actions.js';
import { CameraChoice, type Cameras, useCameras } from '../../parts/camera-choice.js';
import { ChoiceFilter, Filters } from '../../parts/filters.js';
import { Choice, Field } from '../../parts/form-fields.js';
import { type Column, LongTable, wholeList } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { OutcomeBadge, outcomeWord } from '../../parts/term-words.js';
import { type Query, useQuery } from '../../parts/use-query.js';
import { isDay, laterDay, plainDay, siteDay, startOfDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { type BlindSpan, blindAt } from './blind-spans.js';
import { aimOf, DayTimeline, type TimelineLane } from './day-timeline.js';
import type { TimedPassage } from './mark-groups.js';
import type { ChosenMark } from './mark-order.js';
import { OutcomeSign } from './outcome-shape.js';
import { type TimeSpan, viewOf, viewText, zoomed } from './time-view.js';
import { clockAt } from './timeline-clock.js';
import { blindText, whoIs } from './timeline-words.js';
import { useDayPassages } from './use-day-passages.js';

const t = wordsOf<typeof en>('timeline');

/** How often the page looks at the clock: "today" goes on at midnight. */
const clockMs = 30_000;
/** What is shown is written into the address when it has stayed the same for so long. */
const settledMs = 400;

/** A day on lanes: who passed which camera when, and when no camera could see it. */
export default function Timeline() {
  const query = useQuery();
  const { path, route } = useLocation();
  const nowMs = useNow();
  const today = siteDay(new Date(nowMs));
  const date = isDay(query.get('day')) ? query.get('day') : today;
  const day = useMemo(() => daySpan(date), [date]);
  const cameras = useCameras();
  const camera = query.get('camera');
  const { fetched, passages, blind, followFault } = useDayPassages(day, camera, date === today);
  const wanted = useMemo(
    () => passages.filter((each) => isWanted(each, query)),
    [passages, query.get('outcome'), query.get('person')],
  );
  const isMerged = query.get('lanes') === 'one';
  const lanes = useMemo(
    () => lanesOf(wanted, blind, { cameras, camera, isMerged }),
    [wanted, blind, cameras.all, camera, isMerged],
  );
  const view = useSignal(viewOf(query.get('view'), day));
  const chosen = useSignal<ChosenMark | undefined>(chosenIn(query));
  useEffect(() => {
    view.value = viewOf(query.get('view'), day);
  }, [day]);
  const write = useWritten(query, path, { view: viewText(view.value, day), ...textsOf(chosen.value) });
  const goTo = (to: string): void => {
    chosen.value = undefined;
    query.set({ day: to === today ? '' : to, view: '', at: '', lane: '' });
  };
  const zoom = (factor: number) => (): void => {
    const aim = passages.find(({ id }) => id === chosen.value?.passage);
    view.value = zoomed(view.value, day, factor, aimOf(aim, view.value));
  };
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <DayBar
        {...{ date, today, isMerged, zoom }}
        onDay={goTo}
        onMerge={() => query.set({ lanes: isMerged ? '' : 'one' })}
      />
      <DayFilters {...{ query, cameras, date, passages }} onDay={goTo} />
      <Fault error={fetched.fault} onRetry={() => void fetched.reload()} />
      <Fault error={followFault} />
      <DayTimeline
        {...{ day, nowMs, lanes, view, chosen }}
        asked={query.searchWith({ view: '', at: '', lane: '', lanes: '' })}
        isLoading={fetched.isLoading}
        onOpen={({ id }) => {
          write();
          route(`/passages/${id}`);
        }}
        onDay={(by) => goTo(by === 0 ? today : laterDay(date, by))}
      />
      <Legend />
      {fetched.value?.isCut === true && <p role="note">{t('cut', { count: passages.length })}</p>}
      {(fetched.value?.unreadable ?? 0) > 0 && (
        <p role="note">{t('unreadable', { count: fetched.value?.unreadable ?? 0 })}</p>
      )}
      <BlindTimes of={blind} cameras={cameras} />
      <DayTable passages={wanted} cameras={cameras} />
    </>
  );
}

interface DayBarProps {
  readonly date: string;
  readonly today: string;
  readonly isMerged: boolean;
  readonly onDay: (date: string) => void;
  readonly zoom: (factor: number) => () => void;
  readonly onMerge: () => void;
}

/** Which day it is, and the buttons for what keys and wheel do, too. */
function DayBar({ date, today, isMerged, onDay, zoom, onMerge }: DayBarProps) {
  return (
    <div class="period day-bar">
      <ActionBar
        isSmall
        place="start"
        of={[
          { text: t('day-before'), icon: 'back', onAct: () => onDay(laterDay(date, -1)) },
          { text: t('today'), isReady: date !== today, onAct: () => onDay(today) },
          {
            text: t('day-after'),
            icon: 'forward',
            isReady: date < today,
            onAct: () => onDay(laterDay(date, 1)),
          },
        ]}
      />
      <h2>{plainDay(date)}</h2>
      <ActionBar
        isSmall
        of={[
          { text: t('closer'), onAct: zoom(0.5) },
          { text: t('farther'), onAct: zoom(2) },
          { text: t('whole-day'), onAct: zoom(Infinity) },
          { text: t('one-lane'), isPressed: isMerged, onAct: onMerge },
        ]}
      />
    </div>
  );
}

const daySpan = (date: string): TimeSpan => ({
  fromMs: Date.parse(startOfDay(date)),
  toMs: Date.parse(startOfDay(laterDay(date, 1))),
});

const isWanted = ({ outcome, person }: TimedPassage, { get }: Query): boolean =>
  (get('outcome') === '' || outcome === get('outcome')) &&
  (get('person') === '' || person?.id === get('person'));

/** The time by the clock of this device, read again and again. */
function useNow(): number {
  const nowMs = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      nowMs.value = Date.now();
    }, clockMs);
    return () => clearInterval(timer);
  }, []);
  return nowMs.value;
}

function chosenIn({ get }: Query): ChosenMark | undefined {
  return get('at') === '' ? undefined : { lane: get('lane'), passage: get('at') };
}

const textsOf = (chosen: ChosenMark | undefined) => ({
  at: chosen?.passage ?? '',
  lane: chosen?.lane ?? '',
});

/**
 * Keeps what is shown in the address, so that the way back from a passage leads to the same place. Returns what writes it at once.
 * Browsers limit how often an address may change.
 */
function useWritten(query: Query, ownPath: string, shown: Readonly<Record<string, string>>): () => void {
  const latest = useRef({ query, shown });
  latest.current = { query, shown };
  const path = useRef(ownPath);
  const write = (): void => {
    const { query: now, shown: wanted } = latest.current;
    // Another page may be on its way already.
    const isHere = globalThis.location.pathname === path.current;
    if (isHere && Object.entries(wanted).some(([name, text]) => now.get(name) !== text)) now.set(wanted);
  };
  useEffect(() => {
    const timer = setTimeout(write, settledMs);
    return () => clearTimeout(timer);
  }, [JSON.stringify(shown)]);
  return write;
}

interface LaneChoice {
  readonly cameras: Cameras;
  readonly camera: string;
  readonly isMerged: boolean;
}

/** A lane for each camera that is there, or was on that day; or one for the site. */
function lanesOf(
  passages: readonly TimedPassage[],
  blind: readonly BlindSpan[],
  { cameras, camera, isMerged }: LaneChoice,
): readonly TimelineLane[] {
  const known = camera === '' ? cameras.all.map(({ id }) => id) : [camera];
  const ids = [...new Set([...known, ...passages.map((each) => each.camera)])];
  if (isMerged) return [{ id: '', name: t('site'), passages, blind: blindAt(blind, ids) }];
  return ids.map((id) => ({
    ...{ id, name: cameras.nameOf(id), blind: blindAt(blind, [id]) },
    passages: passages.filter((each) => each.camera === id),
  }));
}

interface DayFiltersProps {
  readonly query: Query;
  readonly cameras: Cameras;
  readonly date: string;
  readonly passages: readonly TimedPassage[];
  readonly onDay: (date: string) => void;
}

function DayFilters({ query, cameras, date, passages, onDay }: DayFiltersProps) {
  const persons = new Map(passages.flatMap(({ person }) => (person ? [[person.id, person.name]] : [])));
  const chosen = query.get('person');
  if (chosen !== '' && !persons.has(chosen)) persons.set(chosen, undefined);
  const named = [...persons].map(([id, name]) => [id, name ?? id] as const);
  return (
    <Filters>
      <Field label={t('day')} type="date" value={date} onValue={(to) => isDay(to) && onDay(to)} />
      <CameraChoice label={t('camera')} any={t('any-camera')} cameras={cameras} {...query.bound('camera')} />
      <ChoiceFilter
        {...{ query, name: 'outcome', label: t('outcome'), any: t('any-outcome') }}
        {...{ values: passageOutcomes, text: outcomeWord }}
      />
      <Choice
        label={t('person')}
        options={[['', t('any-person')], ...named.sort(([, one], [, other]) => one.localeCompare(other))]}
        {...query.bound('person')}
      />
    </Filters>
  );
}

/** What the shapes mean. */
function Legend() {
  return (
    <ul class="legend" aria-label={t('legend')}>
      {passageOutcomes.map((outcome) => (
        <li key={outcome}>
          <OutcomeSign outcome={outcome} /> {outcomeWord(outcome)}
        </li>
      ))}
      <li>
        <span class="blind-sign" aria-hidden="true" /> {t('blind')}
      </li>
    </ul>
  );
}

function BlindTimes({ of, cameras }: { readonly of: readonly BlindSpan[]; readonly cameras: Cameras }) {
  if (of.length === 0) return null;
  return (
    <>
      <h2>{t('blind')}</h2>
      <ul class="notes-below">
        {of.map((span) => (
          <li key={`${span.fromMs} ${span.period.camera}`}>{blindText(span, cameras.nameOf)}</li>
        ))}
      </ul>
    </>
  );
}

/** The same passages as a table, for dense reading and for readers who do not see the drawing. */
function DayTable({
  passages,
  cameras,
}: {
  readonly passages: readonly TimedPassage[];
  readonly cameras: Cameras;
}) {
  const isOpen = useSignal(false);
  const columns: readonly Column<TimedPassage>[] = [
    { head: t('time'), cell: ({ id, atMs }) => <a href={`/passages/${id}`}>{clockAt(atMs)}</a> },
    { head: t('outcome'), cell: ({ outcome }) => <OutcomeBadge outcome={outcome} /> },
    { head: t('person'), cell: whoIs },
    { head: t('camera'), cell: ({ camera }) => cameras.nameOf(camera), isMinor: true },
  ];
  return (
    <details
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open;
      }}
    >
      <summary>{t('as-table')}</summary>
      {isOpen.value && (
        <LongTable
          caption={t('title')}
          list={wholeList(passages)}
          columns={columns}
          keyOf={({ id }) => id}
          empty={t('none')}
        />
      )}
    </details>
  );
}
