import type { Command } from 'commander';
import type { User } from '../../contract/users.js';
import type { ControlClient } from '../../core/api/client.js';
import { exitCodes, print, runAction, table } from '../../host/output.js';
import { counted } from '../../kernel/counted.js';
import { badInput } from '../../kernel/errors.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openBox, openDaemonClient } from '../daemon-client.js';
import type { ShowTime } from '../site-time.js';
import { registerApiKey } from './api-key.js';

interface ClaimOptions extends CommonOptions {
  readonly reset?: boolean;
}

interface AddOptions extends CommonOptions {
  readonly role: string;
  readonly name?: string;
  readonly camera?: string[];
}

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerUser(program: Command): void {
  const user = program
    .command('user')
    .description('the accounts of people who operate the box, and the API keys of programs');
  registerClaim(user);
  registerList(user);
  registerAdd(user);
  registerSwitch(user, 'disable', true);
  registerSwitch(user, 'enable', false);
  registerUnlock(user);
  registerReset(user);
  registerRemove(user);
  registerApiKey(user);
}

function registerClaim(user: Command): void {
  withCommonOptions(user.command('claim'))
    .option('--reset', 'also when an administrator exists: the secret then creates one more')
    .description('show the one-time secret with which the first administrator is created')
    .action((options: ClaimOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const claim = await client.call('users.claim', { isReset: options.reset === true });
        print(options.json === true, claim, () =>
          [
            claim.secret,
            `It creates one administrator, until ${time.show(claim.expiresAt)}. A new secret replaces it.`,
          ].join('\n'),
        );
        return exitCodes.done;
      }),
    );
}

function registerList(user: Command): void {
  withCommonOptions(user.command('list'))
    .description('list the accounts with their roles and states')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const { client, time } = await openBox(options.config);
        const { items } = await client.call('users.list', { limit: 1000 });
        print(options.json === true, items, () => describeUsers(items, time.show));
        return exitCodes.done;
      }),
    );
}

function registerAdd(user: Command): void {
  withCommonOptions(user.command('add'))
    .argument('<user>', 'user name: 3 to 64 letters, digits, ".", "_" and "-"')
    .requiredOption('--role <role>', 'admin, operator, technician, viewer, auditor, or a role of this box')
    .option('--name <text>', 'name shown to others')
    .option('--camera <id...>', 'limit the account to these cameras; default: all')
    .description('create an account and show its first password, which the user must change')
    .action((userName: string, options: AddOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const { role, name: displayName, camera: cameras } = options;
        const added = await client.call('users.create', { userName, role, displayName, cameras });
        print(options.json === true, added, () => describePassword(added.user, added.initialPassword));
        return exitCodes.done;
      }),
    );
}

function registerSwitch(user: Command, name: 'disable' | 'enable', isDisabled: boolean): void {
  withCommonOptions(user.command(name))
    .argument('<user>', 'user name')
    .description(
      isDisabled
        ? 'end the sessions of an account and refuse its logins, until it is enabled'
        : 'let a disabled account log in again',
    )
    .action((userName: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const { id } = await findUser(client, userName);
        const changed = await client.call('users.change', { id, isDisabled });
        print(options.json === true, changed, () => `${changed.userName} is ${stateOf(changed)}.`);
        return exitCodes.done;
      }),
    );
}

function registerUnlock(user: Command): void {
  withCommonOptions(user.command('unlock'))
    .argument('<user>', 'user name')
    .description('forget the failed logins of an account, so that it is no longer locked')
    .action((userName: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const { id } = await findUser(client, userName);
        const unlocked = await client.call('users.unlock', { id });
        print(options.json === true, unlocked, () => `${unlocked.userName} can log in again.`);
        return exitCodes.done;
      }),
    );
}

function registerReset(user: Command): void {
  withCommonOptions(user.command('reset-password'))
    .argument('<user>', 'user name')
    .description('replace a password by one that the user must change, and end the sessions of the account')
    .action((userName: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const { id } = await findUser(client, userName);
        const reset = await client.call('users.reset-password', { id });
        print(options.json === true, reset, () => describePassword(reset.user, reset.initialPassword));
        return exitCodes.done;
      }),
    );
}

function registerRemove(user: Command): void {
  withCommonOptions(user.command('remove'))
    .argument('<user>', 'user name')
    .option('-y, --yes', 'do not ask')
    .description('remove an account with its sessions and its API keys')
    .action((userName: string, options: RemoveOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const { id, userName: name } = await findUser(client, userName);
        await confirm(`The account ${name}, its sessions and its API keys are removed.`, options.yes);
        const removed = await client.call('users.remove', { id });
        print(options.json === true, removed, () => `${name} is removed.`);
        return exitCodes.done;
      }),
    );
}

async function findUser(client: ControlClient, userName: string): Promise<User> {
  const name = userName.toLowerCase();
  const { items } = await client.call('users.list', { limit: 1000, search: name.slice(0, 64) });
  const found = items.find((each) => each.userName === name);
  if (found !== undefined) return found;
  throw badInput('no-such-user', `there is no account "${name}"`, {
    remedy: `Run 'rollcall user list' to see the accounts.`,
  });
}

function describePassword({ userName, role }: User, password: string | undefined): string {
  return [
    `${userName} (${role})`,
    ...(password === undefined ? [] : [`password: ${password}`]),
    'The password is shown only here. The user must change it at the first login.',
  ].join('\n');
}

function describeUsers(users: readonly User[], show: ShowTime): string {
  if (users.length === 0) {
    return `There are no accounts. Run 'rollcall user claim' to create the first administrator.`;
  }
  const rows = users.map((user) => [
    user.userName,
    user.role,
    stateOf(user),
    user.hasSecondFactor ? 'yes' : 'no',
    user.cameras === undefined ? 'all' : counted(user.cameras.length, 'camera'),
    user.lastLoginAt === undefined ? 'never' : show(user.lastLoginAt),
  ]);
  return table(['user', 'role', 'state', 'second factor', 'cameras', 'last login'], rows);
}

function stateOf({ isDisabled, lockedUntil, mustChangePassword }: User): string {
  if (isDisabled) return 'disabled';
  if (lockedUntil !== undefined) return 'locked';
  return mustChangePassword ? 'must change the password' : 'active';
}
