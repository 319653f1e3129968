import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { failure } from '../../words/errors.js';
import type { AuditEntry, NewAuditEntry } from './audit-entry.js';
import type { AuditLog } from './audit-log.js';
import type { Witness } from './audit-verdict.js';

/** The most entries that wait for a file. More are only logged. */
const mostWaiting = 1000;

interface Waiting {
  readonly entry: NewAuditEntry;
  readonly atMs: number;
}

/** The position of a waiting entry. */
const nowhere: Witness = { sequence: 0, hash: '0'.repeat(64) };

/**
 * The audit log of whatever gallery file is open. While no file is open, because it is damaged or being replaced, entries wait in
 * memory and also go to the log of the daemon. They are written with their time (`heldFrom`) when a file opens. A stop of the
 * daemon before that loses them.
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

  /** Writes the waiting entries to `log`, and all later ones. */
  resume(log: AuditLog): void {
    this.#log = log;
    for (const { entry, atMs } of this.#waiting.splice(0))
      log.append({ ...entry, details: { ...entry.details, heldFrom: isoTime(atMs) } });
  }

  /** Makes later entries wait. */
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

  async listInTurns(...options: Parameters<AuditLog['listInTurns']>) {
    return this.#require().listInTurns(...options);
  }

  async tallyInTurns(filter?: Parameters<AuditLog['tallyInTurns']>[0]) {
    return this.#require().tallyInTurns(filter);
  }

  prune(...options: Parameters<AuditLog['prune']>) {
    return this.#require().prune(...options);
  }

  #require(): AuditLog {
    if (this.#log !== undefined) return this.#log;
    throw failure('audit-log-missing', {}, { retryable: true });
  }
}

/** Runs `work`, which uses the audit log. Does nothing while a restore replaces the gallery file, and with it the log. */
export async function whereThereIsALog(work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isRollcallError(error, 'audit-log-missing')) throw error;
  }
}
