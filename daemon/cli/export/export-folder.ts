import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unwritable } from '../private-file.js';
import type { ExportSink } from './export-sink.js';

/**
 * A new folder that only its owner may look into.
 * @throws `output-exists`, `output-unwritable` (input)
 */
export async function createExportFolder(path: string): Promise<ExportSink> {
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw unwritable(path, error);
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
