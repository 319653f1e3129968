import { stat } from 'node:fs/promises';
import { galleryKeyUse } from '../../config/machine-needs.js';
import type { Config } from '../../config/schema.js';
import type { BoxStatus } from '../../control/box-control.js';
import { describeRotation } from '../key/key-text.js';
import { type Finding, ok } from './doctor-finding.js';
import { type HostView, secretFinding, secretOf } from './doctor-host.js';

const check = 'gallery key';

/** Whether the daemon finds the gallery's key. `gallery`: what the daemon says of it, where it runs. */
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
  if (gallery?.state === 'open') return goneFinding(name);
  if (gallery === undefined && (await exists(path))) return unknownKey(name);
  return {
    check,
    outcome: 'failed',
    message: found?.message ?? `the secret "${name}" does not exist`,
    remedy: `run 'rollcall key init', or hand over the credential "${name}"`,
  };
}

/** The daemon read it at its start. */
const goneFinding = (name: string): Finding => ({
  check,
  outcome: 'warning',
  message: `the gallery is open, but the daemon does not find the secret "${name}" any more`,
  remedy:
    "put it back before the next start of the daemon; 'rollcall key status' tells which key is in force, and 'rollcall key providers' where it is",
});

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
