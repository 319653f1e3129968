import type { FileHandle } from 'node:fs/promises';
import { secretBytes, wipe } from '../../host/sodium.js';
import { defect } from '../../kernel/errors.js';
import { refuseBackup } from './backup-errors.js';
import { BackupInput, openForReading } from './backup-input.js';
import { areSame, type BackupPass, type BackupStart, beginPass, readStart } from './backup-pass.js';
import type { OnBytes } from './backup-progress.js';
import { unwrapFileKey } from './file-key.js';
import type { BackupManifest, SectionFacts } from './manifest.js';
import type { Unlock } from './recipient.js';

/** Facts about a backup that was read and checked completely. */
export interface BackupFacts {
  readonly path: string;
  readonly manifest: BackupManifest;
  /** In the order of the manifest. */
  readonly sections: readonly SectionFacts[];
  readonly sizeBytes: number;
  /** Hash of the whole file, hexadecimal. Identifies the backup. */
  readonly sha256: string;
}

export interface BackupSection extends SectionFacts {
  /** Chunks of at most 256 KiB. Read them before the next section. The reader owns and wipes them. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** Options of reading a backup. */
export interface Reading {
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined;
  /** Progress of the first reading. */
  readonly onBytes?: OnBytes | undefined;
}

/** A backup that was read completely and is whole. Disposal closes the file and wipes its key. */
export interface OpenedBackup extends AsyncDisposable {
  readonly facts: BackupFacts;
  /**
   * Reads the file again, section by section, and skips what the caller does not read. Checks everything again, because the file
   * may have changed.
   * @throws `backup-truncated`, `backup-altered`, `backup-not-read`
   */
  sections(): AsyncGenerator<BackupSection, void, undefined>;
}

/** @throws the errors of `openBackup` */
export async function verifyBackup(
  path: string,
  unlock: Unlock,
  reading: Reading = {},
): Promise<BackupFacts> {
  await using backup = await openBackup(path, unlock, reading);
  return backup.facts;
}

/**
 * Reads the backup at `path` to its end and checks every byte, before any of it can be used. Memory does not grow with the
 * backup, and the event loop turns between chunks.
 * @throws `backup-foreign`, `backup-newer`, `backup-truncated`, `backup-altered`, `backup-wrong-secret`,
 *   `backup-locked-for-others`, `backup-not-read`, `passphrase-memory`
 */
export async function openBackup(path: string, unlock: Unlock, reading: Reading = {}): Promise<OpenedBackup> {
  return openFile(path, reading, ({ recipients }) => unwrapFileKey(path, recipients, unlock));
}

/** As `openBackup`, with the file key, which the caller wipes: for reading back a new backup. */
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
      if (isClosed) throw defect('backup-closed', 'a section of a closed backup was requested');
      const input = new BackupInput(facts.path, file);
      using pass = await beginPass(input, await readStart(input), fileKey);
      for (const [index, each] of facts.sections.entries()) {
        yield { ...each, content: chunksOf(pass, index, signal) };
        for await (const skipped of chunksOf(pass, index, signal)) wipe(skipped);
      }
      await pass.close();
      if (!areSame(pass.ended, facts.sections)) {
        throw refuseBackup('backup-altered', facts.path, 'it was replaced during reading');
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

/** The remaining chunks of section `index`. */
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
