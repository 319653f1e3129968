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
    gate: ['anything', 'the core writes the settings that the gate reads'],
    control: ['anything', root],
    contract: ['anything', 'the code behind the operations'],
    accounts: ['anything', root],
    publish: ['anything', root],
    records: ['anything', root],
    gallery: ['anything', root],
    audit: ['anything', root],
    vision: ['anything', root],
    models: ['anything', root],
    host: ['anything', root],
    config: ['anything', root],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  cli: {
    doctor: ['anything', '`doctor` and `status` show its findings'],
    control: ['anything', client],
    contract: ['anything', 'the operations and their answers'],
    publish: [
      'anything',
      '`mqtt check`, `doctor` and `events verify` look at the broker and at events without a daemon',
    ],
    records: ['anything', '`replay` decides with the production rules, without a database'],
    gallery: ['anything', '`replay --gallery`, recovery keys and backups are read without a daemon'],
    audit: ['anything', '`doctor` judges the audit key where no daemon runs'],
    vision: ['anything', '`replay`, `evaluate` and `camera test` run the production stages without a daemon'],
    models: ['anything', '`models` builds, fetches and verifies the networks'],
    host: ['anything', 'secrets, files and time of this machine'],
    config: ['anything', '`check-config` and every command read the configuration'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  console: {
    contract: ['types', 'what calls take and answer; the schemas stay out of the browser'],
    domain: ['anything', 'the table of attendance, the same in the browser and on the command line'],
    base: ['anything', 'CSV whose cells cannot run as formulas'],
  },
  doctor: {
    control: ['anything', 'the report on the machine, and the client that asks a running daemon'],
    contract: ['types', 'the status and the report that it judges'],
    publish: ['anything', 'certificates and the cost of an old version of MQTT'],
    vision: ['anything', 'FFmpeg, the recogniser in use, and the remedy for logins without protection'],
    models: ['anything', 'it verifies the networks'],
    host: ['anything', 'secrets, units and users of this machine'],
    config: ['anything', 'what the configuration needs'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  gate: {
    contract: [
      'anything',
      'its own errors have the form of all others, and it checks what live pictures say',
    ],
    host: ['anything', 'the log, the clock and where the program lies'],
    base: ['anything', everyone],
  },
  control: {
    contract: ['anything', 'the operations that it serves'],
    publish: ['anything', 'the report on the machine shows how long the certificate for the broker is valid'],
    records: ['types', 'what became of an earlier request; the store comes from the composition root'],
    audit: ['anything', 'each request has an actor, told by the socket'],
    host: ['anything', 'secrets in a request are wiped; where the program lies tells its version'],
    base: ['anything', everyone],
  },
  accounts: {
    contract: ['anything', 'the operations on accounts, their types and the scopes'],
    audit: ['types', 'each change of an account leaves an entry; the log comes from the composition root'],
    host: ['anything', 'SQLite, libsodium and key files'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  publish: {
    contract: ['anything', 'commands of a centre take the input of operations and give their answers'],
    records: [
      'types',
      'rows of the outbox, of alerts and of commands; the stores come from the composition root',
    ],
    audit: ['types', 'a command has an actor and leaves an entry'],
    host: ['anything', "keys, secrets and sealing of this machine's libraries"],
    config: ['types', 'the broker and the alert channels as configured'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  records: {
    host: ['anything', 'SQLite'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  gallery: {
    audit: ['anything', 'a change of the gallery and its audit entry are one transaction in one file'],
    host: ['anything', 'SQLite, libsodium, the TPM and files'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  audit: {
    host: ['anything', 'SQLite, libsodium and the peer of a socket'],
    base: ['anything', everyone],
  },
  vision: {
    contract: ['types', 'what a live picture says'],
    models: ['anything', 'the networks it runs'],
    host: ['anything', 'ONNX Runtime, time, chance and the log'],
    config: ['anything', 'the choices that the configuration offers for vision stand there once'],
    domain: ['anything', everyone],
    base: ['anything', everyone],
  },
  models: {
    host: ['anything', 'free room on the disk and the time of a download'],
    config: ['types', 'the operating point may be configured'],
    domain: ['types', 'the operating point is that of a comparison'],
    base: ['anything', everyone],
  },
  host: {
    domain: ['anything', 'local time is told by the rules of the shift calendar'],
    base: ['anything', everyone],
  },
  config: {
    domain: ['anything', 'what may be configured is what the domain knows'],
    base: ['anything', everyone],
  },
  contract: {},
  domain: {},
  base: {},
} as const satisfies Record<string, Record<string, Permission>>;

const layers: readonly string[] = Object.keys(allowedArrows);

const permissionFor = (layer: string, other: string): Permission | undefined =>
  (allowedArrows as Readonly<Record<string, Readonly<Record<string, Permission>>>>)[layer]?.[other];

/** These import nothing from outside themselves, and use no time, chance or system. */
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
