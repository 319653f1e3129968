import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { counted } from '../../base/counted.js';
import { badInput } from '../../base/errors.js';
import { noSuch } from '../../control/no-such.js';
import type { ShownTrust, TrustStatus } from '../../control/trust-control.js';
import { explainReading } from '../../host/file-access.js';
import { type CommandScope, commandScopes } from '../../publish/contract/command-schema.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import { exitCodes, print, runAction } from '../output.js';
import { timeForms } from '../site-time.js';
import { describeTrust } from './trust-text.js';

interface AddOptions extends CommonOptions {
  readonly key: string;
  readonly scope: readonly CommandScope[];
  readonly until?: string;
}

interface RemoveOptions extends CommonOptions {
  readonly key?: string;
  readonly yes?: boolean;
}

export function registerTrust(program: Command): void {
  const trust = program.command('trust').description('whose commands over MQTT the box executes');
  registerList(trust);
  registerAdd(trust);
  registerRemove(trust);
  registerDismiss(trust);
}

function registerList(trust: Command): void {
  withCommonOptions(trust.command('list'))
    .description('list the keys of issuers, what they may do, and what came of commands since the start')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const status: TrustStatus = await client.json('GET', '/v1/trust');
        print(options.json === true, status, () => describeTrust(status, time.show));
        return exitCodes.done;
      }),
    );
}

function registerAdd(trust: Command): void {
  withCommonOptions(trust.command('add'))
    .argument('<issuer>', 'what the box calls the centre: the claim "iss" of its commands')
    .requiredOption('--key <file>', 'its public key: a JWK, or PEM; Ed25519 or P-256')
    .addOption(
      new Option('--scope <scope...>', 'what it may do').choices(commandScopes).makeOptionMandatory(),
    )
    .option(
      '--until <time>',
      `trusted up to here; a day is included: +90d for 90 days from now, ${timeForms}`,
    )
    .description('trust a key of an issuer; an issuer may have several, for a change of keys')
    .action((issuer: string, options: AddOptions) =>
      runAction(options.json === true, async () => {
        const key = await readKey(options.key);
        const { scope: scopes, until } = options;
        const { client, time } = await openBox(options.config);
        const notAfterMs = until === undefined ? undefined : time.readTo(until);
        const body = Buffer.from(JSON.stringify({ issuer, key, scopes, notAfterMs }));
        const added: ShownTrust = await client.json('POST', '/v1/trust', body);
        print(
          options.json === true,
          added,
          () => `${added.issuer}: key ${added.keyId} (${added.algorithm}) may use ${added.scopes.join(', ')}`,
        );
        return exitCodes.done;
      }),
    );
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw badInput(
      'issuer-key-unreadable',
      `the key cannot be read from ${path}: ${explainReading(error).says}`,
      {
        remedy: 'give the path of a file with the public key',
        cause: error,
      },
    );
  }
}

/** Nobody is asked about what is not there. */
export function assertTrusted(
  { keys }: Pick<TrustStatus, 'keys'>,
  issuer: string,
  key: string | undefined,
): void {
  const ofIssuer = keys.filter((one) => one.issuer === issuer);
  const list = 'rollcall trust list';
  if (ofIssuer.length === 0) throw noSuch('issuer', issuer, list);
  if (key !== undefined && ofIssuer.every(({ keyId }) => keyId !== key)) throw noSuch('key', key, list);
}

function registerRemove(trust: Command): void {
  withCommonOptions(trust.command('remove'))
    .argument('<issuer>', 'as trust list shows it')
    .option('--key <id>', 'only this key of the issuer')
    .option('-y, --yes', 'do not ask')
    .description('execute no more commands of an issuer, or of one of its keys')
    .action((issuer: string, options: RemoveOptions) =>
      runAction(options.json === true, async () => {
        const what = options.key === undefined ? issuer : `the key ${options.key} of ${issuer}`;
        const client = await openDaemonClient(options.config);
        assertTrusted(await client.json('GET', '/v1/trust'), issuer, options.key);
        await confirm(`The box will execute no more commands of ${what}.`, options.yes);
        const query = options.key === undefined ? '' : `?key=${encodeURIComponent(options.key)}`;
        const path = `/v1/trust/${encodeURIComponent(issuer)}${query}`;
        const result = await client.json<{ readonly removed: number }>('DELETE', path);
        const { removed } = result;
        print(options.json === true, result, () => `${counted(removed, 'key')} removed`);
        return exitCodes.done;
      }),
    );
}

function registerDismiss(trust: Command): void {
  withCommonOptions(trust.command('dismiss'))
    .option('-y, --yes', 'do not ask')
    .description('forget what the box found among its trust and did not believe, once you have looked at it')
    .action((options: CommonOptions & { readonly yes?: boolean }) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const { aside }: TrustStatus = await client.json('GET', '/v1/trust');
        if (aside.length > 0) {
          await confirm(
            `The box will forget ${counted(aside.length, 'entry', 'entries')} of 'rollcall trust list'.`,
            options.yes,
          );
        }
        const result = await client.json<{ readonly dismissed: number }>('POST', '/v1/trust/dismiss');
        print(
          options.json === true,
          result,
          () => `${counted(result.dismissed, 'entry', 'entries')} forgotten`,
        );
        return exitCodes.done;
      }),
    );
}
