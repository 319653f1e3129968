import type { Clock, Timer } from '../../kernel/clock.js';
import type { Logger } from '../../kernel/logger.js';
import { TokenBucket } from '../../kernel/token-bucket.js';
import type { NewAuditEntry } from './audit-entry.js';
import type { AuditLog } from './audit-log.js';

export interface ReadingTrailOptions {
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Entries per actor and action: enough for a day's work of a person, and one a minute for a program that reads in a loop. */
export const readingEntries = { most: 60, everyMs: 60_000 };

/** Whom one entry can name besides its own subject: the longest ids fill so many details of an entry. */
const subjectsOfEntry = 30;
const subjectsOfDetail = 3;

/** The readings of one kind of one actor. */
interface Reader {
  readonly allowance: TokenBucket;
  /** The newest reading without an entry, the number of earlier ones without an entry, and the subjects of all of them. */
  waiting?: {
    readonly entry: NewAuditEntry;
    readonly before: number;
    readonly subjects: ReadonlySet<string>;
    readonly timer: Timer;
  };
}

/**
 * Writes into the audit log who read names. Each reading has an entry of its own until the actor's allowance for its action is used up. Then the
 * newest reading of each minute is written, its detail `readingsBefore` counts the ones that have no entry, and `subjects1`, `subjects2`,
 * … name what they were about; an entry that is full is written at once. So a loop can neither hide whose photo it read, nor fill
 * the log, nor hide what another actor reads, or that its actor looks through a camera.
 */
export class ReadingTrail implements AsyncDisposable {
  readonly #options: ReadingTrailOptions;
  /** One for each action of each user of the box, account and API key that has read names: few. */
  readonly #readers = new Map<string, Reader>();

  constructor(options: ReadingTrailOptions) {
    this.#options = options;
  }

  /** @throws like `AuditLog.append`: a reading that cannot be audited must not show names */
  note(entry: NewAuditEntry): void {
    const reader = this.#readerOf(entry);
    const { waiting } = reader;
    if (reader.allowance.take()) {
      this.#options.audit.append(withWaiting(entry, unwritten(waiting), waiting?.subjects));
      this.#settle(reader);
      return;
    }
    waiting?.timer.cancel();
    const timer = this.#options.clock.after(readingEntries.everyMs, () => this.#writeWaiting(reader));
    const subjects = new Set([
      ...(waiting?.subjects ?? []),
      ...(entry.subject === undefined ? [] : [entry.subject]),
    ]);
    reader.waiting = { entry, before: unwritten(waiting), subjects, timer };
    if (subjects.size <= subjectsOfEntry) return;
    this.#options.audit.append(withWaiting(entry, unwritten(waiting), subjects));
    this.#settle(reader);
  }

  /** Writes the waiting readings. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers.values()) this.#writeWaiting(reader);
  }

  #readerOf({ by: { actor }, action }: NewAuditEntry): Reader {
    const key = `${action} ${actor}`;
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const reader: Reader = { allowance: new TokenBucket(this.#options.clock, readingEntries) };
    this.#readers.set(key, reader);
    return reader;
  }

  #writeWaiting(reader: Reader): void {
    const { waiting } = reader;
    if (waiting === undefined) return;
    reader.allowance.take();
    try {
      this.#options.audit.append(withWaiting(waiting.entry, waiting.before, waiting.subjects));
    } catch (error) {
      this.#options.logger.error('readings of names could not be written to the audit log', {
        readings: unwritten(waiting),
        error,
      });
    }
    this.#settle(reader);
  }

  #settle(reader: Reader): void {
    reader.waiting?.timer.cancel();
    delete reader.waiting;
  }
}

const unwritten = (waiting: Reader['waiting']): number => (waiting === undefined ? 0 : waiting.before + 1);

/** The entry with what the readings before it were about. */
function withWaiting(
  entry: NewAuditEntry,
  readingsBefore: number,
  subjects: ReadonlySet<string> = new Set(),
): NewAuditEntry {
  if (readingsBefore === 0) return entry;
  const others = [...subjects].filter((subject) => subject !== entry.subject);
  const named = Array.from({ length: Math.ceil(others.length / subjectsOfDetail) }, (_, index) => [
    `subjects${index + 1}`,
    others.slice(index * subjectsOfDetail, (index + 1) * subjectsOfDetail).join(','),
  ]);
  return { ...entry, details: { ...entry.details, readingsBefore, ...Object.fromEntries(named) } };
}
