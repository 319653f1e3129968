import { setImmediate as nextTurn } from 'node:timers/promises';
import { Bell } from '../../kernel/bell.js';
import type { Clock } from '../../kernel/clock.js';
import type { EventKind } from '../../kernel/events/event.js';
import type { Records } from '../records/records.js';
import type { EventQuery, StoredEvent } from '../records/stored-event.js';

/** The part of the records that reading needs. */
export type EventSource = Pick<Records, 'list' | 'lowestSince' | 'onRecorded'> & {
  readonly outbox: Pick<Records['outbox'], 'newestSequence'>;
};

/** What a caller wants to read. */
export type EventSelection = Pick<
  EventQuery,
  'kind' | 'personId' | 'cameraIds' | 'recordedSinceMs' | 'recordedBeforeMs'
>;

/** Sequences, both included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** How many sequences one query looks at: a few milliseconds, also if none of them matches. */
const windowSize = 2000;

/**
 * The newest or the oldest events of a span, at most `limit`: the newest first, or the oldest first. A selection may match few of
 * many events, so this reads the records in windows and lets the event loop turn between them.
 */
export async function readEvents(
  records: Pick<EventSource, 'list'>,
  wanted: {
    readonly selection: EventSelection;
    readonly span: Span;
    readonly keep: 'newest' | 'oldest';
    readonly limit: number;
  },
  signal: AbortSignal,
): Promise<readonly StoredEvent[]> {
  const { selection, keep, limit } = wanted;
  const found: StoredEvent[] = [];
  let { first, last } = wanted.span;
  while (first <= last && !signal.aborted) {
    // Sequences may be missing by the million: the numbering leaves some out after a loss of records.
    const [edge] = records.list({ afterSequence: first - 1, toSequence: last, limit: 1, keep });
    if (edge === undefined) break;
    const window =
      keep === 'newest'
        ? { first: Math.max(first, edge.sequence - windowSize + 1), last: edge.sequence }
        : { first: edge.sequence, last: Math.min(last, edge.sequence + windowSize - 1) };
    const rows = records.list({
      ...{ ...selection, keep, limit: limit - found.length },
      ...{ afterSequence: window.first - 1, toSequence: window.last },
    });
    found.push(...(keep === 'newest' ? rows.toReversed() : rows));
    if (found.length >= limit) break;
    if (keep === 'newest') last = window.first - 1;
    else first = window.last + 1;
    await nextTurn();
  }
  return found;
}

/** How many entries of the index of times one query looks at: a few milliseconds. */
const timesSlice = 20_000;

/**
 * The lowest sequence of an event that was recorded at `sinceMs` or later; undefined without any. The clock may have been set
 * back, so this looks at all later events.
 */
export async function firstSince(
  records: Pick<EventSource, 'lowestSince'>,
  { sinceMs, kinds }: { readonly sinceMs: number; readonly kinds: readonly EventKind[] },
  signal: AbortSignal,
): Promise<number | undefined> {
  let first: number | undefined;
  for (const kind of kinds) {
    for (let fromMs = sinceMs; !signal.aborted; ) {
      const found = records.lowestSince(kind, fromMs, timesSlice);
      if (found === undefined) break;
      first = Math.min(first ?? found.lowest, found.lowest);
      if (found.count < timesSlice) break;
      fromMs = Math.max(found.latestMs, fromMs + 1);
      await nextTurn();
    }
  }
  return first;
}

/** What a reader gets who follows the events. */
export type FollowedEvent =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'up-to-date' | 'records-replaced'; readonly newestSequence: number };

/** How many events a reader is given from one look into the records. */
const batchSize = 100;
/** How long a reader hears nothing while nothing happens. */
const quietMs = 30_000;

/**
 * Yields the events after `after`, and then each new one, until `signal` aborts. Each is read from the records when the reader
 * takes it, so that a slow reader costs no memory and misses nothing.
 */
export async function* followEvents(
  records: EventSource,
  { selection, after }: { readonly selection: EventSelection; readonly after: number | undefined },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<FollowedEvent> {
  const bell = new Bell(clock, signal);
  const newest = (): number => records.outbox.newestSequence();
  const unsubscribe = records.onRecorded(() => bell.ring());
  try {
    let position = after ?? newest();
    if (position > newest()) {
      yield { kind: 'records-replaced', newestSequence: newest() };
      position = 0;
    }
    let dueMs = 0;
    let isUpToDate = false;
    const spoken = (): void => {
      dueMs = clock.monotonicMs() + quietMs;
    };
    while (!signal.aborted) {
      const last = newest();
      const span = { first: position + 1, last };
      const events = await readEvents(records, { selection, span, keep: 'oldest', limit: batchSize }, signal);
      for (const event of events) {
        yield { kind: 'event', event };
        position = event.sequence;
        spoken();
      }
      if (events.length === batchSize || signal.aborted) continue;
      position = last;
      if (!isUpToDate || clock.monotonicMs() >= dueMs) {
        yield { kind: 'up-to-date', newestSequence: last };
        isUpToDate = true;
        spoken();
      }
      await bell.wait(dueMs - clock.monotonicMs());
    }
  } finally {
    unsubscribe();
  }
}
