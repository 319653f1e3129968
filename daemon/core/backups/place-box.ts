import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lchown, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Sqlite } from '../../host/sqlite-driver.js';
import { syncDirectory } from '../../host/sync-directory.js';
import { messageOf } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { failure, refusal } from '../../words/errors.js';
import { readPresent } from './restore-present.js';

/** The folders and files of this machine that a rebuilt box gets. */
export interface MachinePlaces {
  readonly configPath: string;
  readonly dataDir: string;
  readonly secretsDir: string;
  /** The gallery that the machine has now. */
  readonly galleryPath: string;
}

const markerPath = (dataDir: string): string => join(dataDir, 'replacement-unfinished');

/** Keeps a daemon from starting with half of a box. @throws `replacement-unfinished` */
export function refuseUnfinishedReplacement(dataDir: string): void {
  const path = markerPath(dataDir);
  if (existsSync(path)) throw refusal('replacement-unfinished', { path });
}

/**
 * Only a box that never had an enrolled person may be replaced: what it holds is worth nothing. An interrupted replacement goes on.
 * @throws `box-in-use`
 */
export function refuseBoxInUse({ dataDir, galleryPath }: MachinePlaces): void {
  if (existsSync(markerPath(dataDir)) || !existsSync(galleryPath)) return;
  let isNew = false;
  try {
    const db = new Sqlite(galleryPath, { readonly: true });
    try {
      isNew = readPresent(db).isNew;
    } finally {
      db.close();
    }
  } catch (error) {
    if (!(error instanceof Sqlite.SqliteError)) throw error;
  }
  if (isNew) return;
  throw refusal('box-in-use', { path: galleryPath });
}

/** An empty directory on the disk of the data, closed to others. Deletes the leftovers of an earlier run. */
export async function makeRebuildDirectory({ dataDir }: Pick<MachinePlaces, 'dataDir'>): Promise<string> {
  const path = join(dataDir, 'rebuild-work');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  return path;
}

/** What became of the box that was here. */
export interface Placed {
  /** Where its data is kept; undefined if there was none. */
  readonly keptAs: string | undefined;
  /** Secrets that are now credentials of systemd, encrypted for this machine. */
  readonly credentials: readonly string[];
}

/**
 * Puts a rebuilt box in the place of the one that is here. The data of that one is moved aside; its configuration is kept as
 * `rollcall.yaml.before-TIME`. A secret that systemd provides as an encrypted credential is encrypted again with its new content.
 * After a kill, the daemon does not start until another run has completed the work.
 * @throws `credential-not-encrypted`, and errors of the file system
 */
export async function placeBox(directory: string, places: MachinePlaces, nowMs: number): Promise<Placed> {
  const { configPath, dataDir, secretsDir } = places;
  const time = isoTime(nowMs).replaceAll(/[:.]/g, '');
  const credentials = await encryptCredentials(directory, join(dirname(configPath), 'credentials'));
  await giveTo(join(directory, 'data'), await stat(dataDir));
  await mkdir(secretsDir, { recursive: true, mode: 0o700 });
  await giveTo(join(directory, 'secrets'), await stat(secretsDir));
  const marker = markerPath(dataDir);
  await rm(marker, { force: true });
  // A link that is there must not lead root to another file.
  await writeFile(marker, 'Run the command that made this file again.\n', { mode: 0o600, flag: 'wx' });
  syncDirectory(dataDir);
  const keptAs = join(dataDir, `before-replacement-${time}`);
  const { dev } = await stat(dataDir);
  const before: string[] = [];
  for (const name of await readdir(dataDir)) {
    const path = join(dataDir, name);
    const isMount = (await lstat(path)).dev !== dev;
    if (path !== marker && path !== directory && !isMount && !stays.test(name)) before.push(name);
  }
  if (before.length > 0) await mkdir(keptAs, { mode: 0o700 });
  for (const name of before) await rename(join(dataDir, name), join(keptAs, name));
  for (const name of await readdir(join(directory, 'data'))) {
    await rename(join(directory, 'data', name), join(dataDir, name));
  }
  for (const name of await readdir(join(directory, 'secrets'))) {
    await copyInto(join(directory, 'secrets', name), join(secretsDir, name));
  }
  await placeConfiguration(join(directory, 'configuration'), configPath, time);
  for (const folder of [dataDir, secretsDir, dirname(configPath)]) syncDirectory(folder);
  await rm(directory, { recursive: true, force: true });
  await rm(marker);
  syncDirectory(dataDir);
  return { keptAs: before.length > 0 ? keptAs : undefined, credentials };
}

/** Backups, what an earlier run has moved aside, and the folder of the file system. A disk that is mounted there stays, too. */
const stays = /^(?:backups|before-replacement-.*|lost\+found)$/;

/** The folder of the configuration may be on another disk than the data, and root alone writes to it. */
async function placeConfiguration(from: string, configPath: string, time: string): Promise<void> {
  const mode = await stat(configPath).then(
    (found) => found.mode & 0o777,
    () => 0o644,
  );
  for (const name of await readdir(from)) {
    if (name === 'rollcall.yaml') continue;
    await copyInto(join(from, name), join(dirname(configPath), name), 0o644);
  }
  if (existsSync(configPath)) await copyInto(configPath, `${configPath}.before-${time}`, mode);
  await copyInto(join(from, 'rollcall.yaml'), configPath, mode);
}

/** Replaces a file at once, by one with the owner of the copied file. */
async function copyInto(from: string, to: string, mode = 0o600): Promise<void> {
  const { uid, gid } = await lstat(from);
  const part = `${to}.part`;
  await rm(part, { force: true });
  await writeFile(part, await readFile(from), { mode, flag: 'wx' });
  if (process.getuid?.() === 0) await lchown(part, uid, gid);
  await rename(part, to);
}

async function giveTo(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }) {
  if (process.getuid?.() !== 0) return;
  await lchown(path, uid, gid);
  if (!(await lstat(path)).isDirectory()) return;
  for (const name of await readdir(path)) await giveTo(join(path, name), { uid, gid });
}

/**
 * On a machine that was set up, units of systemd provide keys as credentials, which come before files: the rebuilt box needs its own
 * keys there. Removes these from the rebuilt folders.
 */
async function encryptCredentials(directory: string, folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const encrypted: string[] = [];
  for (const name of names) {
    const found = [join(directory, 'data', 'keys', name), join(directory, 'secrets', name)].find(existsSync);
    if (found === undefined) continue;
    await encrypt(name, found, join(folder, name));
    await rm(found);
    encrypted.push(name);
  }
  return encrypted;
}

async function encrypt(name: string, from: string, to: string): Promise<void> {
  const next = `${to}.new`;
  await rm(next, { force: true });
  try {
    await new Promise<void>((resolve, reject) => {
      const given = ['encrypt', '--with-key=auto', `--name=${name}`, from, next];
      execFile('systemd-creds', given, (error, _, stderr) =>
        error === null ? resolve() : reject(new Error(stderr.trim() || messageOf(error))),
      );
    });
    await rename(next, to);
  } catch (cause) {
    throw failure('credential-not-encrypted', { name, path: to, reason: messageOf(cause) }, { cause });
  }
}
