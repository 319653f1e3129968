// Builds with esbuild what is started as a process of its own: each in a few files, because loading a thousand small modules
// takes twice the processor time of all else that a start does. Types are checked by `npm run typecheck`.
//   node scripts/build.mjs          dist/program: what a box runs, with those packages that are plain JavaScript, and the console.
//                                   It is kept where it was built from the same sources, as each installation asks for it.
//   node scripts/build.mjs tests    also dist/tests: all tests, and what they and the fault loops start, and kill, by the hundred
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { build as buildWithVite } from 'vite';
import { BuiltFrom } from './built-from.mjs';
import { buildVersion } from './version.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Stay packages of their own: they load binaries, or files that lie beside theirs. */
const native = [
  'better-sqlite3',
  'better-sqlite3-13',
  'koffi',
  'libheif-js',
  'onnxruntime-node',
  'pino',
  'sharp',
  'sodium-native',
];

/** `entryPoints`: where a file comes to lie below `outdir`, without its extension, and its source. */
async function bundle({ outdir, entryPoints, ...options }) {
  const startedAt = new Date();
  rmSync(join(root, outdir), { recursive: true, force: true });
  const { metafile } = await build({
    ...{ entryPoints, outdir, absWorkingDir: root, logLevel: 'warning' },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node20.19' },
    chunkNames: 'part-[hash]',
    // Packages that are no ES modules ask for Node's own by `require`.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);",
    },
    ...options,
  });
  dateBundle({ outdir, entryPoints }, startedAt);
  return metafile;
}

/** Their time tells which sources are newer than the build (test/support/built.ts). */
function dateBundle({ outdir, entryPoints }, time) {
  for (const entry of Object.keys(entryPoints)) utimesSync(join(root, outdir, `${entry}.js`), time, time);
}

/** `z` as an object keeps all of zod, with messages in fifty languages. As a namespace it keeps what is used: half the start. */
const zodAsUsed = {
  name: 'zod as used',
  setup({ onLoad }) {
    onLoad({ filter: /\/daemon\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8').replace("import { z } from 'zod';", "import * as z from 'zod';"),
    }));
  },
};

const program = {
  outdir: 'dist/program',
  metafile: true,
  external: native,
  plugins: [zodAsUsed],
  entryPoints: {
    rollcalld: 'daemon/core/main.ts',
    rollcall: 'daemon/cli/main.ts',
    'rollcall-gate': 'daemon/gate/main.ts',
    vision: 'daemon/vision/main.ts',
    'vision-instance': 'daemon/vision/vision-instance-main.ts',
    'inference-worker': 'daemon/vision/inference/inference-worker.ts',
    'heic-decoder': 'daemon/vision/heic-decoder-main.ts',
    'verify-pages': 'daemon/core/gallery/verify/verify-pages-main.ts',
    'password-process': 'daemon/host/password-process-main.ts',
    'fixed-computation': 'daemon/host/fixed-computation-main.ts',
    // For scripts/setup, which builds the models before any box is configured.
    'model-store': 'daemon/host/models/store.ts',
  },
};

/** Sources below `folder` whose names end so, each under the path at which it lies. */
const sourcesIn = (folder, ending) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => [join(folder, name.slice(0, -'.ts'.length)), join(folder, name)]);

/** A test names files by where it lies itself: that stays so wherever its bundle lies. */
const placeOfSource = {
  name: 'place of source',
  setup({ onLoad }) {
    onLoad({ filter: /\/(test|scripts)\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: readFileSync(path, 'utf8')
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.filename', JSON.stringify(path)),
    }));
  },
};

function tests() {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const sources = [
    ...sourcesIn('test', '.test.ts'),
    ...sourcesIn('test/support', '-child.ts'),
    ...sourcesIn('scripts/fault-loop', '-child.ts'),
  ];
  return {
    outdir: 'dist/tests',
    external: [...native, ...Object.keys(devDependencies)],
    entryPoints: Object.fromEntries(sources),
    plugins: [placeOfSource],
    sourcemap: true,
    // Every process reads the maps of what it loads; a stack names files and lines, which lie beside them.
    sourcesContent: false,
  };
}

/** The page that describes the API to people: static, made from the operations. The gate serves it at /docs. */
async function apiPage() {
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: ['scripts/contract/api-page.ts'], absWorkingDir: root, logLevel: 'warning' },
    ...{ bundle: true, write: false, format: 'esm', platform: 'node', target: 'node20.19', metafile: true },
  });
  const { writeApiPage } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  await writeApiPage(join(root, 'dist/program/site/docs'), root);
  return Object.keys(metafile.inputs);
}

/** Resolves with the modules of the console. */
async function buildConsole() {
  const { output } = await buildWithVite({ configFile: join(root, 'daemon/console/vite.config.mjs') });
  return output.flatMap(({ moduleIds = [] }) => moduleIds).map((id) => relative(root, id));
}

/** All that the build of the program reads below the checkout, besides the packages, which their list names. */
const sources = ['daemon', 'scripts', 'docs/contract/operations', 'package.json', 'tsconfig.json'];

/** A source that is missing above would let the build keep a program that is out of date. */
function requireListed(read) {
  const isListed = (path) => [...sources, 'node_modules'].some((each) => `${path}/`.startsWith(`${each}/`));
  // Modules that a plugin makes have names that are no paths.
  const missing = read.filter((path) => existsSync(join(root, path)) && !isListed(path));
  if (missing.length > 0)
    throw new Error(`scripts/build.mjs reads ${missing.join(', ')}: add the folder to its sources`);
}

async function buildProgram() {
  const { inputs } = await bundle(program);
  cpSync(join(root, 'daemon/words'), join(root, 'dist/program/words'), {
    recursive: true,
    filter: (path) => statSync(path).isDirectory() || /words\/\w+\/[\w-]+\.json$/.test(path),
  });
  requireListed([...Object.keys(inputs), ...(await buildConsole()), ...(await apiPage())]);
}

const startedAt = new Date();
const built = join(root, 'dist/program');
const builtFrom = new BuiltFrom({
  root,
  inputs: [...sources, 'node_modules/.package-lock.json'],
  // Vite takes over the mode of the environment.
  also: [process.version, process.env.NODE_ENV ?? ''],
  ...{ output: 'dist/program', except: 'dist/program/version.json', record: 'dist/program-built-from' },
});
if (builtFrom.isKept()) dateBundle(program, startedAt);
else {
  builtFrom.forget();
  await buildProgram();
  builtFrom.note();
}
// Another commit is another version, also of the same sources.
writeFileSync(join(built, 'version.json'), `${JSON.stringify({ version: buildVersion(root, built) })}\n`);
if (process.argv[2] === 'tests') await bundle(tests());
