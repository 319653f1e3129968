import type { OpenDatabase } from '../../../host/sqlite.js';
import type { BoxEvent } from '../../../kernel/events/event.js';
import type { GapNotice } from '../../../kernel/events/notice.js';
import { present } from '../../../kernel/present.js';
import { positionOf } from './marked-database.js';
import type { FoundLoss, RecordsLoss } from './open-records-file.js';
import { type RecordsMark, type RecordsPosition, reservedAtOnce, reservedBehind } from './records-mark.js';
import type { Salvage } from './salvage.js';

/** A loss of records; stored in the records until it has been published for long enough. */
export interface ReportedLoss {
  readonly loss: RecordsLoss;
  /** When it was found, wall clock, milliseconds since the epoch. */
  readonly foundAtMs: number;
  /** The range that contains all lost events, and their number; absent if no event is lost. */
  readonly gap?: { readonly first: number; readonly last: number; readonly count: number };
  /** Number of events that are left. */
  readonly events: number;
  /** For `damaged`: whether every table could be read completely. */
  readonly isSalvagedWhole?: boolean;
  readonly keptAs?: string;
}

/**
 * The box whose backup was restored may have used any number since. So the numbers of its successor begin at the next multiple of
 * these: at 1,000 events per second, a box would need 34 years to get there, and at one connection per second, which takes a million
 * numbers of state messages, half a year.
 */
const successorNumbers = { events: 2 ** 40, states: 2 ** 44 } as const;

/** The source in `source_state` under which the loss is stored. */
export const lossSource = 'records-loss';
/**
 * An executed command may have been issued this long after the time of the mark: the clocks of box and centre may differ by
 * one minute, and after a power cut the mark is less than one minute old.
 */
const commandsBeyondMs = 120_000;

interface RecoveryOptions {
  readonly mark: RecordsMark | undefined;
  readonly nowMs: number;
  /** A random name for a file. */
  readonly newName: () => string;
  /** Records events within the transaction. */
  readonly record: (database: OpenDatabase, events: readonly BoxEvent[]) => void;
}

/**
 * Recovers records after a loss, in one transaction. No number is used twice. No command that may have been executed is
 * accepted again. The missing events are published as a gap.
 */
export function recoverRecords(database: OpenDatabase, found: FoundLoss, options: RecoveryOptions): void {
  const { mark, nowMs, newName, record } = options;
  const name = newName();
  const numbers = numbersAfter(database, found, mark);
  mark?.announce('recovering', name, reservedBehind(numbers));
  database.transaction(() => {
    const lastCommandMs = found.loss === 'restored' ? nowMs : (numbers.markedAtMs ?? nowMs);
    setCounters(database, numbers, lastCommandMs + commandsBeyondMs);
    forgetOutdated(database);
    mendOutbox(database, found, { ...numbers, nowMs });
    const gap = gapOf(database, numbers);
    const { db } = database;
    db.exec('DELETE FROM lineage');
    db.prepare('INSERT INTO lineage (name) VALUES (?)').run(name);
    const loss = reportedLoss(database, found, { nowMs, gap });
    db.prepare('INSERT OR REPLACE INTO source_state (source, state) VALUES (?, ?)').run(
      lossSource,
      JSON.stringify(loss),
    );
    const lost = gap === undefined ? [] : [noticeOf(gap, found.loss, nowMs)];
    // Events about persons may be lost, so a centre has to compare the enrolled persons.
    record(database, [...lost, { kind: 'gallery', change: 'restored', occurredAtMs: nowMs }]);
  });
}

/** Where numbers continue after the recovery, and from where events may be missing. */
interface Numbers extends RecordsPosition {
  /** Whether a sealed mark states them. */
  readonly isProven: boolean;
  /** The time of the mark. */
  readonly markedAtMs: number | undefined;
}

function numbersAfter(database: OpenDatabase, { loss }: FoundLoss, mark: RecordsMark | undefined): Numbers {
  const here = positionOf(database)();
  const newest = database.db
    .prepare<[], number>('SELECT coalesce(max(sequence), 0) FROM event')
    .pluck()
    .get();
  // A bad page can change a counter to any value; a stored event is less likely to pass its checks.
  const event = loss === 'damaged' ? Number(newest) : Math.max(here.event, Number(newest));
  const { eventTo = 0, stateTo = 0 } = mark?.trailed ?? {};
  const before = mark?.found.kind === 'proven' ? mark.found.mark : undefined;
  const numbers = {
    event: Math.max(eventTo, before?.eventTo ?? 0, beyond(event, before?.eventTo, reservedAtOnce.events)),
    state: Math.max(
      stateTo,
      before?.stateTo ?? 0,
      beyond(here.state, before?.stateTo, reservedAtOnce.states),
    ),
  };
  return {
    ...(before ?? here),
    event: loss === 'restored' ? nextMultiple(numbers.event, successorNumbers.events) : numbers.event,
    state: loss === 'restored' ? nextMultiple(numbers.state, successorNumbers.states) : numbers.state,
    isProven: before !== undefined,
    markedAtMs: before?.atMs,
  };
}

const nextMultiple = (number: number, of: number): number => (Math.floor(number / of) + 1) * of;

/** If a number beyond the reservation of the mark was used, more such numbers may have been used: skips a block. */
const beyond = (number: number, reserved: number | undefined, block: number): number =>
  reserved !== undefined && number <= reserved ? number : number + block;

/**
 * Removes events that have left the outbox, and adds events that may not have left it; they keep their ids. The rows of the
 * outbox prove nothing in a file that was damaged, or copied while it was in use: its pages may come from different moments.
 */
function mendOutbox(
  { db }: OpenDatabase,
  { loss, salvage }: FoundLoss,
  { isProven, settled, nowMs }: Numbers & { readonly nowMs: number },
): void {
  if (isProven) db.prepare('DELETE FROM outbox WHERE sequence <= ?').run(settled);
  else if (loss !== 'damaged' || isWhole(salvage, 'outbox')) return;
  db.prepare(`
    INSERT INTO outbox (sequence, kind, size_bytes, since_ms, is_again)
    SELECT sequence, kind, length(payload), ?, 1 FROM event
    WHERE sequence > ? AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = event.sequence)
      AND NOT EXISTS (SELECT 1 FROM given_up WHERE given_up.sequence = event.sequence)`).run(
    Math.floor(nowMs),
    isProven ? settled : 0,
  );
}

function setCounters({ db }: OpenDatabase, numbers: Numbers, commandsFromMs: number): void {
  const raise = db.prepare<[string, number]>(`
    INSERT INTO counter (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)`);
  const { event, state, revision, settled, centre } = numbers;
  db.prepare("DELETE FROM counter WHERE name IN ('event', 'state')").run();
  // Alert rules continue with the events after the recovery.
  const raised = { event, state, centre, sent: settled, alerts: event, revision: revision + 1 };
  for (const [name, value] of Object.entries(raised)) raise.run(name, value);
  raise.run('commands-from', Math.ceil(commandsFromMs));
}

function forgetOutdated({ db }: OpenDatabase): void {
  // A command that waits or began according to these rows may have been answered since.
  db.exec("DELETE FROM command WHERE state <> 'answered'");
  // The condition begins again, also while an earlier loss is still being published.
  db.exec("DELETE FROM box_condition WHERE condition = 'records-lost'");
  // These sources start again from the present, so that they publish nothing twice.
  db.exec("DELETE FROM source_state WHERE source IN ('audit-log', 'attendance-summary')");
}

const isWhole = (salvage: Salvage | undefined, table: string): boolean =>
  salvage?.get(table)?.isWhole === true;

function noticeOf(
  { first, last, count }: NonNullable<ReportedLoss['gap']>,
  loss: RecordsLoss,
  nowMs: number,
): GapNotice {
  return {
    kind: 'gap',
    occurredAtMs: nowMs,
    firstSequence: first,
    lastSequence: last,
    counts: { lost: count },
    reason: loss === 'restored' ? 'replaced' : 'lost',
  };
}

/** The missing numbers after the last one that has left the outbox: lost events, and numbers that were reserved but not used. */
function gapOf({ db }: OpenDatabase, { settled, event: last }: Numbers): ReportedLoss['gap'] {
  const bounds = { settled, last };
  const first = db
    .prepare<[typeof bounds], number | null>(`
      SELECT min(before.sequence) + 1 FROM
        (SELECT @settled AS sequence UNION ALL
         SELECT sequence FROM event WHERE sequence > @settled AND sequence < @last) AS before
      WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.sequence = before.sequence + 1)`)
    .pluck()
    .get(bounds);
  if (first === undefined || first === null || first > last) return undefined;
  const left = db
    .prepare<[number, number], number>('SELECT count(*) FROM event WHERE sequence BETWEEN ? AND ?')
    .pluck()
    .get(first, last);
  return { first, last, count: last - first + 1 - Number(left) };
}

function reportedLoss(
  { db }: OpenDatabase,
  { loss, salvage, keptAs }: FoundLoss,
  { nowMs, gap }: { readonly nowMs: number; readonly gap: ReportedLoss['gap'] },
): ReportedLoss {
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  const isSalvagedWhole = salvage && [...salvage.values()].every((table) => table.isWhole);
  return {
    loss,
    foundAtMs: Math.floor(nowMs),
    events: count('event'),
    ...present({ gap, isSalvagedWhole, keptAs }),
  };
}
