import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import type { IdentityState } from '../../daemon/core/identity/identity-state.js';
import type { KeyOf } from '../../daemon/core/identity/signed-text.js';
import type { OwnSecretPlaces } from '../../daemon/host/own-secret.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

export const dayMs = 86_400_000;
const firstDayMs = Date.UTC(2026, 0, 1);
export const overlapMs = 14 * dayMs;

/** The keys as a daemon opens them that starts `days` after the first day and has recorded no event yet. */
export function openIdentityKeys(places: OwnSecretPlaces, days = 0): Promise<IdentityKeys> {
  const clock = new VirtualClock(firstDayMs + days * dayMs);
  return IdentityKeys.open({ places, clock, overlapMs });
}

/** The same after the daemon has recorded all events. */
export async function openSettledKeys(places: OwnSecretPlaces, days = 0): Promise<IdentityKeys> {
  const keys = await openIdentityKeys(places, days);
  await keys.announced();
  await keys.forgetFormer(({ untilMs }) => untilMs <= firstDayMs + days * dayMs);
  return keys;
}

export function putSecret(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  return writeFile(join(directory, name), bytes, { mode: 0o600 });
}

/** A box key of 64 equal bytes. */
export const keyBytes = (value: number): Uint8Array => new Uint8Array(64).fill(value);

/** Trusts all keys of `state`. */
export function keyOfState({ current, former }: IdentityState): KeyOf {
  const known = new Map([current, ...former].map(({ keyId, verifying }) => [keyId, verifying]));
  return (keyId) => {
    const x = known.get(keyId);
    return x === undefined ? undefined : { kty: 'OKP', crv: 'Ed25519', x };
  };
}
