import { z } from 'zod';
import { keyId, signature, slug, time } from './message-fields.js';

const x = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/)
  .describe('the public key, 32 bytes in base64url');
const kid = keyId.describe('RFC 7638 thumbprint of the key');
const notAfter = time
  .optional()
  .describe('only of a former key: until when it counts, at the latest when it leaves the key set');

/** A key that events are verified with (RFC 8037). */
const verifyingKeySchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x,
  kid,
  use: z.literal('sig'),
  alg: z.literal('EdDSA'),
  notAfter,
});

/** A key to which messages for the box are sealed (crypto_box_seal of libsodium). */
const sealingKeySchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  x,
  kid,
  use: z.literal('enc'),
  notAfter,
});

/** The retained message on `<prefix>/<site>/<box>/keys`: a JWK set (RFC 7517) with the box that it belongs to and its time. */
export const keySetSchema = z.strictObject({
  version: z.literal(1),
  site: slug,
  box: slug,
  sequence: z.int().positive().describe('greater than before whenever the keys have changed'),
  time: time.describe('when the box signed the key set'),
  keys: z
    .array(z.union([verifyingKeySchema, sealingKeySchema]))
    .min(2)
    .max(64)
    .describe('the keys in force first, then former keys whose signatures are still accepted'),
  endorsements: z
    .array(z.string().regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{86}$/))
    .max(32)
    .describe('compact JWS: each former key endorses the key that followed it'),
  signature,
});

export type KeySet = z.infer<typeof keySetSchema>;
export type PublishedKey = KeySet['keys'][number];
