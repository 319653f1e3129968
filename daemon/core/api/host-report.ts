import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type { DirectoryReport, HostReport, SecretReport } from '../../contract/host.js';
import type { NamedSecret } from '../../contract/settings/machine-needs.js';
import type { FoundCredential } from '../../host/credentials.js';
import { freeBytesAt } from '../../host/free-space.js';
import type { SystemUser } from '../../host/system-user.js';
import { requireUserPassword } from '../../host/user-password-secret.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import { present } from '../../kernel/present.js';
import { inEnglish } from '../../words/language.js';
import { certificateFacts } from '../delivery/broker/certificate-facts.js';
import { certificateStatus } from '../delivery/broker/certificate-watch.js';
import { parseClientCertificate } from '../delivery/broker/client-certificate.js';

export interface HostQuestion {
  readonly user: SystemUser;
  readonly secrets: readonly NamedSecret[];
  /** The path of each directory, by its content: `data`, `gallery`, `records`. */
  readonly directories: Readonly<Record<string, string>>;
  /** Wall clock, milliseconds since the epoch. */
  readonly nowMs: number;
  /** Reads a secret like the daemon does. The report wipes the result. */
  readonly find: (name: string) => Promise<FoundCredential>;
  /** Why the user may not write there. By default checked for this process. */
  readonly faultOf?: (path: string) => Promise<DirectoryReport['fault']>;
}

/**
 * Checks what the daemon needs from its machine. For `doctor`, the daemon checks itself; while no daemon runs, `doctor`
 * checks for the daemon's user.
 */
export async function reportOnHost(question: HostQuestion): Promise<HostReport> {
  const { user, directories, faultOf = faultForThisProcess } = question;
  const secrets: SecretReport[] = [];
  for (const secret of question.secrets) secrets.push(await reportOnSecret(secret, question));
  const reports = Object.entries(directories).map(([what, path]) => reportOnDirectory(what, path, faultOf));
  return { user, secrets, directories: await Promise.all(reports) };
}

async function reportOnSecret(
  { use, name, form, whose }: HostQuestion['secrets'][number],
  { find, nowMs }: HostQuestion,
): Promise<SecretReport> {
  const what = inEnglish({ what: use });
  let source: FoundCredential['source'] | undefined;
  try {
    const found = await find(name);
    source = found.source;
    try {
      if (form === 'user-password') requireUserPassword(name, found.bytes);
      if (whose === undefined) return { ...what, name, source };
      const { certificate, key } = parseClientCertificate(name, found.bytes);
      key.fill(0);
      const status = certificateStatus(whose, certificateFacts(certificate), nowMs);
      return { ...what, name, source, certificate: status };
    } finally {
      found.bytes.fill(0);
    }
  } catch (error) {
    if (isRollcallError(error) && error.kind === 'defect') throw error;
    const { code, remedy } = isRollcallError(error) ? error : { code: 'internal', remedy: undefined };
    const problem = { code, message: messageOf(error), remedy: remedy ?? 'Read the log of rollcalld.' };
    return { ...what, name, ...present({ source }), problem };
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

/** The problem of a directory, by the error of the file system. */
export function directoryFault(error: unknown): NonNullable<DirectoryReport['fault']> {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'EROFS' ? 'read-only' : 'not-permitted';
}
