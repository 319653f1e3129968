import { z } from 'zod';
import { operation } from './operation.js';
import { assertion, attemptId } from './passkeys.js';
import { allScopes } from './scopes.js';
import { languageCode, newPassword, session, timeFormats, user, userName } from './users.js';

/** Given for a check, so it has no rules of its own. */
const password = z.string().min(1).max(1024);
const code = z
  .string()
  .min(6)
  .max(32)
  .describe('Six digits from the authenticator, or a recovery code.')
  .optional();

const tokens = {
  accessToken: z.string().describe('Send it as `Authorization: Bearer …`.'),
  accessExpiresAt: z.iso.datetime(),
  refreshToken: z.string().describe('Valid for one refresh.'),
  refreshExpiresAt: z.iso.datetime(),
};

/** The outcome of a login. */
export const login = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('session'),
    user,
    expiresAt: z.iso.datetime().describe('The session ends then, or after 30 minutes without a request.'),
  }),
  z.object({ kind: z.literal('tokens'), user, ...tokens }),
]);
export type Login = z.infer<typeof login>;

/** Pages of the console whose filters a user can save. */
export const savedFilterPages = [
  ...(['passages', 'events', 'people', 'strangers', 'alerts'] as const),
  ...(['attendance', 'audit', 'users', 'logs'] as const),
] as const;

/** Filters that a user keeps under a name. */
export const savedFilter = z.strictObject({
  page: z.enum(savedFilterPages),
  name: z.string().trim().min(1).max(60),
  query: z
    .string()
    .max(500)
    .regex(/^\?/)
    .describe('As in the address of the page in the console: `?outcome=unproven&camera=front-door`.'),
});
export type SavedFilter = z.infer<typeof savedFilter>;

/** What the box knows about the caller. */
export const me = z.object({
  actor: z.string().describe('As in the audit log: `user:…`, `api-key:…`, `uid:…`.'),
  user: user.exactOptional().describe('Absent for API keys and callers on the local socket.'),
  scopes: z.array(z.enum(allScopes)).readonly(),
  cameras: z.array(z.string()).readonly().exactOptional().describe('Absent: all cameras.'),
  sessionId: z.string().exactOptional(),
  savedFilters: z
    .array(savedFilter)
    .readonly()
    .exactOptional()
    .describe('By page and name. Absent without any.'),
  provedAt: z.iso
    .datetime()
    .exactOptional()
    .describe('Last proof of identity. Some operations want one from the last 5 minutes.'),
  box: z
    .object({
      site: z.string(),
      box: z.string(),
      timeZone: z.string().describe('The zone of the site, in which its days and shifts are meant.'),
      version: z.string().describe('The version of the program.'),
      personFields: z
        .array(z.object({ id: z.string(), name: z.string() }))
        .readonly()
        .describe(
          'The custom fields of persons, as the setting `persons.fields` defines them. Empty for callers without `persons:read` and `persons:write`.',
        ),
      origins: z
        .array(z.string())
        .readonly()
        .describe(
          'Where other devices may open the console, such as `https://192.0.2.7:8443`: first by the names of the configuration. Empty if the gate listens to this machine only, and for callers without `persons:write` and `prompts:show`, who make no links.',
        ),
    })
    .describe('The box that answers.'),
});

const self = { scope: 'self', rate: 'default' } as const;
const selfChange = { ...self, audit: 'write' } as const;
const evenMustChange = { allowsMustChange: true } as const;
/** Errors of every operation that checks a password or a code. */
const checked = ['login-refused', 'login-slowed', 'account-locked', 'second-factor-required'] as const;
export const recoveryCodes = z.object({
  recoveryCodes: z.array(z.string()).readonly().describe('Each works once. Shown only here.'),
});
const done = z.object({ ended: z.int().nonnegative().describe('Number of sessions that ended.') });

export const authOperations = {
  'auth.claim': operation({
    ...{ method: 'POST', path: '/auth/claim', scope: 'public', rate: 'login', audit: 'write' },
    summary: 'Create the first administrator with the one-time secret of `rollcall user claim`.',
    input: z.strictObject({
      secret: z.string().min(1).max(100),
      userName,
      displayName: z.string().max(100).default(''),
      password: newPassword,
    }),
    answer: { kind: 'json', schema: user },
    errors: ['claim-refused', 'login-slowed', 'account-locked', 'name-taken', 'password-refused'],
  }),
  'auth.login': operation({
    ...{ method: 'POST', path: '/auth/login', scope: 'public', rate: 'login', audit: 'write' },
    summary: 'Log in with a password and, if the account has one, a second factor.',
    description:
      '`tokens` are for programs. `session` sets the cookie of a browser. An account with a second factor gets `second-factor-required` until the request has a code; repeat the request with it.',
    input: z.strictObject({
      // Any text: a name that cannot exist is refused like one that does not.
      userName: z.string().min(1).max(64),
      password,
      code,
      kind: z.enum(['tokens', 'session']).default('tokens'),
    }),
    answer: { kind: 'json', schema: login },
    errors: checked,
  }),
  'auth.login-with-passkey': operation({
    ...{ method: 'POST', path: '/auth/login/passkey', scope: 'public', rate: 'login', audit: 'write' },
    summary: 'Log in with a passkey. It counts as password and second factor.',
    description: 'Begin with `auth.begin-passkey-login`. `kind` as in `auth.login`.',
    input: z.strictObject({
      attempt: attemptId,
      credential: assertion,
      kind: z.enum(['tokens', 'session']).default('session'),
    }),
    answer: { kind: 'json', schema: login },
    errors: ['login-refused', 'login-slowed', 'account-locked', 'no-such-attempt', 'passkeys-not-offered'],
  }),
  'auth.refresh': operation({
    ...{ method: 'POST', path: '/auth/refresh', scope: 'public', rate: 'default', audit: 'write' },
    summary: 'Exchange a refresh token for new tokens.',
    description:
      'Each refresh token works once. A second use ends all tokens of the login, because the token was copied. Only within 10 seconds of the first use it is answered with `refresh-concurrent` and changes nothing: use the tokens that the first request got.',
    input: z.strictObject({ refreshToken: z.string().min(1).max(100) }),
    answer: { kind: 'json', schema: z.object(tokens) },
    errors: ['refresh-refused', 'refresh-concurrent'],
  }),
  'auth.logout': operation({
    ...{ method: 'POST', path: '/auth/logout', ...selfChange, ...evenMustChange },
    summary: 'End the session or the tokens of this request.',
    answer: { kind: 'json', schema: done },
    errors: [],
  }),
  'auth.me': operation({
    ...{ method: 'GET', path: '/auth/me', ...self, ...evenMustChange },
    summary: 'Show who you are and what you may do.',
    answer: { kind: 'json', schema: me },
    errors: [],
  }),
  'auth.step-up': operation({
    ...{ method: 'POST', path: '/auth/step-up', ...selfChange, rate: 'login', ...evenMustChange },
    summary: 'Prove again who you are, with the password, a code of the authenticator, or a passkey.',
    description: 'For 5 minutes, you can then use operations that ask for a fresh proof of identity.',
    input: z.strictObject({
      password: password.optional(),
      code,
      passkey: z
        .strictObject({ attempt: attemptId, credential: assertion })
        .optional()
        .describe('Begin with `auth.begin-passkey-proof`.'),
    }),
    answer: { kind: 'json', schema: z.object({ provedAt: z.iso.datetime() }) },
    errors: [...checked, 'not-an-account', 'no-such-attempt', 'passkeys-not-offered'],
  }),
  'auth.change-password': operation({
    ...{ method: 'POST', path: '/auth/password', ...selfChange, rate: 'login', ...evenMustChange },
    summary: 'Change your password. All your other sessions and tokens end.',
    input: z.strictObject({ oldPassword: password, newPassword }),
    answer: { kind: 'json', schema: done },
    errors: ['login-refused', 'login-slowed', 'account-locked', 'password-refused', 'not-an-account'],
  }),
  'auth.preferences': operation({
    ...{ method: 'PATCH', path: '/auth/preferences', ...selfChange },
    summary:
      'Change your display name, language and time format, and the filters that you keep in the console.',
    input: z.strictObject({
      displayName: z.string().max(100).optional(),
      language: languageCode.optional(),
      timeFormat: z.enum(timeFormats).optional(),
      savedFilters: z
        .array(savedFilter)
        .max(40)
        .optional()
        .describe(
          'All of them: they replace those that are kept. Of several with the same page and name, the last one stays. Do not use the name of a person, in the name of the filter or in the query: erasing the person does not change it. The console leaves out what was searched for. A filter for one person has their id, which stays until the user removes the filter.',
        ),
    }),
    answer: { kind: 'json', schema: user },
    errors: ['not-an-account'],
  }),
  'auth.begin-second-factor': operation({
    ...{ method: 'POST', path: '/auth/second-factor', ...selfChange, needsStepUp: true },
    summary: 'Get a secret for an authenticator app. It counts once a code confirms it.',
    answer: {
      kind: 'json',
      schema: z.object({
        secret: z.string().describe('Base32, to type in. Shown only here.'),
        uri: z.string().describe('`otpauth://` for a QR code.'),
      }),
    },
    errors: ['not-an-account', 'second-factor-exists', 'present-factor-required'],
  }),
  'auth.confirm-second-factor': operation({
    ...{ method: 'POST', path: '/auth/second-factor/confirmations', ...selfChange, rate: 'login' },
    summary: 'Confirm the authenticator with its first code, and get the recovery codes.',
    input: z.strictObject({ code: z.string().min(6).max(16) }),
    answer: { kind: 'json', schema: recoveryCodes },
    errors: [
      ...(['not-an-account', 'code-refused', 'no-second-factor', 'second-factor-exists'] as const),
      ...(['present-factor-required', 'login-slowed', 'account-locked'] as const),
    ],
  }),
  'auth.remove-second-factor': operation({
    ...{ method: 'DELETE', path: '/auth/second-factor', ...selfChange, needsStepUp: true },
    summary: 'Remove the authenticator and the recovery codes.',
    answer: { kind: 'json', schema: user },
    errors: ['not-an-account', 'no-second-factor'],
  }),
  'auth.renew-recovery-codes': operation({
    ...{ method: 'POST', path: '/auth/recovery-codes', ...selfChange, needsStepUp: true },
    summary: 'Replace all recovery codes by new ones.',
    answer: { kind: 'json', schema: recoveryCodes },
    errors: ['not-an-account', 'no-second-factor'],
  }),
  'auth.sessions': operation({
    ...{ method: 'GET', path: '/auth/sessions', ...self },
    summary: 'List your sessions and tokens, newest first.',
    answer: { kind: 'json', schema: z.array(session).readonly() },
    errors: [],
  }),
  'auth.end-session': operation({
    ...{ method: 'DELETE', path: '/auth/sessions/{id}', ...selfChange },
    summary: 'End one of your sessions.',
    input: z.strictObject({ id: z.string().max(64) }),
    answer: { kind: 'json', schema: done },
    errors: ['no-such-session'],
  }),
} as const;
