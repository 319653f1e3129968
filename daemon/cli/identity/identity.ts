import { type Command, Option } from 'commander';
import type { ControlClient } from '../../control/client.js';
import type { RotatedIdentity, ShownIdentity } from '../../control/identity-control.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { describeIdentity, describeRotatedIdentity } from './identity-text.js';

interface ShowOptions extends CommonOptions {
  readonly jwks?: boolean;
  readonly keySet?: boolean;
}

interface RotateOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerIdentity(program: Command): void {
  const identity = program
    .command('identity')
    .description('the key that this box signs with, by which a centre knows it');
  registerShow(identity);
  registerRotate(identity);
}

const shownBy = (client: ControlClient): Promise<ShownIdentity> => client.json('GET', '/v1/identity');

function registerShow(identity: Command): void {
  withCommonOptions(identity.command('show'))
    .addOption(new Option('--jwks', 'print the keys as a JWK set (RFC 7517)').conflicts(['json', 'keySet']))
    .addOption(
      new Option('--key-set', 'print the signed key set as it is published, without a line end').conflicts(
        'json',
      ),
    )
    .description('show the key in force, to be compared with what the centre has, and former ones')
    .action((options: ShowOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const shown = await shownBy(client);
        if (options.keySet === true) process.stdout.write(shown.keySet);
        else if (options.jwks === true) print(true, shown.jwks, () => '');
        else print(options.json === true, shown, () => describeIdentity(shown, time.show));
        return exitCodes.done;
      }),
    );
}

function registerRotate(identity: Command): void {
  withCommonOptions(identity.command('rotate'))
    .option('-y, --yes', 'do not ask')
    .description('give the box another key; the former one endorses it and stays published for a while')
    .action((options: RotateOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { fingerprint } = await shownBy(client);
        await confirm(
          `The box signs with another key from now on, not with ${fingerprint} any more; centres that do not follow its key set refuse its events.`,
          options.yes,
        );
        const rotated = await client.json<RotatedIdentity>('POST', '/v1/identity/rotations');
        print(options.json === true, rotated, () => describeRotatedIdentity(rotated, time.show));
        return exitCodes.done;
      }),
    );
}
