// Builds the program: dist/daemon holds the output of daemon/ and nothing else. Where nothing changed, this is quick.
//   node scripts/build.mjs
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'dist/daemon');
/** What the compiler notes of a build, to compile only what changed since (tsBuildInfoFile of tsconfig.build.json). */
const notes = join(root, 'dist/.tsbuildinfo');

const modulesIn = (folder, extension) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .filter((name) => name.endsWith(extension))
        .map((name) => name.slice(0, -extension.length))
    : [];

const sources = new Set(modulesIn(join(root, 'daemon'), '.ts'));
const built = new Set(modulesIn(output, '.js'));

// The compiler leaves the output of a source that is gone, and a test or a program could still import it.
for (const module of built) {
  if (sources.has(module)) continue;
  for (const extension of ['.js', '.js.map']) rmSync(join(output, module + extension), { force: true });
}
// The compiler believes its notes and does not look whether the output is there: without them it writes everything.
if ([...sources].some((module) => !built.has(module))) rmSync(notes, { force: true });

const startedAt = new Date();
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
// Their time tells which sources are newer than the build, also where nothing had to be compiled.
if (existsSync(notes)) utimesSync(notes, startedAt, startedAt);
process.exitCode = status ?? 1;
