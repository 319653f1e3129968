import type { Command } from 'commander';
import { exitCodes, print, runAction } from '../../host/output.js';
import { wipe } from '../../host/sodium.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { registerKeyInit } from './key-init.js';
import { readPassphrase } from './key-passphrase.js';
import { registerKeyRotate } from './key-rotate.js';
import { describeKeyStatus, describeProviderReports } from './key-text.js';

export function registerKey(program: Command): void {
  const key = program.command('key').description('the key that seals the gallery');
  registerStatus(key);
  registerKeyInit(key);
  registerUnlock(key);
  registerKeyRotate(key);
  registerProviders(key);
}

function registerStatus(key: Command): void {
  withCommonOptions(key.command('status'))
    .description('show whether the gallery is open, its keys with their age, and the progress of a rotation')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status = await client.call('keys.show');
        print(options.json === true, status, () => describeKeyStatus(status, time.show));
        return exitCodes.done;
      }),
    );
}

function registerUnlock(key: Command): void {
  withCommonOptions(key.command('unlock'))
    .description(
      'open a sealed gallery; asks for the passphrase on the terminal or reads it from standard input; exit code 1 if the gallery stays sealed',
    )
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const before = await client.call('keys.show');
        const isPassphrase = before.slots.some(({ provider }) => provider === 'passphrase');
        const isAsked = before.state === 'sealed' && isPassphrase;
        const passphrase = isAsked ? await readPassphrase('Passphrase: ') : undefined;
        try {
          const status = await client.call('keys.unlock', { passphrase });
          print(options.json === true, status, () => describeKeyStatus(status, time.show));
          return status.state === 'open' ? exitCodes.done : exitCodes.failed;
        } finally {
          if (passphrase !== undefined) wipe(passphrase);
        }
      }),
    );
}

function registerProviders(key: Command): void {
  withCommonOptions(key.command('providers'))
    .description('show which sources of the key work on this machine, and why the others do not')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const reports = await client.call('keys.providers');
        print(options.json === true, reports, () => describeProviderReports(reports));
        return exitCodes.done;
      }),
    );
}
