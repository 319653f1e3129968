import type { Command } from 'commander';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { showAnswer } from '../show-answer.js';
import { registerKeyInit } from './key-init.js';
import { readPassphrase, wipeAfter } from './key-passphrase.js';
import { registerKeyRotate } from './key-rotate.js';
import { describeKeyStatus, describeProviderReports } from './key-text.js';

export function registerKey(program: Command): void {
  const key = program.command('key').description('the key that seals the gallery');
  withCommonOptions(key.command('status'))
    .description('show whether the gallery is open, its keys with their age, and the progress of a rotation')
    .action((options: CommonOptions) =>
      showAnswer(options, ({ client }) => client.call('keys.show'), describeKeyStatus),
    );
  registerKeyInit(key);
  registerUnlock(key);
  registerKeyRotate(key);
  withCommonOptions(key.command('providers'))
    .description('show which sources of the key work on this machine, and why the others do not')
    .action((options: CommonOptions) =>
      showAnswer(options, ({ client }) => client.call('keys.providers'), describeProviderReports),
    );
}

function registerUnlock(key: Command): void {
  withCommonOptions(key.command('unlock'))
    .description(
      'open a sealed gallery; asks for the passphrase on the terminal or reads it from standard input; exit code 1 if the gallery stays sealed',
    )
    .action((options: CommonOptions) =>
      showAnswer(
        options,
        async ({ client }) => {
          const before = await client.call('keys.show');
          const isPassphrase = before.slots.some(({ provider }) => provider === 'passphrase');
          const isAsked = before.state === 'sealed' && isPassphrase;
          const given = isAsked ? await readPassphrase('Passphrase: ') : undefined;
          return await wipeAfter(given, (passphrase) => client.call('keys.unlock', { passphrase }));
        },
        describeKeyStatus,
        ({ state }) => state !== 'open',
      ),
    );
}
