import { z } from 'zod';
import type { PassphraseCost } from '../../host/sodium.js';

/** Opens a backup. Each recipient alone is enough. */
export type Recipient =
  | {
      /** Only the holder of the secret half opens it; the box that makes the backup does not. */
      readonly kind: 'recovery-public-key';
      readonly publicKey: Uint8Array;
    }
  | {
      readonly kind: 'passphrase';
      /** UTF-8. The caller wipes it. */
      readonly passphrase: Uint8Array;
      /** `usualCost` unless given. */
      readonly cost?: PassphraseCost;
    };

/** The secret that opens a backup. The caller wipes it. */
export type Unlock =
  | { readonly recoverySecret: Uint8Array }
  | {
      readonly passphrase: Uint8Array;
    };

/** libsodium's "moderate" cost: about a second on a small computer. */
export const usualCost: PassphraseCost = { passes: 3, memoryBytes: 256 * 2 ** 20 };

/** Limit for reading: the file may come from an attacker. */
export const costLimit: PassphraseCost = { passes: 16, memoryBytes: 2 ** 30 };

/** Minimum of libsodium. */
const leastMemoryBytes = 8192;

const passCount = z.int().min(1).max(costLimit.passes);
const memorySize = z.int().min(leastMemoryBytes).max(costLimit.memoryBytes);

/** Whether the cost is within the limits of libsodium and of readers. */
export function isAcceptable({ passes, memoryBytes }: PassphraseCost): boolean {
  return passCount.safeParse(passes).success && memorySize.safeParse(memoryBytes).success;
}

export const MOST_RECIPIENTS = 8;

/** Padded base64 of exactly `bytes` bytes. */
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

/** The file key, encrypted under a key that Argon2id derives from a passphrase. */
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
