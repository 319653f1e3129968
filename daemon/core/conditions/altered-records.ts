import { daemonAtStart } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import { type RecordFinding, recordFaults } from '../records/seals/records-seals.js';
import { faultsOfWeek, reportFaults } from './altered-files.js';

export interface AlteredRecordsOptions {
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Reports what somebody else did to records.db: in the log, in the audit log, and as a condition of the box for a week. */
export class AlteredRecords {
  readonly #options: AlteredRecordsOptions;
  /** Of this run: the audit log may be missing. */
  readonly #found = new Set<string>();
  #conditions: Pick<ConditionPort, 'change' | 'end'> | undefined;

  constructor(options: AlteredRecordsOptions) {
    this.#options = options;
  }

  /** Called within the work of whoever looked at the file, so it must not throw. */
  note(findings: readonly RecordFinding[]): void {
    const { audit, logger } = this.#options;
    const found = findings.map(({ fault, table, count }) =>
      table === undefined ? `${fault}:${count}` : `${fault}:${table}:${count}`,
    );
    for (const { fault } of findings) this.#found.add(fault);
    logger.error(
      'records.db is not as the box left it; events and corrections that do not fit are not used',
      {
        found,
        remedy: 'Follow docs/how-to/recovery.md, "When records.db was altered".',
      },
    );
    try {
      audit.append({ by: daemonAtStart, action: 'records.set-aside', details: { found: found.join(',') } });
    } catch (error) {
      logger.warn('what was found in records.db could not be written to the audit log', { error });
    }
    // Conditions are recorded in records.db itself, whose access may have led here.
    if (this.#conditions !== undefined) queueMicrotask(() => this.#report());
  }

  /** From now on, findings begin the condition. */
  reportTo(conditions: Pick<ConditionPort, 'change' | 'end'>): void {
    this.#conditions = conditions;
    this.#report();
  }

  #report(): void {
    const { audit, clock, logger } = this.#options;
    try {
      const found = new Set([...this.#found, ...faultsOfWeek(audit, 'records.set-aside', clock)]);
      if (this.#conditions) reportFaults(this.#conditions, 'records-altered', { found, all: recordFaults });
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      logger.error('that records.db was altered could not be reported as a condition', { error });
    }
  }
}
