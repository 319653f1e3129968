import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../base/errors.js';
import { currentUser, describeUser, ownerText, type SystemUser } from './system-user.js';

/** Who asks for a file. */
export interface FileUser {
  readonly user: SystemUser;
  /** A service of systemd: its view of the file system is its own, and part of it is read-only. */
  readonly isService: boolean;
}

/** systemd tells every service its invocation, and starts it itself. */
const thisProcess = (): FileUser => ({
  user: currentUser(),
  isService: process.env['INVOCATION_ID'] !== undefined && process.ppid === 1,
});

const explained = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS']);

/** What a service with ProtectHome= and PrivateTmp= does not see (systemd.exec(5)). */
const hiddenFromServices = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/**
 * Why a process may not read or write at `path`, and what to do, told for the user that it runs as: that is not the user who
 * reads the message. `place`: one of the box's `own`, which belongs to its user, or one that a person has `chosen`, whose owner
 * may have to stay. Undefined for an error that has nothing to do with rights or with a missing directory.
 */
export function explainAccess(
  path: string,
  use: 'read' | 'written',
  error: unknown,
  place: 'own' | 'chosen' = 'own',
  { user, isService }: FileUser = thisProcess(),
): { readonly says: string; readonly remedy: string } | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !explained.has(code)) return undefined;
  const who = `the user ${describeUser(user)}`;
  const directory = dirname(path);
  const owner = ownerText(user);
  const hidden = isService ? hiddenFromServices.find((each) => path.startsWith(`${each}/`)) : undefined;
  if (hidden !== undefined) {
    const remedy = `choose a directory outside ${hidden}: the service has its own view of it; outside its data it may only write where ReadWritePaths= of the unit allows it`;
    return { says: `${who} does not see ${path} from the service`, remedy };
  }
  if (code === 'EROFS') {
    const remedy = isService
      ? `add ReadWritePaths=${directory} to the unit (systemctl edit rollcalld), restart it, and let ${owner} write there`
      : 'choose a directory on a file system that can be written';
    return { says: `${directory} is read-only for ${isService ? 'the service' : who}`, remedy };
  }
  const blocked = firstBlocked(directory);
  if (blocked?.isMissing === true) {
    const remedy = `check the path; where it is right, make the directory for that user: install -d -m 700 -o ${owner} ${blocked.path}`;
    return { says: `there is no directory ${blocked.path}`, remedy };
  }
  if (blocked !== undefined)
    return {
      says: `${who} may not enter ${blocked.path}`,
      remedy: `choose another place, or let that user enter ${blocked.path}`,
    };
  if (code === 'ENOENT') return { says: `there is no ${path}`, remedy: 'check the path' };
  if (use === 'read')
    return { says: `${who} may not read ${path}`, remedy: `let that user read it: chown ${owner}: ${path}` };
  const remedy =
    place === 'own'
      ? `give the directory to that user: chown -R ${owner}: ${directory}`
      : `choose a directory of that user, or make one: install -d -m 700 -o ${owner} ${directory}/rollcall`;
  return { says: `${who} may not write to ${directory}`, remedy };
}

/** Why a file that a command was given cannot be read, in plain words, told to the user who runs the command. */
export function explainReading(error: unknown): { readonly says: string; readonly remedy: string } {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { says: 'there is no such file', remedy: 'check the path' };
    case 'EACCES':
    case 'EPERM':
      return {
        says: 'this user may not read it',
        remedy: 'let this user read it, or run the command as a user who may',
      };
    case 'EISDIR':
      return { says: 'it is a folder', remedy: 'name a file in it' };
    default:
      return { says: messageOf(error), remedy: 'check the path and its permissions' };
  }
}

/** The first directory on the way to `directory`, itself included, that is not there or that this process may not enter. */
function firstBlocked(directory: string): { readonly path: string; readonly isMissing: boolean } | undefined {
  const above = dirname(directory);
  const before = above === directory ? undefined : firstBlocked(above);
  if (before !== undefined) return before;
  try {
    // To look at `.` takes the right to enter, for the effective user as for the real one.
    statSync(`${directory}/.`);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return { path: directory, isMissing: code === 'ENOENT' || code === 'ENOTDIR' };
  }
}
