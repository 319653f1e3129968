import { type AlertDeliveries, alertDeliveriesOf } from '../alerts/alert-deliveries.js';
import { type AlertJournal, alertJournalOf } from '../alerts/alert-journal.js';
import { type AlertMutes, alertMutesOf } from '../alerts/alert-mutes.js';
import { type KeptRequests, keptRequestsOf } from '../api/kept-requests.js';
import { type AttendanceRecords, attendanceRecordsOf } from '../attendance/attendance-records.js';
import { type CommandRecords, commandRecordsOf } from '../commands/command-records.js';
import { type ClipRows, clipRowsOf } from '../passages/clip-rows.js';
import { PassageJournal } from '../passages/passage-journal.js';
import { type PassageSeal, temporaryPassageSeal } from '../passages/passage-seal.js';
import { type PhotographHashes, photographHashesOf } from '../persons/photograph-hashes.js';
import { openRecords, type Records, type RecordsOptions } from '../records/records.js';
import { GrantSeal } from '../records/seals/grant-seal.js';
import { type RecordsRetention, recordsRetentionOf } from '../retention/records-retention.js';
import { type ReviewRecords, reviewRecordsOf } from '../review/review-records.js';

/** `auditKeys` also seal kept requests. Absent: their keys end with this process. */
export interface RecordStoresOptions extends RecordsOptions {
  /** Disposed with the records. Absent: grants are sealed with a random key and end with this process. */
  readonly seal?: GrantSeal;
  /** Absent: passages are sealed with a random key and open only in this process. */
  readonly passageSeal?: PassageSeal;
}

/** The records with the tables of every subject. */
export interface RecordStores extends Records {
  readonly passages: PassageJournal;
  readonly clips: ClipRows;
  readonly attendance: AttendanceRecords;
  readonly alerts: {
    readonly journal: AlertJournal;
    readonly deliveries: AlertDeliveries;
    readonly mutes: AlertMutes;
  };
  readonly commands: CommandRecords;
  readonly photographHashes: PhotographHashes;
  readonly requests: KeptRequests;
  readonly review: ReviewRecords;
  readonly retention: RecordsRetention;
}

/** Opens records.db as `openRecords` does. */
export function openRecordStores(options: RecordStoresOptions): RecordStores {
  const { clock, auditKeys = [] } = options;
  const records = openRecords(options);
  const { database, rowSeal, sources } = records;
  const nowMs = (): number => clock.wallMs();
  const seal = options.seal ?? new GrantSeal('', []);
  const mutes = alertMutesOf(database, seal);
  const passages = new PassageJournal(database, options.passageSeal ?? temporaryPassageSeal());
  const requests = keptRequestsOf(database, { nowMs, auditKeys });
  const review = reviewRecordsOf(database);
  return {
    ...records,
    passages,
    clips: clipRowsOf(database),
    attendance: attendanceRecordsOf(database, rowSeal),
    alerts: { journal: alertJournalOf(database, mutes), deliveries: alertDeliveriesOf(database), mutes },
    commands: commandRecordsOf(database, sources.conditions, { seal, nowMs }),
    photographHashes: photographHashesOf(database),
    requests,
    review,
    retention: recordsRetentionOf(database, {
      ...{ journal: passages, requests, rowSeal },
      review: { forgetPerson: review.forgetPerson, expire: () => review.expire(nowMs()) },
    }),
    async [Symbol.asyncDispose]() {
      seal[Symbol.dispose]();
      requests[Symbol.dispose]();
      await records[Symbol.asyncDispose]();
    },
  };
}
