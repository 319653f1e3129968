import { join } from 'node:path';
import { badInput, messageOf, RollcallError } from '../../base/errors.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { moveKeyFile } from '../../host/key-file.js';
import { areEqual, wipe } from '../../host/sodium.js';
import { currentUser, ownerText } from '../../host/system-user.js';
import { keyIdOf } from './key-id.js';
import type { CreatedKey, InspectableKeyProvider, KeyProviderReport, KeyRecovery } from './key-provider.js';
import { refusedBy, wrongKey } from './refusals.js';
import { idIfReadable, readSecretKey, type SecretKeyPlace } from './secret-key.js';

/** What the name of the key that a rotation goes to ends with. */
const nextSuffix = '.next';

/**
 * The KEK as a secret of 32 bytes that somebody else made and keeps: a systemd credential, else a file in the
 * secrets directory. The secret called `name` is the key; `name.next` is the one a rotation goes to.
 */
export class SecretKeyProvider implements InspectableKeyProvider {
  readonly kind = 'secret';
  readonly #name: string;
  readonly #nextName: string;
  readonly #places: CredentialPlaces;
  /** The places without systemd's: a credential must not hide a file of the same name that a rotation moved. */
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
    for (const look of this.#looks()) {
      try {
        const kek = await readSecretKey(look);
        if (kek === undefined) continue;
        const foundId = keyIdOf(kek);
        if (foundId === keyId) {
          this.#inForceId = keyId;
          return { outcome: 'recovered', kek };
        }
        foundIds.add(foundId);
        wipe(kek);
      } catch (error) {
        // Another candidate may be the key; told below if none is.
        failures.push(error);
      }
    }
    if (failures.length > 0) return refusedBy(failures[0]);
    if (foundIds.size > 0) return wrongKey(this.description, keyId, [...foundIds]);
    return {
      outcome: 'refused',
      code: 'key-missing',
      message: `there is no gallery key: ${this.description} does not exist, and the gallery needs the key ${keyId}`,
      remedy: `put the key file back as ${this.#path(this.#name)} (mode 0600) or as the systemd credential "${this.#name}"; without it nothing in the gallery can be read`,
    };
  }

  /**
   * Moves the file of the key in force over that of the old key where this process may. Where it may not, or where
   * the old key is a systemd credential, both stay: the next start finds the right one by its id.
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
        return { ...about, isUsable: false, message: 'there is no such secret yet', remedy: this.#remedy() };
      }
      if (nextId === undefined) return { ...usable, message: `holds the key ${id}` };
      const message = `"${this.#nextName}" holds the key ${nextId}, "${this.#name}" ${id ?? 'does not exist'}`;
      if (nextId !== this.#inForceId) return { ...usable, message };
      const remedy = `make it the secret "${this.#name}" and remove the old one`;
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
    throw badInput('key-missing', `there is no gallery key: ${this.description} does not exist`, {
      remedy: this.#remedy(),
    });
  }

  async #next(): Promise<Uint8Array> {
    const next = await readSecretKey({ name: this.#nextName, places: this.#places });
    if (next === undefined) throw this.#nextMissing('does not exist');
    const current = await readSecretKey({ name: this.#name, places: this.#places });
    const isSame = current !== undefined && areEqual(current, next);
    if (current !== undefined) wipe(current);
    if (!isSame && keyIdOf(next) !== this.#inForceId) return next;
    wipe(next);
    throw this.#nextMissing('is the key in force');
  }

  #nextMissing(why: string): RollcallError {
    const path = this.#path(this.#nextName);
    return badInput('key-next-missing', `the secret "${this.#nextName}" ${why}: there is no new key`, {
      remedy: `write 32 new random bytes to ${path}, owned by the user that the daemon runs as, mode 0600 ((umask 077; head -c 32 /dev/urandom > ${path}; chown ${ownerText(currentUser())} ${path})); or hand them over as the systemd credential "${this.#nextName}" and restart; keep a copy off the box first`,
    });
  }

  #remedy(): string {
    return `make one with 'rollcall key init', or hand 32 random bytes over as the systemd credential "${this.#name}"`;
  }

  #path(name: string): string {
    return join(this.#places.secretsDirectory, name);
  }

  #looks(): readonly SecretKeyPlace[] {
    const names = [this.#name, this.#nextName];
    return [this.#places, this.#filePlaces].flatMap((places) => names.map((name) => ({ name, places })));
  }

  async #isSettled(keyId: string): Promise<boolean> {
    return (await idIfReadable({ name: this.#name, places: this.#places })) === keyId;
  }

  /** Whether systemd hands the old key over: then no file of that name would be read. */
  async #isCredential(): Promise<boolean> {
    const withCredentials = await idIfReadable({ name: this.#name, places: this.#places });
    return withCredentials !== (await idIfReadable({ name: this.#name, places: this.#filePlaces }));
  }
}
