import { join } from 'node:path';
import type { CredentialPlaces } from '../../../host/credentials.js';
import { moveKeyFile } from '../../../host/key-file.js';
import { areEqual, wipe } from '../../../host/sodium.js';
import { currentUser, ownerText } from '../../../host/system-user.js';
import { messageOf, RollcallError } from '../../../kernel/errors.js';
import { refusal } from '../../../words/errors.js';
import { keyIdOf } from './key-id.js';
import type { CreatedKey, InspectableKeyProvider, KeyProviderReport, KeyRecovery } from './key-provider.js';
import { refusedBy, wrongKey } from './refusals.js';
import { idIfReadable, readSecretKey, type SecretKeyPlace } from './secret-key.js';

/** Suffix of the name of the next key, for a rotation. */
const nextSuffix = '.next';

/**
 * The KEK as an external secret of 32 bytes: a systemd credential, or a file in the secrets directory. The secret `name` is the
 * present key, and `name.next` is the next key, for a rotation.
 */
export class SecretKeyProvider implements InspectableKeyProvider {
  readonly kind = 'secret';
  readonly #name: string;
  readonly #nextName: string;
  readonly #places: CredentialPlaces;
  /** The places without systemd credentials: a credential must not hide a file of the same name that a rotation moved. */
  readonly #filePlaces: CredentialPlaces;
  #inForceId: string | undefined;

  constructor(name: string, places: CredentialPlaces) {
    this.#name = name;
    this.#nextName = `${name}${nextSuffix}`;
    this.#places = places;
    this.#filePlaces = { ...places, credentialsDirectory: '' };
  }

  get description(): string {
    return `the secret "${this.#name}"`;
  }

  async create(purpose: 'first' | 'rotation'): Promise<CreatedKey> {
    return { kek: purpose === 'first' ? await this.#first() : await this.#next(), parameters: {} };
  }

  async recover(keyId: string): Promise<KeyRecovery> {
    const foundIds = new Set<string>();
    const failures: unknown[] = [];
    for (const place of this.#candidates()) {
      try {
        const kek = await readSecretKey(place);
        if (kek === undefined) continue;
        const foundId = keyIdOf(kek);
        if (foundId === keyId) {
          this.#inForceId = keyId;
          return { outcome: 'recovered', kek };
        }
        foundIds.add(foundId);
        wipe(kek);
      } catch (error) {
        // Reported below, unless another candidate is the key.
        failures.push(error);
      }
    }
    if (failures.length > 0) return refusedBy(failures[0]);
    if (foundIds.size > 0) return wrongKey(this.description, keyId, [...foundIds]);
    return {
      outcome: 'refused',
      code: 'key-missing',
      message: `the gallery key is missing: ${this.description} does not exist, and the gallery needs the key ${keyId}`,
      remedy: `Put the key file back as ${this.#path(this.#name)} (mode 0600), or as the systemd credential "${this.#name}". Without the key the gallery cannot be read.`,
    };
  }

  /**
   * Replaces the file of the old key with the file of the key in force, if this process may do so and the old key is not a systemd
   * credential. Otherwise both stay, and the next start finds the right one by its id.
   */
  async settle(keyId: string): Promise<void> {
    this.#inForceId = keyId;
    if (await this.#isSettled(keyId)) return;
    const next = await readSecretKey({ name: this.#nextName, places: this.#filePlaces });
    if (next === undefined) return;
    const isInForce = keyIdOf(next) === keyId;
    wipe(next);
    if (!isInForce || (await this.#isCredential())) return;
    await moveKeyFile(this.#path(this.#nextName), this.#path(this.#name));
  }

  async inspect(): Promise<KeyProviderReport> {
    const about = { kind: this.kind, description: this.description } as const;
    const usable = { ...about, isUsable: true } as const;
    try {
      const key = await readSecretKey({ name: this.#name, places: this.#places });
      const next = await readSecretKey({ name: this.#nextName, places: this.#places });
      const ids = [key, next].map((each) => (each === undefined ? undefined : keyIdOf(each)));
      if (key !== undefined) wipe(key);
      if (next !== undefined) wipe(next);
      const [id, nextId] = ids;
      if (id === undefined && nextId === undefined) {
        return {
          ...about,
          isUsable: false,
          message: 'the secret does not exist yet',
          remedy: this.#remedy(),
        };
      }
      if (nextId === undefined) return { ...usable, message: `contains the key ${id}` };
      const message = `"${this.#nextName}" contains the key ${nextId}, "${this.#name}" ${id ?? 'does not exist'}`;
      if (nextId !== this.#inForceId) return { ...usable, message };
      const remedy = `Make it the secret "${this.#name}" and delete the old one.`;
      return { ...usable, message: `the key in force is in "${this.#nextName}": ${message}`, remedy };
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      const { remedy } = error;
      return {
        ...about,
        isUsable: false,
        message: messageOf(error),
        ...(remedy === undefined ? {} : { remedy }),
      };
    }
  }

  async #first(): Promise<Uint8Array> {
    const kek = await readSecretKey({ name: this.#name, places: this.#places });
    if (kek !== undefined) return kek;
    throw refusal('key-missing', { description: this.description }, { remedy: this.#remedy() });
  }

  async #next(): Promise<Uint8Array> {
    const next = await readSecretKey({ name: this.#nextName, places: this.#places });
    if (next === undefined) throw this.#nextMissing('does not exist');
    const current = await readSecretKey({ name: this.#name, places: this.#places });
    const isSame = current !== undefined && areEqual(current, next);
    if (current !== undefined) wipe(current);
    if (!isSame && keyIdOf(next) !== this.#inForceId) return next;
    wipe(next);
    throw this.#nextMissing('is the present key');
  }

  #nextMissing(why: string): RollcallError {
    const path = this.#path(this.#nextName);
    return refusal('key-next-missing', { name: this.#nextName, why, path, owner: ownerText(currentUser()) });
  }

  #remedy(): string {
    return `Create a key with 'rollcall key init', or pass 32 random bytes as the systemd credential "${this.#name}".`;
  }

  #path(name: string): string {
    return join(this.#places.secretsDirectory, name);
  }

  #candidates(): readonly SecretKeyPlace[] {
    const names = [this.#name, this.#nextName];
    return [this.#places, this.#filePlaces].flatMap((places) => names.map((name) => ({ name, places })));
  }

  async #isSettled(keyId: string): Promise<boolean> {
    return (await idIfReadable({ name: this.#name, places: this.#places })) === keyId;
  }

  /** Whether the old key is a systemd credential, which hides a file of that name. */
  async #isCredential(): Promise<boolean> {
    const withCredentials = await idIfReadable({ name: this.#name, places: this.#places });
    return withCredentials !== (await idIfReadable({ name: this.#name, places: this.#filePlaces }));
  }
}
