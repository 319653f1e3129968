import { z } from 'zod';
import { table } from '../kernel/text-table.js';
import { revision, roleName, scopeList, userGrant, userRead } from './account-fields.js';
import { ifRevision, operation } from './operation.js';
import { allScopes, scopes as scopeMeanings } from './scopes.js';

/** A role: a set of scopes. */
export const role = z.object({
  name: z.string(),
  description: z.string(),
  scopes: z.array(z.enum(allScopes)).readonly(),
  isBuiltIn: z.boolean().describe('Built-in roles cannot be changed.'),
  userCount: z.int().nonnegative(),
  revision,
});
export type Role = z.infer<typeof role>;

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

const whomFor = ['--description <text>', 'whom the role is for'] as const;

export const roleOperations = {
  'roles.list': operation({
    ...{ method: 'GET', path: '/roles', ...userRead },
    summary: 'List the roles: the built-in ones, then those of this box by name.',
    answer: { kind: 'json', schema: z.array(role).readonly() },
    errors: [],
    commandLines: [
      {
        words: 'role list',
        does: 'list the built-in roles and those of this box',
        text: describeRoles,
        examples: [['rollcall role list', 'show the roles and how many accounts have each']],
      },
    ],
  }),
  'roles.get': operation({
    ...{ method: 'GET', path: '/roles/{name}', ...userRead },
    summary: 'Show one role.',
    input: z.strictObject({ name: roleName }),
    answer: { kind: 'json', schema: role },
    errors: ['no-such-role'],
    commandLines: [
      {
        words: 'role show',
        does: 'show what the users of a role may do',
        arguments: { name: ['role', 'name of the role'] },
        text: describeRole,
        examples: [['rollcall role show operator', 'show what an operator may do']],
      },
    ],
  }),
  'roles.create': operation({
    ...{ method: 'POST', path: '/roles', ...userGrant },
    summary: 'Create a role from scopes that you have.',
    input: z.strictObject({
      name: roleName,
      description: z.string().max(200).default(''),
      scopes: scopeList,
    }),
    answer: { kind: 'json', schema: role },
    creates: { id: 'name', foundBy: 'roles.list' },
    errors: ['name-taken', 'beyond-own-scopes', 'too-many-roles'],
    commandLines: [
      {
        words: 'role add',
        does: 'create a role',
        arguments: {
          name: ['role', 'name: 2 to 32 lower-case letters, digits and "-", beginning with a letter'],
        },
        options: {
          scopes: ['--scope <scope...>', 'what the users of the role may do'],
          description: whomFor,
        },
        text: describeRole,
        examples: [
          [
            "rollcall role add reception --scope persons:read persons:write --description 'front desk'",
            'create a role for people who enrol visitors',
          ],
        ],
      },
    ],
  }),
  'roles.change': operation({
    ...{ method: 'PATCH', path: '/roles/{name}', ...userGrant },
    summary: 'Change a role of this box. Other scopes end the sessions of the accounts that have it.',
    input: z.strictObject({
      name: roleName,
      description: z.string().max(200).optional(),
      scopes: scopeList.optional(),
      ifRevision,
    }),
    answer: { kind: 'json', schema: role },
    errors: ['no-such-role', 'built-in-role', 'beyond-own-scopes', 'changed-meanwhile'],
    commandLines: [
      {
        words: 'role change',
        does: 'change a role of this box; other scopes end the sessions of the accounts that have it',
        arguments: { name: ['role', 'name of a role of this box'] },
        options: {
          scopes: ['--scope <scope...>', 'all that the users of the role may do from now on'],
          description: whomFor,
        },
        text: describeRole,
        examples: [
          ['rollcall role change reception --scope persons:read', 'let these accounts only read from now on'],
        ],
      },
    ],
  }),
  'roles.remove': operation({
    ...{ method: 'DELETE', path: '/roles/{name}', ...userGrant },
    summary: 'Remove a role of this box that no account has.',
    input: z.strictObject({ name: roleName }),
    answer: { kind: 'json', schema: z.object({ name: z.string() }) },
    errors: ['no-such-role', 'built-in-role', 'role-in-use', 'beyond-own-scopes'],
    commandLines: [
      {
        words: 'role remove',
        does: 'remove a role of this box',
        arguments: { name: ['role', 'name of a role of this box that no account has'] },
        confirms: ({ input: { name } }) => `The role ${name} is removed.`,
        text: (_: unknown, { input: { name } }) => `The role ${name} is removed.`,
        examples: [['rollcall role remove reception', 'ask for confirmation, then remove the role']],
      },
    ],
  }),
} as const;
