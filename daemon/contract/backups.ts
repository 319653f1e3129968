import { z } from 'zod';
import { backupSteps } from '../kernel/backup-step.js';
import { keyProviderKinds } from '../kernel/gallery/key-provider-kind.js';
import { fault } from './api-errors.js';
import { keyProviderErrors, passphrasePart } from './keys.js';
import { operation } from './operation.js';

const count = z.int().nonnegative();

/** What is known of a backup after all of it was read and checked. */
const factFields = {
  sizeBytes: count,
  sha256: z.string().describe('Of the whole file, hexadecimal.'),
  createdAt: z.iso.datetime(),
  site: z.string(),
  box: z.string(),
  program: z.string().describe('The version of the program that made it.'),
  schemaVersion: count.describe('Of its database.'),
  recogniser: z.string().describe('Of its templates.'),
  counts: z.record(z.string(), count).describe('How many persons, templates, and other items it has.'),
};

/** A backup in a file that the caller named. */
export const fileBackup = z.object({ path: z.string(), ...factFields });
export type FileBackup = z.infer<typeof fileBackup>;

const id = z.uuid();
const expiresAt = z.iso
  .datetime()
  .describe(
    'When the box deletes it. It is deleted earlier when the daemon ends, or when another takes its place.',
  );

/** A backup that the box keeps for a download. */
export const keptBackup = z.object({ id, expiresAt, ...factFields });
export type KeptBackup = z.infer<typeof keptBackup>;

/** A backup that was read and found whole. */
export const verifiedBackup = z.object(factFields);
export type VerifiedBackup = z.infer<typeof verifiedBackup>;

/** An upload, as far as the box has it. */
export const backupUpload = z.object({ id, receivedBytes: count, expiresAt });
export type BackupUpload = z.infer<typeof backupUpload>;

/** Largest piece of an upload, bytes. */
export const largestPieceBytes = 8 * 2 ** 20;

/** Backups that the box makes by itself. */
const backupSchedule = z.object({
  at: z.string().describe('Local time of day, such as `02:30`.'),
  keep: count.describe('How many stay in the directory.'),
  directory: z.string(),
  lastAt: z.iso.datetime().exactOptional().describe('When the newest one was made.'),
  lastFile: z.string().exactOptional(),
  failure: z
    .object({ code: z.string(), at: z.iso.datetime() })
    .exactOptional()
    .describe('Why the last attempt failed. Absent after a success.'),
});

/** The state of backups. */
export const backupStatus = z.object({
  recoveryKeyId: z
    .string()
    .exactOptional()
    .describe('The recovery key that backups are encrypted to. Absent before the first one.'),
  running: z.enum(['create', 'restore', 'verify']).exactOptional(),
  progress: z
    .object({
      step: z.enum(backupSteps),
      doneBytes: z.number().nonnegative().describe('Of all steps together.'),
      totalBytes: z.number().nonnegative(),
    })
    .exactOptional()
    .describe('Of the running job. Absent before its first step.'),
  made: keptBackup.exactOptional().describe('The newest backup that was made for a download.'),
  upload: backupUpload.exactOptional(),
  schedule: backupSchedule.exactOptional().describe('Absent while no backups are scheduled.'),
});
export type BackupStatus = z.infer<typeof backupStatus>;

/** What a restore did. */
export const restoredGallery = z.object({
  backup: z.object({
    path: z.string().exactOptional().describe('Only of a backup in a file that the caller named.'),
    ...factFields,
  }),
  persons: count,
  templates: count,
  erasedAgain: count.describe(
    'Persons in the backup who were erased on this box later, and are now erased again.',
  ),
  damagedKeys: count.describe('Rows with a damaged key. They were damaged when the backup was made.'),
  log: z.enum(['box', 'backup']).describe('Which audit log continues.'),
  areErasuresKnown: z
    .boolean()
    .describe('False if the erased persons could not be read from a damaged gallery file.'),
  damagedFile: z.string().exactOptional().describe('Where the box keeps the damaged gallery file.'),
  sealed: fault.exactOptional().describe('Why the gallery is sealed. Absent if it is open.'),
});
export type RestoredGallery = z.infer<typeof restoredGallery>;

const path = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^\//, 'the path is not absolute')
  .describe('Absolute path of a file that the daemon can reach.');

const createErrors = [
  'gallery-sealed',
  'gallery-damaged',
  'backup-busy',
  'backup-no-recipient',
  'recovery-key-foreign',
  'backup-exists',
  'backup-in-progress',
  'backup-not-written',
  'backup-not-verified',
  'backup-not-read',
  'backup-key-changed',
  'backup-altered',
  'passphrase-refused',
  'passphrase-memory',
  'recovery-key-malformed',
  'disk-full',
  'disk-failed',
  'shutting-down',
] as const;

const verifyErrors = [
  'backup-busy',
  'backup-not-read',
  'backup-foreign',
  'backup-newer',
  'backup-truncated',
  'backup-altered',
  'backup-wrong-secret',
  'backup-locked-for-others',
  'backup-unusable',
  'database-newer',
  'recovery-key-malformed',
  'passphrase-memory',
  'disk-full',
  'disk-failed',
  'shutting-down',
] as const;

const restoreErrors = [
  ...verifyErrors,
  'recogniser-mismatch',
  'database-busy',
  'key-changed',
  'gallery-log-left',
  'gallery-damaged',
  ...keyProviderErrors,
] as const;

const createSecrets = {
  passphrase: passphrasePart(
    'Opens the backup in addition to the recovery key: UTF-8, 12 characters or more.',
  ),
};

const openingSecrets = {
  recoverySecret: {
    isRequired: false,
    maximumBytes: 4096,
    description:
      'The content of the file with the secret half of the recovery key. Give it, or `passphrase`, not both.',
  },
  passphrase: passphrasePart('The passphrase of the backup.'),
} as const;

const restoreSecrets = {
  ...openingSecrets,
  keyPassphrase: passphrasePart(
    'Needed by the provider `passphrase`: the passphrase of the new key of the gallery.',
  ),
} as const;

const restoreProvider = z
  .enum(keyProviderKinds)
  .optional()
  .describe(
    'Where the key of the gallery comes from, only if the gallery of the box is not open. Default: `secret`.',
  );

const downloaded = z.strictObject({
  id,
  offset: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Begin at this byte, to continue a download that was interrupted.'),
});

export const backupOperations = {
  'backups.show': operation({
    method: 'GET',
    path: '/backups',
    summary: 'Show the recovery key of backups, and the progress of a running backup or restore.',
    answer: { kind: 'json', schema: backupStatus },
    errors: ['recovery-key-malformed'],
    scope: 'backups:read',
    rate: 'default',
  }),
  'backups.set-recovery-key': operation({
    method: 'PUT',
    path: '/backups/recovery-key',
    summary: 'Encrypt later backups to another recovery key.',
    description: 'Only the holder of its secret half can open them; the box cannot.',
    input: z.strictObject({
      publicKey: z
        .string()
        .max(1024)
        .describe('The line that begins with `rollcall-recovery-public-1`: the public half.'),
    }),
    answer: { kind: 'json', schema: z.object({ keyId: z.string() }) },
    errors: ['recovery-key-malformed', 'key-file-not-written', 'key-file-not-moved'],
    scope: 'backups:write',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
    secondPerson: 'keys',
  }),
  'backups.create': operation({
    method: 'POST',
    path: '/backups',
    summary: 'Back up the box while recognition continues, verify the backup, and keep it for a download.',
    description:
      'The answer comes when the backup is made, which takes minutes for a large gallery; `backups.show` has the progress, and the backup after a lost answer. The box keeps the newest one for a day, and deletes it when a person is erased or withdraws consent: it may hold them.',
    secrets: createSecrets,
    answer: { kind: 'json', schema: keptBackup },
    creates: { id: 'id', foundBy: 'backups.show' },
    errors: [...createErrors, 'backup-outdated'],
    scope: 'backups:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    // Its passphrase opens everything, for whoever chose it.
    secondPerson: 'export',
  }),
  'backups.make': operation({
    method: 'POST',
    path: '/unattended-backups',
    summary: 'Back up the box for the holder of the recovery key, and keep the backup to be fetched.',
    description:
      'For API keys: as `backups.create`, but without a passphrase and a proof of identity. Only the secret half of the recovery key opens the backup, and the box does not have it.',
    answer: { kind: 'json', schema: keptBackup },
    creates: { id: 'id', foundBy: 'backups.show' },
    errors: [...createErrors, 'backup-outdated'],
    scope: 'backups:make',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'backups.fetch': operation({
    method: 'GET',
    path: '/unattended-backups/{id}',
    summary: 'Fetch a backup that only the recovery key opens.',
    description:
      'For API keys: as `backups.download`, but not for a backup that a passphrase opens. Compare the SHA-256 of the file with that of the backup.',
    input: downloaded,
    answer: { kind: 'file', mediaType: 'application/octet-stream' },
    errors: ['no-such-backup'],
    scope: 'backups:make',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'backups.download': operation({
    method: 'GET',
    path: '/backups/{id}',
    summary: 'Download a backup that the box keeps.',
    description: 'Compare the SHA-256 of the file with that of the backup.',
    input: downloaded,
    answer: { kind: 'file', mediaType: 'application/octet-stream' },
    errors: ['no-such-backup'],
    scope: 'backups:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
  }),
  'backups.remove': operation({
    method: 'DELETE',
    path: '/backups/{id}',
    summary: 'Delete a backup or an upload that the box keeps.',
    input: z.strictObject({ id }),
    answer: { kind: 'json', schema: z.object({ removed: id }) },
    errors: ['no-such-backup'],
    scope: 'backups:write',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
  }),
  'backups.upload': operation({
    method: 'POST',
    path: '/backups/uploads',
    summary: 'Upload a backup in pieces, to restore it.',
    description:
      'The first piece has no id and begins a new upload, which takes the place of the one before. Give its id with each further piece. After an interruption `backups.show` says where to continue. The box leaves 1 GiB of its disk free. The first piece leaves the entry in the audit log.',
    input: z.strictObject({
      id: id.optional().describe('Absent for the first piece.'),
      offset: z.int().nonnegative().describe('Number of bytes before this piece.'),
    }),
    files: {
      piece: {
        minimum: 1,
        maximum: 1,
        maximumBytes: largestPieceBytes,
        description: 'The next bytes of the file.',
      },
    },
    answer: { kind: 'json', schema: backupUpload },
    errors: ['no-such-backup', 'upload-offset', 'disk-full'],
    scope: 'backups:restore',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
  }),
  'backups.verify': operation({
    method: 'POST',
    path: '/backups/{id}/verify',
    summary: 'Check every byte of a backup that was uploaded, or that the box keeps, and the database in it.',
    description: 'Nothing changes. The gallery of the box stays in use.',
    input: z.strictObject({ id }),
    secrets: openingSecrets,
    answer: { kind: 'json', schema: verifiedBackup },
    errors: ['no-such-backup', ...verifyErrors],
    scope: 'backups:restore',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
  }),
  'backups.restore': operation({
    method: 'POST',
    path: '/backups/{id}/restore',
    summary: 'Replace the gallery by that of a backup that was uploaded, or that the box keeps.',
    description: 'Erased persons stay erased. An error changes nothing. A restored upload is deleted.',
    input: z.strictObject({ id, provider: restoreProvider }),
    secrets: restoreSecrets,
    answer: { kind: 'json', schema: restoredGallery },
    errors: ['no-such-backup', ...restoreErrors],
    scope: 'backups:restore',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    secondPerson: 'restore',
  }),
  'backups.write-file': operation({
    method: 'POST',
    path: '/backups/files',
    summary: 'Back up the box to a file while recognition continues, and verify the backup.',
    input: z.strictObject({ path }),
    secrets: createSecrets,
    answer: { kind: 'json', schema: fileBackup },
    creates: { id: 'path', foundBy: 'backups.show' },
    errors: createErrors,
    scope: 'backups:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    isLocalOnly: true,
  }),
  'backups.restore-file': operation({
    method: 'POST',
    path: '/backups/files/restore',
    summary: 'Replace the gallery by that of a backup in a file of the box.',
    description: 'Erased persons stay erased. An error changes nothing.',
    input: z.strictObject({ path, provider: restoreProvider }),
    secrets: restoreSecrets,
    answer: { kind: 'json', schema: restoredGallery },
    errors: restoreErrors,
    scope: 'backups:restore',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    isLocalOnly: true,
  }),
} as const;
