import { z } from 'zod';
import { badInput, isRollcallError, messageOf } from '../../base/errors.js';
import {
  type OwnSecretPlaces,
  ownPlaces,
  ownSecretPath,
  readIfThere,
  replaceOwnSecret,
} from '../../host/own-secret.js';

/** File beside the keys; public all of it, and guarded like a secret because whoever changes it changes what is endorsed. */
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
  /** When it leaves the key set and what is sealed to it opens no more, by a wall clock that is not set meanwhile. */
  untilMs: z.int(),
  /** What it says of its successor. Absent where it was lost or replaced by hand. */
  endorsement: z.string().optional(),
});

const changeSchema = z.enum(['created', 'rotated', 'replaced']);

const stateSchema = z.strictObject({
  version: z.literal(1),
  /** That of the key set: grows with every change of it. */
  sequence: z.int().positive(),
  /** The key in force. */
  current: keySchema,
  /** Those before it, the newest first. */
  former: z.array(formerSchema),
  /** How the key in force came about, until that has been recorded. */
  unannounced: changeSchema.optional(),
});

/** A key that is, or was, in force: public. */
export type KnownKey = z.infer<typeof keySchema>;
export type FormerKey = z.infer<typeof formerSchema>;
/** `replaced`: by hand, so that the former key endorses nothing. */
export type IdentityChange = z.infer<typeof changeSchema>;
/** Which key is in force, and which were before it. What this says decides; key files follow it. */
export type IdentityState = z.infer<typeof stateSchema>;

/**
 * The sequence of the key set that follows. It begins with the time, in seconds, so that it goes on growing where the state of
 * before was lost.
 */
export function nextSequence(before: IdentityState | undefined, nowMs: number): number {
  return Math.max((before?.sequence ?? 0) + 1, Math.floor(nowMs / 1000));
}

/** @throws `box-identity-damaged`, what `openCredential` throws */
export async function readIdentityState(places: OwnSecretPlaces): Promise<IdentityState | undefined> {
  const bytes = await readIfThere(stateName, ownPlaces(places)).catch(refuseEmpty);
  if (bytes === undefined) return undefined;
  try {
    return stateSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw damaged(messageOf(error));
  }
}

/** At any moment either what was there before or `state` is there. @throws what `replaceOwnSecret` throws */
export async function writeIdentityState(places: OwnSecretPlaces, state: IdentityState): Promise<void> {
  await replaceOwnSecret(ownSecretPath(stateName, places), Buffer.from(`${JSON.stringify(state)}\n`));
}

function refuseEmpty(error: unknown): never {
  throw isRollcallError(error, 'credential-empty') ? damaged('it is empty') : error;
}

function damaged(why: string) {
  return badInput('box-identity-damaged', `the file "${stateName}" of the box's keys is damaged`, {
    remedy:
      'put it back from a copy of the disk; where there is none, move it away: the box keeps its key, and former keys are forgotten',
    details: { why },
  });
}
