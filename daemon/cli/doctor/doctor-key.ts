import { stat } from 'node:fs/promises';
import { isRollcallError } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type { BoxStatus } from '../../control/box-control.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { wipe } from '../../host/sodium.js';
import { describeRotation } from '../key/key-text.js';
import { type Finding, failed, ok } from './doctor-finding.js';
import { openAsDaemon } from './doctor-secret.js';

const check = 'gallery key';

/** Whether the gallery's key is where the daemon looks for it. `gallery`: what the daemon says, where it runs. */
export async function keyFinding(
  { gallery: { key: name, path } }: { readonly gallery: Pick<Config['gallery'], 'key' | 'path'> },
  places: CredentialPlaces,
  gallery: BoxStatus['gallery'] | undefined,
): Promise<Finding> {
  if (gallery?.keyProvider === 'passphrase') return ok(check, 'comes from a passphrase');
  if (gallery?.keyProvider === 'tpm') return ok(check, 'is sealed to the TPM of this box');
  try {
    wipe(await openAsDaemon(name, places));
    return ok(check, `the secret "${name}" is there and closed to others`);
  } catch (error) {
    if (!isRollcallError(error, 'credential-missing')) return failed(check, error);
    if (gallery?.state === 'open') return ok(check, `the daemon has the secret "${name}" as a credential`);
    if (gallery === undefined && (await exists(path))) return unknownKey(name);
    const remedy = `run 'rollcall key init', or hand over the credential "${name}"`;
    return { ...failed(check, error), remedy };
  }
}

/** The gallery has a key already; only the daemon knows which. */
function unknownKey(name: string): Finding {
  return {
    check,
    outcome: 'warning',
    message: `there is no file of the secret "${name}"`,
    remedy:
      'none is needed where the key is a systemd credential, comes from a passphrase or lies in the TPM: start the daemon and look again; otherwise put the file back',
  };
}

/** Nothing where no rotation is under way. */
export function rotationFindings({ rotation }: BoxStatus['gallery']): readonly Finding[] {
  if (rotation === undefined) return [];
  const { problem, ...progress } = rotation;
  const { state } = progress;
  const about = { check: 'key rotation', message: describeRotation(progress) };
  if (state === 'running') return [{ ...about, outcome: 'ok' }];
  const message = problem === undefined ? about.message : `${about.message}: ${problem.message}`;
  const remedy = problem?.remedy || 'it goes on when the daemon is restarted';
  return [{ ...about, message, outcome: state === 'failed' ? 'failed' : 'warning', remedy }];
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code !== 'ENOENT' && error.code !== 'ENOTDIR';
    throw error;
  }
}
