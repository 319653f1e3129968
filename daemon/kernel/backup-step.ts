/**
 * What is done to a backup, in the order of the work.
 * - Create: `copy` the gallery, `write` the copy to the backup, and `read-back` the backup.
 * - Verify and restore: `read` the backup to its end, `unpack` its database, and `check` the pictures in it.
 */
export const backupSteps = ['copy', 'write', 'read-back', 'read', 'unpack', 'check'] as const;
export type BackupStep = (typeof backupSteps)[number];
