import { join } from 'node:path';
import { type ModelStore, openModelStore } from './store.js';

/** The store of a box: below the configured `directory`, or by default inside the program's directory. */
export function openConfiguredStore(directory: string | null | undefined): Promise<ModelStore> {
  if (directory === null || directory === undefined) return openModelStore();
  return openModelStore({ buildDir: join(directory, 'build'), importDir: join(directory, 'imported') });
}
