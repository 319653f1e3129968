// Builds the program: dist/daemon holds the modules of daemon/ and nothing else, and dist/program what a box runs: the same
// modules and those packages that are plain JavaScript in a few files, because loading a thousand small ones takes twice the
// processor time of all else that a start does. Where nothing changed, this is quick.
//   node scripts/build.mjs
//   node scripts/build.mjs children    also what the tests and the fault loops start, and kill, by the hundred
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
/**
 * What the compiler is told to make: from which folders, and where it notes what it made, to compile only what changed
 * since (`include` and tsBuildInfoFile of the project).
 */
const program = { project: 'tsconfig.build.json', folders: ['daemon'], notes: 'dist/.tsbuildinfo' };
const children = {
  project: 'tsconfig.children.json',
  folders: ['test/support', 'scripts/fault-loop'],
  notes: 'dist/.tsbuildinfo-children',
};

const modulesIn = (parent, folders, extension) =>
  folders.flatMap((folder) =>
    existsSync(join(parent, folder))
      ? readdirSync(join(parent, folder), { recursive: true })
          .filter((name) => name.endsWith(extension))
          .map((name) => join(folder, name.slice(0, -extension.length)))
      : [],
  );

/** Whether all of it compiled. */
function build({ project, folders, notes }) {
  const output = join(root, 'dist');
  const notesPath = join(root, notes);
  const sources = new Set(modulesIn(root, folders, '.ts'));
  const built = new Set(modulesIn(output, folders, '.js'));
  // The compiler leaves the output of a source that is gone, and a test or a program could still import it.
  for (const module of built) {
    if (sources.has(module)) continue;
    for (const extension of ['.js', '.js.map']) rmSync(join(output, module + extension), { force: true });
  }
  // The compiler believes its notes and does not look whether the output is there: without them it writes everything.
  if ([...sources].some((module) => !built.has(module))) rmSync(notesPath, { force: true });

  const startedAt = new Date();
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', project], { cwd: root, stdio: 'inherit' });
  // Their time tells which sources are newer than the build, also where nothing had to be compiled.
  if (existsSync(notesPath)) utimesSync(notesPath, startedAt, startedAt);
  return status === 0;
}

/** What is started, and from which module. */
const entries = {
  rollcalld: 'daemon/app/main.ts',
  rollcall: 'daemon/cli/main.ts',
  vision: 'daemon/vision/main.ts',
  'verify-pages': 'daemon/gallery/verify/verify-pages-main.ts',
};
/** Stay packages of their own: they load binaries, or files that lie beside theirs. */
const native = ['better-sqlite3', 'koffi', 'onnxruntime-node', 'pino', 'sharp', 'sodium-native'];

async function bundleProgram() {
  const outdir = join(root, 'dist/program');
  rmSync(outdir, { recursive: true, force: true });
  await bundle({
    ...{ entryPoints: entries, outdir, absWorkingDir: root, external: native },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20.19' },
    chunkNames: 'part-[hash]',
    // Packages that are no ES modules ask for Node's own by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

const wanted = process.argv[2] === 'children' ? [program, children] : [program];
if (wanted.every(build)) await bundleProgram();
else process.exitCode = 1;
