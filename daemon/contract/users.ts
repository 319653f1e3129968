import { z } from 'zod';
import { ifRevision, operation, pageFields } from './operation.js';
import { allScopes } from './scopes.js';

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
/** What only ends access waits for nothing: neither for a proof, which may be locked, nor for a second person. */
const ending = { scope: 'users:write', rate: 'default', audit: 'write' } as const;
const read = { scope: 'users:read', rate: 'default' } as const;
/** Errors of every change of an account. */
const guarded = ['no-such-user', 'beyond-own-scopes', 'last-admin', 'changed-meanwhile'] as const;

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
  }),
  'users.get': operation({
    ...{ method: 'GET', path: '/users/{id}', ...read },
    summary: 'Show one account.',
    input: z.strictObject(byId),
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
  }),
  'users.change': operation({
    ...{ method: 'PATCH', path: '/users/{id}', ...grant },
    summary: 'Change an account.',
    description:
      'A change of the role, of the cameras or of `isDisabled` ends the sessions and tokens of the account at once.',
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
      ...byId,
      displayName: displayName.optional(),
      role: roleName.optional(),
      cameras: cameraList.nullable().optional().describe('`null`: all cameras.'),
      isDisabled: z.boolean().optional(),
      mustChangePassword: z.literal(true).optional().describe('Force a new password at the next request.'),
      ifRevision,
    }),
    answer: { kind: 'json', schema: user },
    errors: [...guarded, 'no-such-role'],
  }),
  'users.remove': operation({
    ...{ method: 'DELETE', path: '/users/{id}', ...grant },
    summary: 'Remove an account with its sessions and tokens. API keys that it made stop working.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: guarded,
  }),
  'users.reset-password': operation({
    ...{ method: 'POST', path: '/users/{id}/password-resets', ...grant },
    summary: 'Replace the password of an account by one that the box makes, and end its sessions.',
    description: 'Also unlocks the account. The user must change the password at the next login.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: newSecret },
    errors: guarded,
  }),
  'users.unlock': operation({
    ...{ method: 'POST', path: '/users/{id}/unlocks', ...change },
    summary: 'Forget the failed logins of an account, so that it is no longer locked.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: user },
    errors: guarded,
  }),
  'users.remove-second-factor': operation({
    ...{ method: 'DELETE', path: '/users/{id}/second-factor', ...grant },
    summary:
      'Remove authenticator, recovery codes and passkeys of an account whose device is lost, and end its sessions.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: user },
    errors: guarded,
  }),
  'users.sessions': operation({
    ...{ method: 'GET', path: '/users/{id}/sessions', ...read },
    summary: 'List the sessions and tokens of an account, newest first.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: z.array(session).readonly() },
    errors: ['no-such-user'],
  }),
  'users.end-sessions': operation({
    ...{ method: 'POST', path: '/users/{id}/session-ends', ...ending },
    summary: 'End one session of an account, or all.',
    input: z.strictObject({ ...byId, sessionId: accountId.optional().describe('Absent: all.') }),
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
  }),
} as const;

export const roleOperations = {
  'roles.list': operation({
    ...{ method: 'GET', path: '/roles', ...read },
    summary: 'List the roles: the built-in ones, then those of this box by name.',
    answer: { kind: 'json', schema: z.array(role).readonly() },
    errors: [],
  }),
  'roles.get': operation({
    ...{ method: 'GET', path: '/roles/{name}', ...read },
    summary: 'Show one role.',
    input: z.strictObject({ name: roleName }),
    answer: { kind: 'json', schema: role },
    errors: ['no-such-role'],
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
  }),
  'roles.remove': operation({
    ...{ method: 'DELETE', path: '/roles/{name}', ...grant },
    summary: 'Remove a role of this box that no account has.',
    input: z.strictObject({ name: roleName }),
    answer: { kind: 'json', schema: z.object({ name: z.string() }) },
    errors: ['no-such-role', 'built-in-role', 'role-in-use', 'beyond-own-scopes'],
  }),
} as const;

export const apiKeyOperations = {
  'api-keys.list': operation({
    ...{ method: 'GET', path: '/api-keys', ...read },
    summary: 'List the API keys, newest first, without their secrets.',
    answer: { kind: 'json', schema: z.array(apiKey).readonly() },
    errors: [],
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
  }),
  'api-keys.revoke': operation({
    ...{ method: 'DELETE', path: '/api-keys/{id}', ...ending },
    summary: 'Revoke an API key at once.',
    input: z.strictObject(byId),
    answer: { kind: 'json', schema: z.object({ id: z.string() }) },
    errors: ['no-such-api-key', 'beyond-own-scopes'],
  }),
} as const;
