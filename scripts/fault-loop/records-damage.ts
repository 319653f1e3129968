import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../daemon/kernel/random.js';
import { loseRecords, recordsPathIn } from '../../test/support/marked-records.js';

const pageBytes = 4096;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const logOf = (folder: string): string => `${recordsPathIn(folder)}-wal`;
const olderPath = (folder: string): string => join(folder, 'older.db');

/** A whole number below `limit`. */
const below = (random: Random, limit: number): number => Math.floor(random.unit() * limit);

/** Overwrites a part of a file. */
function overwrite(path: string, at: number, bytes: Uint8Array): void {
  if (bytes.length === 0 || !existsSync(path)) return;
  const file = openSync(path, 'r+');
  try {
    writeSync(file, bytes, 0, bytes.length, at);
  } finally {
    closeSync(file);
  }
}

function overwritePages(path: string, random: Random, byte: () => number): void {
  const pages = Math.floor(sizeOf(path) / pageBytes);
  if (pages === 0) return;
  for (let count = 1 + below(random, 4); count > 0; count -= 1) {
    overwrite(path, below(random, pages) * pageBytes, Uint8Array.from({ length: pageBytes }, byte));
  }
}

function cut(path: string, random: Random): void {
  if (existsSync(path)) truncateSync(path, below(random, sizeOf(path) + 1));
}

/** Keeps the files as they are now, to be put back later. */
export function keepOlderCopy(folder: string): void {
  for (const suffix of ['', '-wal']) {
    rmSync(`${olderPath(folder)}${suffix}`, { force: true });
    const path = `${recordsPathIn(folder)}${suffix}`;
    if (existsSync(path)) copyFileSync(path, `${olderPath(folder)}${suffix}`);
  }
}

function putOlderCopyBack(folder: string, suffixes: readonly string[]): void {
  for (const suffix of suffixes) {
    const copy = `${olderPath(folder)}${suffix}`;
    if (existsSync(copy)) copyFileSync(copy, `${recordsPathIn(folder)}${suffix}`);
  }
}

/** Damage that is done to the files while no process has them open. */
export const recordsDamages: Readonly<Record<string, (folder: string, random: Random) => void>> = {
  none: () => undefined,
  removed: loseRecords,
  'removed, its log left': (folder) => rmSync(recordsPathIn(folder), { force: true }),
  emptied: (folder) => truncateSync(recordsPathIn(folder), 0),
  cut: (folder, random) => cut(recordsPathIn(folder), random),
  'zeroed pages': (folder, random) => overwritePages(recordsPathIn(folder), random, () => 0),
  'pages of garbage': (folder, random) =>
    overwritePages(recordsPathIn(folder), random, () => below(random, 256)),
  'first page of garbage': (folder, random) =>
    overwrite(
      recordsPathIn(folder),
      0,
      Uint8Array.from({ length: pageBytes }, () => below(random, 256)),
    ),
  'older copy': (folder) => {
    loseRecords(folder);
    putOlderCopyBack(folder, ['', '-wal']);
  },
  'older copy under the newer log': (folder) => putOlderCopyBack(folder, ['']),
  'log removed': (folder) => rmSync(logOf(folder), { force: true }),
  'log cut': (folder, random) => cut(logOf(folder), random),
  'log of garbage': (folder, random) => overwritePages(logOf(folder), random, () => below(random, 256)),
  'a text': (folder) => writeFileSync(recordsPathIn(folder), readFileSync(import.meta.filename)),
};
