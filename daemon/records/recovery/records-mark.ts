import { closeSync, constants, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../../base/clock.js';
import { messageOf, operational } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { explainAccess } from '../../host/file-access.js';

const count = z.int().nonnegative();

/** Where records.db stands, as the file itself says it. */
const positionSchema = z.strictObject({
  /** Random name of the file: another one after each recovery. */
  lineage: z.string(),
  /** Transactions that were ever written. */
  revision: count,
  /** The newest event, and the newest state message. */
  event: count,
  state: count,
  /** Every event up to this one has left the outbox, and was stated in a gap that has left it where it was lost. Never less than before. */
  settled: count,
  /** Up to where the centre has stored everything. */
  centre: count,
});

const markSchema = positionSchema.extend({
  /** The name that a recovery is about to give to the file. */
  nextLineage: z.string().optional(),
  /** No greater number was ever given to an event, or to a state message. */
  eventTo: count,
  stateTo: count,
  /** Whether the records were closed in order. */
  isClosed: z.boolean(),
  /** When it was written, wall clock, milliseconds since the epoch; and how often before. */
  atMs: z.int(),
  writing: count,
});

export type RecordsPosition = z.infer<typeof positionSchema>;
export type Mark = z.infer<typeof markSchema>;

/** Seals a mark, so that nobody who has the file alone can make one. */
export interface MarkSeal {
  seal(text: string): string;
  isGenuine(text: string, seal: string): boolean;
}

/** A second place that knows how far numbers were reserved: less exactly, and for the day when the mark is lost, too. */
export interface ReservationTrail {
  last(): Reservation | undefined;
  note(reservation: Reservation): void;
}

export type Reservation = Pick<Mark, 'eventTo' | 'stateTo'>;

/** What the mark said when it was opened. `unproven`: there was something, and no key at hand has sealed it. */
export type MarkFound =
  | { readonly kind: 'none' }
  | { readonly kind: 'unproven' }
  | { readonly kind: 'proven'; readonly mark: Mark };

/**
 * Numbers reserved at once: each reservation is one write that waits for the disk. A connection to a broker takes a million numbers
 * of state messages.
 */
export const reservedAtOnce = { events: 1000, states: 1_000_000_000 } as const;
export const reservedBehind = ({ event, state }: Pick<RecordsPosition, 'event' | 'state'>): Reservation => ({
  eventTo: event + reservedAtOnce.events,
  stateTo: state + reservedAtOnce.states,
});

/** Bytes of each of the two places in the file, of which one is whole whatever happens while the other is written. */
const slotBytes = 512;
const slots = [0, 1] as const;

export interface RecordsMarkOptions {
  /** Made where it is missing, in a directory that is closed to others. */
  readonly path: string;
  readonly seal: MarkSeal;
  readonly trail: ReservationTrail;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Logger;
}

/**
 * Knows outside of records.db how far it has come: a file that is lost, damaged or replaced by an older copy shows at the next
 * start, and no number is given twice. The numbers are reserved ahead, in blocks that are on the disk before they are used.
 * Where the file stands exactly is written after each transaction and not waited for: a killed process leaves it exact, a
 * power cut leaves it some seconds behind.
 */
export class RecordsMark implements Disposable {
  readonly found: MarkFound;
  readonly #options: RecordsMarkOptions;
  readonly #file: number;
  #mark: Mark | undefined;
  #isFailing = false;

  private constructor(options: RecordsMarkOptions, file: number) {
    this.#options = options;
    this.#file = file;
    this.found = readMark(file, options.seal);
    if (this.found.kind === 'proven') this.#mark = this.found.mark;
  }

  /** @throws `records-mark-unusable` */
  static open(options: RecordsMarkOptions): RecordsMark {
    const { path } = options;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      return new RecordsMark(options, openSync(path, constants.O_CREAT | constants.O_RDWR, 0o600));
    } catch (error) {
      throw unusable(path, error);
    }
  }

  /** What the other place knows of reserved numbers. */
  get trailed(): Reservation | undefined {
    return this.#options.trail.last();
  }

  /**
   * Takes up the file that is in use from now on. @throws `disk-full`, `records-mark-unusable`
   */
  begin(position: RecordsPosition): void {
    const { eventTo = 0, stateTo = 0, writing = 0, atMs = 0, settled = 0 } = this.#mark ?? {};
    const mark = { ...position, eventTo, stateTo, isClosed: false, atMs, writing };
    this.#mark = { ...mark, settled: Math.max(settled, position.settled) };
    this.reserve(position);
    this.#writeDurably();
  }

  /**
   * Says which name the file is about to be given, and `lineage` for the one that it has where the mark does not know it.
   * @throws `disk-full`, `records-mark-unusable`
   */
  announce(lineage: string, nextLineage: string, numbers: Reservation): void {
    const none = { lineage, revision: 0, event: 0, state: 0, settled: 0, centre: 0 };
    this.#mark = {
      ...(this.#mark ?? { ...none, isClosed: false, atMs: 0, writing: 0 }),
      ...numbers,
      nextLineage,
    };
    this.#writeDurably();
    this.#options.trail.note(numbers);
  }

  /** Sees to it that these numbers were reserved. Call before the transaction that uses them is on the disk. */
  reserve({ event, state }: Pick<RecordsPosition, 'event' | 'state'>): void {
    const mark = this.#mark;
    if (mark === undefined || (event <= mark.eventTo && state <= mark.stateTo)) return;
    const reservation = {
      eventTo: event <= mark.eventTo ? mark.eventTo : event + reservedAtOnce.events,
      stateTo: state <= mark.stateTo ? mark.stateTo : state + reservedAtOnce.states,
    };
    this.#mark = { ...mark, ...reservation };
    this.#writeDurably();
    this.#options.trail.note(reservation);
  }

  /** Writes where the file stands; call after each transaction. */
  note(position: RecordsPosition, isClosed = false): void {
    if (this.#mark === undefined) return;
    const settled = Math.max(this.#mark.settled, position.settled);
    this.#mark = { ...this.#mark, ...position, settled, isClosed };
    try {
      this.#write();
      this.#isFailing = false;
    } catch (error) {
      // The mark stays behind the file, which says nothing wrong: it only notices less of what may be lost.
      if (!this.#isFailing)
        this.#options.logger.warn('the mark of records.db cannot be written; it is tried again', { error });
      this.#isFailing = true;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #writeDurably(): void {
    try {
      for (const _ of slots) this.#write();
      fsyncSync(this.#file);
    } catch (error) {
      throw unusable(this.#options.path, error);
    }
  }

  #write(): void {
    if (this.#mark === undefined) return;
    const atMs = Math.floor(this.#options.clock.wallMs());
    const mark: Mark = { ...this.#mark, atMs, writing: this.#mark.writing + 1 };
    const text = JSON.stringify(mark);
    const line = `${this.#options.seal.seal(text)} ${text}`;
    const bytes = Buffer.from(`${line.padEnd(slotBytes - 1)}\n`);
    writeSync(this.#file, bytes, 0, slotBytes, (mark.writing % slots.length) * slotBytes);
    this.#mark = mark;
  }
}

/** The newer of the two places that are whole. */
function readMark(file: number, seal: MarkSeal): MarkFound {
  const bytes = Buffer.alloc(slotBytes * slots.length);
  const length = readSync(file, bytes, 0, bytes.length, 0);
  if (length === 0) return { kind: 'none' };
  let newest: Mark | undefined;
  for (const slot of slots) {
    const mark = provenMark(bytes.toString('utf8', slot * slotBytes, (slot + 1) * slotBytes), seal);
    if (mark !== undefined && mark.writing >= (newest?.writing ?? 0)) newest = mark;
  }
  return newest === undefined ? { kind: 'unproven' } : { kind: 'proven', mark: newest };
}

function provenMark(slot: string, seal: MarkSeal): Mark | undefined {
  const line = slot.trimEnd();
  const end = line.indexOf(' ');
  const text = line.slice(end + 1);
  if (end < 0 || !seal.isGenuine(text, line.slice(0, end))) return undefined;
  const parsed = markSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

function unusable(path: string, error: unknown) {
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
  const access = explainAccess(path, 'written', error);
  return operational(
    isFull ? 'disk-full' : 'records-mark-unusable',
    `the file ${path}, which knows how far records.db has come, cannot be written: ${isFull ? 'the disk is full' : (access?.says ?? messageOf(error))}`,
    {
      remedy: isFull
        ? 'free space on the disk that holds it; nothing already recorded is lost'
        : (access?.remedy ?? 'check the disk that holds it'),
      retryable: true,
      details: { path },
      cause: error,
    },
  );
}
