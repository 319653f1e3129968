import { stat } from 'node:fs/promises';
import { badInput, isRollcallError } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { ownPlaces, ownSecretPath } from '../../host/own-secret.js';
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

const plainCheck = 'keys beside the data';

/** Whether keys of the box lie as plain files beside the data that they prove: a thief of the one has the other. */
export async function plainKeysFinding({ dataDir }: Pick<Config, 'dataDir'>): Promise<Finding> {
  const paths = ['audit-key', boxKeyName, nextBoxKeyName].map((name) => ownSecretPath(name, { dataDir }));
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
          message: `your user may not look at ${path}`,
          remedy: 'run this as root',
        };
      }
    }
  }
  if (plain.length === 0) return ok(plainCheck, 'there are none');
  return {
    check: plainCheck,
    outcome: 'warning',
    message: `${plain.join(', ')} can be read by a thief of the disk, together with the data`,
    remedy:
      "run scripts/install again: it hands them over as systemd credentials, encrypted for this machine; or do it by hand, see 'Keys of the box' in systemd/README.md",
  };
}
