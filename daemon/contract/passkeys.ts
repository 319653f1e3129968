import { z } from 'zod';
import { operation } from './operation.js';

/** Bytes as base64url without padding, as browsers write them. */
const bytes = (mostCharacters: number) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(mostCharacters);
const credentialId = bytes(1400).describe('Of at most 1023 bytes (WebAuthn).');
const credentialFields = { id: credentialId, rawId: credentialId, type: z.literal('public-key') };
const clientData = bytes(4096);
/** What is in front of a signature grows with extensions; nobody needs more than this. */
const authenticatorData = bytes(8192);

/** What `navigator.credentials.create` gives, by `toJSON()`. Browsers add fields; the box reads these. */
export const newCredential = z
  .object({
    ...credentialFields,
    response: z.object({
      clientDataJSON: clientData,
      attestationObject: bytes(16_384),
      transports: z.array(z.string().max(32)).max(8).optional(),
    }),
  })
  .describe('The answer of `navigator.credentials.create`, by `toJSON()`.');
export type NewCredential = z.infer<typeof newCredential>;

/** What `navigator.credentials.get` gives, by `toJSON()`. */
export const assertion = z
  .object({
    ...credentialFields,
    response: z.object({
      clientDataJSON: clientData,
      authenticatorData,
      signature: bytes(2048),
      userHandle: bytes(128).nullish(),
    }),
  })
  .describe('The answer of `navigator.credentials.get`, by `toJSON()`.');
export type Assertion = z.infer<typeof assertion>;

export const attemptId = z
  .string()
  .max(64)
  .describe('Of the request that began. It is valid once, for 5 minutes, until the daemon ends.');

const challenge = z.string().describe('Base64url of 32 random bytes.');
export const known = z.object({
  id: z.string(),
  type: z.literal('public-key'),
  transports: z.array(z.string()).readonly().exactOptional(),
});
const timeout = z.int().describe('Milliseconds.');
const userVerification = z.literal('required');

export const creationOptions = z
  .object({
    rp: z.object({ id: z.string(), name: z.string() }),
    user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
    challenge,
    pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.int() })).readonly(),
    timeout,
    excludeCredentials: z.array(known).readonly(),
    authenticatorSelection: z.object({
      residentKey: z.literal('required'),
      requireResidentKey: z.literal(true),
      userVerification,
    }),
    attestation: z.literal('none'),
  })
  .describe('For `PublicKeyCredential.parseCreationOptionsFromJSON`.');
export type CreationOptions = z.infer<typeof creationOptions>;

export const requestOptions = z
  .object({
    challenge,
    rpId: z.string(),
    timeout,
    userVerification,
    allowCredentials: z.array(known).readonly().describe('Empty: any passkey of this box.'),
  })
  .describe('For `PublicKeyCredential.parseRequestOptionsFromJSON`.');
export type RequestOptions = z.infer<typeof requestOptions>;

/** A passkey, without its key. */
export const passkey = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().exactOptional(),
});
export type Passkey = z.infer<typeof passkey>;

const begun = <Options extends z.ZodType>(options: Options) => z.object({ attempt: attemptId, options });
const self = { scope: 'self', rate: 'default' } as const;
/** Where `gate.passkeyHost` is not set, and for callers without an account. */
const notOffered = ['passkeys-not-offered', 'not-an-account'] as const;

/** Login and proof by passkey end in `auth.login-with-passkey` and `auth.step-up`. */
export const passkeyOperations = {
  'auth.begin-passkey': operation({
    ...{ method: 'POST', path: '/auth/passkeys/attempts', ...self, audit: 'write', needsStepUp: true },
    summary: 'Begin to add a passkey to your account.',
    description: 'Give the options to the browser, and its answer to `auth.add-passkey`.',
    answer: { kind: 'json', schema: begun(creationOptions) },
    errors: [...notOffered, 'too-many-passkeys', 'present-factor-required'],
  }),
  'auth.add-passkey': operation({
    ...{ method: 'POST', path: '/auth/passkeys', ...self, rate: 'login', audit: 'write' },
    summary: 'Add the passkey that the browser made.',
    input: z.strictObject({
      attempt: attemptId,
      name: z.string().trim().min(1).max(64).describe('For the list: "Key ring", "Phone".'),
      credential: newCredential,
    }),
    answer: { kind: 'json', schema: passkey },
    creates: { id: 'id', foundBy: 'auth.passkeys' },
    errors: [
      ...notOffered,
      ...(['no-such-attempt', 'passkey-refused', 'passkey-exists', 'too-many-passkeys'] as const),
      'present-factor-required',
    ],
  }),
  'auth.passkeys': operation({
    ...{ method: 'GET', path: '/auth/passkeys', ...self },
    summary: 'List your passkeys, oldest first.',
    answer: { kind: 'json', schema: z.array(passkey).readonly() },
    errors: ['not-an-account'],
  }),
  'auth.remove-passkey': operation({
    ...{ method: 'DELETE', path: '/auth/passkeys/{id}', ...self, audit: 'write', needsStepUp: true },
    summary: 'Remove one of your passkeys. All your other sessions and tokens end.',
    input: z.strictObject({ id: z.string().max(64) }),
    answer: {
      kind: 'json',
      schema: z.object({ ended: z.int().nonnegative().describe('Number of sessions that ended.') }),
    },
    errors: ['not-an-account', 'no-such-passkey'],
  }),
  'auth.begin-passkey-proof': operation({
    ...{ method: 'POST', path: '/auth/step-up/attempts', ...self, allowsMustChange: true },
    summary: 'Begin to prove again who you are, with a passkey of your account.',
    description: 'Give the options to the browser, and its answer to `auth.step-up`.',
    answer: { kind: 'json', schema: begun(requestOptions) },
    errors: [...notOffered, 'no-such-passkey'],
  }),
  'auth.begin-passkey-login': operation({
    ...{ method: 'POST', path: '/auth/login/attempts', scope: 'public', rate: 'login' },
    summary: 'Begin a login with a passkey.',
    description:
      'Give the options to the browser, and its answer to `auth.login-with-passkey`. It needs no user name: the passkey knows the account.',
    answer: { kind: 'json', schema: begun(requestOptions) },
    errors: ['passkeys-not-offered'],
  }),
} as const;
