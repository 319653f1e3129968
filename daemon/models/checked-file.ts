import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

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
 * otherwise returns what was found and leaves `path` as it was. Nothing much longer than expected is ever stored.
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
  return file.finish();
}

let temporaryFiles = 0;

const ENDING = '.part';

/**
 * A file of which not all has arrived. Its bytes lie beside its place, in a file that is named by this process; they reach the
 * disk, and take the name in one step. Disposing of it removes what has arrived, unless it is finished or kept.
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

  /** Begins with nothing or, where that is wished, with what an earlier process or call has left of the same file. */
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

  /** Whether it begins with bytes that an earlier process or call has left. */
  get hasLeftBytes(): boolean {
    return this.#hasLeftBytes;
  }

  /** False, and nothing is written, where the file grows beyond the expected size. */
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

  /** Forgets what has arrived. */
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#hash = createHash('sha256');
    this.#sizeBytes = 0;
    this.#hasLeftBytes = false;
  }

  /** Gives the file its name, or tells what arrived instead of the expected file. */
  async finish(): Promise<WrongContent | undefined> {
    const sha256 = this.#hash.copy().digest('hex');
    if (sha256 !== this.#expected.sha256) return { sha256, sizeBytes: this.#sizeBytes };
    await this.#file.sync();
    await rename(this.#temporary, this.#path);
    return undefined;
  }

  /** What has arrived stays for the next who opens the file to go on. */
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
 * Renames the longest part of `path` that nobody works on to `temporary` and removes the others. Parts of processes that
 * still run are left alone. False where there is none.
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

/** Whether `name` is that of a part of `file` which its process left behind. */
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
