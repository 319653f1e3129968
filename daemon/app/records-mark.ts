import { daemonAtStart } from '../audit/actor.js';
import type { AuditLog } from '../audit/audit-log.js';
import { isGenuineRecordsMark, sealRecordsMark } from '../audit/audit-seal.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { Recurring } from '../base/recurring.js';
import { isoTime } from '../domain/iso-time.js';
import { ownSecretPath } from '../host/own-secret.js';
import type { ConditionPort } from '../publish/condition-port.js';
import type { Records } from '../records/open-records.js';
import type { ToldLoss } from '../records/recovery/make-good.js';
import { type MarkSeal, RecordsMark, type ReservationTrail } from '../records/recovery/records-mark.js';
import type { AuditKeyRing } from './audit/audit-key-ring.js';
import { whereThereIsALog } from './audit/missing-audit-log.js';

export interface BoxRecordsMarkOptions {
  readonly dataDir: string;
  readonly auditKeys: AuditKeyRing;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The mark of records.db: beside the keys that the box made, sealed with the key of the audit log, which opens while the gallery is
 * sealed. The audit log knows the reserved numbers as well. @throws what `RecordsMark.open` throws
 */
export function openBoxRecordsMark({
  dataDir,
  auditKeys,
  audit,
  clock,
  logger,
}: BoxRecordsMarkOptions): RecordsMark {
  const seal: MarkSeal = {
    seal: (text) => sealRecordsMark(auditKeys.key, text),
    isGenuine: (text, given) => auditKeys.all.some((key) => isGenuineRecordsMark(key, text, given)),
  };
  const trail = auditTrailOf(audit, logger);
  return RecordsMark.open({ path: ownSecretPath('records-mark', { dataDir }), seal, trail, clock, logger });
}

function auditTrailOf(audit: BoxRecordsMarkOptions['audit'], logger: Logger): ReservationTrail {
  return {
    last() {
      try {
        const { eventTo, stateTo } = audit.list({ action: 'records.reserved', limit: 1 })[0]?.details ?? {};
        if (!Number.isSafeInteger(eventTo) || !Number.isSafeInteger(stateTo)) return undefined;
        return { eventTo: Number(eventTo), stateTo: Number(stateTo) };
      } catch (error) {
        logger.warn('the audit log does not tell which numbers of events were reserved', { error });
        return undefined;
      }
    },
    note({ eventTo, stateTo }) {
      try {
        audit.append({ by: daemonAtStart, action: 'records.reserved', details: { eventTo, stateTo } });
      } catch (error) {
        // The mark itself is on the disk: recording goes on.
        logger.warn('the audit log could not take which numbers of events are reserved', { error });
      }
    },
  };
}

/** For so long a loss is said to hold: long enough that somebody looks at the box. */
export const lossToldForMs = 7 * 86_400_000;
export const lookAtLossEveryMs = 3_600_000;

export interface LossNewsOptions {
  readonly records: Pick<Records, 'loss'>;
  readonly audit: Pick<AuditLog, 'append' | 'list'>;
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Says what was lost of the records: in the log at each start, in the audit log once, and as a condition of the box that ends
 * after a week.
 */
export function lossNews(options: LossNewsOptions): Recurring {
  const { records, audit, conditions, clock, logger } = options;
  const told = records.loss.told();
  if (told !== undefined) logLoss(told, logger);
  const look = (): Promise<void> | void => {
    const loss = records.loss.told();
    const ageMs = clock.wallMs() - (loss?.foundAtMs ?? 0);
    if (loss !== undefined && ageMs < lossToldForMs) {
      conditions.change('records-lost', detailsOf(loss), { holds: [loss.loss] });
      return whereThereIsALog(() => auditLoss(loss, audit));
    }
    conditions.end('records-lost');
    if (loss !== undefined) records.loss.forget();
  };
  return new Recurring({
    clock,
    everyMs: lookAtLossEveryMs,
    work: look,
    onFailure: (error) =>
      logger.error('what was lost of the records cannot be told; it is tried again', { error }),
  });
}

const says: Readonly<Record<ToldLoss['loss'], string>> = {
  missing: 'records.db was missing or empty: the box goes on with a new one',
  older: 'records.db is an older copy: what was recorded after it is lost',
  damaged: 'records.db was damaged: the box goes on with what could be read of it',
  unproven: 'nothing proves that records.db is the newest one: the box goes on as if it were older',
};

function logLoss(told: ToldLoss, logger: Logger): void {
  const { loss, keptAs } = told;
  const remedy =
    'See docs/faults.md, "When records.db is lost". Add issuers that are missing (rollcall trust list, trust add). Find out who or what changed the file, and check the disk.';
  logger.error(says[loss], { ...detailsOf(told), ...(keptAs === undefined ? {} : { keptAs }), remedy });
}

function auditLoss(told: ToldLoss, audit: LossNewsOptions['audit']): void {
  const foundAt = isoTime(told.foundAtMs);
  const [last] = audit.list({ action: 'records.lost', limit: 1 });
  if (last?.details['foundAt'] === foundAt) return;
  audit.append({ by: daemonAtStart, action: 'records.lost', details: { ...detailsOf(told), foundAt } });
}

function detailsOf({ loss, gap, events, isSalvagedWhole }: ToldLoss) {
  return {
    loss,
    events,
    ...(gap === undefined ? {} : { firstSequence: gap.first, lastSequence: gap.last, lost: gap.count }),
    ...(isSalvagedWhole === undefined ? {} : { isSalvagedWhole }),
  };
}
