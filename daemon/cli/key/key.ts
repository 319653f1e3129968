import type { Command } from 'commander';
import { sendKeyOrder } from '../../control/key-body.js';
import type { KeyStatus } from '../../control/key-control.js';
import type { KeyInput, KeyProviderReport } from '../../gallery/keys/key-provider.js';
import { wipe } from '../../host/sodium.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { registerKeyInit } from './key-init.js';
import { readPassphrase } from './key-passphrase.js';
import { registerKeyRotate } from './key-rotate.js';
import { describeKeyStatus, describeProviderReports } from './key-text.js';

export function registerKey(program: Command): void {
  const key = program.command('key').description('the key that the gallery is sealed with');
  registerStatus(key);
  registerKeyInit(key);
  registerUnlock(key);
  registerKeyRotate(key);
  registerProviders(key);
}

function registerStatus(key: Command): void {
  withCommonOptions(key.command('status'))
    .description('show whether the gallery is open, its keys and their age, and how far a rotation is')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status = await client.json<KeyStatus>('GET', '/v1/key');
        print(options.json === true, status, () => describeKeyStatus(status, time.show));
        return exitCodes.done;
      }),
    );
}

function registerUnlock(key: Command): void {
  withCommonOptions(key.command('unlock'))
    .description(
      'open a sealed gallery; asks for the passphrase on the terminal, or reads it from standard input; exit code 1 when it stays sealed',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const before = await client.json<KeyStatus>('GET', '/v1/key');
        const isPassphrase = before.slots.some(({ provider }) => provider === 'passphrase');
        const isAsked = before.state === 'sealed' && isPassphrase;
        const input: KeyInput = isAsked ? { passphrase: await readPassphrase('Passphrase: ') } : {};
        try {
          const status = await sendKeyOrder({}, input, (body) =>
            client.json<KeyStatus>('POST', '/v1/key/unlock', body),
          );
          print(options.json === true, status, () => describeKeyStatus(status, time.show));
          return status.state === 'open' ? exitCodes.done : exitCodes.failed;
        } finally {
          if (input.passphrase !== undefined) wipe(input.passphrase);
        }
      }),
    );
}

function registerProviders(key: Command): void {
  withCommonOptions(key.command('providers'))
    .description('show where the key can come from on this machine, and why not from elsewhere')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const reports = await client.json<readonly KeyProviderReport[]>('GET', '/v1/key/providers');
        print(options.json === true, reports, () => describeProviderReports(reports));
        return exitCodes.done;
      }),
    );
}
