import { randomUUID } from 'node:crypto';
import { appendFile, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { BackupUpload, FileBackup, KeptBackup } from '../../contract/backups.js';
import { freeBytesAt } from '../../host/free-space.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import { isoTime } from '../../kernel/iso-time.js';
import { SerialQueue } from '../../kernel/serial-queue.js';
import { failure, refusal } from '../../words/errors.js';
import { openWorkDirectory } from '../gallery/work-directory.js';
import { systemCode } from './backup-errors.js';

/** How long the box keeps a backup for a caller from the network. A copy must not outlive erasures for long. */
export const keptForMs = 24 * 3_600_000;
/** Free room that an upload leaves on the disk, bytes: the box goes on recording. */
export const uploadReserveBytes = 2 ** 30;

const readBytes = 256 * 1024;

/** A file in the box's own directory, until `timer` deletes it. */
interface KeptFile {
  readonly id: string;
  readonly path: string;
  readonly expiresAt: string;
  readonly timer: Timer;
}

interface MadeFile extends KeptFile {
  /** A passphrase opens it, too: whoever has the file can try passphrases. */
  readonly hasPassphrase: boolean;
  readonly backup: KeptBackup;
}

interface UploadedFile extends KeptFile {
  receivedBytes: number;
}

export interface KeptBackupsOptions {
  readonly galleryPath: string;
  readonly clock: Clock;
  /** For tests. Default: of the disk. */
  readonly freeBytes?: (path: string) => Promise<number>;
}

/**
 * The backups that travel over the network: the newest one that was made for a download, and the newest upload. They lie in a
 * directory of the box that callers cannot name, for a day at most, and not over a restart of the daemon.
 */
export class KeptBackups implements AsyncDisposable {
  readonly #options: KeptBackupsOptions;
  readonly #turns = new SerialQueue();
  #directory: (Disposable & { readonly path: string }) | undefined;
  #made: MadeFile | undefined;
  #upload: UploadedFile | undefined;
  /** How often backups were forgotten because a person was erased. */
  #erasures = 0;

  constructor(options: KeptBackupsOptions) {
    this.#options = options;
  }

  /** The newest backup that was made for a download. */
  get made(): KeptBackup | undefined {
    return this.#made?.backup;
  }

  /** True for the newest backup if nothing but the recovery key opens it. */
  isForKeyAlone(id: string): boolean {
    return this.#made?.id === id && !this.#made.hasPassphrase;
  }

  get upload(): BackupUpload | undefined {
    return this.#upload && shownUpload(this.#upload);
  }

  /**
   * Lets `write` make a backup, which then takes the place of the one before.
   * @throws `backup-outdated` if a person was erased meanwhile
   */
  async make(
    write: (path: string) => Promise<FileBackup>,
    { hasPassphrase = false } = {},
  ): Promise<KeptBackup> {
    const { id, path } = this.#place();
    const before = this.#erasures;
    const { path: _, ...facts } = await write(path);
    return this.#turns.run(async () => {
      await this.#drop(this.#made);
      // Nothing is awaited between this and `#made`, from which an erasure deletes it.
      if (this.#erasures > before) return await this.#discard(path);
      const kept = this.#keep(id, path);
      const backup = { id, expiresAt: kept.expiresAt, ...facts };
      this.#made = { ...kept, backup, hasPassphrase };
      return backup;
    });
  }

  /**
   * Deletes the backup that was made for a download, also while it is made or read: it may hold a person who is erased now. An
   * upload stays: its restore erases this person again. Resolves with the id of the deleted backup.
   */
  async forgetMade(): Promise<string | undefined> {
    this.#erasures += 1;
    const made = this.#made;
    if (made === undefined) return undefined;
    // From this moment on, nobody reads it.
    this.#made = undefined;
    made.timer.cancel();
    await this.#turns.run(() => rm(made.path, { force: true }));
    return made.id;
  }

  /** The content of a backup that was made for a download, from the byte `offset` on. @throws `no-such-backup` */
  read(id: string, offset: number): AsyncIterable<Uint8Array> {
    const made = this.#made;
    if (made?.id !== id) throw noSuchBackup(id);
    return contentOf(made.path, offset, () => {
      if (this.#made !== made) throw noSuchBackup(id);
    });
  }

  /**
   * Appends a piece to an upload. Without an id it begins a new one, which takes the place of the one before.
   * @throws `no-such-backup`, `upload-offset`, `disk-full`
   */
  append(piece: Uint8Array, { id, offset }: UploadPlace): Promise<BackupUpload> {
    return this.#turns.run(async () => {
      if (id !== undefined && this.#upload?.id !== id) throw noSuchBackup(id);
      const receivedBytes = id === undefined ? 0 : (this.#upload?.receivedBytes ?? 0);
      if (offset !== receivedBytes) throw wrongOffset(offset, receivedBytes);
      const upload = id === undefined ? await this.#beginUpload() : this.#upload;
      if (upload === undefined) throw noSuchBackup(id ?? '');
      await this.#assertRoom(upload.path, piece.length);
      await writePiece(upload, piece);
      return shownUpload(upload);
    });
  }

  /** The path of a kept backup, made or uploaded. @throws `no-such-backup` */
  pathOf(id: string): string {
    return this.#find(id).path;
  }

  /** @throws `no-such-backup` */
  remove(id: string): Promise<void> {
    return this.#turns.run(() => this.#drop(this.#find(id)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turns.settled();
    for (const file of [this.#made, this.#upload]) file?.timer.cancel();
    this.#made = undefined;
    this.#upload = undefined;
    this.#directory?.[Symbol.dispose]();
    this.#directory = undefined;
  }

  #find(id: string): KeptFile {
    const found = [this.#made, this.#upload].find((file) => file?.id === id);
    if (found === undefined) throw noSuchBackup(id);
    return found;
  }

  #place(): { readonly id: string; readonly path: string } {
    this.#directory ??= openWorkDirectory(this.#options.galleryPath, 'kept');
    const id = randomUUID();
    return { id, path: join(this.#directory.path, `${id}.rcb`) };
  }

  #keep(id: string, path: string): KeptFile {
    const { clock } = this.#options;
    const expiresAt = isoTime(clock.wallMs() + keptForMs);
    // A failure leaves the file to the next start, which empties the directory.
    const timer = clock.after(keptForMs, () => {
      void this.#turns.run(() => this.#drop({ id, path })).catch(() => undefined);
    });
    return { id, path, expiresAt, timer };
  }

  async #beginUpload(): Promise<UploadedFile> {
    await this.#drop(this.#upload);
    const { id, path } = this.#place();
    this.#upload = { ...this.#keep(id, path), receivedBytes: 0 };
    return this.#upload;
  }

  async #discard(path: string): Promise<never> {
    await rm(path, { force: true });
    throw outdated();
  }

  async #drop(file: Pick<KeptFile, 'id' | 'path'> | undefined): Promise<void> {
    if (file === undefined) return;
    for (const kept of [this.#made, this.#upload]) if (kept?.id === file.id) kept.timer.cancel();
    if (this.#made?.id === file.id) this.#made = undefined;
    if (this.#upload?.id === file.id) this.#upload = undefined;
    await rm(file.path, { force: true });
  }

  async #assertRoom(path: string, bytes: number): Promise<void> {
    const { freeBytes = freeBytesAt } = this.#options;
    if ((await freeBytes(join(path, '..'))) - bytes >= uploadReserveBytes) return;
    throw diskFull();
  }
}

/** Where a piece of an upload belongs. */
export interface UploadPlace {
  readonly id?: string | undefined;
  /** Number of bytes before it. */
  readonly offset: number;
}

function shownUpload({ id, receivedBytes, expiresAt }: UploadedFile): BackupUpload {
  return { id, receivedBytes, expiresAt };
}

/** Counts what is on the disk: after a failure the caller continues there. */
async function writePiece(upload: UploadedFile, piece: Uint8Array): Promise<void> {
  try {
    await appendFile(upload.path, piece, { mode: 0o600 });
  } catch (error) {
    const code = systemCode(error);
    throw code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(error) : error;
  } finally {
    upload.receivedBytes = await stat(upload.path).then(
      ({ size }) => size,
      () => upload.receivedBytes,
    );
  }
}

/** Opens the file when the first byte is asked for, so that an answer that is never read leaves nothing open. */
async function* contentOf(path: string, offset: number, assertKept: () => void): AsyncGenerator<Uint8Array> {
  assertKept();
  const file = await open(path, 'r');
  try {
    for (let position = offset; ; ) {
      assertKept();
      const { bytesRead, buffer } = await file.read(Buffer.alloc(readBytes), 0, readBytes, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

function outdated(): RollcallError {
  return failure('backup-outdated', {}, { retryable: true });
}

export function noSuchBackup(id: string): RollcallError {
  return refusal('no-such-backup', { id });
}

function wrongOffset(offset: number, receivedBytes: number): RollcallError {
  return refusal('upload-offset', { offset, receivedBytes }, { details: { receivedBytes } });
}

function diskFull(cause?: unknown): RollcallError {
  return failure('disk-full:upload', {}, { cause, retryable: true });
}
