import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RestoredGallery } from '../../contract/backups.js';
import type { BoxStatus } from '../../contract/status.js';
import type { ControlClient } from '../../core/api/client.js';
import { runAction } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import { withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { withProviderOption } from '../key/key-options.js';
import { readNewPassphrase, wipeAfter } from '../key/key-passphrase.js';
import { withDaemonProgress } from '../progress.js';
import { showAnswer } from '../show-answer.js';
import { openSecret, wipeSecret, withSentSecret } from './backup-secret.js';
import { describeRestored, readBackupProgress, restoreKeeps } from './backup-text.js';
import { type ReplaceOptions, replaceBox } from './replace-box.js';

interface RestoreOptions extends ReplaceOptions {
  readonly provider?: KeyProviderKind;
  readonly replaceBox?: boolean;
}

export function registerRestore(backup: Command): void {
  withProviderOption(
    withCommonOptions(backup.command('restore')),
    'only if the gallery of this box is not open; default: secret',
  )
    .argument('<file>', 'the backup; the daemon must be able to read it')
    .option(
      '--recovery-key <file>',
      'file with the secret half of the recovery key; default: ask for a passphrase',
    )
    .option(
      '--replace-box',
      'turn this new machine into the box of the backup, with its identity; stop the daemon first',
    )
    .option(
      '--fingerprint <hex>',
      'with --replace-box: the key of the former box, as pinned by the centre; refuses another one',
    )
    .option('-y, --yes', 'do not ask for confirmation')
    .description('replace the gallery by that of a backup, or this machine by its box')
    .action((file: string, options: RestoreOptions) =>
      options.replaceBox === true
        ? runAction(options.json === true, () => replaceBox(file, options))
        : showAnswer(
            options,
            ({ client }) => restore(resolve(file), client, options),
            (answer, { show }) => describeRestored(answer, show),
            ({ sealed }) => sealed !== undefined,
          ),
    );
}

async function restore(
  path: string,
  client: ControlClient,
  options: RestoreOptions,
): Promise<RestoredGallery> {
  await confirm(questionFor(path, (await client.call('status.show')).gallery), options.yes);
  const secret = await openSecret(path, options);
  const given = options.provider === 'passphrase' ? await readNewPassphrase() : undefined;
  try {
    return await wipeAfter(given, (keyPassphrase) =>
      withDaemonProgress(
        { title: 'restoring, MiB', isJson: options.json === true },
        () => readBackupProgress(client),
        () =>
          withSentSecret(secret, (sent) => {
            const { provider } = options;
            return client.call('backups.restore-file', { path, provider, keyPassphrase, ...sent });
          }),
      ),
    );
  } finally {
    wipeSecret(secret);
  }
}

function questionFor(path: string, gallery: BoxStatus['gallery']): string {
  const replacement = `${path} replaces it. ${restoreKeeps}`;
  if (gallery.state === 'open')
    return `This permanently deletes the gallery of this box, with ${counted(gallery.persons, 'person')}; ${replacement}`;
  if (gallery.code === 'gallery-damaged') return `The damaged gallery is moved aside; ${replacement}`;
  if (gallery.code === 'key-not-initialised') return `The gallery of this box is empty; ${replacement}`;
  return `This permanently deletes the sealed gallery of this box (${gallery.message}); ${replacement}`;
}
