// Prints what the code looks like from above, for comparison with docs/measurements/house.md:
//   node --import tsx scripts/house.ts [FOLDER]     FOLDER: another checkout; default: this one
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scanSource } from '../test/support/source-scanner.js';

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const listed = (...folders: readonly string[]): readonly string[] =>
  execFileSync('git', ['ls-files', ...folders], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => path !== '');
const files = listed('daemon');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const linesOf = (path: string): number => read(path).split('\n').length - 1;
const sources = files.filter((path) => /\.tsx?$/.test(path));
const known = new Set(sources);

/** The source that an import leads to; undefined for packages, and for what is no source. */
function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.join(posix.dirname(from), specifier);
  return [path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')].find((each) => known.has(each));
}

/** As `Map.groupBy`, which Node.js 20 has not. */
function groupBy(
  paths: readonly string[],
  keyOf: (path: string) => string,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const key = keyOf(path);
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return groups;
}

const packageOf = (path: string): string => path.split('/')[1] ?? '';
const importers = new Map<string, Set<string>>();
const arrows = new Set<string>();
for (const path of sources) {
  for (const specifier of scanSource(read(path)).imports) {
    const target = targetOf(path, specifier);
    if (target === undefined) continue;
    importers.set(target, (importers.get(target) ?? new Set()).add(path));
    if (packageOf(target) !== packageOf(path)) arrows.add(`${packageOf(path)} > ${packageOf(target)}`);
  }
}
const oneImporter = sources.filter((path) => importers.get(path)?.size === 1);
/** Sources that a test or a script imports, which makes them parts of their own. */
const triedAlone = new Set<string>();
for (const path of listed('test', 'scripts')) {
  if (!/\.(?:tsx?|mjs)$/.test(path)) continue;
  for (const specifier of scanSource(read(path)).imports) {
    const target = targetOf(path, specifier);
    if (target !== undefined) triedAlone.add(target);
  }
}

/** Why a source with one importer is a file of its own. */
function reasonFor(path: string): string {
  if (triedAlone.has(path)) return 'imported by a test or a script';
  if (path.includes('/console/pages/') || path.endsWith('.tsx')) return 'pages and their pieces';
  if (/(?:-part|-handlers|-schema)\.ts$/.test(path) || path.startsWith('daemon/contract/'))
    return 'parts, handlers, and declarations of a subject';
  if (path.startsWith('daemon/cli/')) return 'commands';
  if (path.endsWith('.kernel.ts') || path.startsWith('daemon/host/') || path.startsWith('daemon/vision/'))
    return 'pixel loops and adapters';
  return linesOf(path) < 40 ? 'others, fewer than 40 lines' : 'others, 40 lines and more';
}

const reasons = groupBy(oneImporter, reasonFor);
const names = groupBy(sources, (path) => basename(path).replace(/\.tsx$/, '.ts'));
const packages = groupBy(
  files.filter((path) => path.split('/').length > 2),
  packageOf,
);
const sizes = sources.map(linesOf).toSorted((one, other) => one - other);

const figures: readonly (readonly [what: string, figure: number | undefined])[] = [
  ['lines below daemon/', files.reduce((sum, path) => sum + linesOf(path), 0)],
  [
    'of them in messages of the console',
    files.filter((path) => path.includes('/messages/')).reduce((sum, path) => sum + linesOf(path), 0),
  ],
  ['files below daemon/', files.length],
  ['packages', packages.size],
  ['arrows between packages', arrows.size],
  ['sources with one importer', oneImporter.length],
  ...[...reasons]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([reason, paths]) => [`of them ${reason}`, paths.length] as const),
  ['names that several sources have', [...names.values()].filter(({ length }) => length > 1).length],
  ['lines of the median source', sizes[Math.floor(sizes.length / 2)]],
  ['sources with more than 500 lines', sizes.filter((size) => size > 500).length],
];
for (const [what, figure] of figures) process.stdout.write(`${String(figure).padStart(8)}  ${what}\n`);
for (const [name, inside] of packages)
  process.stdout.write(
    `${String(inside.reduce((sum, path) => sum + linesOf(path), 0)).padStart(8)}  lines in ${name}\n`,
  );
