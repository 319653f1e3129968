import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defect } from '../kernel/errors.js';

/**
 * The root directory of the program: the nearest one above this file with `models/manifest.json`, the same for the sources and
 * the compiled program.
 */
export function programRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'models', 'manifest.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw defect('root-missing', 'no models/manifest.json above the program');
    directory = parent;
  }
  return directory;
}

/** The folder with the words of each language. */
export function wordsFolder(): string {
  return join(programRoot(), import.meta.url.endsWith('.ts') ? 'daemon/words' : 'dist/program/words');
}

/**
 * The main file of another process of the program: `built` below dist/program, or `source` below daemon/ where this process
 * runs from the sources. Pass execArgv on, which contains the loader for sources.
 */
export function processEntry(entry: { readonly built: string; readonly source: string }): string {
  return import.meta.url.endsWith('.ts')
    ? join(programRoot(), 'daemon', entry.source)
    : join(programRoot(), 'dist/program', entry.built);
}
