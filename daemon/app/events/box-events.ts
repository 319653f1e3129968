import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../audit/actor.js';
import type { NewAuditEntry } from '../../audit/audit-entry.js';
import type { Clock } from '../../base/clock.js';
import { badInput } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type {
  EventControl,
  EventListQuery,
  OutboxKindStatus,
  OutboxStatus,
  ResendOutcome,
  ShownEvent,
  ShownHeldBack,
  ShownRange,
} from '../../control/event-control.js';
import { eventKinds } from '../../domain/events/event-type.js';
import { limitOf } from '../../domain/events/outbox-limits.js';
import { isoTime } from '../../domain/iso-time.js';
import { type HeldBack, wordsOf } from '../../publish/held-back.js';
import type { Publisher } from '../../publish/publisher.js';
import type { Records } from '../../records/open-records.js';
import type { StoredEvent } from '../../records/stored-event.js';
import type { OutboxControl } from '../centre/centre-events.js';

/** Events that come back in one transaction: some milliseconds. */
const resendBatch = 1000;
/** Ranges that are named of what is missing. */
const mostRanges = 100;
/** Shorter beginnings of an id name no event. */
const shortestBeginning = 4;
/** Sequences that are named where a beginning means several events. */
const mostNamed = 10;

export interface BoxEventsOptions {
  readonly records: Pick<Records, 'list' | 'find' | 'beginningWith' | 'onRecorded' | 'outbox'>;
  /** Undefined where no broker is configured; another one after each reload that changes it. */
  readonly publisher: () => Publisher | undefined;
  /** The configuration in force. */
  readonly current: () => Config;
  readonly audit: (entry: NewAuditEntry) => void;
  readonly clock: Clock;
}

/** Events and their way out, as the local API and centres may ask for them. */
export class BoxEvents implements EventControl, OutboxControl {
  readonly #options: BoxEventsOptions;

  constructor(options: BoxEventsOptions) {
    this.#options = options;
  }

  list({ limit, kind, person, from, to, sinceMs }: EventListQuery): readonly unknown[] {
    const query = {
      limit,
      ...(kind === undefined ? {} : { kind }),
      ...(person === undefined ? {} : { personId: person }),
      ...(from === undefined ? {} : { afterSequence: from - 1 }),
      ...(to === undefined ? {} : { toSequence: to }),
      ...(sinceMs === undefined ? {} : { recordedSinceMs: sinceMs }),
    };
    return this.#options.records.list(query).map(({ payload }) => parse(payload));
  }

  show(which: string): ShownEvent | undefined {
    const { records } = this.#options;
    const found = this.#find(which);
    if (found === undefined) return undefined;
    const { sequence, id, kind, recordedAtMs, payload } = found;
    const delivery = records.outbox.deliveryOf(sequence);
    return { sequence, id, kind, recordedAt: isoTime(recordedAtMs), delivery, event: parse(payload) };
  }

  onEvent(listener: (event: unknown) => void): () => void {
    return this.#options.records.onRecorded((_event, payload) => listener(parse(payload)));
  }

  async resend(from: number, to: number | undefined, by: Actor): Promise<ResendOutcome> {
    const newest = this.#options.records.outbox.newestSequence();
    if (from > (to ?? newest) || from > newest) {
      throw badInput('bad-range', `there is no event from ${from} to ${to ?? newest}`, {
        remedy: `give a range that begins at ${newest}, the newest event, or before, and does not end before it begins`,
      });
    }
    const outcome = await this.resendRange(from, to);
    const { first, last, count } = outcome;
    this.#options.audit({ by, action: 'events.resent', details: { first, last, count } });
    return outcome;
  }

  async resendRange(from: number, to?: number): Promise<ResendOutcome> {
    const { records, publisher, clock } = this.#options;
    const { outbox } = records;
    const last = Math.min(to ?? Number.MAX_SAFE_INTEGER, outbox.newestSequence());
    if (last < from) return { first: from, last: to ?? from, count: 0, missing: { count: 0, ranges: [] } };
    const missing = new MissingRanges();
    let count = 0;
    for (let first = from; first <= last; ) {
      const done = outbox.putBack({ first, last }, { nowMs: clock.wallMs(), limit: resendBatch });
      count += done.count;
      publisher()?.lookAgain(first);
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
        state: status?.connection ?? 'not configured',
        ...(problem === undefined ? {} : { message: problem.message }),
        ...(problem?.remedy === undefined ? {} : { remedy: problem.remedy }),
      },
      heldBack: this.heldBack(),
      kinds: this.#kinds(status?.heldKinds ?? []),
    };
  }

  heldBack(): readonly ShownHeldBack[] {
    const { records, publisher } = this.#options;
    const status = publisher()?.status();
    const isConnected = status?.connection === 'connected';
    const { outbox } = records;
    // What was held back may have been given up since, for its age or its number.
    const isStillThere = ({ cause, kind, sequence }: HeldBack): boolean =>
      cause === 'topic-refused'
        ? outbox.counts().some((each) => each.kind === kind && each.count > 0)
        : outbox.deliveryOf(sequence) === 'waiting';
    return (status?.heldBack ?? []).filter(isStillThere).map((held) => shownHeldBack(held, isConnected));
  }

  /** What is written in digits only is a sequence first. */
  #find(which: string): StoredEvent | undefined {
    const { records } = this.#options;
    const exact = records.find(/^\d{1,16}$/.test(which) ? Number(which) : which);
    if (exact !== undefined || which.length < shortestBeginning) return exact;
    const found = records.beginningWith(which, mostNamed + 1);
    if (found.length < 2) return found[0];
    const named = found.slice(0, mostNamed).map(({ sequence }) => String(sequence));
    if (found.length > mostNamed) named.push('others');
    const message = `The ids of several events begin with "${which}": those with the sequences ${named.join(', ')}`;
    throw badInput('ambiguous', message, { remedy: 'Give more of the id, or the sequence.' });
  }

  #kinds(heldKinds: readonly string[]): readonly OutboxKindStatus[] {
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

function shownHeldBack(held: HeldBack, isConnected: boolean): ShownHeldBack {
  const { cause, kind, sequence, sinceMs, untilMs, reason, sizeBytes } = held;
  const isTimed = untilMs !== undefined && (isConnected || cause === 'ends-connection');
  return {
    ...{ cause, kind, sequence, since: isoTime(sinceMs) },
    ...(isTimed ? { until: isoTime(untilMs) } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...wordsOf(held),
  };
}

/** What is missing of neighbouring batches, as one list. */
class MissingRanges {
  count = 0;
  readonly ranges: ShownRange[] = [];

  add({ count, ranges }: ResendOutcome['missing']): void {
    this.count += count;
    for (const range of ranges) {
      const before = this.ranges.at(-1);
      if (before?.last === range.first - 1) this.ranges.splice(-1, 1, { ...before, last: range.last });
      else if (this.ranges.length < mostRanges) this.ranges.push(range);
    }
  }
}

function parse(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload)) as unknown;
}
