import type { BoxEvent } from '../../domain/events/event.js';
import type { GapNotice } from '../../domain/events/notice.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { positionOf } from './marked-database.js';
import type { FoundLoss, RecordsLoss } from './open-records-file.js';
import { type RecordsMark, type RecordsPosition, reservedAtOnce, reservedBehind } from './records-mark.js';
import type { Salvage } from './salvage.js';

/** What was lost, as the records themselves say it until it is no news any more. */
export interface ToldLoss {
  readonly loss: RecordsLoss;
  /** When it was found, wall clock, milliseconds since the epoch. */
  readonly foundAtMs: number;
  /** The range of events of which some are lost; absent where there is none. */
  readonly gap?: { readonly first: number; readonly last: number; readonly count: number };
  /** Events that are still there. */
  readonly events: number;
  /** Of `damaged`: whether every table could be read as a whole. */
  readonly isSalvagedWhole?: boolean;
  readonly keptAs?: string;
}

/** Under which name `last_said` keeps it. */
export const lossSource = 'records-loss';
/**
 * A command that was executed may have been given so long after the time of the mark: the clocks of box and centre may differ by a
 * minute, and a power cut leaves the mark behind by less than one.
 */
const commandsBeyondMs = 120_000;

export interface MakeGoodParts {
  readonly mark: RecordsMark | undefined;
  readonly nowMs: number;
  /** A random name for a file. */
  readonly newName: () => string;
  /** Records events within the transaction. */
  readonly record: (database: OpenDatabase, events: readonly BoxEvent[]) => void;
}

/**
 * Brings records in order of which something is lost, in one transaction: no number is given again, no command that may have been
 * executed is taken again, nobody is trusted whom the box may have ceased to trust, and what is missing is stated as a gap.
 */
export function makeGood(database: OpenDatabase, found: FoundLoss, parts: MakeGoodParts): void {
  const { mark, nowMs, newName, record } = parts;
  const name = newName();
  const numbers = numbersAfter(database, found, mark);
  mark?.announce('recovering', name, reservedBehind(numbers));
  database.transaction(() => {
    setCounters(database, numbers, (numbers.markedAtMs ?? nowMs) + commandsBeyondMs);
    forgetWhatMayBeOver(database);
    mendOutbox(database, found, { ...numbers, nowMs });
    const gap = gapOf(database, numbers);
    const { db } = database;
    db.exec('DELETE FROM lineage');
    db.prepare('INSERT INTO lineage (name) VALUES (?)').run(name);
    const told = toldLoss(database, found, { nowMs, gap });
    db.prepare('INSERT OR REPLACE INTO last_said (source, said) VALUES (?, ?)').run(
      lossSource,
      JSON.stringify(told),
    );
    const lost = gap === undefined ? [] : [noticeOf(gap, nowMs)];
    // What was said of persons since then is not known: a centre has to compare who is enrolled.
    record(database, [...lost, { kind: 'gallery', change: 'restored', occurredAtMs: nowMs }]);
  });
}

/** Where the numbers go on, and from where on events may be missing. */
interface Numbers extends RecordsPosition {
  /** Whether the mark proves them, so that they are those of what was recorded last. */
  readonly isProven: boolean;
  /** When the mark was written. */
  readonly markedAtMs: number | undefined;
}

function numbersAfter(database: OpenDatabase, { loss }: FoundLoss, mark: RecordsMark | undefined): Numbers {
  const here = positionOf(database)();
  const newest = database.db
    .prepare<[], number>('SELECT coalesce(max(sequence), 0) FROM event')
    .pluck()
    .get();
  // A bad page may have made anything of a counter, and less easily of an event.
  const event = loss === 'damaged' ? Number(newest) : Math.max(here.event, Number(newest));
  const { eventTo = 0, stateTo = 0 } = mark?.trailed ?? {};
  const before = mark?.found.kind === 'proven' ? mark.found.mark : undefined;
  return {
    ...(before ?? here),
    event: Math.max(eventTo, before?.eventTo ?? 0, beyond(event, before?.eventTo, reservedAtOnce.events)),
    state: Math.max(
      stateTo,
      before?.stateTo ?? 0,
      beyond(here.state, before?.stateTo, reservedAtOnce.states),
    ),
    isProven: before !== undefined,
    markedAtMs: before?.atMs,
  };
}

/** Where numbers of which the mark knows nothing were given, there may have been more. */
const beyond = (number: number, reserved: number | undefined, block: number): number =>
  reserved !== undefined && number <= reserved ? number : number + block;

/** What has left the outbox does not come back, and what may not have left it is sent again: under the same id, as always. */
function mendOutbox(
  { db }: OpenDatabase,
  { loss, salvage }: FoundLoss,
  { isProven, settled, nowMs }: Numbers & { readonly nowMs: number },
): void {
  if (isProven) db.prepare('DELETE FROM outbox WHERE sequence <= ?').run(settled);
  if (loss !== 'damaged' || isWhole(salvage, 'outbox')) return;
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
  // Alerts are told of what follows here.
  const raised = { event, state, centre, sent: settled, alerts: event, revision: revision + 1 };
  for (const [name, value] of Object.entries(raised)) raise.run(name, value);
  raise.run('commands-from', Math.ceil(commandsFromMs));
}

function forgetWhatMayBeOver({ db }: OpenDatabase): void {
  // A command that waits or was begun here may have been executed, and answered, since.
  db.exec("DELETE FROM command WHERE state <> 'answered'");
  // It begins anew, also where an earlier loss is still being told.
  db.exec("DELETE FROM box_condition WHERE condition = 'records-lost'");
  // How far others were followed: they begin anew, and say nothing twice.
  db.exec("DELETE FROM last_said WHERE source IN ('audit-log', 'attendance-summary')");
}

const isWhole = (salvage: Salvage | undefined, table: string): boolean =>
  salvage?.get(table)?.isWhole === true;

function noticeOf({ first, last, count }: NonNullable<ToldLoss['gap']>, nowMs: number): GapNotice {
  return {
    kind: 'gap',
    occurredAtMs: nowMs,
    firstSequence: first,
    lastSequence: last,
    counts: { lost: count },
    reason: 'lost',
  };
}

/** What of the numbers after those that have left the outbox is not there: what is lost, and what was reserved and not used. */
function gapOf({ db }: OpenDatabase, { settled, event: last }: Numbers): ToldLoss['gap'] {
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
  const present = db
    .prepare<[number, number], number>('SELECT count(*) FROM event WHERE sequence BETWEEN ? AND ?')
    .pluck()
    .get(first, last);
  return { first, last, count: last - first + 1 - Number(present) };
}

function toldLoss(
  { db }: OpenDatabase,
  { loss, salvage, keptAs }: FoundLoss,
  { nowMs, gap }: { readonly nowMs: number; readonly gap: ToldLoss['gap'] },
): ToldLoss {
  const count = (table: string): number => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  return {
    loss,
    foundAtMs: Math.floor(nowMs),
    ...(gap === undefined ? {} : { gap }),
    events: count('event'),
    ...(salvage === undefined
      ? {}
      : { isSalvagedWhole: [...salvage.values()].every(({ isWhole }) => isWhole) }),
    ...(keptAs === undefined ? {} : { keptAs }),
  };
}
