import { createHash } from 'node:crypto';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { counted } from '../../kernel/counted.js';
import { onFile, refuseBackup } from './backup-errors.js';

/** @throws `backup-not-read`; `backup-foreign` if it is not a regular file */
export async function openForReading(path: string): Promise<FileHandle> {
  // Non-blocking: opening a pipe without a writer would wait forever.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await onFile('read', path, () => open(path, flags));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw refuseBackup('backup-foreign', path, 'it is not a regular file');
}

/** Reads a file from its beginning, with position and hash. */
export class BackupInput {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #position = 0;

  /** The caller closes the file. */
  constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position;
  }

  /** Hash of all bytes read, hexadecimal. Call it once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  /** Reads the next bytes into `target`. Returns their number, which is less than its length only at the end of the file. */
  async fill(target: Uint8Array): Promise<number> {
    let filled = 0;
    await onFile('read', this.path, async () => {
      for (let isMore = true; isMore && filled < target.length; ) {
        const wanted = target.length - filled;
        const { bytesRead } = await this.#file.read(target, filled, wanted, this.#position + filled);
        filled += bytesRead;
        isMore = bytesRead > 0;
      }
    });
    this.#hash.update(target.subarray(0, filled));
    this.#position += filled;
    return filled;
  }

  /** Fills all of `target`. @throws `backup-truncated` */
  async fillWhole(target: Uint8Array): Promise<void> {
    if ((await this.fill(target)) < target.length) {
      throw refuseBackup('backup-truncated', this.path, `it ends after ${counted(this.#position, 'byte')}`);
    }
  }
}
