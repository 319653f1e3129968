import { z } from 'zod';
import {
  type OwnSecretPlaces,
  openCredentialIfPresent,
  ownSecretPath,
  ownSecretsOnly,
  replaceOwnSecret,
} from '../../host/own-secret.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';

/** File beside the keys. Its content is public, but it is guarded like a secret because it decides which key is in force. */
const stateName = 'box-identity';

const bytes32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const keySchema = z.strictObject({
  /** RFC 7638 thumbprint of the signing key. */
  keyId: bytes32,
  /** Public halves, base64url. */
  verifying: bytes32,
  sealing: bytes32,
  /** Wall clock, milliseconds since the Unix epoch. */
  sinceMs: z.int(),
});

const formerSchema = keySchema.extend({
  /** When the key leaves the key set and no longer opens messages, provided that the wall clock is not set meanwhile. */
  untilMs: z.int(),
  /** Since when nothing that it signs counts, if that is earlier: another box may still hold it. */
  endedMs: z.int().optional(),
  /** Its endorsement of its successor. Absent if the key was lost or replaced by hand. */
  endorsement: z.string().optional(),
});

const changeSchema = z.enum(['created', 'rotated', 'replaced']);

const stateSchema = z.strictObject({
  version: z.literal(1),
  /** Sequence of the key set; grows with every change. */
  sequence: z.int().positive(),
  /** The key in force. */
  current: keySchema,
  /** The earlier keys, the newest first. */
  former: z.array(formerSchema),
  /** How the key came into force, until an event has recorded it. */
  unannounced: changeSchema.optional(),
});

/** A key that is, or was, in force: public. */
export type KnownKey = z.infer<typeof keySchema>;
export type FormerKey = z.infer<typeof formerSchema>;
/** `replaced`: by hand, so there is no endorsement by the former key. */
export type IdentityChange = z.infer<typeof changeSchema>;
/** The key in force and the former keys. This state decides; the key files follow it. */
export type IdentityState = z.infer<typeof stateSchema>;

/** The next sequence of the key set. It starts at the time in seconds, so that it grows even after the state was lost. */
export function nextSequence(before: IdentityState | undefined, nowMs: number): number {
  return Math.max((before?.sequence ?? 0) + 1, Math.floor(nowMs / 1000));
}

/** @throws `box-identity-damaged`, what `openCredential` throws */
export async function readIdentityState(places: OwnSecretPlaces): Promise<IdentityState | undefined> {
  const bytes = await openCredentialIfPresent(stateName, ownSecretsOnly(places)).catch(refuseEmpty);
  if (bytes === undefined) return undefined;
  try {
    return stateSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw damaged(messageOf(error));
  }
}

/** Replaces the state atomically. @throws what `replaceOwnSecret` throws */
export async function writeIdentityState(places: OwnSecretPlaces, state: IdentityState): Promise<void> {
  await replaceOwnSecret(ownSecretPath(stateName, places), Buffer.from(`${JSON.stringify(state)}\n`));
}

function refuseEmpty(error: unknown): never {
  throw isRollcallError(error, 'credential-empty') ? damaged('it is empty') : error;
}

function damaged(why: string) {
  return refusal('box-identity-damaged', { stateName }, { details: { why } });
}
