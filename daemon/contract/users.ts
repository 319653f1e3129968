import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { languageTagForm } from '../kernel/language-tag.js';
import { table } from '../kernel/text-table.js';
import {
  accountId,
  cameraList,
  revision,
  roleName,
  userChange,
  userEnding,
  userGrant,
  userRead,
} from './account-fields.js';
import { type ShownWith, writtenAs } from './command-line.js';
import { ifRevision, operation, pageFields } from './operation.js';

export const languageCode = z
  .string()
  .regex(languageTagForm)
  .describe(
    'Code of a language (BCP 47), such as `de` or `pt-BR`. In place of a variant that the box does not have, it speaks the language itself (`pt`), and in place of a language that it does not have, English.',
  );
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
const userId = z
  .string()
  .regex(/^[a-z]-[0-9a-z]{26}$/)
  .register(writtenAs, { as: 'user' });
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
  language: languageCode,
  timeFormat: z.enum(timeFormats),
  createdAt: z.iso.datetime(),
  passwordChangedAt: z.iso.datetime(),
  lastLoginAt: z.iso.datetime().exactOptional(),
  revision,
});
export type User = z.infer<typeof user>;

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

const byUser = { id: userId };
export const newSecret = z.object({
  user,
  initialPassword: z
    .string()
    .exactOptional()
    .describe('Made by the box and shown only here. The user must change it at the first login.'),
});
const ended = z.object({ ended: z.int().nonnegative().describe('Number of sessions that ended.') });
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
    ...{ method: 'GET', path: '/users', ...userRead },
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
    ...{ method: 'GET', path: '/users/{id}', ...userRead },
    summary: 'Show one account.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: user },
    errors: ['no-such-user'],
  }),
  'users.create': operation({
    ...{ method: 'POST', path: '/users', ...userGrant },
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
      language: languageCode.optional(),
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
    ...{ method: 'PATCH', path: '/users/{id}', ...userGrant },
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
    ...{ method: 'DELETE', path: '/users/{id}', ...userGrant },
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
    ...{ method: 'POST', path: '/users/{id}/password-resets', ...userGrant },
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
    ...{ method: 'POST', path: '/users/{id}/unlocks', ...userChange },
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
    ...{ method: 'DELETE', path: '/users/{id}/second-factor', ...userGrant },
    summary:
      'Remove authenticator, recovery codes and passkeys of an account whose device is lost, and end its sessions.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: user },
    errors: guarded,
  }),
  'users.sessions': operation({
    ...{ method: 'GET', path: '/users/{id}/sessions', ...userRead },
    summary: 'List the sessions and tokens of an account, newest first.',
    input: z.strictObject(byUser),
    answer: { kind: 'json', schema: z.array(session).readonly() },
    errors: ['no-such-user'],
  }),
  'users.end-sessions': operation({
    ...{ method: 'POST', path: '/users/{id}/session-ends', ...userEnding },
    summary: 'End one session of an account, or all.',
    input: z.strictObject({ ...byUser, sessionId: accountId.optional().describe('Absent: all.') }),
    answer: { kind: 'json', schema: ended },
    errors: [...guarded, 'no-such-session'],
  }),
  'users.claim': operation({
    ...{ method: 'POST', path: '/users/claim', ...userChange, isLocalOnly: true },
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
