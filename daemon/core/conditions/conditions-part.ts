import { dirname } from 'node:path';
import { freeBytesAt } from '../../host/free-space.js';
import { isTimeSynchronised } from '../../host/time-synchronisation.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import type { AlteredRecords } from './altered-records.js';
import { type CertificateConditionsOptions, certificateConditions } from './certificate-conditions.js';
import { ClockWatch } from './clock-watch.js';
import { Conditions } from './conditions.js';
import { diskWatch } from './disk-watch.js';
import { FadingCondition } from './fading-condition.js';
import { hardwareWatch } from './hardware-watch.js';
import { lossReporter } from './records-loss.js';
import { recordsPlaceWatch } from './records-place-watch.js';

/** Opens what is wrong with the box. */
export function openConditions({
  records,
  altered,
  lifetime,
  clock,
  logger,
}: PartContext & { readonly records: Records; readonly altered: AlteredRecords }): {
  readonly conditions: Conditions;
} {
  const conditions = lifetime.use('conditions', new Conditions({ records, clock, logger }));
  altered.reportTo(conditions);
  return { conditions };
}

const dayMs = 24 * 60 * 60_000;

/** Lets doors of the box report processes that come to a door which they never need. */
export function watchIntrusions({
  conditions,
  records,
  lifetime,
  clock,
}: PartContext & { readonly conditions: Conditions; readonly records: Pick<Records, 'sources'> }): {
  readonly intrusions: FadingCondition;
} {
  const { states } = records.sources;
  const suspected = new FadingCondition({
    ...{ condition: 'intrusion-suspected', lastsMs: dayMs, conditions, clock, states },
  });
  return { intrusions: lifetime.use('suspected intrusions', suspected) };
}

interface Damageable {
  readonly damage?: RollcallError | undefined;
}

/** Reports key files that are damaged since this start, and that the others are whole. */
export function reportDamagedKeys({
  auditKeys,
  signing,
  accounts,
  conditions,
  logger,
}: PartContext & {
  readonly auditKeys: Damageable;
  readonly signing: Damageable;
  readonly accounts: Damageable;
  readonly conditions: Conditions;
}): void {
  const keys = { 'audit-key': auditKeys, 'box-key': signing, 'accounts-key': accounts };
  const active: string[] = [];
  const over: string[] = [];
  for (const [name, { damage }] of Object.entries(keys)) {
    if (damage === undefined) {
      over.push(name);
      continue;
    }
    const { code, message, remedy } = damage;
    logger.error('a key file cannot be used; the box runs without it', { name, code, message, remedy });
    active.push(name);
  }
  conditions.change('key-damaged', {}, { active, over });
}

/** Starts to watch the wall clock. */
export function watchClock({
  conditions,
  lastRecordedMs,
  lifetime,
  clock,
  logger,
}: PartContext & { readonly conditions: Conditions; readonly lastRecordedMs: number | undefined }): {
  readonly clockWatch: ClockWatch;
} {
  const options = { conditions, clock, logger, lastRecordedMs, isSynchronised: isTimeSynchronised };
  return { clockWatch: lifetime.use('clock watch', new ClockWatch(options).start()) };
}

/** Starts to watch the disk, the certificates, and the file of the records. */
export function watchBox({
  conditions,
  runtime,
  gate,
  records,
  vault,
  onRecordsDamaged,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly conditions: Conditions;
  readonly runtime: {
    readonly publisher: { status(): ReturnType<CertificateConditionsOptions['publisher']> } | undefined;
  };
  readonly gate:
    | { status(): { readonly certificate?: ReturnType<NonNullable<CertificateConditionsOptions['gate']>> } }
    | undefined;
  readonly records: Records;
  readonly vault: { readonly audit: AuditLog };
  readonly onRecordsDamaged: (error: Error) => void;
}): void {
  const place = recordsPlaceWatch({ records, onRemoved: onRecordsDamaged, clock, logger });
  lifetime.use('place of the records', place.start());
  const { gallery, records: recordsConfig } = current();
  const disk = diskWatch({
    directories: { gallery: dirname(gallery.path), records: dirname(recordsConfig.path) },
    freeBytes: freeBytesAt,
    lowMiB: () => current().disk.lowMiB,
    conditions,
    clock,
    logger,
  });
  lifetime.use('disk watch', disk.start());
  const certificates = certificateConditions({
    ...{ conditions, clock, logger },
    publisher: () => runtime.publisher?.status(),
    gate: () => gate?.status().certificate,
  });
  lifetime.use('certificates', certificates.start());
  lifetime.use('hardware watch', hardwareWatch({ conditions, clock, logger }).start());
  const losses = lossReporter({ records, audit: vault.audit, conditions, clock, logger });
  lifetime.use('lost records', losses.start());
}
