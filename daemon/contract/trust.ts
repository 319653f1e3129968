import { z } from 'zod';
import { commandScopes } from './command-scopes.js';
import { operation } from './operation.js';

/** A key of an issuer whose commands the box executes. */
export const shownTrust = z.object({
  issuer: z.string(),
  keyId: z.string().describe('RFC 7638 thumbprint.'),
  algorithm: z.string().describe('`EdDSA` or `ES256`.'),
  scopes: z.array(z.enum(commandScopes)).readonly(),
  addedAt: z.iso.datetime(),
  notAfter: z.iso.datetime().exactOptional().describe('Absent if the key is trusted for ever.'),
  isExpired: z.boolean(),
});
export type ShownTrust = z.infer<typeof shownTrust>;

/** An entry that was set aside because it does not match the audit log. */
export const setAsideTrust = z.object({
  reason: z
    .string()
    .describe('`not-sealed`, `other-box`, `put-back`, `missing`, `unfinished`, `log-older` or `log-broken`.'),
  kind: z
    .string()
    .exactOptional()
    .describe('`trusted-key`, `camera-switch` or `alert-channel`, as found. Absent if an entry is missing.'),
  id: z.string().exactOptional().describe('The id of the key, camera or channel, as found.'),
  at: z.iso.datetime().describe('When it was found.'),
});
export type SetAsideTrust = z.infer<typeof setAsideTrust>;

export const trustStatus = z.object({
  keys: z.array(shownTrust).readonly(),
  aside: z.array(setAsideTrust).readonly().describe('Entries that the box found and does not trust.'),
  commands: z
    .object({
      accepted: z.int().nonnegative(),
      executed: z.int().nonnegative(),
      repeated: z.int().nonnegative().describe('Sent again; not executed again.'),
      waiting: z.int().nonnegative(),
      refused: z.record(z.string(), z.int().nonnegative()).describe('By code.'),
    })
    .describe('Outcomes of commands since the start of the daemon.'),
});
export type TrustStatus = z.infer<typeof trustStatus>;

const issuer = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/, {
    error:
      'must be 1 to 64 lower-case letters, digits, "-" or "_", beginning and ending with a letter or digit',
  })
  .describe('The name of a centre: the claim `iss` of its commands.');

export const trustOperations = {
  'trust.list': operation({
    method: 'GET',
    path: '/trust',
    summary: 'List the keys of issuers whose commands the box executes, and count the commands.',
    answer: { kind: 'json', schema: trustStatus },
    errors: [],
    scope: 'trust:read',
    rate: 'default',
  }),
  'trust.add': operation({
    method: 'POST',
    path: '/trust',
    summary: 'Trust a key of an issuer. An issuer may have several keys.',
    input: z.strictObject({
      issuer,
      key: z
        .string()
        .max(16_384)
        .describe('The public key: a JWK (RFC 7517), or PEM of a key or certificate; Ed25519 or P-256.'),
      scopes: z.array(z.enum(commandScopes)).min(1).max(commandScopes.length),
      notAfterMs: z
        .int()
        .nonnegative()
        .optional()
        .describe('End of the trust, milliseconds since the Unix epoch. Absent: for ever.'),
    }),
    answer: { kind: 'json', schema: shownTrust },
    creates: { id: 'keyId', foundBy: 'trust.list' },
    errors: [
      'issuer-key-private',
      'issuer-key-unreadable',
      'issuer-key-unsupported',
      'issuer-key-known',
      'issuer-key-expired',
    ],
    scope: 'trust:write',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
    secondPerson: 'trust',
  }),
  'trust.remove': operation({
    method: 'DELETE',
    path: '/trust/{issuer}',
    summary: 'Stop to trust an issuer, or one of its keys.',
    description: 'The box does not execute commands of a removed key that still wait.',
    input: z.strictObject({
      issuer: z.string().max(64),
      key: z.string().max(128).optional().describe('The id of one key. Absent: all keys of the issuer.'),
    }),
    answer: { kind: 'json', schema: z.object({ removed: z.int().positive().describe('Number of keys.') }) },
    errors: ['no-such-issuer', 'no-such-key'],
    scope: 'trust:write',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
    secondPerson: 'trust',
  }),
  'trust.dismiss': operation({
    method: 'POST',
    path: '/trust/dismiss',
    summary: 'Forget the entries that were set aside, after a person has checked them.',
    answer: {
      kind: 'json',
      schema: z.object({ dismissed: z.int().nonnegative().describe('Number of entries.') }),
    },
    errors: [],
    scope: 'trust:write',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
    secondPerson: 'trust',
  }),
} as const;
