import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { PassageItem, TimelinePassage } from '../../../contract/passages.js';
import { present } from '../../../kernel/present.js';
import type { ApiError } from '../../api/api-error.js';
import type { Output } from '../../api/call.js';
import { type Fetched, useFetched, useFollowed } from '../../api/use-fetched.js';
import { type BlindSpan, blindSpan } from './blind-spans.js';
import { type EndedPassage, passagesOf } from './day-lines.js';
import type { TimedPassage } from './mark-groups.js';
import type { TimeSpan } from './time-view.js';

/** A day that is not over is fetched again so often: passages come by the stream, but not what cameras could not see. */
const againMs = 300_000;

interface DayPassages {
  readonly fetched: Fetched<Output<'passages.timeline'>>;
  /** In the order of time. */
  readonly passages: readonly TimedPassage[];
  readonly blind: readonly BlindSpan[];
  /** Why what ends now does not come. */
  readonly followFault: ApiError | undefined;
}

/** The passages of a day, of one camera or of all, and those that end while the page is open. */
export function useDayPassages(day: TimeSpan, camera: string, isToday: boolean): DayPassages {
  const period = {
    ...{ since: new Date(day.fromMs).toISOString(), until: new Date(day.toMs).toISOString() },
    ...(camera !== '' && { camera }),
  };
  const fetched = useFetched('passages.timeline', period, isToday ? { everyMs: againMs } : {});
  const ended = useSignal<readonly EndedPassage[]>([]);
  /** After a cut, the stream goes on from here. */
  const position = useRef<number | undefined>(undefined);
  const key = JSON.stringify(period);
  useEffect(() => {
    ended.value = [];
    position.current = undefined;
  }, [key]);
  const { value, askedMs } = fetched;
  const { fault: followFault } = useFollowed(
    'passages.follow',
    () => present({ camera: camera === '' ? undefined : camera, after: position.current }),
    (line) => {
      position.current = line.position;
      if (line.kind !== 'passage') return;
      const heardMs = performance.now();
      const added = markOf(line.passage).map((passage) => ({ passage, heardMs }));
      ended.value = [...ended.value.filter((each) => each.heardMs >= askedMs), ...added];
    },
    { key, isWanted: isToday },
  );
  const { passages, blind } = useMemo(
    () => ({
      passages: passagesOf({ fetched: value?.passages ?? [], askedMs, ended: ended.value }, day),
      blind: (value?.blind ?? []).flatMap((each) => blindSpan(each, day)),
    }),
    [value, ended.value, key],
  );
  return { fetched, passages, blind, followFault };
}

function markOf(item: PassageItem): readonly TimelinePassage[] {
  if ('unreadable' in item) return [];
  const { id, camera, startedAt, inSightS, outcome, person, stranger } = item;
  return [{ id, camera, startedAt, inSightS, outcome, ...present({ person, stranger: stranger?.id }) }];
}
