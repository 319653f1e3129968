import { posix } from 'node:path';
import { scanSource } from './source-scanner.js';

/** From the top down: a layer may import itself and those below it. Those in one row do not know one another. */
const rows: readonly (readonly string[])[] = [
  ['app', 'cli'],
  ['control'],
  ['console'],
  ['publish'],
  ['records'],
  ['gallery'],
  ['audit'],
  ['vision'],
  ['models'],
  ['host'],
  ['config'],
  ['domain'],
  ['base'],
];

/** These import nothing from outside themselves, and reach for no time, chance or system. */
const pureLayers = new Set(['base', 'domain']);

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

const rowOf = (layer: string): number => rows.findIndex((row) => row.includes(layer));
const layerOf = (path: string): string => path.split('/')[0] ?? '';

/** The file an import leads to, relative to the folder `daemon`; undefined for packages and `node:` modules. */
function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function arrowProblem(from: string, specifier: string): string | undefined {
  const layer = layerOf(from);
  const target = targetOf(from, specifier);
  if (target === undefined) {
    return pureLayers.has(layer)
      ? `${from}: ${layer} imports nothing from outside, but "${specifier}"`
      : undefined;
  }
  if (target.startsWith('..')) return `${from}: leaves daemon/ for "${specifier}"`;
  const other = layerOf(target);
  if (other === layer) return undefined;
  if (rowOf(other) < 0) return `${from}: "${other}" is no layer`;
  return rowOf(other) > rowOf(layer)
    ? undefined
    : `${from}: ${layer} must not import ${other} ("${specifier}")`;
}

/** Everything in `files` (path below `daemon/` → source text) that breaks a rule about imports or purity. */
export function importViolations(files: ReadonlyMap<string, string>): readonly string[] {
  const problems: string[] = [];
  const arrows = new Map<string, readonly string[]>();
  for (const [path, text] of files) {
    if (rowOf(layerOf(path)) < 0) problems.push(`${path}: lies in no known layer`);
    const { imports, code } = scanSource(text);
    arrows.set(
      path,
      imports.flatMap((specifier) => targetOf(path, specifier) ?? []),
    );
    problems.push(...imports.flatMap((specifier) => arrowProblem(path, specifier) ?? []));
    if (!pureLayers.has(layerOf(path))) continue;
    for (const [name, pattern] of impurities) {
      if (pattern.test(code)) problems.push(`${path}: ${layerOf(path)} must not use ${name}`);
    }
  }
  return [...problems, ...cycles(arrows)];
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
