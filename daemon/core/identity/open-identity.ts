import { type OwnSecretPlaces, ownSecretPath, replaceOwnSecret } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { refusal } from '../../words/errors.js';
import { type BoxKey, importBoxKey, newBoxKeyBytes } from './box-key.js';
import { boxKeyName, findBoxKeys, nextBoxKeyName } from './box-key-search.js';
import {
  type IdentityState,
  type KnownKey,
  nextSequence,
  readIdentityState,
  writeIdentityState,
} from './identity-state.js';

/** The key with which a box starts. */
export interface OpenedIdentity {
  readonly key: BoxKey;
  /** Whether the box made it and may replace it. */
  readonly isOwn: boolean;
  readonly state: IdentityState;
  /** A key that was handed over but is not in force, because there was no rotation to it. */
  readonly ignoredKeyId: string | undefined;
}

/**
 * Opens the key in force, which the state names, wherever its file is. A box without state takes the handed-over key, or else makes
 * one. A key that was lost or replaced by hand is followed by one that it does not endorse. The returned state may contain former
 * keys whose time is over. `overlapMs`: how long a key that was replaced by hand stays in the key set. @throws `box-key-retired`, what `findBoxKeys`, `readIdentityState` and `writeIdentityState` throw
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

/** The public facts of `key`. */
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
  return refusal(
    'box-key-retired',
    { boxKeyName, keyId, expected, nextBoxKeyName },
    { details: { keyId, expected } },
  );
}
