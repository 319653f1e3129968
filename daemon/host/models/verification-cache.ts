import type { Stats } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, operational } from '../../kernel/errors.js';
import { hashFile, systemCode } from './checked-file.js';

const entrySchema = z.strictObject({
  sizeBytes: z.number(),
  modifiedMs: z.number(),
  changedMs: z.number(),
  sha256: z.string(),
});
const cacheSchema = z.record(z.string(), entrySchema);

type Entry = z.infer<typeof entrySchema>;

const CACHE_FILE = '.verified.json';

/**
 * Caches the hashes of the files in one directory by size, modification and change time, so that a start does not read every
 * model again. A changed file is hashed again. The cache does not protect against an attacker who may write to the directory.
 */
export class VerificationCache {
  readonly #directory: string;
  #entries: Record<string, Entry> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** SHA-256 of `file` in the directory; undefined when there is no such file. Throws `pack-unreadable`. */
  async hash(file: string, options: { readonly isFresh?: boolean } = {}): Promise<string | undefined> {
    const path = join(this.#directory, file);
    const found = await statIfThere(path);
    if (found === undefined) return undefined;
    const entries = await this.#load();
    const known = entries[file];
    const isUnchanged =
      known?.sizeBytes === found.size &&
      known.modifiedMs === found.mtimeMs &&
      known.changedMs === found.ctimeMs;
    if (isUnchanged && options.isFresh !== true) return known.sha256;
    const sha256 = await hashFile(path).catch((error: unknown) => {
      throw unreadable(path, error);
    });
    entries[file] = { sizeBytes: found.size, modifiedMs: found.mtimeMs, changedMs: found.ctimeMs, sha256 };
    await this.#save(entries);
    return sha256;
  }

  async #load(): Promise<Record<string, Entry>> {
    if (this.#entries === undefined) {
      const text = await readFile(join(this.#directory, CACHE_FILE), 'utf8').catch(() => '{}');
      this.#entries = parsed(text);
    }
    return this.#entries;
  }

  /** Ignores failures: a read-only directory only makes the next start slower. */
  async #save(entries: Record<string, Entry>): Promise<void> {
    const path = join(this.#directory, CACHE_FILE);
    const temporary = `${path}.${process.pid}`;
    await writeFile(temporary, JSON.stringify(entries))
      .then(() => rename(temporary, path))
      .catch(() => undefined);
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): Error {
  return operational('pack-unreadable', `cannot read the model file ${path}: ${messageOf(error)}`, {
    remedy: 'Let the user of rollcall read the file.',
    cause: error,
  });
}

function parsed(text: string): Record<string, Entry> {
  try {
    return cacheSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
