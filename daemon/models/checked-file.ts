import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What was found instead of the file that was expected. */
export interface WrongContent {
  readonly sha256: string;
  /** Bytes read until the file ended or grew past the expected size. */
  readonly sizeBytes: number;
}

export interface ExpectedContent {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The code of an error that a system call gave, such as ENOENT; undefined for every other error. */
export function systemCode(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'syscall' in error && 'code' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

let temporaryFiles = 0;

/** SHA-256 (hexadecimal) of a file, read in pieces. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const options = signal === undefined ? {} : { signal };
  for await (const piece of createReadStream(path, options)) hash.update(piece);
  return hash.digest('hex');
}

/** SHA-256 (hexadecimal) of bytes in memory. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes `pieces` to `path` and lets the file appear there only when all of it arrived and matches `expected`;
 * otherwise returns what was found and leaves `path` as it was. The bytes go to a temporary file beside it,
 * reach the disk, and take the name in one step. Nothing much longer than expected is ever stored.
 */
export async function receiveFile(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: ExpectedContent,
): Promise<WrongContent | undefined> {
  await mkdir(dirname(path), { recursive: true });
  temporaryFiles += 1;
  const temporary = `${path}.${process.pid}-${temporaryFiles}.part`;
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const file = await open(temporary, 'wx', 0o644);
    try {
      for await (const piece of pieces) {
        hash.update(piece);
        sizeBytes += piece.length;
        if (sizeBytes > expected.sizeBytes) break;
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const sha256 = hash.digest('hex');
    if (sha256 !== expected.sha256) return { sha256, sizeBytes };
    await rename(temporary, path);
    return undefined;
  } finally {
    await rm(temporary, { force: true });
  }
}
