import { stat } from 'node:fs/promises';
import type { Config } from '../../contract/settings/schema.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { ownSecretPath, ownSecretsOnly } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { isRollcallError } from '../../kernel/errors.js';
import { refusal } from '../../words/errors.js';
import { BOX_KEY_BYTES } from '../identity/box-key.js';
import { boxKeyName, nextBoxKeyName } from '../identity/box-key-search.js';
import { openAsDaemon } from './daemon-user.js';
import { doctor, type Finding, failed, finding, ok } from './finding.js';

const check = doctor('check-box-key');

/** Whether the files of the box key have the right size and are protected from other users. */
export async function boxKeyFinding(
  { dataDir }: Pick<Config, 'dataDir'>,
  places: CredentialPlaces,
): Promise<Finding> {
  const own = { ...places, ...ownSecretsOnly({ dataDir }) };
  try {
    const found: string[] = [];
    for (const name of [boxKeyName, nextBoxKeyName]) {
      for (const where of [places, own]) if (await isUsable(name, where)) found.push(name);
    }
    return found.length > 0 ? ok(check, doctor('box-key-protected')) : ok(check, doctor('box-key-not-yet'));
  } catch (error) {
    return failed(check, error);
  }
}

/** False if the file does not exist. */
async function isUsable(name: string, places: CredentialPlaces): Promise<boolean> {
  try {
    const bytes = await openAsDaemon(name, places);
    const isWhole = bytes.length === BOX_KEY_BYTES;
    wipe(bytes);
    if (isWhole) return true;
  } catch (error) {
    if (isRollcallError(error, 'credential-missing')) return false;
    throw error;
  }
  throw refusal('box-key-malformed:size', { name, boxKeyBytes: BOX_KEY_BYTES });
}

const plainCheck = doctor('check-plain-keys');

/** Warns of keys in plain files beside the data: a thief of the disk would have both. */
export async function plainKeysFinding({ dataDir }: Pick<Config, 'dataDir'>): Promise<Finding> {
  const names = ['audit-key', 'accounts-key', boxKeyName, nextBoxKeyName];
  const paths = names.map((name) => ownSecretPath(name, { dataDir }));
  const plain: string[] = [];
  for (const path of paths) {
    try {
      await stat(path);
      plain.push(path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') {
        return finding(plainCheck, 'warning', {
          message: doctor('plain-keys-unchecked', { path }),
          remedy: doctor('remedy-as-root'),
        });
      }
    }
  }
  if (plain.length === 0) return ok(plainCheck, doctor('plain-keys-none'));
  return finding(plainCheck, 'warning', {
    message: doctor('plain-keys', { paths: plain.join(', ') }),
    remedy: doctor('remedy-plain-keys'),
  });
}
