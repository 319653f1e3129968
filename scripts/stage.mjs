// Collects the files that a box needs from a checkout that is set up: the built program, its production packages, the
// built models, documentation and unit. Prints the name of the release, made of its version and a hash of its content, and
// copies the release to RELEASES/.new unless RELEASES already has it.
//   node scripts/stage.mjs RELEASES [ARCH]
// ARCH: the kind of machine that the packages are for, such as "arm64"; default: this one.
// Leaves out sources, tests, development packages, C and C++ sources, and binaries for other kinds of machines.
import { createHash } from 'node:crypto';
import {
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { platform } = process;
const [releases, arch = process.arch] = process.argv.slice(2);
if (releases === undefined) {
  console.error('usage: node scripts/stage.mjs RELEASES [ARCH]');
  process.exit(2);
}

const programPaths = [
  ...['dist/program', 'models/manifest.json', 'models/build', 'docs', 'systemd', 'config', 'package.json'],
  ...['LICENSE', 'README.md', 'scripts/examples'],
  ...['install', 'box-steps', 'update-steps', 'rollcall-setup', 'gpu-drop-in', 'system-packages'].map(
    (name) => `scripts/${name}`,
  ),
];

/** Folders with a subfolder for each kind of machine, and the name of the one that the box needs. */
const binaries = [
  { folder: 'node_modules/onnxruntime-node/bin/napi-v6', own: platform },
  { folder: `node_modules/onnxruntime-node/bin/napi-v6/${platform}`, own: arch },
  { folder: 'node_modules/sodium-native/prebuilds', own: `${platform}-${arch}` },
];
/**
 * Of the drivers of SQLite (daemon/host/sqlite-driver.ts), what is never loaded, and what compiles them. The newer one stays even where
 * this Node.js loads the other: an update from Node.js 22.13 to 22.14 needs it.
 */
const hasNodeApi10 = Number(process.versions.napi) >= 10;
const notLoaded = [
  ...(hasNodeApi10 ? ['better-sqlite3/'] : []),
  'node-addon-api/',
  'better-sqlite3/(deps|src|build/(?!Release$|Release/better_sqlite3\\.node$))',
  `better-sqlite3-13/(deps|src|prebuilds/(?!${platform}-${arch}\\.node$))`,
  // For another C library, and for a runtime other than Node.js.
  `@koromix/koffi-${platform}-${arch}/musl_`,
  '(bare-[^/]+/prebuilds/|.*\\.bare$)',
].map((pattern) => new RegExp(`^node_modules/${pattern}`));
/** Settings of the tools of developers. */
const hidden = /^(node_modules|docs)\/(.*\/)?\.[^/]+$/;
/** Notes of the program about verified models, and the sources of built models. */
const notes = ['models/build/.verified.json', 'models/build/.sources'];

function belongsToBox(path) {
  if (hidden.test(path) || notLoaded.some((pattern) => pattern.test(path)) || notes.includes(path))
    return false;
  const place = binaries.find(({ folder }) => dirname(path) === folder);
  return place === undefined || path === join(place.folder, place.own);
}

/** The folders of the packages that the running program needs. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8'));
  return Object.keys(packages).filter((path) => !packages[path].dev && !packages[path].devOptional);
}

/** The files at or below `path`. Nested packages have their own entries in the lock file. */
function filesOf(path) {
  if (!belongsToBox(path)) return [];
  if (!lstatSync(join(root, path)).isDirectory()) return [path];
  const names = readdirSync(join(root, path)).filter((name) => name !== 'node_modules');
  return names.flatMap((name) => filesOf(join(path, name)));
}

const files = [...programPaths, ...productionPackages()].flatMap(filesOf).sort();
const hash = createHash('sha256');
for (const path of files) {
  const content = readFileSync(join(root, path));
  hash.update(`${path}\0${content.length}\0`).update(content);
}
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const name = `${version}-${hash.digest('hex').slice(0, 12)}`;
if (!existsSync(join(releases, name))) {
  for (const path of files) {
    const target = join(releases, '.new', path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, path), target, constants.COPYFILE_FICLONE);
  }
}
console.log(name);
