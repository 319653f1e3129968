import { lstat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { operational } from '../../base/errors.js';
import { encodeBackupRequest, sendSecretly } from '../../control/backup-body.js';
import type { BackupAnswer } from '../../control/backup-control.js';
import type { ControlClient } from '../../control/client.js';
import { examineBackup } from '../../gallery/backup/examine-backup.js';
import { wipe } from '../../host/sodium.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, siteTimeIn } from '../daemon-client.js';
import { readNewPassphrase } from '../key/key-passphrase.js';
import { exitCodes, print, runAction } from '../output.js';
import { withProgress, withProgressOf } from '../progress.js';
import { registerRecoveryKey } from './backup-recovery-key.js';
import { registerRestore } from './backup-restore.js';
import { openSecret, type SecretOptions, wipeSecret } from './backup-secret.js';
import { askHowFar, describeBackup, toldOf } from './backup-text.js';

interface CreateOptions extends CommonOptions {
  readonly passphrase?: boolean;
}

interface VerifyOptions extends CommonOptions, SecretOptions {
  readonly workDir: string;
}

export function registerBackup(program: Command): void {
  const backup = program.command('backup').description('back the gallery up, verify and restore backups');
  registerRecoveryKey(backup);
  registerCreate(backup);
  registerVerify(backup);
  registerRestore(backup);
}

function registerCreate(backup: Command): void {
  withCommonOptions(backup.command('create'))
    .argument('<file>', 'where the backup goes; the daemon writes it, and never over a file')
    .option('--passphrase', 'make it for a passphrase, too, which is asked for')
    .description('back the gallery up while everything goes on, and verify what was written')
    .action((file: string, options: CreateOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const answer = await create(resolve(file), client, options);
        print(options.json === true, answer, () => describeBackup(answer, time.show));
        return exitCodes.done;
      }),
    );
}

async function create(path: string, client: ControlClient, options: CreateOptions): Promise<BackupAnswer> {
  const passphrase = options.passphrase === true ? await readNewPassphrase() : undefined;
  const body = encodeBackupRequest({ path, ...(passphrase === undefined ? {} : { passphrase }) });
  if (passphrase !== undefined) wipe(passphrase);
  const watching = { title: 'backing up, MiB', isJson: options.json === true };
  const ask = () => askHowFar(client);
  const answer = await withProgressOf(watching, ask, () =>
    sendSecretly(body, (sent) => client.json<BackupAnswer>('POST', '/v1/backup/create', sent)),
  );
  await assertSeen(path);
  return answer;
}

/** Under systemd the daemon has a /tmp of its own, which goes when it stops. @throws `backup-elsewhere` */
async function assertSeen(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    // Who may not look into the directory cannot tell.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) return;
    throw operational('backup-elsewhere', `the daemon wrote the backup, but here there is no ${path}`, {
      remedy:
        'give a path that the daemon and you see alike: below dataDir, or one that a drop-in of the unit names with ReadWritePaths= (not /tmp, which the service has for itself)',
      details: { path },
    });
  }
}

function registerVerify(backup: Command): void {
  withCommonOptions(backup.command('verify'))
    .argument('<file>', 'the backup')
    .option('--recovery-key <file>', 'secret half of the recovery key; otherwise a passphrase is asked for')
    .option('--work-dir <directory>', 'where its database is unpacked meanwhile, still sealed', tmpdir())
    .description('check a backup to its last byte, and the database in it; needs no daemon')
    .action((file: string, options: VerifyOptions) =>
      runAction(options.json === true, async () => {
        const path = resolve(file);
        const secret = await openSecret(path, options);
        try {
          const watching = { title: 'verifying the backup, MiB', isJson: options.json === true };
          const { sizeBytes, sha256, manifest } = await withProgress(watching, (progress) =>
            examineBackup(path, secret, options.workDir, (at) => {
              const { done, total, step } = toldOf(at);
              progress.update(done, total, step);
            }),
          );
          const { sections: _, ...about } = manifest;
          const { show } = await siteTimeIn(options.config);
          const answer: BackupAnswer = { path, sizeBytes, sha256, ...about };
          print(options.json === true, answer, () => `${describeBackup(answer, show)}\nIt is whole.`);
        } finally {
          wipeSecret(secret);
        }
        return exitCodes.done;
      }),
    );
}
