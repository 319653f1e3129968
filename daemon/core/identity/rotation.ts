import { join } from 'node:path';
import { type OwnSecretPlaces, ownSecretPath, replaceOwnSecret } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { currentUser, ownerText } from '../../host/system-user.js';
import { isoTime } from '../../kernel/iso-time.js';
import { failure, refusal } from '../../words/errors.js';
import { BOX_KEY_BYTES, type BoxKey, importBoxKey, newBoxKeyBytes } from './box-key.js';
import { findBoxKeys, nextBoxKeyName } from './box-key-search.js';
import { endorse } from './endorsement.js';
import { type FormerKey, type IdentityState, nextSequence } from './identity-state.js';
import { knownKey } from './open-identity.js';

/** Largest number of former keys, so that the key set stays small. */
const mostFormer = 8;
/** With so many former keys, commands cannot rotate: a rogue issuer must not push the keys that centres trust out of the set. */
const mostFormerByCommand = 3;

/** The origin of a rotation: a person at the box, who may have to replace a stolen key, or a command of a centre. */
export type RotationOrigin = 'at-the-box' | 'by-command';

export interface NextKeyBasis {
  readonly state: IdentityState;
  /** Whether the box itself made the present key. */
  readonly isOwn: boolean;
  readonly origin: RotationOrigin;
}

export interface NextKey {
  readonly key: BoxKey;
  readonly isOwn: boolean;
}

export interface RotationBasis {
  readonly state: IdentityState;
  /** The present key. */
  readonly key: BoxKey;
  /** Wall clock. */
  readonly nowMs: number;
  readonly overlapMs: number;
  /** Whether signatures of the present key stop counting now, because another box may still hold it. */
  readonly isEnded?: boolean;
}

export interface RotatedState {
  /** Writing this state puts the key in force. */
  readonly state: IdentityState;
  /** Former keys that are dropped. Centres that trust no later key cannot follow. */
  readonly dropped: readonly FormerKey[];
}

/**
 * Stores a new key on the disk as the next one, which does not change the key in force. Refuses a rotation by command while there are
 * three former keys.
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

/** The state with `next` in force, endorsed by the present key. Of eight former keys, the oldest is dropped. */
export async function rotatedTo(next: BoxKey, basis: RotationBasis): Promise<RotatedState> {
  const { state, key, nowMs, overlapMs, isEnded = false } = basis;
  const former = {
    ...state.current,
    untilMs: nowMs + overlapMs,
    ...(isEnded ? { endedMs: nowMs } : {}),
    endorsement: await endorse(next.keyId, key, nowMs),
  };
  return {
    state: {
      version: 1,
      sequence: nextSequence(state, nowMs),
      current: knownKey(next, nowMs),
      former: [
        former,
        ...state.former.slice(0, mostFormer - 1).map((one) => (isEnded ? ended(one, nowMs) : one)),
      ],
      unannounced: 'rotated',
    },
    dropped: state.former.slice(mostFormer - 1),
  };
}

const ended = (key: FormerKey, nowMs: number): FormerKey => ({
  ...key,
  endedMs: Math.min(key.endedMs ?? key.untilMs, nowMs),
});

/** The handed-over next key. Ignores keys that are or were in force. */
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
  return refusal(
    'box-key-next-missing',
    { nextBoxKeyName, boxKeyBytes: BOX_KEY_BYTES, path, owner: ownerText(currentUser()) },
    { details: { path } },
  );
}

function tooOften(untilMs: number) {
  const until = isoTime(untilMs);
  return failure(
    'identity-rotated-too-often',
    { mostFormerByCommand, until },
    { details: { mostFormer: mostFormerByCommand } },
  );
}
