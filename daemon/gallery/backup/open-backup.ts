import type { FileHandle } from 'node:fs/promises';
import { defect } from '../../base/errors.js';
import { secretBytes, wipe } from '../../host/sodium.js';
import { refuseBackup } from './backup-errors.js';
import { BackupInput, openForReading } from './backup-input.js';
import { areSame, type BackupPass, type BackupStart, beginPass, readStart } from './backup-pass.js';
import type { OnBytes } from './backup-progress.js';
import { unwrapFileKey } from './file-key.js';
import type { BackupManifest, SectionFacts } from './manifest.js';
import type { Unlock } from './recipient.js';

/** What a backup holds, told after all of it was read and checked. */
export interface BackupFacts {
  readonly path: string;
  readonly manifest: BackupManifest;
  /** In the order of the manifest. */
  readonly sections: readonly SectionFacts[];
  readonly sizeBytes: number;
  /** Of the whole file, hexadecimal: tells one backup from every other. */
  readonly sha256: string;
}

export interface BackupSection extends SectionFacts {
  /** In chunks of at most 256 KiB, to be read before the next section is asked for. The reader owns and wipes them. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** What is looked at while a backup is read. */
export interface Reading {
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far the first reading is. */
  readonly onBytes?: OnBytes | undefined;
}

/** A backup that was read to its end once and found whole. Disposal closes the file and wipes its key. */
export interface OpenedBackup extends AsyncDisposable {
  readonly facts: BackupFacts;
  /**
   * Reads the file again, section after section; what of a section is not read is passed over. Everything is checked again:
   * the file may have been changed since.
   * @throws `backup-truncated`, `backup-altered`, `backup-not-read`
   */
  sections(): AsyncGenerator<BackupSection, void, undefined>;
}

/** @throws what `openBackup` throws */
export async function verifyBackup(
  path: string,
  unlock: Unlock,
  reading: Reading = {},
): Promise<BackupFacts> {
  await using backup = await openBackup(path, unlock, reading);
  return backup.facts;
}

/**
 * Reads the backup at `path` to its end, checking every byte, and only then lets anything of it be used. Memory does not
 * grow with the backup; between chunks the event loop turns.
 * @throws `backup-foreign`, `backup-newer`, `backup-truncated`, `backup-altered`, `backup-wrong-secret`,
 *   `backup-locked-for-others`, `backup-not-read`, `passphrase-memory`
 */
export async function openBackup(path: string, unlock: Unlock, reading: Reading = {}): Promise<OpenedBackup> {
  return openFile(path, reading, ({ recipients }) => unwrapFileKey(path, recipients, unlock));
}

/** As `openBackup`, with the key of the file itself, which stays the caller's. For who has just written it. */
export async function openBackupWith(
  fileKey: Uint8Array,
  path: string,
  reading: Reading,
): Promise<OpenedBackup> {
  return openFile(path, reading, async () => {
    const copy = secretBytes(fileKey.length);
    copy.set(fileKey);
    return copy;
  });
}

async function openFile(
  path: string,
  reading: Reading,
  keyFor: (start: BackupStart) => Promise<Uint8Array>,
): Promise<OpenedBackup> {
  const { signal, onBytes } = reading;
  signal?.throwIfAborted();
  const file = await openForReading(path);
  let fileKey: Uint8Array | undefined;
  try {
    const { size } = await file.stat();
    const input = new BackupInput(path, file);
    const start = await readStart(input);
    fileKey = await keyFor(start);
    using pass = await beginPass(input, start, fileKey);
    await readThrough(pass, signal, () => onBytes?.(input.position, size));
    const facts: BackupFacts = {
      path,
      manifest: pass.manifest,
      sections: pass.ended,
      sizeBytes: input.position,
      sha256: input.sha256(),
    };
    return whole(file, fileKey, facts, signal);
  } catch (error) {
    if (fileKey !== undefined) wipe(fileKey);
    await file.close();
    throw error;
  }
}

async function readThrough(
  pass: BackupPass,
  signal: AbortSignal | undefined,
  onChunk: () => void,
): Promise<void> {
  while (pass.ended.length < pass.manifest.sections.length) {
    signal?.throwIfAborted();
    wipe(await pass.nextChunk());
    onChunk();
  }
  await pass.close();
}

function whole(
  file: FileHandle,
  fileKey: Uint8Array,
  facts: BackupFacts,
  signal: AbortSignal | undefined,
): OpenedBackup {
  let isClosed = false;
  return {
    facts,
    async *sections() {
      if (isClosed) throw defect('backup-closed', 'a section was asked of a backup that is closed');
      const input = new BackupInput(facts.path, file);
      using pass = await beginPass(input, await readStart(input), fileKey);
      for (const [index, each] of facts.sections.entries()) {
        yield { ...each, content: chunksOf(pass, index, signal) };
        for await (const passedOver of chunksOf(pass, index, signal)) wipe(passedOver);
      }
      await pass.close();
      if (!areSame(pass.ended, facts.sections)) {
        throw refuseBackup('backup-altered', facts.path, 'it was replaced while it was read');
      }
    },
    async [Symbol.asyncDispose]() {
      if (isClosed) return;
      isClosed = true;
      wipe(fileKey);
      await file.close();
    },
  };
}

/** What is left of section `index`; nothing once the pass is beyond it. */
async function* chunksOf(
  pass: BackupPass,
  index: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  while (pass.ended.length === index) {
    signal?.throwIfAborted();
    yield await pass.nextChunk();
  }
}
