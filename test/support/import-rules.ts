import { posix } from 'node:path';
import { scanSource } from './source-scanner.js';

/** What one layer may take from another: types only, or anything; and why. */
type Permission = readonly [what: 'types' | 'anything', reason: string];

const root = 'the composition root joins what others hold apart';
const everyone = 'the words and rules of the house, which depend on nothing';
const client = 'the command line is a thin client of the local API and shows what it answers';

/**
 * The allowed imports, pair by pair. A pair that is not listed is forbidden; a listed pair without use is a fault, too. Every
 * arrow points down the list: a layer may only name layers below it, so there are no cycles between layers.
 */
export const allowedArrows = {
  app: {
    doctor: ['anything', 'the core examines itself with the checks of the command'],
    control: ['anything', root],
    accounts: ['anything', root],
    publish: ['anything', root],
    records: ['anything', root],
    gallery: ['anything', root],
    audit: ['anything', root],
    vision: ['anything', root],
    host: ['anything', root],
    contract: ['anything', 'the code behind the operations, and the settings'],
    kernel: ['anything', everyone],
  },
  cli: {
    lab: ['anything', 'it offers `replay`, `evaluate` and `models add-recogniser`'],
    doctor: ['anything', '`doctor` and `status` show its findings'],
    control: ['anything', client],
    publish: [
      'anything',
      '`mqtt check`, `doctor` and `events verify` look at the broker and at events without a daemon',
    ],
    gallery: ['anything', 'recovery keys and backups are read without a daemon'],
    vision: ['anything', '`camera test` runs the production stages without a daemon'],
    host: ['anything', 'secrets, files, networks and time of this machine'],
    contract: ['anything', 'the operations and their answers, and the settings'],
    kernel: ['anything', everyone],
  },
  lab: {
    records: ['anything', '`replay` decides with the production rules, without a database'],
    gallery: ['anything', '`replay --gallery` reads the gallery without a daemon'],
    audit: ['anything', '`replay --gallery` needs the audit key that is beside the gallery'],
    vision: ['anything', 'it runs the production stages without a daemon'],
    host: ['anything', 'files, networks and time of this machine'],
    contract: ['anything', 'the settings of what it runs'],
    kernel: ['anything', everyone],
  },
  console: {
    contract: ['types', 'what calls take and answer; the schemas stay out of the browser'],
    kernel: ['anything', 'the table of attendance, and CSV whose cells cannot run as formulas'],
  },
  doctor: {
    control: ['anything', 'the report on the machine, and the client that asks a running daemon'],
    publish: ['anything', 'certificates and the cost of an old version of MQTT'],
    vision: ['anything', 'FFmpeg, the recogniser in use, and the remedy for logins without protection'],
    host: ['anything', 'secrets, units, users and networks of this machine'],
    contract: ['anything', 'the status and the settings that it judges'],
    kernel: ['anything', everyone],
  },
  gate: {
    host: ['anything', 'the log, the clock and where the program lies'],
    contract: [
      'anything',
      'its own errors have the form of all others, and it checks its settings and what live pictures say',
    ],
    kernel: ['anything', everyone],
  },
  control: {
    publish: ['anything', 'the report on the machine shows how long the certificate for the broker is valid'],
    records: ['types', 'what became of an earlier request; the store comes from the composition root'],
    audit: ['anything', 'each request has an actor, told by the socket'],
    host: ['anything', 'secrets in a request are wiped; where the program lies tells its version'],
    contract: ['anything', 'the operations that it serves'],
    kernel: ['anything', everyone],
  },
  accounts: {
    audit: ['types', 'each change of an account leaves an entry; the log comes from the composition root'],
    host: ['anything', 'SQLite, libsodium and key files'],
    contract: ['anything', 'the operations on accounts, their types and the scopes'],
    kernel: ['anything', everyone],
  },
  publish: {
    records: [
      'types',
      'rows of the outbox, of alerts and of commands; the stores come from the composition root',
    ],
    audit: ['types', 'a command has an actor and leaves an entry'],
    host: ['anything', "keys, secrets and sealing of this machine's libraries"],
    contract: ['anything', 'the forms of events and commands, and the broker as configured'],
    kernel: ['anything', everyone],
  },
  records: {
    host: ['anything', 'SQLite'],
    kernel: ['anything', everyone],
  },
  gallery: {
    audit: ['anything', 'a change of the gallery and its audit entry are one transaction in one file'],
    host: ['anything', 'SQLite, libsodium, the TPM and files'],
    kernel: ['anything', everyone],
  },
  audit: {
    host: ['anything', 'SQLite, libsodium and the peer of a socket'],
    kernel: ['anything', everyone],
  },
  vision: {
    host: ['anything', 'ONNX Runtime, the networks, time, chance and the log'],
    contract: ['anything', 'the choices that the configuration offers for vision stand there once'],
    kernel: ['anything', everyone],
  },
  host: {
    kernel: ['anything', everyone],
  },
  contract: {
    kernel: ['anything', 'what may be configured and asked is what the kernel knows'],
  },
  kernel: {},
} as const satisfies Record<string, Record<string, Permission>>;

const layers: readonly string[] = Object.keys(allowedArrows);

const permissionFor = (layer: string, other: string): Permission | undefined =>
  (allowedArrows as Readonly<Record<string, Readonly<Record<string, Permission>>>>)[layer]?.[other];

/** These import nothing from outside themselves, and use no time, chance or system. */
const pureLayers = new Set(['kernel']);

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

const layerOf = (path: string): string => path.split('/')[0] ?? '';

/** The file an import leads to, relative to the folder `daemon`; undefined for packages and `node:` modules. */
function targetOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function arrowProblem(from: string, specifier: string, isValue: boolean): string | undefined {
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
  if (!layers.includes(other)) return `${from}: "${other}" is no layer`;
  const permission = permissionFor(layer, other);
  if (permission === undefined) return `${from}: ${layer} must not import ${other} ("${specifier}")`;
  if (permission[0] === 'types' && isValue)
    return `${from}: ${layer} may import only types of ${other} ("${specifier}")`;
  return undefined;
}

/** Everything in `files` (path below `daemon/` → source text) that breaks a rule about imports or purity. */
export function importViolations(files: ReadonlyMap<string, string>): readonly string[] {
  const problems: string[] = [];
  const arrows = new Map<string, readonly string[]>();
  for (const [path, text] of files) {
    if (!layers.includes(layerOf(path))) problems.push(`${path}: lies in no known layer`);
    const { imports, valueImports, code } = scanSource(text);
    arrows.set(
      path,
      imports.flatMap((specifier) => targetOf(path, specifier) ?? []),
    );
    problems.push(
      ...imports.flatMap(
        (specifier) => arrowProblem(path, specifier, valueImports.includes(specifier)) ?? [],
      ),
    );
    if (!pureLayers.has(layerOf(path))) continue;
    for (const [name, pattern] of impurities) {
      if (pattern.test(code)) problems.push(`${path}: ${layerOf(path)} must not use ${name}`);
    }
  }
  return [...problems, ...cycles(arrows)];
}

/** Pairs `from > to` of the matrix that no file of `files` uses. */
export function unusedArrows(files: ReadonlyMap<string, string>): readonly string[] {
  const used = new Set<string>();
  for (const [path, text] of files) {
    for (const target of scanSource(text).imports.flatMap((specifier) => targetOf(path, specifier) ?? []))
      used.add(`${layerOf(path)} > ${layerOf(target)}`);
  }
  return Object.entries(allowedArrows)
    .flatMap(([layer, others]) => Object.keys(others).map((other) => `${layer} > ${other}`))
    .filter((arrow) => !used.has(arrow));
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
