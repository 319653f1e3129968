import { randomBytes } from 'node:crypto';
import { keyedHash } from '../../host/keyed-hash.js';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, newRandomBytes } from '../../host/sodium.js';
import type { CameraId, PassageId, PersonId } from '../../kernel/ids.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';

/** The readable fields that the seal covers: a content opens only beside these. */
export interface PassagePlace {
  readonly id: PassageId;
  readonly cameraId: CameraId;
  readonly startedAtMs: number;
  readonly lastSeenMs: number;
  readonly outcome: PassageOutcome;
}

export interface SealedContent {
  readonly keyId: string;
  readonly sealed: Uint8Array;
}

/** Seals the contents of passages. There is one key for each day (UTC) in which passages began. */
export interface PassageSeal {
  /** False while the gallery, which has the keys of the days, is sealed. */
  readonly isOpen: boolean;
  /** Seals under the key of the day of `startedAtMs`, which is created if necessary. @throws `gallery-sealed` */
  seal(place: PassagePlace, content: Uint8Array): SealedContent;
  /** Undefined if the key was deleted, or the row was altered. @throws `gallery-sealed` */
  open(place: PassagePlace, content: SealedContent): Uint8Array | undefined;
  /** Keyed hashes under which a person is found; the first one marks new passages. Needs no key of the gallery. */
  tagsOf(personId: PersonId): readonly [Uint8Array, ...Uint8Array[]];
}

/** Seals with a random key: what it sealed opens only in this process. */
export function temporaryPassageSeal(): PassageSeal {
  const key = randomBytes(KEY_BYTES);
  const bound = ({ id, cameraId, startedAtMs, lastSeenMs, outcome }: PassagePlace): Uint8Array =>
    Buffer.from(JSON.stringify([id, cameraId, startedAtMs, lastSeenMs, outcome]));
  return {
    isOpen: true,
    seal(place, content) {
      const nonce = newRandomBytes(NONCE_BYTES);
      const sealed = Buffer.concat([nonce, encrypt(key, nonce, content, bound(place))]);
      return { keyId: 'temporary', sealed };
    },
    open: (place, { sealed }) =>
      decrypt(key, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), bound(place)),
    tagsOf: (personId) => [keyedHash(key, 'passage person', [personId])],
  };
}
