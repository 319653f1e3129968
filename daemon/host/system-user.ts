import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** A user of this machine. */
export interface SystemUser {
  readonly uid: number;
  /** Absent where this machine has no name for the uid. */
  readonly name?: string;
}

const accounts = '/etc/passwd';

/** The user whom this process runs as. */
export function currentUser(): SystemUser {
  const uid = process.geteuid?.() ?? 0;
  try {
    return { uid, name: userInfo().username };
  } catch {
    // The user of a container or of a sandbox need not have an entry.
    return { uid };
  }
}

/** The user with this name or uid, as the file of the accounts has it; undefined where it has none. */
export async function findUser(wanted: string | number, path = accounts): Promise<SystemUser | undefined> {
  for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
    const [name = '', , uid = ''] = line.split(':');
    if (name !== '' && (name === wanted || uid === String(wanted))) return { uid: Number(uid), name };
  }
  return undefined;
}

/** `"rollcall" (uid 998)`. */
export const describeUser = ({ uid, name }: SystemUser): string =>
  name === undefined ? `with the uid ${uid}` : `"${name}" (uid ${uid})`;

/** For a shell: the name, or the uid where there is none. */
export const ownerText = ({ uid, name }: SystemUser): string => name ?? String(uid);
