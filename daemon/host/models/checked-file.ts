import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The content that was found instead of the expected file. */
export interface WrongContent {
  readonly sha256: string;
  /** Bytes read until the file ended or grew past the expected size. */
  readonly sizeBytes: number;
}

interface ExpectedContent {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The code of an error from a system call, such as ENOENT; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  const isSystemError = error instanceof Error && 'syscall' in error && 'code' in error;
  return isSystemError && typeof error.code === 'string' ? error.code : undefined;
}

/** SHA-256 (hexadecimal) of a file, read in pieces. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece);
  return hash.digest('hex');
}

/** SHA-256 (hexadecimal) of bytes in memory. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Writes `pieces` to `path`. The file appears there only when it is complete and matches `expected`; otherwise `path` stays as
 * it was, and the found content is returned. Never stores much more than the expected size.
 */
export async function receiveFile(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  expected: ExpectedContent,
): Promise<WrongContent | undefined> {
  await using file = await ArrivingFile.open(path, expected);
  for await (const piece of pieces) {
    if (!(await file.append(piece))) break;
  }
  return await file.finish();
}

let temporaryFiles = 0;

const ENDING = '.part';

/**
 * A file that is still arriving. Its bytes go to a temporary file of this process beside `path`, which is renamed when it is
 * complete and on the disk. Disposal removes the temporary file, unless it was finished or kept.
 */
export class ArrivingFile implements AsyncDisposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #expected: ExpectedContent;
  readonly #file: FileHandle;
  #hash = createHash('sha256');
  #sizeBytes = 0;
  #hasLeftBytes = false;
  #isKept = false;

  private constructor(path: string, temporary: string, expected: ExpectedContent, file: FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#expected = expected;
    this.#file = file;
  }

  /** Begins with an empty file, or with `isResumed` with the bytes that an earlier process or call left. */
  static async open(
    path: string,
    expected: ExpectedContent,
    options: { readonly isResumed?: boolean } = {},
  ): Promise<ArrivingFile> {
    await mkdir(dirname(path), { recursive: true });
    temporaryFiles += 1;
    const temporary = `${path}.${process.pid}-${temporaryFiles}${ENDING}`;
    const isClaimed = options.isResumed === true && (await claimLeftPart(path, temporary));
    const arriving = new ArrivingFile(
      path,
      temporary,
      expected,
      await open(temporary, isClaimed ? 'r+' : 'wx+', 0o644),
    );
    if (isClaimed) await arriving.#readLeft();
    return arriving;
  }

  /** Bytes that have arrived. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether it began with bytes that an earlier process or call left. */
  get hasLeftBytes(): boolean {
    return this.#hasLeftBytes;
  }

  /** Writes a piece. Returns false and writes nothing where the file would exceed the expected size. */
  async append(piece: Uint8Array): Promise<boolean> {
    this.#hash.update(piece);
    const position = this.#sizeBytes;
    this.#sizeBytes += piece.length;
    if (this.#sizeBytes > this.#expected.sizeBytes) return false;
    for (let done = 0; done < piece.length; ) {
      done += (await this.#file.write(piece, done, piece.length - done, position + done)).bytesWritten;
    }
    return true;
  }

  /** Discards all bytes. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#sizeBytes = 0;
    this.#hasLeftBytes = false;
  }

  /** Gives the file its name, or returns the content that arrived instead. */
  async finish(): Promise<WrongContent | undefined> {
    const sha256 = this.#hash.copy().digest('hex');
    if (sha256 !== this.#expected.sha256) return { sha256, sizeBytes: this.#sizeBytes };
    await this.#file.sync();
    await rename(this.#temporary, this.#path);
    return undefined;
  }

  /** Keeps the bytes for a later call, which can resume. */
  keep(): void {
    this.#isKept = this.#sizeBytes > 0 && this.#sizeBytes <= this.#expected.sizeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
    if (this.#isKept) await rename(this.#temporary, this.#path + ENDING);
    else await rm(this.#temporary, { force: true });
  }

  async #readLeft(): Promise<void> {
    if ((await this.#file.stat()).size > this.#expected.sizeBytes) return this.restart();
    for await (const piece of createReadStream(this.#temporary)) {
      this.#hash.update(piece);
      this.#sizeBytes += piece.length;
    }
    this.#hasLeftBytes = this.#sizeBytes > 0;
  }
}

/**
 * Renames the longest abandoned part of `path` to `temporary` and removes the others. Leaves parts of running processes alone.
 * Returns false where there is no abandoned part.
 */
async function claimLeftPart(path: string, temporary: string): Promise<boolean> {
  const names = (await readdir(dirname(path))).filter((name) => isLeftPart(name, basename(path)));
  const parts = await Promise.all(
    names.map(async (name) => {
      const part = join(dirname(path), name);
      return { part, sizeBytes: (await stat(part).catch(() => undefined))?.size ?? 0 };
    }),
  );
  let isClaimed = false;
  for (const { part } of parts.sort((a, b) => b.sizeBytes - a.sizeBytes)) {
    if (isClaimed) await rm(part, { force: true });
    else
      isClaimed = await rename(part, temporary).then(
        () => true,
        () => false,
      );
  }
  return isClaimed;
}

/** Whether `name` is a part of `file` that an ended process left behind. */
function isLeftPart(name: string, file: string): boolean {
  if (!name.startsWith(file) || !name.endsWith(ENDING)) return false;
  const owner = name.slice(file.length, -ENDING.length);
  if (owner === '') return true;
  const pid = /^\.(\d+)-\d+$/.exec(owner)?.[1];
  return pid !== undefined && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
