import { badInput, isRollcallError } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { ownPlaces } from '../../host/own-secret.js';
import { wipe } from '../../host/sodium.js';
import { BOX_KEY_BYTES } from '../../publish/identity/box-key.js';
import { boxKeyName, nextBoxKeyName } from '../../publish/identity/box-key-search.js';
import { type Finding, failed, ok } from './doctor-finding.js';
import { openAsDaemon } from './doctor-secret.js';

const check = 'box key';

/** Whether the key that the box signs with, where it lies in a file, is whole and closed to others. */
export async function boxKeyFinding(
  { dataDir }: Pick<Config, 'dataDir'>,
  places: CredentialPlaces,
): Promise<Finding> {
  const own = { ...places, ...ownPlaces({ dataDir }) };
  try {
    const found: string[] = [];
    for (const name of [boxKeyName, nextBoxKeyName]) {
      for (const where of [places, own]) if (await isUsable(name, where)) found.push(name);
    }
    return found.length > 0
      ? ok(check, 'is there and closed to others')
      : ok(check, 'there is none yet: the daemon makes one at its first start, or has it as a credential');
  } catch (error) {
    return failed(check, error);
  }
}

/** False where there is no such file. */
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
  throw badInput('box-key-malformed', `the secret "${name}" does not have the size of a box key`, {
    remedy: `it has ${BOX_KEY_BYTES} bytes: put it back as it was written`,
  });
}
