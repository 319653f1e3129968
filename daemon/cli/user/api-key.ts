import { type Command, InvalidArgumentError } from 'commander';
import type { ApiKey } from '../../contract/users.js';
import { exitCodes, print, runAction, table } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { present } from '../../kernel/present.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import type { ShowTime } from '../site-time.js';
import { scopeOption, scopesOf } from './scope-option.js';

interface AddOptions extends CommonOptions {
  readonly scope: readonly string[];
  readonly camera?: string[];
  readonly days?: number;
}

interface RevokeOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerApiKey(user: Command): void {
  const key = user.command('key').description('the API keys of programs that cannot log in');
  registerAdd(key);
  registerList(key);
  registerRevoke(key);
}

function registerAdd(key: Command): void {
  withCommonOptions(key.command('add'))
    .argument('<label>', 'what the key is for, such as the name of the program; at most 100 characters')
    .addOption(scopeOption('what the program may do').makeOptionMandatory())
    .option('--camera <id...>', 'limit the key to these cameras; default: all')
    .option('--days <count>', 'how long the key is valid, at most 730; default: 365', parseDays)
    .description('create an API key and show its secret, which is shown only once')
    .action((label: string, options: AddOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { camera: cameras, days: expiresInDays } = options;
        const scopes = scopesOf(options.scope);
        const limits = present({ cameras, expiresInDays });
        const made = await client.call('api-keys.create', { label, scopes, ...limits });
        print(options.json === true, made, () => describeMade(made, time.show));
        return exitCodes.done;
      }),
    );
}

function registerList(key: Command): void {
  withCommonOptions(key.command('list'))
    .description('list the API keys without their secrets, the newest first')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const keys = await client.call('api-keys.list', {});
        print(options.json === true, keys, () => describeKeys(keys, time.show));
        return exitCodes.done;
      }),
    );
}

function registerRevoke(key: Command): void {
  withCommonOptions(key.command('revoke'))
    .argument('<id>', "id of the key, from 'rollcall user key list'")
    .option('-y, --yes', 'do not ask for confirmation')
    .description('end an API key at once')
    .action((id: string, options: RevokeOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        await confirm(`The program that uses the API key ${id} can no longer reach the box.`, options.yes);
        const revoked = await client.call('api-keys.revoke', { id });
        print(options.json === true, revoked, () => `The API key ${id} is revoked.`);
        return exitCodes.done;
      }),
    );
}

function parseDays(text: string): number {
  const days = Number(text);
  if (/^\d{1,3}$/.test(text) && days >= 1 && days <= 730) return days;
  throw new InvalidArgumentError('must be a whole number from 1 to 730');
}

function describeMade(
  { apiKey, secret }: { readonly apiKey: ApiKey; readonly secret: string },
  show: ShowTime,
): string {
  return [
    `${apiKey.id} (${apiKey.label}), valid until ${show(apiKey.expiresAt)}`,
    `secret: ${secret}`,
    "The secret is shown only here. The program sends it as 'Authorization: Bearer …'.",
  ].join('\n');
}

function describeKeys(keys: readonly ApiKey[], show: ShowTime): string {
  if (keys.length === 0) return 'There are no API keys.';
  const rows = keys.map(({ id, label, scopes, cameras, createdBy, expiresAt, lastUsedAt }) => [
    id,
    label,
    scopes.join(' '),
    cameras === undefined ? 'all' : counted(cameras.length, 'camera'),
    createdBy,
    show(expiresAt),
    lastUsedAt === undefined ? 'never' : show(lastUsedAt),
  ]);
  return table(['id', 'label', 'scopes', 'cameras', 'created by', 'valid until', 'last used'], rows);
}
