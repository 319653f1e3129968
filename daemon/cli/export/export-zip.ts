import { Zip, ZipDeflate, ZipPassThrough } from 'fflate';
import { badInput } from '../../base/errors.js';
import { createPrivateFile } from '../private-file.js';
import type { ExportSink } from './export-sink.js';

/** Beyond these an archive would have to be of the Zip64 kind, which is not written. */
const mostFiles = 65_534;
const mostBytes = 0xffff_ffff - 64 * 1024 * 1024;

/** Regular file, read and written by its owner only, as the `unix` half of a zip entry says it. */
const privateFileMode = 0o100600 * 2 ** 16;
const madeOnUnix = 3;

/**
 * A new zip archive, mode 0600, written as it is made: one file at a time is in memory. Pictures are stored as they are.
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
  return badInput('export-too-large', 'the export does not fit into a zip archive (4 GiB, 65,534 files)', {
    remedy: 'give a folder with --out instead',
  });
}
