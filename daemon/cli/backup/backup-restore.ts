import { resolve } from 'node:path';
import type { Command } from 'commander';
import { counted } from '../../base/counted.js';
import { encodeRestoreRequest, sendSecretly } from '../../control/backup-body.js';
import type { RestoreAnswer } from '../../control/backup-control.js';
import type { BoxStatus } from '../../control/box-control.js';
import type { ControlClient } from '../../control/client.js';
import type { KeyProviderKind } from '../../gallery/keys/key-provider.js';
import { wipe } from '../../host/sodium.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { withProviderOption } from '../key/key-options.js';
import { readNewPassphrase } from '../key/key-passphrase.js';
import { exitCodes, print, runAction } from '../output.js';
import { withProgressOf } from '../progress.js';
import { openSecret, type SecretOptions, wipeSecret } from './backup-secret.js';
import { askHowFar, describeRestored } from './backup-text.js';

interface RestoreOptions extends CommonOptions, SecretOptions {
  readonly provider?: KeyProviderKind;
  readonly yes?: boolean;
}

export function registerRestore(backup: Command): void {
  withProviderOption(
    withCommonOptions(backup.command('restore')),
    'on a box whose gallery is not open; by default a secret',
  )
    .argument('<file>', 'the backup; the daemon reads it')
    .option('--recovery-key <file>', 'secret half of the recovery key; otherwise a passphrase is asked for')
    .option('-y, --yes', 'do not ask')
    .description('put the gallery of a backup in the place of the present one; erased people stay erased')
    .action((file: string, options: RestoreOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const answer = await restore(resolve(file), client, options);
        print(options.json === true, answer, () => describeRestored(answer, time.show));
        return answer.sealed === undefined ? exitCodes.done : exitCodes.failed;
      }),
    );
}

async function restore(path: string, client: ControlClient, options: RestoreOptions): Promise<RestoreAnswer> {
  await confirm(questionFor(path, (await client.status()).gallery), options.yes);
  const secret = await openSecret(path, options);
  const keyPassphrase = options.provider === 'passphrase' ? await readNewPassphrase() : undefined;
  const watching = { title: 'restoring, MiB', isJson: options.json === true };
  try {
    return await withProgressOf(
      watching,
      () => askHowFar(client),
      () => send(client, { path, secret, keyPassphrase, provider: options.provider }),
    );
  } finally {
    wipeSecret(secret);
    if (keyPassphrase !== undefined) wipe(keyPassphrase);
  }
}

function send(
  client: ControlClient,
  {
    path,
    secret,
    keyPassphrase,
    provider,
  }: {
    readonly path: string;
    readonly secret: Parameters<typeof encodeRestoreRequest>[0]['secret'];
    readonly keyPassphrase: Uint8Array | undefined;
    readonly provider: KeyProviderKind | undefined;
  },
): Promise<RestoreAnswer> {
  const body = encodeRestoreRequest({
    path,
    secret,
    ...(provider === undefined ? {} : { provider }),
    ...(keyPassphrase === undefined ? {} : { keyPassphrase }),
  });
  return sendSecretly(body, (sent) => client.json('POST', '/v1/backup/restore', sent));
}

function questionFor(path: string, gallery: BoxStatus['gallery']): string {
  const rest = `${path} takes its place.`;
  if (gallery.state === 'open')
    return `The gallery of this box, with ${counted(gallery.persons, 'person')}, goes for good; ${rest}`;
  if (gallery.code === 'gallery-damaged') return `The damaged gallery is moved aside; ${rest}`;
  if (gallery.code === 'key-not-initialised') return `The gallery of this box is empty; ${rest}`;
  return `The gallery of this box is sealed (${gallery.message}) and goes for good, whatever is in it; ${rest}`;
}
