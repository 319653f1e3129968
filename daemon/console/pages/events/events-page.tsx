import type { ShownEvent } from '../../../contract/events.js';
import { present } from '../../../kernel/present.js';
import { useKept } from '../../api/kept-answers.js';
import { can } from '../../api/session.js';
import { useFollowed, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/events.json';
import { CameraChoice, type Cameras, useCameras } from '../../parts/camera-choice.js';
import {
  beginOf,
  ChoiceFilter,
  endOf,
  Filters,
  NewRows,
  PeriodFilter,
  textsIn,
} from '../../parts/filters.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { Badge, PageHead } from '../../parts/page.js';
import { PersonFilter } from '../../parts/person-filter.js';
import { PersonLink } from '../../parts/person-link.js';
import { Fault } from '../../parts/shown-fault.js';
import { type Query, useQuery, useSettled } from '../../parts/use-query.js';
import { clockSeconds, dayOf } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { factsOf, isDamaged, kindOf, kinds, kindText, toneOf } from './event-facts.js';

const t = wordsOf<typeof en>('events');

/** The events of the box, newest first. New ones come in at the top. */
export default function Events() {
  const query = useQuery();
  const cameras = useCameras();
  const filters = useSettled(filtersOf(query));
  const { list, waiting, showWaiting, fault } = useLiveEvents(filters);
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')}>
        {can('status:read') && <a href="/outbox">{t('outbox')}</a>}
      </PageHead>
      <EventFilters query={query} cameras={cameras} />
      <Fault error={fault} />
      <NewRows text={waiting > 0 && t('show-new', { count: waiting })} onShow={showWaiting} />
      <LongTable
        caption={t('title')}
        list={list}
        columns={columns(cameras)}
        keyOf={({ sequence }) => sequence}
        empty={t('empty')}
      />
    </>
  );
}

const filtersOf = (query: Query) => ({
  ...textsIn(query, ['camera', 'person']),
  ...present({
    kind: query.oneOf('kind', kinds),
    since: beginOf(query.get('since')),
    until: endOf(query.get('until')),
  }),
});

/** Below this many pixels the page counts as not scrolled: new rows may come in without moving what one reads. */
const atTopPx = 200;

const none: readonly ShownEvent[] = [];

/** The list with what is recorded meanwhile. New events wait while the user reads further down. */
function useLiveEvents(filters: ReturnType<typeof filtersOf>) {
  const { since: _since, until, ...followed } = filters;
  const list = useList('events.list', filters);
  const key = JSON.stringify(filters);
  const fresh = useKept(`events fresh ${key}`, none);
  const waiting = useKept(`events waiting ${key}`, none);
  const newest = waiting.value[0] ?? fresh.value[0] ?? list.items[0];
  // The list may have been fetched anew meanwhile: what it has, it has once.
  const isNewer = ({ sequence }: ShownEvent): boolean =>
    Number(sequence) > Number(list.items[0]?.sequence ?? 0);
  const isLoaded = list.items.length > 0 || !list.isLoading;
  const { fault } = useFollowed(
    'events.follow',
    () => ({ ...followed, ...(newest !== undefined && { after: Number(newest.sequence) }) }),
    (line) => {
      if (line.kind === 'records-replaced') {
        fresh.value = [];
        waiting.value = [];
        void list.reload();
      }
      if (line.kind !== 'event') return;
      const { event } = line;
      if (globalThis.scrollY < atTopPx) fresh.value = [event, ...waiting.value, ...fresh.value];
      else waiting.value = [event, ...waiting.value];
      if (globalThis.scrollY < atTopPx) waiting.value = [];
    },
    { key, isWanted: until === undefined && isLoaded && list.fault === undefined },
  );
  return {
    list: { ...list, items: [...fresh.value.filter(isNewer), ...list.items] },
    fault,
    waiting: waiting.value.filter(isNewer).length,
    showWaiting: () => {
      fresh.value = [...waiting.value, ...fresh.value];
      waiting.value = [];
      globalThis.scrollTo(0, 0);
    },
  };
}

function EventFilters({ query, cameras }: { readonly query: Query; readonly cameras: Cameras }) {
  return (
    <Filters saved={{ query, page: 'events' }}>
      <ChoiceFilter
        {...{ query, name: 'kind', label: t('kind'), any: t('any-kind'), values: kinds, text: kindText }}
      />
      <CameraChoice label={t('camera')} any={t('any-camera')} cameras={cameras} {...query.bound('camera')} />
      <PersonFilter query={query} label={t('person')} />
      <PeriodFilter query={query} from={['since', t('since')]} until={['until', t('until')]} />
    </Filters>
  );
}

const columns = ({ nameOf }: Cameras): readonly Column<ShownEvent>[] => [
  {
    head: t('time'),
    width: 'instant',
    cell: (event) => <EventTime event={event} />,
  },
  { head: t('kind'), cell: (event) => <KindBadge event={event} /> },
  { head: t('camera'), cell: (event) => cameraOf(event, nameOf), isMinor: true },
  { head: t('about'), cell: (event) => <About event={event} />, isMinor: true },
  { head: t('says'), cell: (event) => factsOf(event).says.join(' · '), isMinor: true },
];

function cameraOf(event: ShownEvent, nameOf: Cameras['nameOf']): string | undefined {
  const { camera } = factsOf(event);
  return camera === undefined ? undefined : nameOf(camera);
}

function EventTime({ event }: { readonly event: ShownEvent }) {
  const time = isDamaged(event) ? event.recordedtime : event.time;
  return (
    <a href={`/events/${Number(event.sequence)}`}>
      {dayOf(time)} {clockSeconds(time)}
    </a>
  );
}

/** The kind of an event, in words. */
function KindBadge({ event }: { readonly event: ShownEvent }) {
  const kind = kindOf(event);
  if (isDamaged(event)) return <Badge tone="bad">{t('damaged')}</Badge>;
  return (
    <Badge tone={kind === undefined ? 'quiet' : toneOf(kind)}>{kind ? kindText(kind) : event.type}</Badge>
  );
}

function About({ event }: { readonly event: ShownEvent }) {
  const { persons, stranger } = factsOf(event);
  return (
    <>
      {persons.map((id, index) => (
        <span key={id}>
          {index > 0 && ' · '}
          <PersonLink id={id} />
        </span>
      ))}
      {persons.length === 0 && stranger}
    </>
  );
}
