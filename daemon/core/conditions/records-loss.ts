import { ownSecretPath } from '../../host/own-secret.js';
import { daemonAtStart } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { Recurring } from '../../kernel/recurring.js';
import { whereThereIsALog } from '../audit/audit-keeper.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isGenuineRecordsMark, sealRecordsMark } from '../audit/audit-seal.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import type { Records } from '../records/records.js';
import { type MarkSeal, RecordsMark, type ReservationTrail } from '../records/recovery/records-mark.js';
import type { ReportedLoss } from '../records/recovery/recover-records.js';

export interface AuditedMarkOptions {
  readonly dataDir: string;
  readonly auditKeys: AuditKeyRing;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Opens the mark of records.db. It lies beside the keys that the box made. It is sealed with the key of the audit log, which is
 * available while the gallery is sealed. The audit log also records the reserved numbers. @throws like `RecordsMark.open`
 */
export function openAuditedMark({
  dataDir,
  auditKeys,
  audit,
  clock,
  logger,
}: AuditedMarkOptions): RecordsMark {
  const seal: MarkSeal = {
    seal: (text) => sealRecordsMark(auditKeys.key, text),
    isGenuine: (text, given) => auditKeys.all.some((key) => isGenuineRecordsMark(key, text, given)),
  };
  const trail = auditTrailOf(audit, logger);
  return RecordsMark.open({ path: ownSecretPath('records-mark', { dataDir }), seal, trail, clock, logger });
}

function auditTrailOf(audit: AuditedMarkOptions['audit'], logger: Logger): ReservationTrail {
  return {
    last() {
      try {
        const details = audit.list({ action: 'records.reserved', limit: 1 })[0]?.details ?? {};
        const { eventTo, stateTo, isSealed } = details;
        if (!Number.isSafeInteger(eventTo) || !Number.isSafeInteger(stateTo)) return undefined;
        return { eventTo: Number(eventTo), stateTo: Number(stateTo), isSealed: isSealed === true };
      } catch (error) {
        logger.warn('the reserved event numbers cannot be read from the audit log', { error });
        return undefined;
      }
    },
    note({ eventTo, stateTo, isSealed }) {
      try {
        const details = { eventTo, stateTo, ...present({ isSealed }) };
        audit.append({ by: daemonAtStart, action: 'records.reserved', details });
      } catch (error) {
        // The mark itself is on the disk, so recording continues.
        logger.warn('the reserved event numbers could not be written to the audit log', { error });
      }
    },
  };
}

/** How long the condition stays active: long enough for a person to see it. */
export const lossReportedForMs = 7 * 86_400_000;
export const checkLossEveryMs = 3_600_000;

export interface LossReporterOptions {
  readonly records: Pick<Records, 'loss'>;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reports a loss of records: in the log at each start, in the audit log once, and as a condition of the box that ends after a
 * week.
 */
export function lossReporter(options: LossReporterOptions): Recurring {
  const { records, audit, conditions, clock, logger } = options;
  const lossAtStart = records.loss.reported();
  if (lossAtStart !== undefined) logLoss(lossAtStart, logger);
  const check = (): Promise<void> | void => {
    const loss = records.loss.reported();
    const ageMs = clock.wallMs() - (loss?.foundAtMs ?? 0);
    if (loss !== undefined && ageMs < lossReportedForMs) {
      conditions.change('records-lost', detailsOf(loss), { active: [loss.loss] });
      return whereThereIsALog(() => auditLoss(loss, audit));
    }
    conditions.end('records-lost');
    if (loss !== undefined) records.loss.forget();
  };
  return new Recurring({
    clock,
    everyMs: checkLossEveryMs,
    work: check,
    onFailure: (error) => logger.error('the loss of records cannot be reported; retrying', { error }),
  });
}

const messages: Readonly<Record<ReportedLoss['loss'], string>> = {
  missing: 'records.db was missing or empty; the box made a new one',
  older: 'records.db is an older copy; later records are lost',
  damaged: 'records.db was damaged; the box continues with the records that it could read',
  restored:
    'this box has replaced another one from its backup; what that box recorded after the backup is not here',
  unproven: 'records.db cannot be proven to be the newest; the box treats it as an older copy',
};

function logLoss(found: ReportedLoss, logger: Logger): void {
  const { loss, keptAs } = found;
  const remedy =
    'See docs/how-to/recovery.md, "When records.db is lost". Add missing issuers again (rollcall trust list, trust add). Find out what changed the file, and check the disk.';
  logger.error(messages[loss], { ...detailsOf(found), ...present({ keptAs }), remedy });
}

function auditLoss(loss: ReportedLoss, audit: LossReporterOptions['audit']): void {
  const foundAt = isoTime(loss.foundAtMs);
  const [last] = audit.list({ action: 'records.lost', limit: 1 });
  if (last?.details['foundAt'] === foundAt) return;
  audit.append({ by: daemonAtStart, action: 'records.lost', details: { ...detailsOf(loss), foundAt } });
}

function detailsOf({ loss, gap, events, isSalvagedWhole }: ReportedLoss) {
  return {
    loss,
    events,
    ...(gap === undefined ? {} : { firstSequence: gap.first, lastSequence: gap.last }),
    // How many the former box has recorded since its backup is unknown.
    ...(gap === undefined || loss === 'restored' ? {} : { lost: gap.count }),
    ...present({ isSalvagedWhole }),
  };
}
