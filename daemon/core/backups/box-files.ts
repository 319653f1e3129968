import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../../contract/settings/schema.js';
import { wipe } from '../../host/sodium.js';
import { refuseBackup } from './backup-errors.js';

/**
 * Where a small file of the box belongs.
 * - `configuration`: the configuration file.
 * - `beside`: a certificate in the folder of the configuration file, which a setting `caFile` names.
 * - `data`: below `dataDir`; `name` is `FOLDER/FILE` or `settings.yaml`.
 * - `secret`: a secret that was handed to the box, as a credential or as a file of `secretsDir`.
 */
export type BoxFilePlace = 'configuration' | 'beside' | 'data' | 'secret';

export interface BoxFile {
  readonly place: BoxFilePlace;
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Folders below `dataDir` whose files are backed up: keys, cameras and alert channels of the box itself. */
const dataFolders = ['keys', 'cameras.d', 'channels.d'] as const;
const plainName = '[A-Za-z0-9][A-Za-z0-9_.-]{0,254}';
/** The names that a place may have. A backup may be forged: a name must not lead out of its folder. */
const names: Readonly<Record<BoxFilePlace, RegExp>> = {
  configuration: /^rollcall\.yaml$/,
  beside: new RegExp(`^${plainName}$`),
  data: new RegExp(`^(?:settings\\.yaml|(?:${dataFolders.join('|').replaceAll('.', '\\.')})/${plainName})$`),
  secret: new RegExp(`^${plainName}$`),
};
/** Left over from an interrupted change, or kept aside. */
const leftover = /\.(?:new|part|damaged|tmp)$/;
/** Larger than any of these files. */
const mostBytes = 2 ** 20;

export interface BoxFolders {
  readonly configPath: string;
  readonly config: Pick<Config, 'dataDir' | 'secretsDir' | 'gallery'>;
  /** Default: `$CREDENTIALS_DIRECTORY`. */
  readonly credentialsDirectory?: string | undefined;
}

/**
 * Reads configuration, settings, cameras, channels, secrets, and keys of the box in one turn of the event loop. Leaves out the key of the
 * gallery, which a backup has in its own section, and everything that belongs to one run. The caller wipes the bytes.
 */
export function readBoxFiles({
  configPath,
  config,
  credentialsDirectory = process.env['CREDENTIALS_DIRECTORY'] ?? '',
}: BoxFolders): readonly BoxFile[] {
  const { dataDir, secretsDir, gallery } = config;
  const found: BoxFile[] = [];
  const add = (place: BoxFilePlace, name: string, path: string): void => {
    if (!names[place].test(name) || leftover.test(name)) return;
    if (found.some((file) => file.place === place && file.name === name)) return;
    const bytes = readSmallFile(path);
    if (bytes !== undefined) found.push({ place, name, bytes });
  };
  add('configuration', 'rollcall.yaml', configPath);
  for (const path of certificatesIn(config)) {
    if (dirname(path) === dirname(configPath) && path !== configPath) add('beside', basename(path), path);
  }
  add('data', 'settings.yaml', join(dataDir, 'settings.yaml'));
  for (const folder of dataFolders) {
    for (const name of filesIn(join(dataDir, folder))) {
      add('data', `${folder}/${name}`, join(dataDir, folder, name));
    }
  }
  const ofGallery = [gallery.key, `${gallery.key}.next`];
  // A credential takes the place of a file of the same name, as for the box itself.
  for (const folder of [credentialsDirectory, secretsDir].filter((each) => each !== '')) {
    for (const name of filesIn(folder)) {
      if (!ofGallery.includes(name)) add('secret', name, join(folder, name));
    }
  }
  return found;
}

/** Wipes files that were read or decoded. */
export function wipeFiles(files: readonly BoxFile[]): void {
  for (const { bytes } of files) wipe(bytes);
}

/** The value of every setting `caFile`. */
function certificatesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    name === 'caFile' && typeof each === 'string' ? [each] : certificatesIn(each),
  );
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Undefined if there is no regular file, or a larger one. Follows no link, and does not wait for a pipe. */
function readSmallFile(path: string): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    return fstatSync(file).isFile() && size <= mostBytes ? readFileSync(file) : undefined;
  } finally {
    closeSync(file);
  }
}

/** What the box itself may not read is no part of it. */
const isAbsent = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM'].includes(String(error.code));

/** The section `files`: each file after the length of its header (4 bytes, big-endian) and its header, JSON. The caller wipes it. */
export function encodeFiles(files: readonly BoxFile[]): Buffer {
  const parts = files.map(({ place, name, bytes }) => {
    const header = Buffer.from(JSON.stringify({ place, name, sizeBytes: bytes.length }));
    return { header, bytes };
  });
  const section = Buffer.alloc(
    parts.reduce((sum, { header, bytes }) => sum + 4 + header.length + bytes.length, 0),
  );
  let offset = 0;
  for (const { header, bytes } of parts) {
    section.writeUInt32BE(header.length, offset);
    section.set(header, offset + 4);
    section.set(bytes, offset + 4 + header.length);
    offset += 4 + header.length + bytes.length;
  }
  return section;
}

/** The inverse of `encodeFiles`. The bytes of the files are part of `section`. @throws `backup-altered` */
export function decodeFiles(path: string, section: Buffer): readonly BoxFile[] {
  const found: BoxFile[] = [];
  try {
    for (let offset = 0; offset < section.length; ) {
      const start = offset + 4;
      const end = start + section.readUInt32BE(offset);
      const { place, name, sizeBytes } = JSON.parse(section.toString('utf8', start, end)) as Record<
        string,
        unknown
      >;
      const isFile = isPlace(place) && typeof name === 'string' && names[place].test(name);
      if (
        !isFile ||
        typeof sizeBytes !== 'number' ||
        !(sizeBytes >= 0 && end + sizeBytes <= section.length)
      ) {
        throw new RangeError(`${String(place)}: ${String(name)}`);
      }
      found.push({ place, name, bytes: section.subarray(end, end + sizeBytes) });
      offset = end + sizeBytes;
    }
    return found;
  } catch (error) {
    throw refuseBackup('backup-altered', path, 'its files have the wrong form', error);
  }
}

const isPlace = (value: unknown): value is BoxFilePlace =>
  typeof value === 'string' && Object.keys(names).includes(value);
