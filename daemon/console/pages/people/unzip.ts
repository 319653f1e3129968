import {
  BlobReader,
  BlobWriter,
  type Entry,
  ERR_BAD_FORMAT,
  ERR_EOCDR_NOT_FOUND,
  type FileEntry,
  ZipReader,
} from '@zip.js/zip.js/lib/zip-core-custom.js';
import { messageOf } from '../../../kernel/errors.js';

/** A file with its path in a folder or an archive. */
export interface GivenFile {
  readonly path: string;
  readonly file: File;
}

export type ZipProblem = 'not-zip' | 'encrypted' | 'method' | 'damaged' | 'name' | 'too-large' | 'too-much';
export type Unzipped =
  | { readonly files: readonly GivenFile[] }
  | { readonly problem: ZipProblem; readonly what: string };

const mebibyte = 1024 * 1024;
/** As the box takes photographs at most. */
const mostBytesOfOne = 32 * mebibyte;
/** The browser keeps what is unpacked until the import ends. */
const mostBytesOfAll = 2048 * mebibyte;

const stored = 0;
const deflated = 8;

/** Ends the reading of an archive that cannot be used. */
class Unusable extends Error {
  readonly problem: ZipProblem;
  readonly what: string;

  constructor(problem: ZipProblem, what = '') {
    super(problem);
    this.problem = problem;
    this.what = what;
  }
}

/** What the reader says about a file that is no archive. With any other error, the archive is damaged. */
const noArchive: readonly string[] = [ERR_BAD_FORMAT, ERR_EOCDR_NOT_FOUND];

/** What programs could read in different ways is refused. Any path will do: none is written to a disk. */
const options = {
  useWebWorkers: false,
  checkCrc32: true,
  strictness: 'strict',
  filenameValidation: 'tolerant',
} as const;

/**
 * The tables and pictures of an archive, unpacked. Sizes are checked before anything is unpacked, and the reader stops at the size
 * that was checked, so that a small archive cannot fill the browser.
 */
export async function unzip(zip: Blob): Promise<Unzipped> {
  try {
    const files: GivenFile[] = [];
    for (const [path, entry] of await wantedIn(new ZipReader(new BlobReader(zip), options))) {
      const content = await entry.getData(new BlobWriter()).catch(() => {
        throw new Unusable('damaged', path);
      });
      files.push({ path, file: new File([content], path.slice(path.lastIndexOf('/') + 1)) });
    }
    return { files };
  } catch (error) {
    if (error instanceof Unusable) return { problem: error.problem, what: error.what };
    return { problem: noArchive.includes(messageOf(error)) ? 'not-zip' : 'damaged', what: '' };
  }
}

/** What archives of other systems add beside the files is left out. */
const isWanted = (path: string): boolean =>
  /\.(csv|jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i.test(path) && !/(^|\/)[._]/.test(path);

/** The tables and pictures by their paths, when all entries of the archive have been checked. */
async function wantedIn(reader: ZipReader<Blob>): Promise<ReadonlyMap<string, FileEntry>> {
  const wanted = new Map<string, FileEntry>();
  let total = 0;
  for await (const entry of reader.getEntriesGenerator()) {
    const path = pathOf(entry.rawFilename);
    if (path.endsWith('/')) continue;
    // A file that is marked as a folder would be lost without a word.
    if (entry.directory) throw new Unusable('damaged', path);
    check(path, entry);
    total += entry.uncompressedSize;
    if (total > mostBytesOfAll) throw new Unusable('too-much', String(mostBytesOfAll / mebibyte));
    if (isWanted(path)) wanted.set(path, entry);
  }
  return wanted;
}

/** Names must be UTF-8, whatever the archive claims: in another encoding no path of the table would match. */
function pathOf(name: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(name).replaceAll('\\', '/');
  } catch (error) {
    if (error instanceof TypeError) throw new Unusable('name');
    throw error;
  }
}

function check(
  path: string,
  { encrypted, compressionMethod, compressedSize, uncompressedSize }: Entry,
): void {
  if (encrypted) throw new Unusable('encrypted', path);
  if (compressionMethod !== stored && compressionMethod !== deflated) throw new Unusable('method', path);
  if (Math.max(compressedSize, uncompressedSize) > mostBytesOfOne) throw new Unusable('too-large', path);
}
