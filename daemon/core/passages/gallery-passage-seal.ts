import { hkdfKey, keyedHash } from '../../host/keyed-hash.js';
import { wipe } from '../../host/sodium.js';
import type { PersonId } from '../../kernel/ids.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { Gallery } from '../gallery/gallery.js';
import { places } from '../gallery/places.js';
import {
  type ClipPlace,
  clipFields,
  type PassagePlace,
  type PassageSeal,
  type SealedContent,
} from './passage-seal.js';

const use = 'rollcall persons of passages 1';

/** The gallery, or why it is sealed. */
interface Vault {
  readonly isOpen: boolean;
  /** @throws `gallery-sealed` */
  gallery(): Pick<Gallery, 'passageKeys'>;
}

/**
 * Seals passages with the keys of the gallery. The keys of the tags are derived from those of the audit log, which are there
 * while the gallery is sealed, too: retention erases persons then.
 */
export class GalleryPassageSeal implements PassageSeal, Disposable {
  readonly #vault: Vault;
  readonly #auditKeys: Pick<AuditKeyRing, 'all'>;
  /** By the audit key. A restore may add former keys. */
  readonly #tagKeys = new Map<Uint8Array, Uint8Array>();

  constructor(vault: Vault, auditKeys: Pick<AuditKeyRing, 'all'>) {
    this.#vault = vault;
    this.#auditKeys = auditKeys;
  }

  get isOpen(): boolean {
    return this.#vault.isOpen;
  }

  seal(place: PassagePlace, content: Uint8Array): ReturnType<PassageSeal['seal']> {
    return this.#vault.gallery().passageKeys.seal(place.startedAtMs, fieldOf(place), content);
  }

  open(place: PassagePlace, { keyId, sealed }: Parameters<PassageSeal['open']>[1]): Uint8Array | undefined {
    return this.#vault.gallery().passageKeys.open(keyId, fieldOf(place), sealed);
  }

  sealClipKey(place: ClipPlace, key: Uint8Array): ReturnType<PassageSeal['seal']> {
    return this.#vault.gallery().passageKeys.seal(place.startedAtMs, clipFieldOf(place), key);
  }

  openClipKey(place: ClipPlace, { keyId, sealed }: SealedContent): Uint8Array | undefined {
    return this.#vault.gallery().passageKeys.open(keyId, clipFieldOf(place), sealed);
  }

  tagsOf(personId: PersonId): readonly [Uint8Array, ...Uint8Array[]] {
    const [first, ...former] = this.#auditKeys.all;
    const tag = (key: Uint8Array): Uint8Array => keyedHash(this.#tagKey(key), 'person', [personId]);
    return [tag(first), ...former.map(tag)];
  }

  [Symbol.dispose](): void {
    for (const key of this.#tagKeys.values()) wipe(key);
  }

  #tagKey(auditKey: Uint8Array): Uint8Array {
    const known = this.#tagKeys.get(auditKey) ?? hkdfKey(auditKey, use);
    this.#tagKeys.set(auditKey, known);
    return known;
  }
}

function fieldOf({ id, cameraId, startedAtMs, lastSeenMs, outcome }: PassagePlace) {
  return places.passageContent(id, [cameraId, String(startedAtMs), String(lastSeenMs), outcome]);
}

function clipFieldOf(place: ClipPlace) {
  return places.passageClipKey(place.passageId, clipFields(place));
}
