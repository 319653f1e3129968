import { join } from 'node:path';
import { badInput, operational } from '../../base/errors.js';
import { isoTime } from '../../domain/iso-time.js';
import { type OwnSecretPlaces, ownSecretPath, replaceOwnSecret } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { currentUser, ownerText } from '../../host/system-user.js';
import { BOX_KEY_BYTES, type BoxKey, importBoxKey, newBoxKeyBytes } from './box-key.js';
import { findBoxKeys, nextBoxKeyName } from './box-key-search.js';
import { endorse } from './endorsement.js';
import { type FormerKey, type IdentityState, nextSequence } from './identity-state.js';
import { knownKey } from './open-identity.js';

/** Former keys at a time: the key set stays a small message. */
const mostFormer = 8;
/** With so many former keys no command rotates: an issuer gone astray cannot push the keys that centres trust out of the set. */
const mostFormerByCommand = 3;

/** Who asks for a rotation: a person at the box, who may have to replace a stolen key, or a centre from afar. */
export type RotationOrigin = 'at-the-box' | 'by-command';

export interface NextKeyBasis {
  readonly state: IdentityState;
  /** Whether the box made the present key itself. */
  readonly isOwn: boolean;
  readonly origin: RotationOrigin;
}

export interface NextKey {
  readonly key: BoxKey;
  readonly isOwn: boolean;
}

export interface RotationBasis {
  readonly state: IdentityState;
  /** The present one. */
  readonly key: BoxKey;
  /** Wall clock. */
  readonly nowMs: number;
  readonly overlapMs: number;
}

export interface RotatedState {
  /** To be written: that puts the key in force. */
  readonly state: IdentityState;
  /** Former keys that make room: centres which trust none after them cannot follow. */
  readonly dropped: readonly FormerKey[];
}

/**
 * A new key, safe on the disk under the name of the next one. Nothing has changed by that. By command there is no rotation
 * where there are three former keys.
 * @throws `box-key-next-missing`, `identity-rotated-too-often` (by command only), what `replaceOwnSecret` and `findBoxKeys` throw
 */
export async function prepareNextKey(places: OwnSecretPlaces, basis: NextKeyBasis): Promise<NextKey> {
  const { state, origin } = basis;
  const last = state.former[mostFormerByCommand - 1];
  if (origin === 'by-command' && last !== undefined) throw tooOften(last.untilMs);
  const handedOver = await findNext(places, state);
  const next = handedOver ?? (basis.isOwn ? await makeNext(places) : undefined);
  if (next === undefined) throw nextMissing(places);
  return { key: next, isOwn: handedOver === undefined };
}

/** With `next` in force, endorsed by the present key. The oldest former key makes room where there are eight. */
export async function rotatedTo(next: BoxKey, basis: RotationBasis): Promise<RotatedState> {
  const { state, key, nowMs, overlapMs } = basis;
  const former = {
    ...state.current,
    untilMs: nowMs + overlapMs,
    endorsement: await endorse(next.keyId, key, nowMs),
  };
  return {
    state: {
      version: 1,
      sequence: nextSequence(state, nowMs),
      current: knownKey(next, nowMs),
      former: [former, ...state.former.slice(0, mostFormer - 1)],
      unannounced: 'rotated',
    },
    dropped: state.former.slice(mostFormer - 1),
  };
}

/** The next key that was handed over; one that is or was in force is none. */
async function findNext(
  places: OwnSecretPlaces,
  { current, former }: IdentityState,
): Promise<BoxKey | undefined> {
  const used = new Set([current, ...former].map(({ keyId }) => keyId));
  const found = await findBoxKeys(places);
  const next = found.find(({ key, isNext, isOwn }) => isNext && !isOwn && !used.has(key.keyId));
  for (const one of found) if (one !== next) one.key[Symbol.dispose]();
  return next?.key;
}

async function makeNext(places: OwnSecretPlaces): Promise<BoxKey> {
  const bytes = newBoxKeyBytes();
  try {
    await replaceOwnSecret(ownSecretPath(nextBoxKeyName, places), bytes);
    return await importBoxKey(bytes);
  } finally {
    wipe(bytes);
  }
}

function nextMissing({ secretsDirectory }: OwnSecretPlaces) {
  const path = join(secretsDirectory, nextBoxKeyName);
  return badInput(
    'box-key-next-missing',
    `the key of the box was handed over to it, and there is no new one: the secret "${nextBoxKeyName}" does not exist, or was in force before`,
    {
      remedy: `write ${BOX_KEY_BYTES} new random bytes to ${path}, owned by the user that the daemon runs as, mode 0600 ((umask 077; head -c ${BOX_KEY_BYTES} /dev/urandom > ${path}; chown ${ownerText(currentUser())} ${path})); or hand them over as the systemd credential "${nextBoxKeyName}" and restart`,
      details: { path },
    },
  );
}

function tooOften(untilMs: number) {
  const until = isoTime(untilMs);
  return operational(
    'identity-rotated-too-often',
    `${mostFormerByCommand} former keys are still published: until ${until} the key is rotated at the box only`,
    {
      remedy: `run "rollcall identity rotate" at the box, or wait until ${until}; where nobody asked for so many rotations, end the trust in that issuer`,
      details: { mostFormer: mostFormerByCommand },
    },
  );
}
