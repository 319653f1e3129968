import { lstat, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { FileBackup } from '../../contract/backups.js';
import type { ControlClient } from '../../core/api/client.js';
import { examineBackup } from '../../core/backups/examine-backup.js';
import { newRecoveryKey } from '../../core/backups/recovery-key.js';
import { writeRecoveryKey } from '../../core/backups/recovery-key-text.js';
import { createKeyFile } from '../../host/key-file.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { wipe } from '../../host/sodium.js';
import { operational } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { siteTimeIn } from '../daemon-client.js';
import { readNewPassphrase, wipeAfter } from '../key/key-passphrase.js';
import { withDaemonProgress, withProgress } from '../progress.js';
import { showAnswer } from '../show-answer.js';
import { registerRestore } from './backup-restore.js';
import { openSecret, type SecretOptions, wipeSecret } from './backup-secret.js';
import { describeBackup, describeStatus, progressOf, readBackupProgress } from './backup-text.js';
import { describeRehearsal, rehearse } from './rehearse.js';

interface CreateOptions extends CommonOptions {
  readonly passphrase?: boolean;
}

interface VerifyOptions extends CommonOptions, SecretOptions {
  readonly workDir: string;
  readonly rehearse?: boolean;
}

export function registerBackup(program: Command): void {
  const backup = program.command('backup').description('back up the box; verify and restore backups');
  registerRecoveryKey(backup);
  registerCreate(backup);
  registerStatus(backup);
  registerVerify(backup);
  registerRestore(backup);
}

function registerCreate(backup: Command): void {
  withCommonOptions(backup.command('create'))
    .argument('<file>', 'path of the backup; the daemon writes it and never overwrites a file')
    .option('--passphrase', 'let a passphrase open the backup too; asks for it')
    .description('back up the box while recognition continues, and verify the backup')
    .action((file: string, options: CreateOptions) =>
      showAnswer(
        options,
        ({ client }) => create(resolve(file), client, options),
        (backup, { show }) => describeBackup(backup, show),
      ),
    );
}

function registerStatus(backup: Command): void {
  withCommonOptions(backup.command('status'))
    .description('show the recovery key, the scheduled backups, and what is kept for a download')
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        ({ client }) => client.call('backups.show'),
        (status, { show }) => describeStatus(status, show),
        ({ schedule }) => schedule?.failure !== undefined,
      ),
    );
}

async function create(path: string, client: ControlClient, options: CreateOptions): Promise<FileBackup> {
  const given = options.passphrase === true ? await readNewPassphrase() : undefined;
  const answer = await wipeAfter(given, (passphrase) =>
    withDaemonProgress(
      { title: 'backing up, MiB', isJson: options.json === true },
      () => readBackupProgress(client),
      () => client.call('backups.write-file', { path, passphrase }),
    ),
  );
  await assertVisible(path);
  return answer;
}

/**
 * Checks that the caller sees the backup too. Under systemd the daemon has its own /tmp, which disappears when it stops.
 * @throws `backup-elsewhere`
 */
async function assertVisible(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    // Without permission to look into the directory, the check is impossible.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return;
    throw operational('backup-elsewhere', `the daemon wrote the backup, but ${path} does not exist here`, {
      remedy:
        'Give a path that the daemon shares with you: below dataDir, or in ReadWritePaths= of the unit; not /tmp, because the service has its own /tmp.',
      details: { path },
    });
  }
}

function registerVerify(backup: Command): void {
  withCommonOptions(backup.command('verify'))
    .argument('<file>', 'the backup')
    .option(
      '--recovery-key <file>',
      'file with the secret half of the recovery key; default: ask for a passphrase',
    )
    .addOption(
      new Option('--work-dir <directory>', 'folder for the unpacked database, which stays sealed').default(
        tmpdir(),
        'the folder for temporary files',
      ),
    )
    .option(
      '--rehearse',
      'also build the whole box of the backup in the folder, open it, and delete it again',
    )
    .description('check every byte of a backup and the database in it; needs no daemon')
    .action((file: string, options: VerifyOptions) =>
      runAction(options.json === true, async () => {
        const path = resolve(file);
        const secret = await openSecret(path, options);
        try {
          const watching = { title: 'verifying the backup, MiB', isJson: options.json === true };
          const { sizeBytes, sha256, manifest } = await withProgress(watching, (progress) =>
            examineBackup(path, secret, options.workDir, {
              onProgress: (at) => {
                const { done, total, step } = progressOf(at);
                progress.update(done, total, step);
              },
            }),
          );
          const { sections: _, ...about } = manifest;
          const { show } = await siteTimeIn(options.config);
          const backup: FileBackup = { path, sizeBytes, sha256, ...about };
          const rehearsed =
            options.rehearse === true ? { rehearsed: await rehearse(path, secret, options) } : {};
          const answer = { ...backup, ...rehearsed };
          print(options.json === true, answer, () =>
            [
              describeBackup(backup, show),
              'The backup is whole.',
              ...(answer.rehearsed === undefined ? [] : [describeRehearsal(answer.rehearsed)]),
            ].join('\n'),
          );
        } finally {
          wipeSecret(secret);
        }
        return exitCodes.done;
      }),
    );
}

interface InitOptions extends CommonOptions {
  readonly out: string;
}

function registerRecoveryKey(backup: Command): void {
  const recoveryKey = backup
    .command('recovery-key')
    .description('the key that opens backups; its secret half is kept off the box');
  withCommonOptions(recoveryKey.command('init'))
    .requiredOption('--out <file>', 'new file for the secret half; never overwrites a file')
    .description('make a recovery key; the box keeps its public half and makes backups that this key opens')
    .action((options: InitOptions) =>
      showAnswer(
        options,
        ({ client }) => makeKey(client, options),
        ({ keyId, created }) =>
          [
            `Wrote the secret half of the recovery key ${keyId} to ${created}, readable by its owner only.`,
            'It opens every backup made from now on. Without it no backup can be opened, not even by this box.',
            'Copy it to two safe places off this box, then delete it here.',
          ].join('\n'),
      ),
    );
}

/** Writes the secret half before the box learns the public half, so that every backup can be opened. */
async function makeKey(
  client: ControlClient,
  options: InitOptions,
): Promise<{ readonly created: string; readonly keyId: string }> {
  await client.call('status.show');
  const created = resolve(options.out);
  const { publicKey, secretKey } = newRecoveryKey();
  const secretLine = writeRecoveryKey('secret', secretKey);
  wipe(secretKey);
  await wipeAfter(secretLine, (line) => createKeyFile(created, line));
  try {
    const { keyId } = await client.call('backups.set-recovery-key', {
      publicKey: Buffer.from(writeRecoveryKey('public', publicKey)).toString('latin1').trim(),
    });
    return { created, keyId };
  } catch (error) {
    // The box has made no backup for this key.
    await rm(created, { force: true });
    throw error;
  }
}
