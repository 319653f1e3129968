import { randomBytes } from 'node:crypto';
import { keyedHash } from '../../host/keyed-hash.js';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, newRandomBytes } from '../../host/sodium.js';
import type { CameraId, EventId, PassageId, PersonId } from '../../kernel/ids.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';

/** The readable fields that the seal covers: a content opens only beside these. */
export interface PassagePlace {
  readonly id: PassageId;
  readonly cameraId: CameraId;
  readonly startedAtMs: number;
  readonly lastSeenMs: number;
  readonly outcome: PassageOutcome;
}

/** The readable fields that the seal of a clip's key covers. */
export interface ClipPlace {
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  /** Of the passage. Chooses the key of the day. */
  readonly startedAtMs: number;
  readonly eventId: EventId;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly file: string;
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
  /** Seals the key of a clip's file as `seal` does. @throws `gallery-sealed` */
  sealClipKey(place: ClipPlace, key: Uint8Array): SealedContent;
  /** As `open`. The caller wipes the key. @throws `gallery-sealed` */
  openClipKey(place: ClipPlace, content: SealedContent): Uint8Array | undefined;
  /** Keyed hashes under which a person is found; the first one marks new passages. Needs no key of the gallery. */
  tagsOf(personId: PersonId): readonly [Uint8Array, ...Uint8Array[]];
}

/** The fields of a clip's place, in their order. */
export const clipFields = ({ cameraId, startedAtMs, eventId, fromMs, untilMs, file }: ClipPlace) => [
  ...[cameraId, String(startedAtMs), eventId],
  ...[String(fromMs), String(untilMs), file],
];

/** Seals with a random key: what it sealed opens only in this process. */
export function temporaryPassageSeal(): PassageSeal {
  const key = randomBytes(KEY_BYTES);
  const passageFields = ({ id, cameraId, startedAtMs, lastSeenMs, outcome }: PassagePlace) => [
    ...[id, cameraId, startedAtMs, lastSeenMs, outcome],
  ];
  const seal = (fields: readonly unknown[], content: Uint8Array): SealedContent => {
    const nonce = newRandomBytes(NONCE_BYTES);
    const bound = Buffer.from(JSON.stringify(fields));
    return { keyId: 'temporary', sealed: Buffer.concat([nonce, encrypt(key, nonce, content, bound)]) };
  };
  const open = (fields: readonly unknown[], { sealed }: SealedContent): Uint8Array | undefined => {
    const bound = Buffer.from(JSON.stringify(fields));
    return decrypt(key, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), bound);
  };
  return {
    isOpen: true,
    seal: (place, content) => seal(passageFields(place), content),
    open: (place, content) => open(passageFields(place), content),
    sealClipKey: (place, clipKey) => seal(['clip', place.passageId, ...clipFields(place)], clipKey),
    openClipKey: (place, content) => open(['clip', place.passageId, ...clipFields(place)], content),
    tagsOf: (personId) => [keyedHash(key, 'passage person', [personId])],
  };
}
