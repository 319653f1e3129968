import type { AuditDetails, NewAuditEntry } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import { Allowance } from '../../base/allowance.js';
import type { Clock, Timer } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';

export interface ReadingTrailOptions {
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Entries per actor and action: enough for a day's work of a person, and one a minute for a program that reads in a loop. */
export const readingEntries = { most: 60, everyMs: 60_000 };

/** The readings of one kind of one actor. */
interface Reader {
  readonly allowance: Allowance;
  /** The newest reading without an entry, and the number of earlier ones without an entry. */
  waiting?: { readonly entry: NewAuditEntry; readonly before: number; readonly timer: Timer };
}

/**
 * Writes into the audit log who read names. Each reading has an entry of its own until the actor's allowance for its action is used up. Then the
 * newest reading of each minute is written, and its detail `readingsBefore` counts the ones that have no entry. So a loop can
 * neither fill the log nor hide what another actor reads, or that its actor looks through a camera.
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
      this.#options.audit.append(withCount(entry, unwritten(waiting)));
      this.#settle(reader);
      return;
    }
    waiting?.timer.cancel();
    const timer = this.#options.clock.after(readingEntries.everyMs, () => this.#writeWaiting(reader));
    reader.waiting = { entry, before: unwritten(waiting), timer };
  }

  /** Writes the waiting readings. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers.values()) this.#writeWaiting(reader);
  }

  #readerOf({ by: { actor }, action }: NewAuditEntry): Reader {
    const key = `${action} ${actor}`;
    const known = this.#readers.get(key);
    if (known !== undefined) return known;
    const reader: Reader = { allowance: new Allowance(this.#options.clock, readingEntries) };
    this.#readers.set(key, reader);
    return reader;
  }

  #writeWaiting(reader: Reader): void {
    const { waiting } = reader;
    if (waiting === undefined) return;
    reader.allowance.take();
    try {
      this.#options.audit.append(withCount(waiting.entry, waiting.before));
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

function withCount(entry: NewAuditEntry, readingsBefore: number): NewAuditEntry {
  if (readingsBefore === 0) return entry;
  const details: AuditDetails = { ...entry.details, readingsBefore };
  return { ...entry, details };
}
