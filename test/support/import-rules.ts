import { posix } from 'node:path';
import { scanSource } from './source-scanner.js';

// Which package may import which is stated in its tsconfig.json and held by the compiler. What follows is what the compiler cannot see.

/** These import nothing from outside themselves, and use no time, chance or system. */
const purePackages = new Set(['kernel']);

const impurities: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Date', /(?<![.\w$])Date\b/],
  ['Math.random', /(?<![.\w$])Math\s*\.\s*random\b/],
  ['a timer', /(?<![.\w$])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/],
  ['process', /(?<![.\w$])process\s*\./],
  ['performance', /(?<![.\w$])performance\s*\./],
  ['crypto', /(?<![.\w$])crypto\s*\./],
  ['console', /(?<![.\w$])console\s*\./],
  ['globalThis', /(?<![.\w$])globalThis\b/],
  ['Buffer', /(?<![.\w$])Buffer\s*\./],
];

const packageOf = (path: string): string => path.split('/')[0] ?? '';

/** `core/gallery` for `core/gallery/keys/key-ring.ts`; undefined for a file that lies directly in its package. */
function folderOf(path: string): string | undefined {
  const [name, folder, file] = path.split('/');
  return file === undefined ? undefined : `${name}/${folder}`;
}

/** The file an import leads to, relative to the folder `daemon`; undefined for packages and `node:` modules. */
function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function importProblem(from: string, specifier: string, isValue: boolean): string | undefined {
  const name = packageOf(from);
  const target = targetOf(from, specifier);
  if (target === undefined) {
    return purePackages.has(name)
      ? `${from}: ${name} imports nothing from outside, but "${specifier}"`
      : undefined;
  }
  if (target.startsWith('..')) return `${from}: leaves daemon/ for "${specifier}"`;
  // Vite bundles what the console imports: the schemas of the contract stay out of the browser.
  if (name === 'console' && packageOf(target) === 'contract' && isValue)
    return `${from}: console may import only types of contract ("${specifier}")`;
  return undefined;
}

/** Everything in `files` (path below `daemon/` → source text) that breaks a rule about imports or purity. */
export function importViolations(files: ReadonlyMap<string, string>): readonly string[] {
  const problems: string[] = [];
  const arrows = new Map<string, readonly string[]>();
  for (const [path, text] of files) {
    const { imports, valueImports, code } = scanSource(text);
    arrows.set(
      path,
      imports.flatMap((specifier) => targetOf(path, specifier) ?? []),
    );
    problems.push(
      ...imports.flatMap(
        (specifier) => importProblem(path, specifier, valueImports.includes(specifier)) ?? [],
      ),
    );
    if (!purePackages.has(packageOf(path))) continue;
    for (const [name, pattern] of impurities) {
      if (pattern.test(code)) problems.push(`${path}: ${packageOf(path)} must not use ${name}`);
    }
  }
  return [...problems, ...cycles(arrows), ...cycles(foldersOf(arrows))];
}

/** The same arrows between the folders of each package. Files that lie directly in a package are left out: they may begin or end a way. */
function foldersOf(arrows: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> {
  const folders = new Map<string, Set<string>>();
  for (const [path, targets] of arrows) {
    const from = folderOf(path);
    if (from === undefined) continue;
    const others = folders.get(from) ?? new Set();
    folders.set(from, others);
    for (const target of targets) {
      const to = folderOf(target);
      if (to !== undefined && to !== from && packageOf(to) === packageOf(from)) others.add(to);
    }
  }
  return new Map([...folders].map(([from, others]) => [from, [...others]]));
}

/** Each file of the package `name` with the files that it imports. */
function importsOf(name: string, files: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const own = [...files].filter(([path]) => packageOf(path) === name);
  return new Map(
    own.map(([path, text]) => [
      path,
      scanSource(text).imports.flatMap((specifier) => targetOf(path, specifier) ?? []),
    ]),
  );
}

/** Each folder of the package `name` with the others of the same package from which its files import. */
export function folderImports(
  name: string,
  files: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  return foldersOf(importsOf(name, files));
}

/** The packages that files of `name` import. */
export function importedPackages(name: string, files: ReadonlyMap<string, string>): ReadonlySet<string> {
  const targets = [...importsOf(name, files).values()].flat();
  return new Set(targets.map(packageOf).filter((other) => other !== name));
}

/** Every file that a process running `entry` can load, `entry` included; types alone load nothing. */
export function loadedBy(entry: string, files: ReadonlyMap<string, string>): ReadonlySet<string> {
  const loaded = new Set<string>();
  const visit = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const specifier of scanSource(files.get(path) ?? '').valueImports) {
      const target = targetOf(path, specifier);
      if (target !== undefined) visit(target);
    }
  };
  visit(entry);
  return loaded;
}

/** Each cycle once, as `a.ts -> b.ts -> a.ts`. */
function cycles(arrows: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      found.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    for (const next of arrows.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of arrows.keys()) visit(path, []);
  return found;
}
