import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sharedDir = fileURLToPath(new URL('../../../shared', import.meta.url));

/**
 * The path of a file or folder of the shared material beside the repository, or undefined on a machine without
 * it; a test then skips and prints why.
 */
export function sharedPath(...parts: readonly string[]): string | undefined {
  const path = join(sharedDir, ...parts);
  return existsSync(path) ? path : undefined;
}
