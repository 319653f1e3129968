import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { encodeFramed } from '../../control/framed-body.js';
import { newRecoveryKey } from '../../gallery/backup/recovery-key.js';
import { writeRecoveryKey } from '../../gallery/backup/recovery-key-text.js';
import { createKeyFile } from '../../host/key-file.js';
import { wipe } from '../../host/sodium.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';

interface InitOptions extends CommonOptions {
  readonly out: string;
}

export function registerRecoveryKey(backup: Command): void {
  const recoveryKey = backup
    .command('recovery-key')
    .description('the key that opens backups, kept off the box');
  withCommonOptions(recoveryKey.command('init'))
    .requiredOption('--out <file>', 'where the secret half goes; never overwrites a file')
    .description('make a recovery key: the box keeps its public half and makes backups for it from now on')
    .action((options: InitOptions) =>
      runAction(options.json === true, async () => {
        const result = await makeKey(options);
        print(options.json === true, result, () =>
          [
            `the secret half of the recovery key ${result.keyId} is in ${result.created}, readable by its owner only`,
            'Whoever has it can open every backup made from now on; without it nobody can, the box included.',
            'Bring it to two safe places off this box, then delete it here.',
          ].join('\n'),
        );
        return exitCodes.done;
      }),
    );
}

/** The secret half is on the disk before the box knows the public one: never a backup that nobody can open. */
async function makeKey(options: InitOptions): Promise<{ readonly created: string; readonly keyId: string }> {
  const client = await openDaemonClient(options.config);
  await client.status();
  const created = resolve(options.out);
  const { publicKey, secretKey } = newRecoveryKey();
  const line = writeRecoveryKey('secret', secretKey);
  wipe(secretKey);
  try {
    await createKeyFile(created, line);
  } finally {
    wipe(line);
  }
  try {
    const body = encodeFramed({}, [publicKey]);
    const { keyId } = await client.json<{ readonly keyId: string }>('POST', '/v1/backup/recovery-key', body);
    return { created, keyId };
  } catch (error) {
    // No backup was made for it.
    await rm(created, { force: true });
    throw error;
  }
}
