import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** A user of this machine. */
export interface SystemUser {
  readonly uid: number;
  /** Absent if the uid has no name on this machine. */
  readonly name?: string;
}

const accounts = '/etc/passwd';

/** The user of this process. */
export function currentUser(): SystemUser {
  const uid = process.geteuid?.() ?? 0;
  try {
    return { uid, name: userInfo().username };
  } catch {
    // The user of a container or a sandbox may have no entry.
    return { uid };
  }
}

/** The user with this name or uid in the file of accounts; undefined where it has no such entry. */
export async function findUser(wanted: string | number, path = accounts): Promise<SystemUser | undefined> {
  for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (name !== '' && (name === wanted || uid === String(wanted))) return { uid: Number(uid), name };
  }
  return undefined;
}

/** The id of the group with this name; undefined where the machine has none. */
export async function findGroup(wanted: string, path = '/etc/group'): Promise<number | undefined> {
  for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
    const [name, , gid = ''] = line.split(':');
    if (name === wanted && gid !== '') return Number(gid);
  }
  return undefined;
}

/** `"rollcall" (uid 998)`. */
export const describeUser = ({ uid, name }: SystemUser): string =>
  name === undefined ? `with the uid ${uid}` : `"${name}" (uid ${uid})`;

/** The user for a shell command: the name, or the uid of a user without a name. */
export const ownerText = ({ uid, name }: SystemUser): string => name ?? String(uid);
