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
import { type Finding, failed, ok } from './finding.js';

const check = 'box key';

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
    return found.length > 0
      ? ok(check, 'exists and is protected from other users')
      : ok(check, 'no file yet: the daemon creates the key at its first start, or gets it as a credential');
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

const plainCheck = 'keys beside the data';

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
        return {
          check: plainCheck,
          outcome: 'warning',
          message: `your user may not check ${path}`,
          remedy: 'Run this command as root.',
        };
      }
    }
  }
  if (plain.length === 0) return ok(plainCheck, 'none');
  return {
    check: plainCheck,
    outcome: 'warning',
    message: `a thief of the disk can read ${plain.join(', ')} together with the data`,
    remedy:
      "Run scripts/install again: it turns these files into systemd credentials, encrypted for this machine; or do this by hand, see 'Keys of the box' in systemd/README.md.",
  };
}
