import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { table } from '../kernel/text-table.js';
import { type ShownWith, writtenAs } from './command-line.js';
import { ifRevision, operation, pageFields } from './operation.js';
import { allScopes, scopes as scopeMeanings } from './scopes.js';

/** Languages that the box can speak to a user. */
export const languages = ['en', 'de'] as const;
export const timeFormats = ['24h', '12h'] as const;

export const userName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9._-]{2,63}$/)
  .describe(
    'Name for the login: 3 to 64 letters, digits, ".", "_" and "-", beginning with a letter. Upper and lower case are the same.',
  );
const displayName = z.string().max(100).describe('Name shown to others; may be empty.');
/** Bounded far above the rule, so that the rule explains what is wrong. */
export const newPassword = z
  .string()
  .max(1024)
  .describe('12 to 256 characters. Common passwords are refused; no kinds of characters are demanded.');
const roleName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,31}$/)
  .describe('2 to 32 lower-case letters, digits and "-", beginning with a letter.');
const scopeList = z.array(z.enum(allScopes)).max(allScopes.length);
const cameraList = z
  .array(z.string().min(1).max(64))
  .min(1)
  .max(1000)
  .describe('Cameras that the account is limited to. Absent: all.');
/** How long an API key may live. */
export const longestKeyDays = 730;
const accountId = z.string().regex(/^[a-z]-[0-9a-z]{26}$/);
const userId = z
  .string()
  .regex(/^[a-z]-[0-9a-z]{26}$/)
  .register(writtenAs, { as: 'user' });
const revision = z.int().positive().describe('Counts the changes of this object.');

/** An account of a person who operates the box. Times are ISO 8601 in UTC. */
export const user = z.object({
  id: z.string(),
  userName: z.string(),
  displayName: z.string(),
  role: z.string(),
  cameras: z.array(z.string()).readonly().exactOptional().describe('Absent: all cameras.'),
  isDisabled: z.boolean(),
  lockedUntil: z.iso.datetime().exactOptional().describe('Present while failed logins lock the account.'),
  mustChangePassword: z
    .boolean()
    .describe('True: the account can do nothing else before it has a new password.'),
  hasSecondFactor: z.boolean(),
  recoveryCodesLeft: z.int().nonnegative(),
  passkeys: z.int().nonnegative().describe('Number of passkeys.'),
  language: z.enum(languages),
  timeFormat: z.enum(timeFormats),
  createdAt: z.iso.datetime(),
  passwordChangedAt: z.iso.datetime(),
  lastLoginAt: z.iso.datetime().exactOptional(),
  revision,
});
export type User = z.infer<typeof user>;

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

/** A session of a browser, or the tokens of a program. */
export const session = z.object({
  id: z.string(),
  kind: z.enum(['session', 'tokens']),
  isCurrent: z.boolean().describe('True for the session of this request.'),
  createdAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime().describe('Exact to a minute.'),
  expiresAt: z.iso.datetime(),
  address: z.string().exactOptional().describe('Address of the login.'),
  agent: z.string().exactOptional().describe('What the program said about itself at the login.'),
});
export type Session = z.infer<typeof session>;

/** An API key of an integrator, without its secret. */
export const apiKey = z.object({
  id: z.string(),
  label: z.string(),
  scopes: z.array(z.enum(allScopes)).readonly(),
  cameras: z.array(z.string()).readonly().exactOptional(),
  createdBy: z.string().describe('Id of the user, or the user of the machine (`uid:0`).'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().exactOptional().describe('Exact to a minute.'),
});
export type ApiKey = z.infer<typeof apiKey>;

const byId = { id: accountId };
const byUser = { id: userId };
export const newSecret = z.object({
  user,
  initialPassword: z
    .string()
    .exactOptional()
    .describe('Made by the box and shown only here. The user must change it at the first login.'),
});
const ended = z.object({ ended: z.int().nonnegative().describe('Number of sessions that ended.') });
const change = { scope: 'users:write', rate: 'default', audit: 'write', needsStepUp: true } as const;
const grant = { ...change, secondPerson: 'users' } as const;
/** An operation that only ends access waits neither for a proof, which may be locked, nor for a second person. */
const ending = { scope: 'users:write', rate: 'default', audit: 'write' } as const;
const read = { scope: 'users:read', rate: 'default' } as const;
/** Errors of every change of an account. */
const guarded = ['no-such-user', 'beyond-own-scopes', 'last-admin', 'changed-meanwhile'] as const;

const named = { id: ['user', 'user name'] } as const;

function describePassword({ user: { userName, role }, initialPassword }: z.output<typeof newSecret>): string {
  return [
    `${userName} (${role})`,
    ...(initialPassword === undefined ? [] : [`password: ${initialPassword}`]),
    'The password is shown only here. The user must change it at the first login.',
  ].join('\n');
}

function describeUsers(users: readonly User[], { show }: ShownWith): string {
  if (users.length === 0)
    return "There are no accounts. Run 'rollcall user claim' to create the first administrator.";
  const rows = users.map((each) => [
    each.userName,
    each.role,
    stateOf(each),
    each.hasSecondFactor ? 'yes' : 'no',
    each.cameras === undefined ? 'all' : counted(each.cameras.length, 'camera'),
    each.lastLoginAt === undefined ? 'never' : show(each.lastLoginAt),
  ]);
  return table(['user', 'role', 'state', 'second factor', 'cameras', 'last login'], rows);
}

function stateOf({ isDisabled, lockedUntil, mustChangePassword }: User): string {
  if (isDisabled) return 'disabled';
  if (lockedUntil !== undefined) return 'locked';
  return mustChangePassword ? 'must change the password' : 'active';
}

export const userOperations = {
  'users.list': operation({
    ...{ method: 'GET', path: '/users', ...read },
    summary: 'List the accounts in the order of their user names.',
    input: z.strictObject({
      ...pageFields,
      role: z.string().max(32).optional(),
      search: z.string().max(64).optional().describe('Part of the user name or the display name.'),
    }),
    answer: { kind: 'page', item: user },
    errors: [],
    commandLines: [
      {
        words: 'user list',
        does: 'list the accounts with their roles and states',
        text: describeUsers,
        examples: [['rollcall user list', 'show who can log in, and which accounts are locked']],
      },
    ],
  }),
  'users.get': operation({
    ...{ method: 'GET', path: '/users/{id}', ...read },
    summary: 'Show one account.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: user },
    errors: ['no-such-user'],
  }),
  'users.create': operation({
    ...{ method: 'POST', path: '/users', ...grant },
    hiddenFields: ['password'],
    summary: 'Create an account.',
    description:
      'Without a password the box makes one. The user must replace either at the first login. You cannot give scopes that you do not have.',
    input: z.strictObject({
      userName,
      displayName: displayName.optional(),
      role: roleName,
      cameras: cameraList.optional(),
      password: newPassword.optional(),
      language: z.enum(languages).optional(),
    }),
    answer: { kind: 'json', schema: newSecret },
    creates: {
      id: 'user.id',
      foundBy: 'users.list',
      lost: 'Reset the password of the account (users.reset-password).',
    },
    errors: ['name-taken', 'no-such-role', 'password-refused', 'beyond-own-scopes', 'too-many-users'],
    commandLines: [
      {
        words: 'user add',
        does: 'create an account and show its first password, which the user must change',
        arguments: { userName: ['user', 'user name: 3 to 64 letters, digits, ".", "_" and "-"'] },
        options: {
          role: ['--role <role>', 'admin, operator, technician, viewer, auditor, or a role of this box'],
          displayName: ['--name <text>', 'name shown to others'],
          cameras: ['--camera <id...>', 'limit the account to these cameras; default: all'],
        },
        text: describePassword,
        examples: [
          ['rollcall user add berta --role operator', 'create an account and show its first password'],
          ['rollcall user add guard --role technician --camera gate', 'create an account for one camera'],
        ],
      },
    ],
  }),
  'users.change': operation({
    ...{ method: 'PATCH', path: '/users/{id}', ...grant },
    summary: 'Change an account.',
    description:
      'Changing the role, the cameras, or `isDisabled` immediately ends the sessions and tokens of the account.',
    withoutProof: {
      where: 'the request only sets `isDisabled` to true: what ends access waits for nothing',
      holds: (input) =>
        'isDisabled' in input &&
        input.isDisabled === true &&
        Object.entries(input).every(
          ([name, value]) => value === undefined || ['id', 'isDisabled', 'ifRevision'].includes(name),
        ),
    },
    input: z.strictObject({
      ...byUser,
      displayName: displayName.optional(),
      role: roleName.optional(),
      cameras: cameraList.nullable().optional().describe('`null`: all cameras.'),
      isDisabled: z.boolean().optional(),
      mustChangePassword: z.literal(true).optional().describe('Force a new password at the next request.'),
      ifRevision,
    }),
    answer: { kind: 'json', schema: user },
    errors: [...guarded, 'no-such-role'],
    commandLines: [
      {
        words: 'user disable',
        does: 'end the sessions of an account and refuse its logins, until it is enabled',
        arguments: named,
        always: { isDisabled: true },
        text: (changed: User) => `${changed.userName} is ${stateOf(changed)}.`,
        examples: [['rollcall user disable berta', 'end her sessions and refuse her logins']],
      },
      {
        words: 'user enable',
        does: 'let a disabled account log in again',
        arguments: named,
        always: { isDisabled: false },
        text: (changed: User) => `${changed.userName} is ${stateOf(changed)}.`,
        examples: [['rollcall user enable berta', 'let her log in again']],
      },
    ],
  }),
  'users.remove': operation({
    ...{ method: 'DELETE', path: '/users/{id}', ...grant },
    summary: 'Remove an account with its sessions and tokens. API keys that it made stop working.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: guarded,
    commandLines: [
      {
        words: 'user remove',
        does: 'remove an account with its sessions and its API keys',
        arguments: named,
        confirms: ({ names }) => `The account ${names['id']}, its sessions and its API keys are removed.`,
        text: (_: unknown, { names }) => `${names['id']} is removed.`,
        examples: [['rollcall user remove berta', 'ask for confirmation, then remove the account']],
      },
    ],
  }),
  'users.reset-password': operation({
    ...{ method: 'POST', path: '/users/{id}/password-resets', ...grant },
    summary: 'Replace the password of an account by one that the box makes, and end its sessions.',
    description: 'Also unlocks the account. The user must change the password at the next login.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: newSecret },
    errors: guarded,
    commandLines: [
      {
        words: 'user reset-password',
        does: 'replace a password by one that the user must change, and end the sessions of the account',
        arguments: named,
        text: describePassword,
        examples: [['rollcall user reset-password berta', 'show a new first password']],
      },
    ],
  }),
  'users.unlock': operation({
    ...{ method: 'POST', path: '/users/{id}/unlocks', ...change },
    summary: 'Forget the failed logins of an account, so that it is no longer locked.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: user },
    errors: guarded,
    commandLines: [
      {
        words: 'user unlock',
        does: 'forget the failed logins of an account, so that it is no longer locked',
        arguments: named,
        text: ({ userName: name }: User) => `${name} can log in again.`,
        examples: [['rollcall user unlock berta', 'after ten failed logins, let her try again at once']],
      },
    ],
  }),
  'users.remove-second-factor': operation({
    ...{ method: 'DELETE', path: '/users/{id}/second-factor', ...grant },
    summary:
      'Remove authenticator, recovery codes and passkeys of an account whose device is lost, and end its sessions.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: user },
    errors: guarded,
  }),
  'users.sessions': operation({
    ...{ method: 'GET', path: '/users/{id}/sessions', ...read },
    summary: 'List the sessions and tokens of an account, newest first.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: z.array(session).readonly() },
    errors: ['no-such-user'],
  }),
  'users.end-sessions': operation({
    ...{ method: 'POST', path: '/users/{id}/session-ends', ...ending },
    summary: 'End one session of an account, or all.',
    input: z.strictObject({ ...byUser, sessionId: accountId.optional().describe('Absent: all.') }),
    answer: { kind: 'json', schema: ended },
    errors: [...guarded, 'no-such-session'],
  }),
  'users.claim': operation({
    ...{ method: 'POST', path: '/users/claim', ...change, isLocalOnly: true },
    summary: 'Make the one-time secret with which the first administrator is created.',
    description:
      'Valid for 60 minutes and for one use; a new one replaces it. Refused when an administrator exists, unless `isReset`: then the secret creates one more administrator.',
    input: z.strictObject({ isReset: z.boolean().default(false) }),
    answer: {
      kind: 'json',
      schema: z.object({
        secret: z.string().describe('Shown only here.'),
        expiresAt: z.iso.datetime(),
      }),
    },
    creates: {
      foundBy: 'audit.list',
      lost: 'Request a new secret with a new key. It replaces the lost one.',
    },
    errors: ['already-claimed', 'only-at-the-box'],
    commandLines: [
      {
        words: 'user claim',
        does: 'show the one-time secret with which the first administrator is created',
        options: {
          isReset: ['--reset', 'also when an administrator exists: the secret then creates one more'],
        },
        text: ({ secret, expiresAt }: { readonly secret: string; readonly expiresAt: string }, { show }) =>
          `${secret}\nIt creates one administrator, until ${show(expiresAt)}. A new secret replaces it.`,
        examples: [
          ['rollcall user claim', 'show the secret for the first administrator'],
          ['rollcall user claim --reset', 'create one more administrator when all passwords are lost'],
        ],
      },
    ],
  }),
} as const;

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
    ...{ method: 'GET', path: '/roles', ...read },
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
    ...{ method: 'GET', path: '/roles/{name}', ...read },
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
    ...{ method: 'POST', path: '/roles', ...grant },
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
    ...{ method: 'PATCH', path: '/roles/{name}', ...grant },
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
    ...{ method: 'DELETE', path: '/roles/{name}', ...grant },
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

function describeKeys(keys: readonly ApiKey[], { show }: ShownWith): string {
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

export const apiKeyOperations = {
  'api-keys.list': operation({
    ...{ method: 'GET', path: '/api-keys', ...read },
    summary: 'List the API keys, newest first, without their secrets.',
    answer: { kind: 'json', schema: z.array(apiKey).readonly() },
    errors: [],
    commandLines: [
      {
        words: 'user key list',
        does: 'list the API keys without their secrets, the newest first',
        text: describeKeys,
        examples: [['rollcall user key list', 'show which programs have keys, and when they used them']],
      },
    ],
  }),
  'api-keys.create': operation({
    ...{ method: 'POST', path: '/api-keys', ...grant },
    summary: 'Create an API key for a program. Its secret is shown once.',
    description:
      'A key can do at most what its creator can do at that moment, and ends with the account of its creator. It never passes an operation that asks for a fresh proof of identity.',
    input: z.strictObject({
      label: z.string().min(1).max(100),
      scopes: scopeList.min(1),
      cameras: cameraList.optional(),
      expiresInDays: z.int().min(1).max(longestKeyDays).default(365),
    }),
    answer: { kind: 'json', schema: z.object({ apiKey, secret: z.string().describe('Shown only here.') }) },
    creates: {
      id: 'apiKey.id',
      foundBy: 'api-keys.list',
      lost: 'Revoke the API key (api-keys.revoke), then create another one with a new key.',
    },
    errors: ['beyond-own-scopes', 'too-many-api-keys'],
    commandLines: [
      {
        words: 'user key add',
        does: 'create an API key and show its secret, which is shown only once',
        arguments: {
          label: ['label', 'what the key is for, such as the name of the program; at most 100 characters'],
        },
        options: {
          scopes: ['--scope <scope...>', 'what the program may do'],
          cameras: ['--camera <id...>', 'limit the key to these cameras; default: all'],
          expiresInDays: ['--days <count>', 'how long the key is valid, at most 730; default: 365'],
        },
        text: (made: { readonly apiKey: ApiKey; readonly secret: string }, { show }) =>
          [
            `${made.apiKey.id} (${made.apiKey.label}), valid until ${show(made.apiKey.expiresAt)}`,
            `secret: ${made.secret}`,
            "The secret is shown only here. The program sends it as 'Authorization: Bearer …'.",
          ].join('\n'),
        examples: [
          [
            'rollcall user key add payroll --scope attendance:read events:read --days 90',
            'create a key for a program that reads attendance',
          ],
        ],
      },
    ],
  }),
  'api-keys.revoke': operation({
    ...{ method: 'DELETE', path: '/api-keys/{id}', ...ending },
    summary: 'Revoke an API key immediately.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: ['no-such-api-key', 'beyond-own-scopes'],
    commandLines: [
      {
        words: 'user key revoke',
        does: 'end an API key at once',
        arguments: { id: ['id', "id of the key, from 'rollcall user key list'"] },
        confirms: ({ input: { id } }) =>
          `The program that uses the API key ${id} can no longer reach the box.`,
        text: (_: unknown, { input: { id } }) => `The API key ${id} is revoked.`,
        examples: [
          ['rollcall user key revoke k-4hz8c2m6q0w3e5r7t9y1u3i5o7', 'ask for confirmation, then end a key'],
        ],
      },
    ],
  }),
} as const;
