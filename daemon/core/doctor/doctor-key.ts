import { stat } from 'node:fs/promises';
import { galleryKeyUse } from '../../contract/settings/machine-needs.js';
import type { Config } from '../../contract/settings/schema.js';
import type { BoxStatus } from '../../contract/status.js';
import { type HostView, secretFinding, secretOf } from './doctor-host.js';
import { type Finding, ok } from './finding.js';
import { describeRotation } from './rotation-text.js';

const check = 'gallery key';

/** Whether the daemon finds the gallery key. `gallery`: the status of a running daemon. */
export async function keyFinding(
  { gallery: { key: name, path } }: { readonly gallery: Pick<Config['gallery'], 'key' | 'path'> },
  view: HostView,
  gallery: BoxStatus['gallery'] | undefined,
): Promise<Finding> {
  if (gallery?.keyProvider === 'passphrase') return ok(check, 'comes from a passphrase');
  if (gallery?.keyProvider === 'tpm') return ok(check, 'is sealed to the TPM of this box');
  const secret = secretOf(galleryKeyUse, name, view);
  const isMissing = secret === undefined || secret.problem?.code === 'credential-missing';
  const found = secret === undefined ? undefined : await secretFinding(check, secret, view);
  if (found !== undefined && (!isMissing || found.outcome === 'ok')) return found;
  if (gallery?.state === 'open') return missingSecretFinding(name);
  if (gallery === undefined && (await exists(path))) return uncertainKeyFinding(name);
  return {
    check,
    outcome: 'failed',
    message: found?.message ?? `the secret "${name}" does not exist`,
    remedy: `Run 'rollcall key init', or provide the systemd credential "${name}".`,
  };
}

/** The daemon read the key when it started; since then the secret has disappeared. */
const missingSecretFinding = (name: string): Finding => ({
  check,
  outcome: 'warning',
  message: `the gallery is open, but the secret "${name}" has disappeared`,
  remedy:
    "Put the secret back before the daemon starts again; 'rollcall key status' shows the current key, 'rollcall key providers' shows where it can come from.",
});

/** The gallery has a key, but only the daemon knows its provider. */
function uncertainKeyFinding(name: string): Finding {
  return {
    check,
    outcome: 'warning',
    message: `the secret "${name}" has no file`,
    remedy:
      'Start the daemon and run this command again: a key from a systemd credential, a passphrase or the TPM needs no file; otherwise put the file back.',
  };
}

/** Empty if no rotation is under way. */
export function rotationFindings({ rotation }: BoxStatus['gallery']): readonly Finding[] {
  if (rotation === undefined) return [];
  const { problem, ...progress } = rotation;
  const { state } = progress;
  const about = { check: 'key rotation', message: describeRotation(progress) };
  if (state === 'running') return [{ ...about, outcome: 'ok' }];
  const message = problem === undefined ? about.message : `${about.message}: ${problem.message}`;
  const remedy = problem?.remedy || 'Restart the daemon: the rotation then continues.';
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
