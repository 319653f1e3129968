import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The settings of a systemd unit that rollcall uses. */
export interface UnitFacts {
  readonly user?: string;
  /** Files of the service's credentials, by the names of the credentials. */
  readonly credentials: ReadonlyMap<string, string>;
}

/** In systemd's order of precedence (systemd.unit(5)). */
const unitDirectories = ['/etc/systemd/system', '/run/systemd/system', '/usr/lib/systemd/system'];

/** Reads the unit and its drop-ins; undefined where it is not installed. */
export async function readUnit(
  name: string,
  directories: readonly string[] = unitDirectories,
): Promise<UnitFacts | undefined> {
  const texts = await Promise.all(directories.map((directory) => readText(join(directory, name))));
  const unit = texts.find((text) => text !== undefined);
  if (unit === undefined) return undefined;
  const lines = [unit, ...(await dropIns(`${name}.d`, directories))].flatMap((text) => text.split('\n'));
  let user: string | undefined;
  const credentials = new Map<string, string>();
  for (const line of lines) {
    const [, key = '', value = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === 'User') user = value === '' ? undefined : value;
    if (key !== 'LoadCredential' && key !== 'LoadCredentialEncrypted') continue;
    // An empty value resets the list.
    if (value === '') credentials.clear();
    const [credential = '', path = ''] = value.split(/:(.*)/s);
    if (credential !== '') credentials.set(credential, path);
  }
  return user === undefined ? { credentials } : { user, credentials };
}

/** The texts of all drop-ins in the order of their names, whatever their directories. */
async function dropIns(directoryName: string, directories: readonly string[]): Promise<readonly string[]> {
  const found = new Map<string, string>();
  for (const directory of directories.toReversed()) {
    const place = join(directory, directoryName);
    for (const file of await readdir(place).catch(() => []))
      if (file.endsWith('.conf')) found.set(file, join(place, file));
  }
  const paths = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  return (await Promise.all(paths.map(readText))).filter((text) => text !== undefined);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}
