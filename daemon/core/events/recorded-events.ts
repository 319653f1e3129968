import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '../../contract/caller.js';
import type {
  EventDetails,
  eventOperations,
  OutboxKind,
  OutboxStatus,
  ResendOutcome,
  SequenceRange,
  ShownEvent,
} from '../../contract/events.js';
import type { Handlers } from '../../contract/handlers.js';
import type { HeldBack } from '../../contract/held-back.js';
import type { ServedFile } from '../../contract/operation.js';
import type { Config } from '../../contract/settings/schema.js';
import type { Actor } from '../../kernel/actor.js';
import { brokerNotConfigured } from '../../kernel/broker.js';
import type { Clock } from '../../kernel/clock.js';
import { eventKinds } from '../../kernel/events/event-type.js';
import { limitOf } from '../../kernel/events/outbox-limits.js';
import { personId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { refusal } from '../../words/errors.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import { describeHeldBack, type HeldBackEvent } from '../delivery/held-back-event.js';
import type { Publisher } from '../delivery/publisher.js';
import type { Gallery } from '../gallery/gallery.js';
import type { Records } from '../records/records.js';
import type { StoredEvent } from '../records/stored-event.js';
import { pictureOfEvent } from './event-picture.js';
import {
  type EventSelection,
  type EventSource,
  firstSince,
  followEvents,
  readEvents,
} from './event-reader.js';
import { shownEvent } from './shown-event.js';

/** Number of events that one transaction puts back into the outbox; it takes a few milliseconds. */
const resendBatch = 1000;
/** Maximum number of ranges of missing events in an answer. */
const mostRanges = 100;
/** A shorter prefix of an id finds no event. */
const shortestBeginning = 4;
/** Maximum number of sequences in the message about an ambiguous prefix. */
const mostNamed = 10;
/** Events with a prefix that are looked at for a caller who is limited to cameras: some milliseconds. */
const mostLookedAt = 1000;

export interface RecordedEventsOptions {
  readonly records: EventSource & Pick<Records, 'find' | 'beginningWith' | 'outbox'>;
  /** Undefined when no broker is configured. A reload may replace it. */
  readonly publisher: () => Publisher | undefined;
  /** The configuration in force. */
  readonly current: () => Config;
  readonly audit: (entry: NewAuditEntry) => void;
  /** Writes into the audit log who reads pictures. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  /** @throws `gallery-sealed` */
  readonly gallery: () => Pick<Gallery, 'evidenceOfEvent'>;
  readonly clock: Clock;
}

/** The operations on events and the outbox. */
export function eventHandlers(events: RecordedEvents): Handlers<typeof eventOperations> {
  return {
    'events.list': (input, { caller, signal }) => events.list(input, caller, signal),
    'events.show': ({ event }, { caller }) => events.show(event, caller),
    'events.picture': ({ event }, { caller }) => events.picture(event, caller),
    'events.follow': (input, { caller, signal }) => events.follow(input, caller, signal),
    'events.resend': ({ from, to }, { caller }) => events.resend(from, to, caller),
    'outbox.show': () => events.outbox(),
  };
}

type ListInput = Parameters<Handlers<typeof eventOperations>['events.list']>[0];
type FollowInput = Parameters<Handlers<typeof eventOperations>['events.follow']>[0];
/** What decides which events a caller may read. */
type Reader = Pick<Caller, 'cameras'>;

/** Events and the outbox of the box. */
export class RecordedEvents {
  readonly #options: RecordedEventsOptions;
  /** One range at a time, for callers and commands alike: each answer counts its own events. */
  readonly #resends = new SerialQueue();

  constructor(options: RecordedEventsOptions) {
    this.#options = options;
  }

  /** @throws `forbidden` for a camera that the caller may not use */
  async list(
    input: ListInput,
    reader: Reader,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly ShownEvent[]; readonly nextCursor?: string }> {
    const { records } = this.#options;
    const { kind, since, until, from = 1, to = Number.MAX_SAFE_INTEGER, order, limit, cursor } = input;
    const times = {
      recordedSinceMs: since === undefined ? undefined : Date.parse(since),
      recordedBeforeMs: until === undefined ? undefined : Date.parse(until),
    };
    const selection = { ...selectionOf(input, reader), ...present(times) };
    const { recordedSinceMs: sinceMs } = times;
    const kinds = kind === undefined ? eventKinds : [kind];
    const earliest = sinceMs === undefined ? 1 : await firstSince(records, { sinceMs, kinds }, signal);
    if (earliest === undefined) return { items: [] };
    const [keep, first, last] =
      order === 'newest-first'
        ? (['newest', from, Math.min(to, Number(cursor ?? Number.MAX_SAFE_INTEGER) - 1)] as const)
        : (['oldest', Math.max(from, Number(cursor ?? 0) + 1), to] as const);
    const span = { first: Math.max(first, earliest), last };
    // One more than the page shows whether this is the last page.
    const found = await readEvents(records, { selection, span, keep, limit: limit + 1 }, signal);
    const shown = found.slice(0, limit);
    const nextCursor = found.length > limit ? String(shown.at(-1)?.sequence) : undefined;
    return { items: shown.map((event) => shownEvent(event, reader.cameras)), ...present({ nextCursor }) };
  }

  /**
   * Finds an event by sequence, id, or a prefix of an id with at least four characters.
   * @throws `no-such-event`; `ambiguous` (input) if several ids begin with the prefix
   */
  show(which: string, reader: Reader): EventDetails {
    const { records } = this.#options;
    const found = this.#required(which, reader);
    const { sequence, id, kind, recordedAtMs } = found;
    const delivery = records.outbox.deliveryOf(sequence);
    return {
      sequence,
      id,
      kind,
      recordedAt: isoTime(recordedAtMs),
      delivery,
      event: shownEvent(found, reader.cameras),
    };
  }

  /** @throws as `show`; `no-such-picture`, `gallery-sealed` */
  picture(which: string, reader: Reader & Actor): ServedFile {
    const { gallery, readings } = this.#options;
    const found = this.#required(which, reader);
    const bytes = pictureOfEvent(gallery(), found);
    if (bytes === undefined) {
      throw refusal('no-such-picture:event', { sequence: found.sequence });
    }
    const { actor, origin } = reader;
    const details = present({ person: found.personId ?? undefined, camera: found.cameraId ?? undefined });
    readings.note({ by: { actor, origin }, action: 'evidence.read', subject: found.id, details });
    return { bytes };
  }

  /** @throws `forbidden` for a camera that the caller may not use */
  async *follow(input: FollowInput, reader: Reader, signal: AbortSignal) {
    const { records, clock } = this.#options;
    const wanted = { selection: selectionOf(input, reader), after: input.after };
    for await (const item of followEvents(records, wanted, { clock, signal })) {
      yield item.kind === 'event' ? { kind: item.kind, event: shownEvent(item.event, reader.cameras) } : item;
    }
  }

  /**
   * Sends the stored events of a range again; `to` defaults to the newest. Writes an audit entry.
   * @throws `bad-range` (input) if the range ends before it begins, or begins after the newest event
   */
  async resend(from: number, to: number | undefined, { actor, origin }: Actor): Promise<ResendOutcome> {
    const newest = this.#options.records.outbox.newestSequence();
    if (from > (to ?? newest) || from > newest) {
      throw refusal('bad-range', { from, to: to ?? newest, newest });
    }
    const outcome = await this.resendRange(from, to);
    const { first, last, count } = outcome;
    const by = { actor, origin };
    this.#options.audit({ by, action: 'events.resent', details: { first, last, count } });
    return outcome;
  }

  resendRange(from: number, to?: number): Promise<ResendOutcome> {
    return this.#resends.run(() => this.#resendRange(from, to));
  }

  async #resendRange(from: number, to: number | undefined): Promise<ResendOutcome> {
    const { records, publisher, clock } = this.#options;
    const { outbox } = records;
    const last = Math.min(to ?? Number.MAX_SAFE_INTEGER, outbox.newestSequence());
    if (last < from) return { first: from, last: to ?? from, count: 0, missing: { count: 0, ranges: [] } };
    const missing = new MissingRanges();
    let count = 0;
    for (let first = from; first <= last; ) {
      const done = outbox.putBack({ first, last }, { nowMs: clock.wallMs(), limit: resendBatch });
      count += done.count;
      publisher()?.rewind(first);
      missing.add(outbox.missing({ first, last: done.through }, mostRanges));
      first = done.through + 1;
      await nextTurn();
    }
    const { count: gone, ranges } = missing;
    return { first: from, last, count, missing: { count: gone, ranges } };
  }

  acknowledgeUpTo(sequence: number): number {
    const { records, publisher } = this.#options;
    return records.outbox.centre.confirmUpTo(sequence, publisher()?.onTheWay() ?? []);
  }

  outbox(): OutboxStatus {
    const { records, publisher, current } = this.#options;
    const { outbox } = records;
    const { mqtt, outbox: rules } = current();
    const status = publisher()?.status();
    const problem = status?.problem;
    const counts = outbox.counts();
    return {
      acknowledgement: mqtt?.acknowledgement ?? 'broker',
      count: counts.reduce((sum, { count }) => sum + count, 0),
      sizeBytes: counts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      limitMiB: rules.totalMiB,
      keptForCentre: outbox.keptForCentreCount(),
      newestSequence: outbox.newestSequence(),
      centreHasUpTo: outbox.centre.confirmed(),
      inFlight: status?.inFlightCount ?? 0,
      connection: {
        state: status?.connection ?? brokerNotConfigured,
        ...present({ message: problem?.message, remedy: problem?.remedy }),
      },
      heldBack: this.heldBack(),
      kinds: this.#kinds(status?.heldKinds ?? []),
    };
  }

  /** The `heldBack` of `outbox()`, without the cost of counting all waiting events. */
  heldBack(): readonly HeldBack[] {
    const { records, publisher } = this.#options;
    const status = publisher()?.status();
    const isConnected = status?.connection === 'connected';
    const { outbox } = records;
    // A held-back event may meanwhile have been given up because of its age or the limits of the outbox.
    const isStillThere = ({ cause, kind, sequence }: HeldBackEvent): boolean =>
      cause === 'topic-refused'
        ? outbox.counts().some((each) => each.kind === kind && each.count > 0)
        : outbox.deliveryOf(sequence) === 'waiting';
    return (status?.heldBack ?? []).filter(isStillThere).map((held) => shownHeldBack(held, isConnected));
  }

  /**
   * Finds an event by its sequence, by its id or by the beginning of its id. A text of digits is first tried as a sequence. For
   * a caller who is limited to cameras, there are no events of others.
   */
  #find(which: string, { cameras }: Reader): StoredEvent | undefined {
    const { records } = this.#options;
    const isTheirs = ({ cameraId }: StoredEvent): boolean => cameras?.has(cameraId ?? '') ?? true;
    const exact = records.find(/^\d{1,16}$/.test(which) ? Number(which) : which);
    if (exact !== undefined && isTheirs(exact)) return exact;
    if (which.length < shortestBeginning) return undefined;
    const limit = cameras === undefined ? mostNamed + 1 : mostLookedAt;
    const looked = records.beginningWith(which, limit);
    const found = looked.filter(isTheirs);
    const isWhole = looked.length < limit;
    if (found.length < 2 && isWhole) return found[0];
    const named = found.slice(0, mostNamed).map(({ sequence }) => String(sequence));
    const values = { which, sequences: named.join(', ') };
    throw found.length > mostNamed || !isWhole
      ? refusal('ambiguous:events-and-others', values)
      : refusal('ambiguous:events', values);
  }

  #required(which: string, reader: Reader): StoredEvent {
    const found = this.#find(which, reader);
    if (found !== undefined) return found;
    throw refusal('no-such-event', { which });
  }

  #kinds(heldKinds: readonly string[]): readonly OutboxKind[] {
    const { records, current } = this.#options;
    const rules = current().outbox;
    const counts = new Map(records.outbox.counts().map((each) => [each.kind, each]));
    const since = new Map(records.outbox.oldest().map(({ kind, sinceMs }) => [kind, sinceMs]));
    return eventKinds.flatMap((kind) => {
      const found = counts.get(kind);
      if (found === undefined) return [];
      const { count, sizeBytes, givenUp } = found;
      const oldestMs = since.get(kind);
      const oldest = oldestMs === undefined ? {} : { oldestSince: isoTime(oldestMs) };
      const { events, days } = limitOf(kind, rules);
      const isHeld = heldKinds.includes(kind);
      return [{ kind, count, sizeBytes, ...oldest, limit: { events, days }, givenUp, isHeld }];
    });
  }
}

function shownHeldBack(held: HeldBackEvent, isConnected: boolean): HeldBack {
  const { cause, kind, sequence, sinceMs, untilMs, reason, sizeBytes } = held;
  // Without a connection only an event that ends the connection has a time; the next connection tries all others at once.
  const isTimed = untilMs !== undefined && (isConnected || cause === 'ends-connection');
  return {
    ...{ cause, kind, sequence, since: isoTime(sinceMs) },
    ...(isTimed ? { until: isoTime(untilMs) } : {}),
    ...present({ reason, sizeBytes }),
    ...describeHeldBack(held),
  };
}

/** The missing events of consecutive batches. Joins ranges that continue across two batches. */
class MissingRanges {
  count = 0;
  readonly ranges: SequenceRange[] = [];

  add({ count, ranges }: ResendOutcome['missing']): void {
    this.count += count;
    for (const range of ranges) {
      const before = this.ranges.at(-1);
      if (before?.last === range.first - 1) this.ranges.splice(-1, 1, { ...before, last: range.last });
      else if (this.ranges.length < mostRanges) this.ranges.push(range);
    }
  }
}

/** The filters of a request. Callers who are limited to cameras read the events of these cameras only. */
function selectionOf(
  { kind, person, camera }: Pick<ListInput, 'kind' | 'person' | 'camera'>,
  { cameras }: Reader,
): EventSelection {
  if (camera !== undefined && cameras?.has(camera) === false) {
    throw refusal('forbidden:camera');
  }
  const cameraIds = camera === undefined ? cameras && [...cameras] : [camera];
  return present({ kind, personId: person === undefined ? undefined : personId(person), cameraIds });
}
