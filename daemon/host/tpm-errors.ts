import { access, constants } from 'node:fs/promises';
import { messageOf, operational, type RollcallError } from '../base/errors.js';
import type { TpmToolSettings } from './tpm-tool.js';

export function toolsMissing(program: string): RollcallError {
  return operational('tpm-tools-missing', `the program ${program} is not installed`, {
    remedy: 'install tpm2-tools (Debian, Ubuntu: apt-get install tpm2-tools)',
    details: { program },
  });
}

/** Says which of the ways to have no TPM this is, where the file system tells. */
export async function tpmMissing(tcti: string, complaint: string): Promise<RollcallError> {
  const device = /^device:(\/.*)$/.exec(tcti)?.[1];
  const why = device === undefined ? complaint : ((await deviceProblem(device)) ?? complaint);
  return operational('tpm-missing', `no TPM can be used at ${tcti}: ${why}`, {
    remedy:
      'switch the TPM on in the firmware (often called PTT or fTPM), and let the user that runs the daemon use it: group tss, and under systemd the lines that docs/keys.md names',
    details: { tcti },
  });
}

async function deviceProblem(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'there is no such device, or the service is not shown it';
    if (code === 'EACCES' || code === 'EPERM') return 'this user may not use it';
    return messageOf(error);
  }
}

export function tpmSilent(program: string, { tcti, timeoutMs }: TpmToolSettings): RollcallError {
  return operational('tpm-silent', `the TPM at ${tcti} gave no answer in ${timeoutMs} ms`, {
    remedy:
      'try again; if it stays silent, another program holds it, or the machine wants to be switched off and on',
    details: { program, tcti, timeoutMs },
    retryable: true,
  });
}

export function tpmRefused(program: string, complaint: string): RollcallError {
  return operational('tpm-refused', `the TPM refused (${program}): ${complaint}`, {
    remedy:
      'if the TPM has an owner password or is locked out after many failures, clear those; a key sealed by another TPM, or before this one was cleared, is lost: restore a backup',
    details: { program },
  });
}
