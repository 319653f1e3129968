import { rm } from 'node:fs/promises';
import {
  type OwnSecretPlaces,
  openCredentialIfPresent,
  ownSecretPath,
  ownSecretsOnly,
  replaceOwnSecret,
} from '../../host/own-secret.js';
import { type KeyPair, SECRET_KEY_BYTES } from '../../host/sealed-box.js';
import { wipe } from '../../host/sodium.js';
import { isRollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { keyPairOf } from './box-key.js';

/** X25519 secret keys of former box keys, one after the other. */
const secretName = 'box-key-former';

/** Reads the former X25519 keys. The caller wipes the secret halves. @throws `box-key-malformed`, what `openCredential` throws */
export async function readFormerSealingKeys(places: OwnSecretPlaces): Promise<readonly KeyPair[]> {
  const bytes = await openCredentialIfPresent(secretName, ownSecretsOnly(places)).catch((error: unknown) => {
    throw isRollcallError(error, 'credential-empty') ? malformed(0) : error;
  });
  if (bytes === undefined) return [];
  try {
    const count = bytes.length / SECRET_KEY_BYTES;
    if (!Number.isInteger(count)) throw malformed(bytes.length);
    return Array.from({ length: count }, (_, index) =>
      keyPairOf(bytes.subarray(index * SECRET_KEY_BYTES, (index + 1) * SECRET_KEY_BYTES)),
    );
  } finally {
    wipe(bytes);
  }
}

/** Replaces all stored keys. @throws what `replaceOwnSecret` throws */
export async function writeFormerSealingKeys(
  places: OwnSecretPlaces,
  pairs: readonly KeyPair[],
): Promise<void> {
  const path = ownSecretPath(secretName, places);
  if (pairs.length === 0) return rm(path, { force: true });
  const bytes = Buffer.concat(pairs.map(({ secretKey }) => secretKey));
  try {
    await replaceOwnSecret(path, bytes);
  } finally {
    wipe(bytes);
  }
}

function malformed(bytes: number) {
  return refusal('box-key-malformed:former', { name: secretName }, { details: { bytes } });
}
