import { badInput } from '../../base/errors.js';
import { type OwnSecretPlaces, ownSecretPath, replaceOwnSecret } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { type BoxKey, importBoxKey, newBoxKeyBytes } from './box-key.js';
import { boxKeyName, findBoxKeys, nextBoxKeyName } from './box-key-search.js';
import {
  type IdentityState,
  type KnownKey,
  nextSequence,
  readIdentityState,
  writeIdentityState,
} from './identity-state.js';

/** The key that a box starts with. */
export interface OpenedIdentity {
  readonly key: BoxKey;
  /** Whether the box made it and may replace it. */
  readonly isOwn: boolean;
  readonly state: IdentityState;
  /** A key that was handed over and is not in force, because the box was told of no rotation. */
  readonly ignoredKeyId: string | undefined;
}

/**
 * The key in force: what the state says, wherever it lies. A box without state takes the key that was handed over, else makes
 * one. A key that is lost or was replaced by hand is followed by one that it does not endorse.
 * `former` of what is given back may hold keys whose time is over. `overlapMs`: how long a key that was replaced by hand stays
 * in the key set. @throws `box-key-retired`, what `findBoxKeys`, `readIdentityState` and `writeIdentityState` throw
 */
export async function openIdentity(
  places: OwnSecretPlaces,
  { nowMs, overlapMs }: { readonly nowMs: number; readonly overlapMs: number },
): Promise<OpenedIdentity> {
  const state = await readIdentityState(places);
  const found = await findBoxKeys(places);
  const named = found.find(({ isNext }) => !isNext);
  const chosen = found.find(({ key }) => key.keyId === state?.current.keyId) ?? named;
  for (const one of found) if (one !== chosen) one.key[Symbol.dispose]();
  if (state !== undefined && chosen?.key.keyId === state.current.keyId) {
    const ignored = named !== undefined && !named.isOwn && named !== chosen && isForeign(named.key, state);
    const ignoredKeyId = ignored ? named.key.keyId : undefined;
    return { key: chosen.key, isOwn: chosen.isOwn, state, ignoredKeyId };
  }
  if (chosen !== undefined && state !== undefined && !isForeign(chosen.key, state)) {
    chosen.key[Symbol.dispose]();
    throw retired(chosen.key.keyId, state.current.keyId);
  }
  const key = chosen?.key ?? (await makeKey(places));
  const next = stateOf(key, state, { nowMs, overlapMs });
  await writeIdentityState(places, next);
  return { key, isOwn: chosen?.isOwn ?? true, state: next, ignoredKeyId: undefined };
}

/** What may be known of `key`. */
export function knownKey({ keyId, verifying, sealing }: BoxKey, sinceMs: number): KnownKey {
  return { keyId, verifying: verifying.x, sealing: sealing.x, sinceMs };
}

function stateOf(
  key: BoxKey,
  before: IdentityState | undefined,
  { nowMs, overlapMs }: { readonly nowMs: number; readonly overlapMs: number },
): IdentityState {
  const current = knownKey(key, nowMs);
  const about = { version: 1, sequence: nextSequence(before, nowMs), current } as const;
  if (before === undefined) return { ...about, former: [], unannounced: 'created' };
  const former = [{ ...before.current, untilMs: nowMs + overlapMs }, ...before.former];
  return { ...about, former, unannounced: 'replaced' };
}

function isForeign({ keyId }: BoxKey, { current, former }: IdentityState): boolean {
  return keyId !== current.keyId && former.every((one) => one.keyId !== keyId);
}

async function makeKey(places: OwnSecretPlaces): Promise<BoxKey> {
  const bytes = newBoxKeyBytes();
  try {
    await replaceOwnSecret(ownSecretPath(boxKeyName, places), bytes);
    return await importBoxKey(bytes);
  } finally {
    wipe(bytes);
  }
}

function retired(keyId: string, expected: string) {
  return badInput(
    'box-key-retired',
    `the secret "${boxKeyName}" is the box's former key ${keyId}; the one in force, ${expected}, is not there`,
    {
      remedy: `hand over the key in force as "${boxKeyName}" (or as "${nextBoxKeyName}"); where it is lost, hand over 64 new random bytes and tell the centres the new key`,
      details: { keyId, expected },
    },
  );
}
