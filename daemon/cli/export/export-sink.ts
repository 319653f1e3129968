import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-custom.js';
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

/** Limits of an archive that every program reads, without Zip64. */
export const zipLimits = { files: 65_534, bytes: 0xffff_ffff - 64 * 1024 * 1024 };

/** Only the owner may read and write what is unpacked. */
const options = { useWebWorkers: false, unixMode: 0o600 } as const;

/**
 * A new zip archive with mode 0600. It is written as a stream, with one file at a time in memory. JPEG files are stored
 * without compression.
 * @throws `output-exists`, `output-unwritable`, `export-too-large` (input)
 */
export async function createExportZip(path: string, limits = zipLimits): Promise<ExportSink> {
  const file = await createPrivateFile(path);
  let files = 0;
  let bytes = 0;
  const written = new WritableStream<Uint8Array>({
    write: (chunk) => {
      bytes += chunk.length;
      return file.write(chunk);
    },
  });
  const archive = new ZipWriter(written, options);
  return {
    add: async (name, content) => {
      files += 1;
      if (files > limits.files || bytes + content.length > limits.bytes) throw tooLarge();
      const level = /\.jpe?g$/.test(name) ? 0 : 6;
      await archive.add(name, new Uint8ArrayReader(content), { level });
    },
    finish: async () => {
      await archive.close();
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
