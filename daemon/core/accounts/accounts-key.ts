import { createKeyFile, moveKeyFile } from '../../host/key-file.js';
import { hkdfKey } from '../../host/keyed-hash.js';
import {
  type OwnSecretPlaces,
  openCredentialIfPresent,
  ownSecretPath,
  ownSecretsOnly,
} from '../../host/own-secret.js';
import { KEY_BYTES, newRandomBytes, wipe } from '../../host/sodium.js';
import { type VapidKey, vapidKeyOf } from '../../host/web-push.js';
import { isRollcallError, type RollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';

const secretName = 'accounts-key';

/** Keys for the accounts, each for one use, in guarded memory. */
export interface AccountsKeys extends Disposable {
  /** Seals the secrets of authenticators. */
  readonly sealing: Uint8Array;
  /** Seed of the Ed25519 key that signs access tokens. */
  readonly signing: Uint8Array;
  /** Hashes names and addresses of failed logins. */
  readonly hiding: Uint8Array;
  /** Push services recognise the box by it. */
  readonly vapid: VapidKey;
  /** Why an existing key file cannot be used. */
  readonly damage: RollcallError | undefined;
}

/**
 * The keys of the accounts, derived from the secret `accounts-key`: a systemd credential, a secret file, or the box's own file,
 * which is created at the first start. A damaged key does not stop the box: it uses a key of its own, renames its own damaged file
 * to `accounts-key.damaged`, and reports `damage`. Access tokens then end, and authenticators must be set up again, but passwords
 * and recovery codes still work.
 * @throws the errors of `openCredential` for a secret that is unreadable or that others can read, and the errors of
 *   `createKeyFile` and `moveKeyFile`
 */
export async function openAccountsKeys(places: OwnSecretPlaces): Promise<AccountsKeys> {
  const { bytes, damage } = await openMaster(places);
  try {
    const sealing = hkdfKey(bytes, 'rollcall accounts: secrets of authenticators 1');
    const signing = hkdfKey(bytes, 'rollcall accounts: access tokens 1');
    const hiding = hkdfKey(bytes, 'rollcall accounts: failed logins 1');
    const pushing = hkdfKey(bytes, 'rollcall accounts: push services 1');
    const vapid = vapidKeyOf(pushing);
    wipe(pushing);
    return {
      ...{ sealing, signing, hiding, vapid, damage },
      [Symbol.dispose]() {
        for (const key of [sealing, signing, hiding]) wipe(key);
      },
    };
  } finally {
    wipe(bytes);
  }
}

interface Master {
  readonly bytes: Uint8Array;
  readonly damage: RollcallError | undefined;
}

async function openMaster(places: OwnSecretPlaces): Promise<Master> {
  const path = ownSecretPath(secretName, places);
  let damage: RollcallError | undefined;
  for (const where of [places, ownSecretsOnly(places)]) {
    try {
      const found = await openCredentialIfPresent(secretName, where);
      if (found !== undefined) return { bytes: checked(found), damage };
    } catch (error) {
      if (!isRollcallError(error, 'accounts-key-malformed') && !isRollcallError(error, 'credential-empty')) {
        throw error;
      }
      damage ??= isRollcallError(error, 'credential-empty') ? malformed(0) : error;
      if (where !== places) await moveKeyFile(path, `${path}.damaged`);
    }
  }
  const bytes = newRandomBytes(KEY_BYTES);
  await createKeyFile(path, bytes);
  return { bytes, damage };
}

function checked(bytes: Buffer): Uint8Array {
  if (bytes.length === KEY_BYTES && bytes.some((byte) => byte !== 0)) return bytes;
  wipe(bytes);
  throw malformed(bytes.length);
}

function malformed(bytes: number): RollcallError {
  const what = bytes === 0 ? 'is empty' : 'is damaged: it does not have the form of a key';
  return refusal(
    'accounts-key-malformed',
    { name: secretName, what },
    { details: { name: secretName, bytes, expected: KEY_BYTES } },
  );
}
