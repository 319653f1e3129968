import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../kernel/errors.js';
import { currentUser, describeUser, ownerText, type SystemUser } from './system-user.js';

/** The process that needs a file. */
export interface FileUser {
  readonly user: SystemUser;
  /** A service of systemd has its own view of the file system, partly read-only. */
  readonly isService: boolean;
}

/** systemd sets INVOCATION_ID for every service, and is the parent of the service's process. */
const thisProcess = (): FileUser => ({
  user: currentUser(),
  isService: process.env['INVOCATION_ID'] !== undefined && process.ppid === 1,
});

const accessErrors = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS']);

/** Directories that a service with ProtectHome= and PrivateTmp= does not see (systemd.exec(5)). */
const hiddenFromServices = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/**
 * Explains why a process may not read or write at `path`, and what to do. The message names the user of the process, who is
 * often not the reader of the message. `place`: a directory of the box's `own`, or one that a person has `chosen`, whose owner
 * may have to stay. Undefined where the error is not about rights or a missing directory.
 */
export function explainAccess(
  path: string,
  use: 'read' | 'written',
  error: unknown,
  place: 'own' | 'chosen' = 'own',
  { user, isService }: FileUser = thisProcess(),
): { readonly reason: string; readonly remedy: string } | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !accessErrors.has(code)) return undefined;
  const who = `the user ${describeUser(user)}`;
  const directory = dirname(path);
  const owner = ownerText(user);
  const hidden = isService ? hiddenFromServices.find((each) => path.startsWith(`${each}/`)) : undefined;
  if (hidden !== undefined) {
    const remedy = `Choose a directory outside ${hidden}, which the service cannot see; ReadWritePaths= of the unit must allow the service to write there.`;
    return { reason: `${who} cannot see ${path} from the service`, remedy };
  }
  if (code === 'EROFS') {
    const remedy = isService
      ? `Add ReadWritePaths=${directory} to the unit (systemctl edit rollcalld), restart it, and let ${owner} write there.`
      : 'Choose a directory on a writable file system.';
    return { reason: `${directory} is read-only for ${isService ? 'the service' : who}`, remedy };
  }
  const blocked = firstBlocked(directory);
  if (blocked?.isMissing === true) {
    const remedy = `Check the path; if it is right, create the directory for that user: 'install -d -m 700 -o ${owner} ${blocked.path}'.`;
    return { reason: `the directory ${blocked.path} does not exist`, remedy };
  }
  if (blocked !== undefined)
    return {
      reason: `${who} may not enter ${blocked.path}`,
      remedy: `Choose another directory, or let that user enter ${blocked.path}.`,
    };
  if (code === 'ENOENT') return { reason: `${path} does not exist`, remedy: 'Check the path.' };
  if (use === 'read')
    return {
      reason: `${who} may not read ${path}`,
      remedy: `Let that user read it: 'chown ${owner}: ${path}'.`,
    };
  const remedy =
    place === 'own'
      ? `Make that user the owner of the directory: 'chown -R ${owner}: ${directory}'.`
      : `Choose a directory of that user, or create one: install -d -m 700 -o ${owner} ${directory}/rollcall.`;
  return { reason: `${who} may not write to ${directory}`, remedy };
}

/** Explains why a command cannot read a file, for the user who runs the command. */
export function explainReading(error: unknown): { readonly reason: string; readonly remedy: string } {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { reason: 'the file does not exist', remedy: 'Check the path.' };
    case 'EACCES':
    case 'EPERM':
      return {
        reason: 'you may not read the file',
        remedy: 'Make the file readable for your user, or run the command as another user.',
      };
    case 'EISDIR':
      return { reason: 'it is a folder', remedy: 'Give the path of a file.' };
    default:
      return { reason: messageOf(error), remedy: 'Check the path and its permissions.' };
  }
}

/** The first directory on the path to `directory`, inclusive, that does not exist or that this process may not enter. */
function firstBlocked(directory: string): { readonly path: string; readonly isMissing: boolean } | undefined {
  const above = dirname(directory);
  const before = above === directory ? undefined : firstBlocked(above);
  if (before !== undefined) return before;
  try {
    // stat of `.` needs the right to enter the directory, and checks it for the effective user.
    statSync(`${directory}/.`);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { path: directory, isMissing: code === 'ENOENT' || code === 'ENOTDIR' };
  }
}
