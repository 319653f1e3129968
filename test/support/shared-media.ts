import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repositoryRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Something that lies beside the repository, not in it: faces of real people, models under other terms. */
export interface SharedFile {
  /** Absolute path; may be missing. */
  readonly path: string;
  /** For node:test's `skip`: false if the media exist, otherwise the reason, which the runner prints. */
  readonly skip: string | false;
}

/** Looks for `relativePath`, such as `media/blink`, in `../shared` beside the repository. */
export function sharedFile(relativePath: string): SharedFile {
  const path = join(dirname(repositoryRoot), 'shared', relativePath);
  return { path, skip: existsSync(path) ? false : `../shared/${relativePath} is not there` };
}
