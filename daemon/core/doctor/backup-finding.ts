import { access } from 'node:fs/promises';
import type { Config } from '../../contract/settings/schema.js';
import { ownSecretPath } from '../../host/own-secret.js';
import { doctor, type Finding, finding, ok } from './finding.js';

const check = doctor('check-backups');

/** Whether the box makes backups by itself. The condition `backup-overdue` reports one that fails. */
export async function backupFinding({
  backups,
  dataDir,
}: Pick<Config, 'backups' | 'dataDir'>): Promise<Finding> {
  const hasKey = await access(ownSecretPath('recovery-key-public', { dataDir })).then(
    () => true,
    (error: unknown) => !(error instanceof Error && 'code' in error && error.code === 'ENOENT'),
  );
  const { schedule, keep, directory } = backups;
  if (schedule !== undefined && hasKey) {
    return ok(check, doctor('backups-scheduled', { schedule, keep, directory }));
  }
  if (schedule === undefined && !hasKey) return ok(check, doctor('backups-off'));
  return finding(check, 'warning', {
    message: doctor(hasKey ? 'backups-not-scheduled' : 'backups-without-key'),
    remedy: doctor(hasKey ? 'remedy-backups-not-scheduled' : 'remedy-backups-without-key'),
  });
}
