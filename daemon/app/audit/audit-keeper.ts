import type { AuditEntry, NewAuditEntry } from '../../audit/audit-entry.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Witness } from '../../audit/audit-verdict.js';
import type { Clock } from '../../base/clock.js';
import { operational } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { isoTime } from '../../domain/iso-time.js';

/** Entries that wait for a file to be written to; more are only logged. */
const mostWaiting = 1000;

interface Waiting {
  readonly entry: NewAuditEntry;
  readonly atMs: number;
}

/** Where an entry stands that waits: nowhere yet. */
const nowhere: Witness = { sequence: 0, hash: '0'.repeat(64) };

/**
 * The audit log as the parts of the box know it, whichever file it lies in. While there is none, because the gallery's file
 * is damaged or is just being replaced, entries wait in memory, go into the log of the program too, and are written with the
 * time that they are from (`heldFrom`) as soon as there is a file. A stop of the daemon before that loses them.
 */
export class AuditKeeper implements AuditLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waiting: Waiting[] = [];
  #log: AuditLog | undefined;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** From now on entries go to `log`; those that wait first. */
  resume(log: AuditLog): void {
    this.#log = log;
    for (const { entry, atMs } of this.#waiting.splice(0))
      log.append({ ...entry, details: { ...entry.details, heldFrom: isoTime(atMs) } });
  }

  /** From now on entries wait. */
  suspend(): void {
    this.#log = undefined;
  }

  get keyId(): string {
    return this.#log?.keyId ?? 'none';
  }

  get foreignKeyId(): string | undefined {
    return this.#log?.foreignKeyId;
  }

  append(entry: NewAuditEntry): Witness {
    if (this.#log !== undefined) return this.#log.append(entry);
    const { action, subject } = entry;
    this.#logger.warn('an audit entry waits for the gallery file', { action, subject, ...entry.by });
    if (this.#waiting.length < mostWaiting) this.#waiting.push({ entry, atMs: this.#clock.wallMs() });
    return nowhere;
  }

  verify(noted?: Witness) {
    return this.#require().verify(noted);
  }

  async verifyInTurns(noted?: Witness) {
    return this.#require().verifyInTurns(noted);
  }

  list(filter: Parameters<AuditLog['list']>[0]): readonly AuditEntry[] {
    return this.#require().list(filter);
  }

  from(...options: Parameters<AuditLog['from']>): readonly AuditEntry[] {
    return this.#require().from(...options);
  }

  isWholeSince(sequence: number): boolean {
    return this.#require().isWholeSince(sequence);
  }

  newest() {
    return this.#require().newest();
  }

  oldest(): AuditEntry | undefined {
    return this.#require().oldest();
  }

  count(filter?: Parameters<AuditLog['count']>[0]): number {
    return this.#require().count(filter);
  }

  tally(filter?: Parameters<AuditLog['tally']>[0]) {
    return this.#require().tally(filter);
  }

  prune(...options: Parameters<AuditLog['prune']>) {
    return this.#require().prune(...options);
  }

  #require(): AuditLog {
    if (this.#log !== undefined) return this.#log;
    throw operational('audit-log-missing', 'there is no audit log to read: the gallery file is not open', {
      remedy: 'Restore a backup (rollcall backup restore), or wait until one was restored.',
      retryable: true,
    });
  }
}
