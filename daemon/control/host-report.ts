import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { isRollcallError, messageOf } from '../base/errors.js';
import type { FoundCredential } from '../host/credentials.js';
import { freeBytesAt } from '../host/free-space.js';
import type { SystemUser } from '../host/system-user.js';
import { requireUserPassword } from '../host/user-password-secret.js';
import { certificateFacts } from '../publish/broker/certificate-facts.js';
import { type CertificateStatus, certificateStatus } from '../publish/broker/certificate-watch.js';
import { parseClientCertificate } from '../publish/broker/client-certificate.js';

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What the look for one secret found; never its value. */
export interface SecretReport {
  /** What it is for: `camera door`. */
  readonly what: string;
  readonly name: string;
  /** The kind of place where the secret was found; absent where it cannot be read. */
  readonly source?: FoundCredential['source'];
  /** Why it cannot be used; absent where it can. */
  readonly problem?: Problem;
  /** Of a client certificate: how long it is in force. */
  readonly certificate?: CertificateStatus;
}

export interface DirectoryReport {
  /** What is kept there: `data`, `gallery`, `records`. */
  readonly what: string;
  readonly path: string;
  /**
   * Why it cannot be written: `missing`, `read-only` (the file system, or the sandbox of the service), `not-permitted`
   * (it belongs to another user). Absent where it can.
   */
  readonly fault?: 'missing' | 'read-only' | 'not-permitted';
  /** Absent where it cannot be looked at. */
  readonly freeBytes?: number;
}

/** What a process finds on this machine: its user, its credentials, its view of the file system. */
export interface HostReport {
  readonly user: SystemUser;
  readonly secrets: readonly SecretReport[];
  readonly directories: readonly DirectoryReport[];
}

export interface HostQuestion {
  readonly user: SystemUser;
  readonly secrets: readonly {
    readonly what: string;
    readonly name: string;
    readonly form: 'user-password' | 'client-certificate' | 'any';
  }[];
  /** The path of each directory, under the name of what it holds: `data`, `gallery`, `records`. */
  readonly directories: Readonly<Record<string, string>>;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Reads a secret as the daemon reads it; what it gives is wiped here. */
  readonly find: (name: string) => Promise<FoundCredential>;
  /** Why the user may not write there; by default what the system says of this process. */
  readonly faultOf?: (path: string) => Promise<DirectoryReport['fault']>;
}

/**
 * Looks at what the daemon needs of its machine. The daemon asks this of itself for `doctor`; where no daemon runs, `doctor`
 * asks it for the daemon's user.
 */
export async function reportOnHost(question: HostQuestion): Promise<HostReport> {
  const { user, directories, faultOf = faultForThisProcess } = question;
  const secrets: SecretReport[] = [];
  for (const secret of question.secrets) secrets.push(await reportOnSecret(secret, question));
  const reports = Object.entries(directories).map(([what, path]) => reportOnDirectory(what, path, faultOf));
  return { user, secrets, directories: await Promise.all(reports) };
}

async function reportOnSecret(
  { what, name, form }: HostQuestion['secrets'][number],
  { find, nowMs }: HostQuestion,
): Promise<SecretReport> {
  let source: FoundCredential['source'] | undefined;
  try {
    const found = await find(name);
    source = found.source;
    try {
      if (form === 'user-password') requireUserPassword(name, found.bytes);
      if (form !== 'client-certificate') return { what, name, source };
      const { certificate, key } = parseClientCertificate(name, found.bytes);
      key.fill(0);
      const status = certificateStatus('client', certificateFacts(certificate), nowMs);
      return { what, name, source, certificate: status };
    } finally {
      found.bytes.fill(0);
    }
  } catch (error) {
    if (isRollcallError(error) && error.kind === 'defect') throw error;
    const { code, remedy } = isRollcallError(error) ? error : { code: 'internal', remedy: undefined };
    const problem = { code, message: messageOf(error), remedy: remedy ?? 'read the log of rollcalld' };
    return { what, name, ...(source === undefined ? {} : { source }), problem };
  }
}

async function reportOnDirectory(
  what: string,
  path: string,
  faultOf: NonNullable<HostQuestion['faultOf']>,
): Promise<DirectoryReport> {
  const fault = await faultOf(path);
  const about = fault === undefined ? { what, path } : { what, path, fault };
  try {
    return { ...about, freeBytes: await freeBytesAt(path) };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return about;
    throw error;
  }
}

async function faultForThisProcess(path: string): Promise<DirectoryReport['fault']> {
  try {
    await access(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return directoryFault(error);
  }
}

/** What an error of the file system says of a directory. */
export function directoryFault(error: unknown): NonNullable<DirectoryReport['fault']> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'EROFS' ? 'read-only' : 'not-permitted';
}
