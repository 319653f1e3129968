import { dirname } from 'node:path';
import type { Command } from 'commander';
import type { SiteClock } from '../../contract/command-line.js';
import type { KeyStatus } from '../../contract/keys.js';
import { type ControlClient, daemonUnreachable } from '../../core/api/client.js';
import { exitCodes, print, runAction } from '../../host/output.js';
import { badInput, isRollcallError } from '../../kernel/errors.js';
import type { KeyProviderKind } from '../../kernel/gallery/key-provider-kind.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, siteTimeIn } from '../daemon-client.js';
import { configuredSecretFiles, withProviderOption } from './key-options.js';
import { readNewPassphrase, wipeAfter } from './key-passphrase.js';
import { giveToOwnerOf, idOfSecretFile, makeSecretFile } from './key-secret-file.js';
import { describeKeyStatus } from './key-text.js';

interface InitOptions extends CommonOptions {
  readonly provider?: KeyProviderKind;
}

interface InitResult {
  /** The new key file, if one was created. */
  readonly created?: string;
  /** Absent if the daemon does not run: it takes the key at its next start. */
  readonly status?: KeyStatus;
}

export function registerKeyInit(key: Command): void {
  withProviderOption(withCommonOptions(key.command('init')), 'default: secret')
    .description(
      'make the first key of a new gallery: a random key in the secrets directory (never overwrites one), a key from a passphrase, or a key sealed to the TPM',
    )
    .action((options: InitOptions) =>
      runAction(options.json === true, async () => {
        const result =
          options.provider === undefined || options.provider === 'secret'
            ? await initSecret(options.config)
            : await initByDaemon((await openBox(options.config)).client, options.provider);
        const time = await siteTimeIn(options.config);
        print(options.json === true, result, () => describeResult(result, time));
        return result.status?.state === 'sealed' ? exitCodes.failed : exitCodes.done;
      }),
    );
}

async function initSecret(configPath: string): Promise<InitResult> {
  const { path } = await configuredSecretFiles(configPath);
  const { client } = await openBox(configPath);
  const before = await statusIfReachable(client);
  if (before !== undefined) refuseSecondKey(before);
  const isWaiting = before !== undefined && (await idOfSecretFile(path)) !== undefined;
  if (!isWaiting) {
    await makeSecretFile(path);
    // The file belongs to root now; the daemon's user, who owns the directory, must be able to read it.
    await giveToOwnerOf(dirname(path), path);
  }
  const created = isWaiting ? {} : { created: path };
  if (before === undefined) return created;
  return { ...created, status: await client.call('keys.create', { provider: 'secret' }) };
}

async function initByDaemon(client: ControlClient, provider: KeyProviderKind): Promise<InitResult> {
  refuseSecondKey(await client.call('keys.show'));
  if (provider !== 'passphrase') return { status: await client.call('keys.create', { provider }) };
  const status = await wipeAfter(await readNewPassphrase(), (passphrase) =>
    client.call('keys.create', { provider, passphrase }),
  );
  return { status };
}

/** Checked before a file is created or a passphrase is asked for. */
function refuseSecondKey({ slots }: KeyStatus): void {
  if (slots.length === 0) return;
  throw badInput('key-exists', 'the gallery already has a key', {
    remedy: "Run 'rollcall key rotate' to replace it; 'rollcall key status' shows the current key.",
  });
}

async function statusIfReachable(client: ControlClient): Promise<KeyStatus | undefined> {
  try {
    return await client.call('keys.show');
  } catch (error) {
    if (isRollcallError(error, daemonUnreachable)) return undefined;
    throw error;
  }
}

function describeResult({ created, status }: InitResult, clock: SiteClock): string {
  const lines: string[] = [];
  if (created !== undefined) {
    lines.push(
      `created ${created}, readable by its owner only`,
      'This file opens the gallery. Without it the gallery cannot be read.',
      'Keep a copy in a safe place off this box, and protect it from other people.',
    );
  }
  if (status !== undefined) lines.push(describeKeyStatus(status, clock));
  return lines.join('\n');
}
