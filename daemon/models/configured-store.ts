import { join } from 'node:path';
import { type ModelStore, openModelStore } from './store.js';

/** The store of a box: below `directory` where the configuration names one, else inside the program's own. */
export function openConfiguredStore(directory: string | null | undefined): Promise<ModelStore> {
  if (directory === null || directory === undefined) return openModelStore();
  return openModelStore({ buildDir: join(directory, 'build'), importDir: join(directory, 'imported') });
}
