import { closeSync, constants, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { explainAccess } from '../../../host/file-access.js';
import type { Clock } from '../../../kernel/clock.js';
import { messageOf } from '../../../kernel/errors.js';
import type { Logger } from '../../../kernel/logger.js';
import { present } from '../../../kernel/present.js';
import { failure } from '../../../words/errors.js';

const count = z.int().nonnegative();

/** The position of records.db, as the file itself states it. */
const positionSchema = z.strictObject({
  /** Random name of the file; each recovery gives a new one. */
  lineage: z.string(),
  /** Number of transactions so far. */
  revision: count,
  /** Sequences of the newest event and of the newest state message. */
  event: count,
  state: count,
  /** All events up to this one have left the outbox, or were lost and published as a gap. Never decreases. */
  settled: count,
  /** The sequence up to which the centre has stored all events. */
  centre: count,
});

const markSchema = positionSchema.extend({
  /** The lineage name that a recovery gives the file next. */
  nextLineage: z.string().optional(),
  /** Reserved numbers: no event and no state message has a greater sequence. */
  eventTo: count,
  stateTo: count,
  /** Whether the rows of the file are sealed; absent in a mark of an earlier version. */
  isSealed: z.boolean().optional(),
  /** Whether the records were closed cleanly. */
  isClosed: z.boolean(),
  /** Time of writing, wall clock, milliseconds since the epoch, and a counter of writes. */
  atMs: z.int(),
  writing: count,
});

export type RecordsPosition = z.infer<typeof positionSchema>;
export type Mark = z.infer<typeof markSchema>;

/** Authenticates a mark, so that it cannot be forged with write access to the file alone. */
export interface MarkSeal {
  seal(text: string): string;
  isGenuine(text: string, seal: string): boolean;
}

/** A second store of reserved numbers, for the case that the mark is lost. */
export interface ReservationTrail {
  last(): Reservation | undefined;
  note(reservation: Reservation): void;
}

export type Reservation = Pick<Mark, 'eventTo' | 'stateTo' | 'isSealed'>;

/** What opening the mark found. `unproven`: the file has content, but no seal fits. */
export type MarkFound =
  | { readonly kind: 'none' }
  | { readonly kind: 'unproven' }
  | { readonly kind: 'proven'; readonly mark: Mark };

/**
 * Size of a reservation. Each reservation is one write that waits for the disk. A connection to a broker uses a million numbers
 * of state messages.
 */
export const reservedAtOnce = { events: 1000, states: 1_000_000_000 } as const;
export const reservedBehind = ({ event, state }: Pick<RecordsPosition, 'event' | 'state'>): Reservation => ({
  eventTo: event + reservedAtOnce.events,
  stateTo: state + reservedAtOnce.states,
});

/** The file has two slots of this size. While one is written, the other stays intact. */
const slotBytes = 512;
const slots = [0, 1] as const;

interface RecordsMarkOptions {
  /** Created if missing, in a directory closed to others. */
  readonly path: string;
  readonly seal: MarkSeal;
  readonly trail: ReservationTrail;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Logger;
}

/**
 * A file beside records.db that stores its position. At the next start it shows whether records.db is lost, damaged or an older
 * copy, and no number is used twice. Numbers are reserved in blocks, which are on the disk before they are used. The exact
 * position is written after each transaction without waiting for the disk: it is exact after a kill, and a few seconds old after
 * a power cut.
 */
export class RecordsMark implements Disposable {
  readonly found: MarkFound;
  readonly #options: RecordsMarkOptions;
  readonly #file: number;
  #mark: Mark | undefined;
  #isSealed: boolean;
  #isFailing = false;

  private constructor(options: RecordsMarkOptions, file: number) {
    this.#options = options;
    this.#file = file;
    this.found = readMark(file, options.seal);
    if (this.found.kind === 'proven') this.#mark = this.found.mark;
    this.#isSealed = this.#mark?.isSealed === true || this.trailed?.isSealed === true;
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

  /** The reserved numbers in the second store. */
  get trailed(): Reservation | undefined {
    return this.#options.trail.last();
  }

  /** Whether the rows of the file were sealed once. */
  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** The rows of the file are sealed. @throws `disk-full`, `records-mark-unusable` */
  noteSealed(): void {
    if (this.#mark === undefined || this.#mark.isSealed === true) return;
    this.#isSealed = true;
    this.#mark = { ...this.#mark, isSealed: true };
    this.#writeDurably();
    this.#trail(this.#mark);
  }

  /** Starts to follow the file at `position`. @throws `disk-full`, `records-mark-unusable` */
  begin(position: RecordsPosition): void {
    const { eventTo = 0, stateTo = 0, writing = 0, atMs = 0, settled = 0 } = this.#mark ?? {};
    const mark = { ...position, eventTo, stateTo, isClosed: false, atMs, writing };
    this.#mark = { ...mark, ...this.#sealed, settled: Math.max(settled, position.settled) };
    this.reserve(position);
    this.#writeDurably();
  }

  /**
   * Stores the name that the file gets next. `lineage` is its present name, for a mark that does not know it.
   * @throws `disk-full`, `records-mark-unusable`
   */
  announce(lineage: string, nextLineage: string, numbers: Reservation): void {
    const none = { lineage, revision: 0, event: 0, state: 0, settled: 0, centre: 0 };
    this.#mark = {
      ...(this.#mark ?? { ...none, isClosed: false, atMs: 0, writing: 0 }),
      ...numbers,
      ...this.#sealed,
      nextLineage,
    };
    this.#writeDurably();
    this.#trail(numbers);
  }

  /** Reserves these numbers if necessary. Called before the transaction that uses them is on the disk. */
  reserve({ event, state }: Pick<RecordsPosition, 'event' | 'state'>): void {
    const mark = this.#mark;
    if (mark === undefined || (event <= mark.eventTo && state <= mark.stateTo)) return;
    const reservation = {
      eventTo: event <= mark.eventTo ? mark.eventTo : event + reservedAtOnce.events,
      stateTo: state <= mark.stateTo ? mark.stateTo : state + reservedAtOnce.states,
    };
    this.#mark = { ...mark, ...reservation };
    this.#writeDurably();
    this.#trail(reservation);
  }

  /** Writes the position of the file; called after each transaction. */
  note(position: RecordsPosition, isClosed = false): void {
    if (this.#mark === undefined) return;
    const settled = Math.max(this.#mark.settled, position.settled);
    this.#mark = { ...this.#mark, ...position, settled, isClosed };
    try {
      this.#write();
      this.#isFailing = false;
    } catch (error) {
      // An older mark is still correct; it only detects less of a loss.
      if (!this.#isFailing)
        this.#options.logger.warn('cannot write the position of records.db; the box tries again', { error });
      this.#isFailing = true;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  get #sealed(): Pick<Mark, 'isSealed'> {
    return this.#isSealed ? { isSealed: true } : {};
  }

  #trail({ eventTo, stateTo }: Reservation): void {
    this.#options.trail.note({ eventTo, stateTo, ...this.#sealed });
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

/** The newer of the intact slots. */
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
  const context = { retryable: true, details: { path }, cause: error };
  if (isFull) return failure('disk-full:records-mark', { path }, context);
  const access = explainAccess(path, 'written', error);
  return failure(
    'records-mark-unusable',
    { path, reason: access?.reason ?? messageOf(error) },
    { ...context, ...present({ remedy: access?.remedy }) },
  );
}
