import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** An output of scripts/build.mjs: its time stamp file, source folders and build command. */
const program = { made: 'dist/program/rollcalld.js', folders: ['daemon'], command: 'npm run build' };
const children = {
  made: 'dist/tests/test/support/gallery-child.js',
  folders: ['test/support', 'scripts/fault-loop'],
  command: 'node scripts/build.mjs tests',
};

const known = new Set<typeof program>();

/** Checks once in a process. @throws where a source is newer than its build, or that was not made */
function requireFresh(build: typeof program): void {
  if (known.has(build)) return;
  const made = join(root, build.made);
  if (!existsSync(made)) throw new Error(`${build.folders.join(' and ')} are not built (${build.command})`);
  const builtAtMs = statSync(made).mtimeMs;
  for (const folder of build.folders) {
    const newer = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).find(
      (name) => name.endsWith('.ts') && statSync(join(root, folder, name)).mtimeMs > builtAtMs,
    );
    if (newer !== undefined) throw new Error(`the build is older than ${folder}/${newer} (${build.command})`);
  }
  known.add(build);
}

/** A file of the built program, `path` under dist/program. @throws where the build is older than its sources */
export function builtProgram(path: string): string {
  requireFresh(program);
  return join(root, 'dist/program', path);
}

/**
 * A script of test/support or scripts/fault-loop, with a name that ends in "-child.ts", to start as a process of its own. From
 * its bundle it starts in a fifth of the time that it takes from the sources. `source` is its path from the root.
 * @throws where the build of these, or of the program that they import, is older than its sources
 */
export function builtChild(source: string): string {
  requireFresh(program);
  requireFresh(children);
  return join(root, 'dist/tests', source.replace(/\.ts$/, '.js'));
}
