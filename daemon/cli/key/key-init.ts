import { dirname } from 'node:path';
import type { Command } from 'commander';
import { badInput, isRollcallError } from '../../base/errors.js';
import { type ControlClient, daemonUnreachable } from '../../control/client.js';
import { sendKeyOrder } from '../../control/key-body.js';
import type { KeyStatus } from '../../control/key-control.js';
import type { KeyInput, KeyProviderKind } from '../../gallery/keys/key-provider.js';
import { wipe } from '../../host/sodium.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openDaemonClient, siteTimeIn } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import type { ShowTime } from '../site-time.js';
import { configuredSecretFiles, withProviderOption } from './key-options.js';
import { readNewPassphrase } from './key-passphrase.js';
import { giveToOwnerOf, idOfSecretFile, makeSecretFile } from './key-secret-file.js';
import { describeKeyStatus } from './key-text.js';

interface InitOptions extends CommonOptions {
  readonly provider?: KeyProviderKind;
}

/** What a new key was made as. */
interface InitResult {
  /** The file, where the provider is `secret` and there was none. */
  readonly created?: string;
  /** Absent where the daemon does not run: it takes the key at its next start. */
  readonly status?: KeyStatus;
}

export function registerKeyInit(key: Command): void {
  withProviderOption(withCommonOptions(key.command('init')), 'by default a secret')
    .description(
      'give a new gallery its first key: a random one in the secrets directory (never overwrites one), one from a passphrase, or one sealed to the TPM',
    )
    .action((options: InitOptions) =>
      runAction(options.json === true, async () => {
        const result =
          options.provider === undefined || options.provider === 'secret'
            ? await initSecret(options.config)
            : await initByDaemon(await openDaemonClient(options.config), options.provider);
        const { show } = await siteTimeIn(options.config);
        print(options.json === true, result, () => describeResult(result, show));
        return result.status?.state === 'sealed' ? exitCodes.failed : exitCodes.done;
      }),
    );
}

async function initSecret(configPath: string): Promise<InitResult> {
  const { path } = await configuredSecretFiles(configPath);
  const client = await openDaemonClient(configPath);
  const before = await statusIfReachable(client);
  if (before !== undefined) refuseSecondKey(before);
  const isWaiting = before !== undefined && (await idOfSecretFile(path)) !== undefined;
  if (!isWaiting) {
    await makeSecretFile(path);
    // Root made it; the user of the daemon, to whom the directory belongs, must be able to read it.
    await giveToOwnerOf(dirname(path), path);
  }
  const created = isWaiting ? {} : { created: path };
  if (before === undefined) return created;
  return { ...created, status: await askToInit(client, 'secret', {}) };
}

async function initByDaemon(client: ControlClient, provider: KeyProviderKind): Promise<InitResult> {
  refuseSecondKey(await client.json<KeyStatus>('GET', '/v1/key'));
  if (provider !== 'passphrase') return { status: await askToInit(client, provider, {}) };
  const passphrase = await readNewPassphrase();
  try {
    return { status: await askToInit(client, provider, { passphrase }) };
  } finally {
    wipe(passphrase);
  }
}

/** Before a file is made or somebody is asked. */
function refuseSecondKey({ slots }: KeyStatus): void {
  if (slots.length === 0) return;
  throw badInput('key-exists', 'the gallery has a key already', {
    remedy: "run 'rollcall key rotate' to give it another one; 'rollcall key status' shows how it stands",
  });
}

function askToInit(client: ControlClient, provider: KeyProviderKind, input: KeyInput): Promise<KeyStatus> {
  return sendKeyOrder({ provider }, input, (body) => client.json<KeyStatus>('POST', '/v1/key/init', body));
}

async function statusIfReachable(client: ControlClient): Promise<KeyStatus | undefined> {
  try {
    return await client.json<KeyStatus>('GET', '/v1/key');
  } catch (error) {
    if (isRollcallError(error, daemonUnreachable)) return undefined;
    throw error;
  }
}

function describeResult({ created, status }: InitResult, show: ShowTime): string {
  const lines: string[] = [];
  if (created !== undefined) {
    lines.push(
      `created ${created}, readable by its owner only`,
      'Whoever has this file and the database can read the gallery; without it nobody can.',
      'Keep a copy in a safe place off this box.',
    );
  }
  if (status !== undefined) lines.push(describeKeyStatus(status, show));
  return lines.join('\n');
}
