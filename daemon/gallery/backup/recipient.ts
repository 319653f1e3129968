import { z } from 'zod';
import type { PassphraseCost } from '../../host/sodium.js';

/** What a backup is made for. Any one of its recipients opens it. */
export type Recipient =
  | {
      /** Only the holder of the secret half opens it; the box that makes the backup does not. */
      readonly kind: 'recovery-public-key';
      readonly publicKey: Uint8Array;
    }
  | {
      readonly kind: 'passphrase';
      /** Its bytes in UTF-8, as the person typed it; the caller wipes them. */
      readonly passphrase: Uint8Array;
      /** `usualCost` unless given. */
      readonly cost?: PassphraseCost;
    };

/** What opens a backup. The caller wipes the bytes. */
export type Unlock =
  | { readonly recoverySecret: Uint8Array }
  | {
      readonly passphrase: Uint8Array;
    };

/** libsodium's "moderate": about a second on a small computer. */
export const usualCost: PassphraseCost = { passes: 3, memoryBytes: 256 * 2 ** 20 };

/** More than this is not computed for a file that may come from anywhere. */
export const costLimit: PassphraseCost = { passes: 16, memoryBytes: 2 ** 30 };

/** libsodium computes with no less. */
const leastMemoryBytes = 8192;

const passCount = z.int().min(1).max(costLimit.passes);
const memorySize = z.int().min(leastMemoryBytes).max(costLimit.memoryBytes);

/** Whether readers of backups spend so much, and libsodium computes with so little. */
export function isAcceptable({ passes, memoryBytes }: PassphraseCost): boolean {
  return passCount.safeParse(passes).success && memorySize.safeParse(memoryBytes).success;
}

export const MOST_RECIPIENTS = 8;

/** Base64 with padding of exactly `bytes` bytes. */
function base64(bytes: number) {
  return z
    .string()
    .length(4 * Math.ceil(bytes / 3))
    .regex(/^[A-Za-z0-9+/]*={0,2}$/)
    .refine((text) => Buffer.from(text, 'base64').length === bytes, `not ${bytes} bytes`);
}

/** The file key, sealed to a recovery key (crypto_box_seal). */
const recoveryWrap = z.strictObject({
  kind: z.literal('recovery-public-key'),
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  sealedKey: base64(80),
});

/** The file key, encrypted under a key that Argon2id makes of a passphrase. */
const passphraseWrap = z.strictObject({
  kind: z.literal('passphrase'),
  salt: base64(16),
  passes: passCount,
  memoryBytes: memorySize,
  nonce: base64(24),
  wrappedKey: base64(48),
});

export const wrappedKey = z.discriminatedUnion('kind', [recoveryWrap, passphraseWrap]);
export type WrappedKey = z.infer<typeof wrappedKey>;
export type RecoveryWrap = z.infer<typeof recoveryWrap>;
export type PassphraseWrap = z.infer<typeof passphraseWrap>;
