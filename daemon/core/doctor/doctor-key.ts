import { stat } from 'node:fs/promises';
import { galleryKeyUse } from '../../contract/settings/machine-needs.js';
import type { Config } from '../../contract/settings/schema.js';
import type { BoxStatus } from '../../contract/status.js';
import { said } from '../../kernel/said.js';
import { type HostView, secretFinding, secretOf } from './doctor-host.js';
import { doctor, type Finding, finding, ok, saidOf } from './finding.js';
import { rotationOf } from './rotation-text.js';

const check = doctor('check-gallery-key');

/** Whether the daemon finds the gallery key. `gallery`: the status of a running daemon. */
export async function keyFinding(
  { gallery: { key: name, path } }: { readonly gallery: Pick<Config['gallery'], 'key' | 'path'> },
  view: HostView,
  gallery: BoxStatus['gallery'] | undefined,
): Promise<Finding> {
  if (gallery?.keyProvider === 'passphrase') return ok(check, doctor('key-passphrase'));
  if (gallery?.keyProvider === 'tpm') return ok(check, doctor('key-tpm'));
  const secret = secretOf(galleryKeyUse, name, view);
  const isMissing = secret === undefined || secret.problem?.code === 'credential-missing';
  const found = secret === undefined ? undefined : await secretFinding(check, secret, view);
  if (found !== undefined && (!isMissing || found.outcome === 'ok')) return found;
  if (gallery?.state === 'open') return missingSecretFinding(name);
  if (gallery === undefined && (await exists(path))) return uncertainKeyFinding(name);
  return finding(check, 'failed', {
    message: found?.says.message ?? said('errors/credential-missing', { name }),
    remedy: doctor('remedy-key-missing', { name }),
  });
}

/** The daemon read the key when it started; since then the secret has disappeared. */
const missingSecretFinding = (name: string): Finding =>
  finding(check, 'warning', {
    message: doctor('key-disappeared', { name }),
    remedy: doctor('remedy-key-disappeared'),
  });

/** The gallery has a key, but only the daemon knows its provider. */
const uncertainKeyFinding = (name: string): Finding =>
  finding(check, 'warning', {
    message: doctor('key-without-file', { name }),
    remedy: doctor('remedy-key-without-file'),
  });

/** Empty if no rotation is under way. */
export function rotationFindings({ rotation }: BoxStatus['gallery']): readonly Finding[] {
  if (rotation === undefined) return [];
  const { problem, ...progress } = rotation;
  const { state } = progress;
  const about = doctor('check-key-rotation');
  const progressed = rotationOf(progress);
  if (state === 'running') return [ok(about, progressed)];
  const why = problem === undefined ? undefined : saidOf(problem);
  return [
    finding(about, state === 'failed' ? 'failed' : 'warning', {
      message: why === undefined ? progressed : doctor('with-reason', { what: progressed, why: why.message }),
      remedy: why?.remedy ?? doctor('remedy-key-rotation'),
    }),
  ];
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
