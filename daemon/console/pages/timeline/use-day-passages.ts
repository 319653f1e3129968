import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { PassageItem, TimelinePassage } from '../../../contract/passages.js';
import { present } from '../../../kernel/present.js';
import type { Output } from '../../api/call.js';
import { type Fetched, useFetched, useFollowed } from '../../api/use-fetched.js';
import { type BlindSpan, blindSpan } from './blind-spans.js';
import type { TimedPassage } from './mark-groups.js';
import type { TimeSpan } from './time-view.js';

/** A day that is not over is fetched again so often: passages come by the stream, but not what cameras could not see. */
const againMs = 300_000;

interface DayPassages {
  readonly fetched: Fetched<Output<'passages.timeline'>>;
  /** In the order of time. */
  readonly passages: readonly TimedPassage[];
  readonly blind: readonly BlindSpan[];
}

/** The passages of a day, of one camera or of all, and those that end while the page is open. */
export function useDayPassages(day: TimeSpan, camera: string, isToday: boolean): DayPassages {
  const period = {
    ...{ since: new Date(day.fromMs).toISOString(), until: new Date(day.toMs).toISOString() },
    ...(camera !== '' && { camera }),
  };
  const fetched = useFetched('passages.timeline', period, isToday ? { everyMs: againMs } : {});
  const ended = useSignal<readonly TimelinePassage[]>([]);
  const key = JSON.stringify(period);
  useEffect(() => {
    ended.value = [];
  }, [key]);
  useFollowed(
    'passages.follow',
    () => (camera === '' ? {} : { camera }),
    (line) => {
      if (line.kind === 'passage') ended.value = [...ended.value, ...markOf(line.passage)];
    },
    { key, isWanted: isToday },
  );
  const { value } = fetched;
  const { passages, blind } = useMemo(
    () => ({
      passages: inTime([...(value?.passages ?? []), ...ended.value], day),
      blind: (value?.blind ?? []).flatMap((each) => blindSpan(each, day)),
    }),
    [value, ended.value, key],
  );
  return { fetched, passages, blind };
}

/** Of a passage that was fetched while the face was in sight, the later word counts. Those of another day are still on the page. */
function inTime(all: readonly TimelinePassage[], { fromMs, toMs }: TimeSpan): readonly TimedPassage[] {
  return [...new Map(all.map((passage) => [passage.id, passage])).values()]
    .map((passage) => ({ ...passage, atMs: Date.parse(passage.startedAt) }))
    .filter(({ atMs }) => fromMs <= atMs && atMs < toMs)
    .sort((one, other) => one.atMs - other.atMs);
}

function markOf(item: PassageItem): readonly TimelinePassage[] {
  if ('unreadable' in item) return [];
  const { id, camera, startedAt, inSightS, outcome, person, stranger } = item;
  return [{ id, camera, startedAt, inSightS, outcome, ...present({ person, stranger: stranger?.id }) }];
}
