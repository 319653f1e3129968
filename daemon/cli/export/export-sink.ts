import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { createPrivateFile, outputError } from '../../host/private-file.js';
import { badInput } from '../../kernel/errors.js';

/** The destination of an export. Disposal without `finish` deletes everything. */
export interface ExportSink extends AsyncDisposable {
  /** Writes one file. `path` uses `/`. */
  add(path: string, content: Uint8Array): Promise<void>;
  finish(): Promise<void>;
}

/**
 * A new folder that only its owner may read.
 * @throws `output-exists`, `output-unwritable` (input)
 */
export async function createExportFolder(path: string): Promise<ExportSink> {
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw outputError(path, error);
    }
  };
  await guarded(() => mkdir(path, { mode: 0o700 }));
  let isFinished = false;
  return {
    add: (name, content) =>
      guarded(async () => {
        const target = join(path, name);
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await writeFile(target, content, { flag: 'wx', mode: 0o600 });
      }),
    finish: () => {
      isFinished = true;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: async () => {
      if (!isFinished) await rm(path, { recursive: true, force: true });
    },
  };
}

/** Limits of an archive without Zip64. */
const mostFiles = 65_534;
const mostBytes = 0xffff_ffff - 64 * 1024 * 1024;

/** The Unix attributes of a zip entry: a regular file that only its owner may read and write. */
const privateFileMode = 0o100600 * 2 ** 16;
const madeOnUnix = 3;

/**
 * A new zip archive with mode 0600. It is written as a stream, with one file at a time in memory. JPEG files are stored
 * without compression.
 * @throws `output-exists`, `output-unwritable`, `export-too-large` (input)
 */
export async function createExportZip(path: string): Promise<ExportSink> {
  const file = await createPrivateFile(path);
  const waiting: Uint8Array[] = [];
  let files = 0;
  let bytes = 0;
  const archive = new Zip((error, chunk) => {
    if (error !== null) throw error;
    waiting.push(chunk);
  });
  const drain = async (): Promise<void> => {
    for (const chunk of waiting.splice(0)) {
      bytes += chunk.length;
      await file.write(chunk);
    }
  };
  return {
    add: async (name, content) => {
      files += 1;
      if (files > mostFiles || bytes + content.length > mostBytes) throw tooLarge();
      const entry = /\.jpe?g$/.test(name) ? new ZipPassThrough(name) : new ZipDeflate(name, { level: 6 });
      entry.os = madeOnUnix;
      entry.attrs = privateFileMode;
      archive.add(entry);
      entry.push(content, true);
      await drain();
    },
    finish: async () => {
      archive.end();
      await drain();
      await file.keep();
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

function tooLarge() {
  return badInput('export-too-large', 'the export is too large for a zip archive (4 GiB, 65,534 files)', {
    remedy: 'Export to a folder: give a path without .zip as --out.',
  });
}
