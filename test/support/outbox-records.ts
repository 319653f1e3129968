import { join } from 'node:path';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import type { SendingOutbox } from '../../daemon/core/records/outbox/outbox.js';
import { limitOutbox, type OutboxLimiterOptions } from '../../daemon/core/records/outbox/outbox-limiter.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { BoxEvent, EventKind } from '../../daemon/kernel/events/event.js';
import type { GapNotice } from '../../daemon/kernel/events/notice.js';
import type { KindLimit, OutboxRules } from '../../daemon/kernel/events/outbox-limits.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import {
  ambiguousFact,
  attackFact,
  attendanceFact,
  everyNotice,
  refusedFact,
  unknownFact,
  unprovenFact,
  watchedFact,
} from './facts.js';
import { box } from './published-box.js';

export const outboxEpochMs = Date.UTC(2026, 2, 2, 7, 0, 0);

/** Records of a test under its own clock. */
export function openOutboxRecords(folder: string, clock: Clock): RecordStores {
  return openRecordStores({
    path: join(folder, 'records.db'),
    encode: (event) => encodeEvent(event, box, {}),
    clock,
    random: systemRandom,
  });
}

/** An event of any kind but those that state gaps. */
export function eventOf(kind: EventKind): BoxEvent {
  const facts: readonly BoxEvent[] = [
    attendanceFact(),
    unprovenFact(),
    refusedFact(),
    watchedFact(),
    ambiguousFact(),
    unknownFact(),
    attackFact(),
  ];
  const found = [...facts, ...everyNotice].find((event) => event.kind === kind);
  if (found === undefined) throw new Error(`no event of the kind ${kind} to test with`);
  return found;
}

/** The same limit for every kind, `changes` apart. */
export function rulesOf(limit: KindLimit, changes: Partial<OutboxRules> = {}): OutboxRules {
  const groups = {
    attendance: limit,
    persons: limit,
    attacks: limit,
    unknown: limit,
    box: limit,
    replies: limit,
    cameras: limit,
  };
  return { totalMiB: 1000, ...groups, ...changes };
}

export const waitingSequences = (outbox: SendingOutbox): readonly number[] =>
  outbox.pending(0, 100_000, []).map(({ sequence }) => sequence);

/** A recorded gap and its state in the outbox. */
export interface StoredGap {
  readonly sequence: number;
  readonly said: Pick<GapNotice, 'firstSequence' | 'lastSequence' | 'counts' | 'reason'>;
}

export function gapsOf(records: RecordStores): readonly StoredGap[] {
  return records.list({ limit: 100_000, kind: 'gap' }).map(({ sequence, payload }) => ({
    sequence,
    said: (JSON.parse(new TextDecoder().decode(payload)) as { data: StoredGap['said'] }).data,
  }));
}

/** Whether a gap states that such an event was given up. */
export const isStatedBy = (
  { said }: StoredGap,
  { sequence, kind }: { readonly sequence: number; readonly kind: EventKind },
): boolean => said.firstSequence <= sequence && sequence <= said.lastSequence && (said.counts[kind] ?? 0) > 0;

/** Brings the outbox within `rules`, whenever it is called; how many events were given up. */
export function limitBy(
  records: RecordStores,
  clock: Clock,
  rules: OutboxRules,
  changes: Partial<OutboxLimiterOptions> = {},
): () => Promise<number> {
  const options: OutboxLimiterOptions = {
    records,
    rules: () => rules,
    isClockTrusted: () => true,
    inFlight: () => [],
    clock,
    logger: silentLogger,
    ...changes,
  };
  return () => limitOutbox(options);
}
