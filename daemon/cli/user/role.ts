import type { Command } from 'commander';
import { scopes as scopeMeanings } from '../../contract/scopes.js';
import type { Role } from '../../contract/users.js';
import { exitCodes, print, runAction, table } from '../../host/output.js';
import { badInput } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { type CommonOptions, withCommonOptions } from '../common-options.js';
import { confirm } from '../confirm.js';
import { openDaemonClient } from '../daemon-client.js';
import { scopeOption, scopesOf } from './scope-option.js';

interface RoleOptions extends CommonOptions {
  readonly scope?: readonly string[];
  readonly description?: string;
}

interface RemoveOptions extends CommonOptions {
  readonly yes?: boolean;
}

export function registerRole(program: Command): void {
  const role = program.command('role').description('the roles of accounts: what their users may do');
  registerList(role);
  registerShow(role);
  registerAdd(role);
  registerChange(role);
  registerRemove(role);
}

function registerList(role: Command): void {
  withCommonOptions(role.command('list'))
    .description('list the built-in roles and those of this box')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const roles = await client.call('roles.list', {});
        print(options.json === true, roles, () => describeRoles(roles));
        return exitCodes.done;
      }),
    );
}

function registerShow(role: Command): void {
  withCommonOptions(role.command('show'))
    .argument('<role>', 'name of the role')
    .description('show what the users of a role may do')
    .action((name: string, options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const found = await client.call('roles.get', { name });
        print(options.json === true, found, () => describeRole(found));
        return exitCodes.done;
      }),
    );
}

function registerAdd(role: Command): void {
  withCommonOptions(role.command('add'))
    .argument('<role>', 'name: 2 to 32 lower-case letters, digits and "-", beginning with a letter')
    .addOption(scopeOption('what the users of the role may do').makeOptionMandatory())
    .option('--description <text>', 'whom the role is for')
    .description('create a role')
    .action((name: string, options: RoleOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const scopes = scopesOf(options.scope ?? []);
        const about = present({ description: options.description });
        const added = await client.call('roles.create', { name, scopes, ...about });
        print(options.json === true, added, () => describeRole(added));
        return exitCodes.done;
      }),
    );
}

function registerChange(role: Command): void {
  withCommonOptions(role.command('change'))
    .argument('<role>', 'name of a role of this box')
    .addOption(scopeOption('all that the users of the role may do from now on'))
    .option('--description <text>', 'whom the role is for')
    .description('change a role of this box; other scopes end the sessions of the accounts that have it')
    .action((name: string, options: RoleOptions) =>
      runAction(options.json === true, async () => {
        const { description, scope } = options;
        if (description === undefined && scope === undefined) throw nothingToChange();
        const client = await openDaemonClient(options.config);
        const scopes = scope && scopesOf(scope);
        const changed = await client.call('roles.change', { name, ...present({ description, scopes }) });
        print(options.json === true, changed, () => describeRole(changed));
        return exitCodes.done;
      }),
    );
}

function registerRemove(role: Command): void {
  withCommonOptions(role.command('remove'))
    .argument('<role>', 'name of a role of this box that no account has')
    .option('-y, --yes', 'do not ask for confirmation')
    .description('remove a role of this box')
    .action((name: string, options: RemoveOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        await confirm(`The role ${name} is removed.`, options.yes);
        const removed = await client.call('roles.remove', { name });
        print(options.json === true, removed, () => `The role ${name} is removed.`);
        return exitCodes.done;
      }),
    );
}

function nothingToChange() {
  return badInput('nothing-to-change', 'no change was given', {
    remedy: 'give --scope with all scopes of the role, or --description',
  });
}

function describeRoles(roles: readonly Role[]): string {
  const rows = roles.map(({ name, isBuiltIn, scopes, userCount, description }) => [
    name,
    isBuiltIn ? 'built in' : 'of this box',
    String(scopes.length),
    String(userCount),
    description,
  ]);
  return table(['role', 'kind', 'scopes', 'accounts', 'description'], rows);
}

function describeRole({ name, isBuiltIn, userCount, description, scopes }: Role): string {
  return [
    `role         ${name}, ${isBuiltIn ? 'built in' : 'of this box'}`,
    ...(description === '' ? [] : [`description  ${description}`]),
    `accounts     ${userCount}`,
    '',
    table(
      ['scope', 'allows to'],
      scopes.map((scope) => [scope, scopeMeanings[scope]]),
    ),
  ].join('\n');
}
