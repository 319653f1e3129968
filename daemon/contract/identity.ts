import { z } from 'zod';
import { boxKeyDamages } from '../kernel/box-key-damage.js';
import { operation } from './operation.js';

const boxKeyFields = {
  keyId: z.string().describe('RFC 7638 thumbprint: the `kid` of signatures.'),
  fingerprint: z.string().describe('The beginning of the thumbprint, for comparison by eye or by telephone.'),
  since: z.iso.datetime(),
};

/** A key that the box used before. */
export const formerBoxKey = z.object({
  ...boxKeyFields,
  until: z.iso.datetime().describe('When it leaves the key set.'),
  isEndorsing: z
    .boolean()
    .describe(
      'True if it endorses the key that followed it: centres that trust this key then follow automatically.',
    ),
});

const publicKeyFields = {
  kty: z.literal('OKP'),
  x: z.string().describe('The public key, 32 bytes in base64url.'),
  kid: z.string(),
};
const notAfter = z.iso.datetime().optional().describe('Only of a former key: when it leaves the key set.');

/** A public key of the box as a JWK (RFC 8037). */
export const publicKey = z.discriminatedUnion('crv', [
  z.object({
    ...publicKeyFields,
    crv: z.literal('Ed25519'),
    use: z.literal('sig'),
    alg: z.literal('EdDSA'),
    notAfter,
  }),
  z.object({ ...publicKeyFields, crv: z.literal('X25519'), use: z.literal('enc'), notAfter }),
]);

/** The identity of the box for readers of its events. */
export const shownIdentity = z.object({
  site: z.string(),
  box: z.string(),
  ...boxKeyFields,
  former: z.array(formerBoxKey).readonly().describe('The newest first.'),
  jwks: z.object({ keys: z.array(publicKey).readonly() }).describe('All keys as a JWK set (RFC 7517).'),
  keySet: z.string().describe('The key set as it is published: signed, with endorsements.'),
  gateCertificate: z
    .object({
      fingerprint: z.string().describe('SHA-256 of the certificate: upper-case hexadecimal with colons.'),
      notAfter: z.iso.datetime(),
      isMadeByBox: z.boolean().describe('False for a certificate that the configuration names.'),
    })
    .exactOptional()
    .describe('The certificate that the box shows over HTTPS. Absent if the gate is disabled.'),
});
export type ShownIdentity = z.infer<typeof shownIdentity>;

/** The identity after a rotation. */
export const rotatedIdentity = shownIdentity.extend({
  formerKeyId: z.string(),
  note: z.string().exactOptional().describe('Steps that remain to be done by hand.'),
});
export type RotatedIdentity = z.infer<typeof rotatedIdentity>;

export const identityOperations = {
  'identity.show': operation({
    method: 'GET',
    path: '/identity',
    summary: 'Show the key with which the box signs its events, and former keys.',
    description: 'Works while the gallery is sealed. Compare the fingerprint with the one at the centre.',
    answer: { kind: 'json', schema: shownIdentity },
    errors: boxKeyDamages,
    scope: 'identity:read',
    rate: 'default',
  }),
  'identity.rotate': operation({
    method: 'POST',
    path: '/identity/rotations',
    summary: 'Give the box a new key to sign with.',
    description:
      'The former key endorses the new one and stays published for some time. Centres that do not follow the key set of the box will refuse its events.',
    answer: { kind: 'json', schema: rotatedIdentity },
    creates: { id: 'keyId', foundBy: 'identity.show' },
    errors: [
      'box-key-next-missing',
      'box-key-former',
      'key-file-not-written',
      'key-file-not-moved',
      ...boxKeyDamages,
    ],
    scope: 'identity:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    secondPerson: 'identity',
  }),
} as const;
