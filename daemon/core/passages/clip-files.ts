import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { opaqueText } from '../../host/opaque-text.js';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, newRandomBytes } from '../../host/sodium.js';

const ending = '.clip';

/** A sealed file and the key that opens it, which the caller wipes. */
export interface SealedFile {
  readonly file: string;
  readonly key: Uint8Array;
}

/**
 * The folder of the sealed clips. They are files because each has a megabyte: in records.db, they would make its copies, checks, and writes
 * as many times longer. Each is sealed (XChaCha20-Poly1305, its name is the associated data) under a random key of its own.
 */
export class ClipFiles {
  readonly #folder: string;
  /** Names of files that no row may name yet. */
  readonly #new = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Seals `content` into a new file, which is on the disk when this resolves. Rejects with errors of the file system. */
  async write(content: Uint8Array): Promise<SealedFile> {
    const file = `${opaqueText()}${ending}`;
    const key = newRandomBytes(KEY_BYTES);
    const nonce = newRandomBytes(NONCE_BYTES);
    const sealed = encrypt(key, nonce, content, Buffer.from(file));
    this.#new.add(file);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    try {
      await using handle = await open(join(this.#folder, file), 'wx', 0o600);
      await handle.write(nonce);
      await handle.writeFile(sealed);
      await handle.sync();
    } catch (error) {
      await this.remove(file);
      throw error;
    }
    return { file, key };
  }

  /** A row names the file now. */
  named(file: string): void {
    this.#new.delete(file);
  }

  /** Undefined if the file is gone or was altered. */
  async read({ file, key }: SealedFile): Promise<Uint8Array | undefined> {
    const sealed = await readFile(join(this.#folder, file)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (sealed === undefined || sealed.length < NONCE_BYTES) return undefined;
    return decrypt(key, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), Buffer.from(file));
  }

  async remove(file: string): Promise<void> {
    await rm(join(this.#folder, file), { force: true });
    this.#new.delete(file);
  }

  /** Deletes the files that no clip has. `named` is asked after the folder was read, so a new clip keeps its file. Returns how many went. */
  async sweep(named: () => ReadonlySet<string>): Promise<number> {
    const found = await readdir(this.#folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    const kept = named();
    const stray = found.filter((file) => file.endsWith(ending) && !kept.has(file) && !this.#new.has(file));
    for (const file of stray) await this.remove(file);
    return stray.length;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
