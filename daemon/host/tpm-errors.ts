import { access, constants } from 'node:fs/promises';
import { messageOf, operational, type RollcallError } from '../kernel/errors.js';
import type { TpmToolSettings } from './tpm-tool.js';

export function toolsMissing(program: string): RollcallError {
  return operational('tpm-tools-missing', `the program ${program} is not installed`, {
    remedy: 'Install tpm2-tools (Debian, Ubuntu: apt-get install tpm2-tools).',
    details: { program },
  });
}

/** Explains why no TPM is available, with the reason from the file system where there is one. */
export async function tpmMissing(tcti: string, complaint: string): Promise<RollcallError> {
  const device = /^device:(\/.*)$/.exec(tcti)?.[1];
  const why = device === undefined ? complaint : ((await deviceProblem(device)) ?? complaint);
  return operational('tpm-missing', `no usable TPM at ${tcti}: ${why}`, {
    remedy:
      'Switch on the TPM in the firmware (often called PTT or fTPM), and let the user of the daemon use it: add the user to the group tss, and with systemd add the lines of docs/reference/keys.md to the unit.',
    details: { tcti },
  });
}

async function deviceProblem(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'the device does not exist, or the service cannot see it';
    if (code === 'EACCES' || code === 'EPERM') return 'this user may not use the device';
    return messageOf(error);
  }
}

export function tpmSilent(program: string, { tcti, timeoutMs }: TpmToolSettings): RollcallError {
  return operational('tpm-silent', `the TPM at ${tcti} did not answer within ${timeoutMs} ms`, {
    remedy:
      'Try again; if that does not help, check whether another program uses the TPM, or switch the machine off and on.',
    details: { program, tcti, timeoutMs },
    retryable: true,
  });
}

export function tpmRefused(program: string, complaint: string): RollcallError {
  return operational('tpm-refused', `the TPM refused (${program}): ${complaint}`, {
    remedy:
      'Remove an owner password or a lockout of the TPM; if another TPM sealed the key, or this TPM was cleared after it sealed the key, restore a backup.',
    details: { program },
  });
}
