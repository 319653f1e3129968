// Checks what the program is built from, and writes down what it ships.
//   node --import tsx scripts/audit-dependencies.ts [--sbom FILE]
// From package-lock.json alone: every package has a strong checksum and comes from the registry, and only packages that
// package.json names may bring a script that runs at installation. From the registry: known vulnerabilities; where it
// does not answer, that is said, and the rest is checked all the same. Last, a list of what the program ships
// (CycloneDX), where npm can write one. Exit code 1 where something is wrong.
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readOptions } from './options.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const largestAnswerBytes = 64 * 2 ** 20;
/** The registry answers an audit in seconds; a test run must not hang for it. */
const registryTimeoutMs = 60_000;

export interface Manifest {
  readonly name: string;
  /** Packages that have an installation script, and whether it may run. */
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

export interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly link?: boolean;
}

export interface Lock {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const nameOf = (path: string): string =>
  path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Every fault of the lock file, as a sentence. */
export function lockProblems(lock: Lock, manifest: Manifest): readonly string[] {
  const installed = Object.entries(lock.packages).filter(([path]) => path !== '');
  const scripted = new Set(
    installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => nameOf(path)),
  );
  const known = new Set(Object.keys(manifest.allowScripts));
  return [
    ...installed.flatMap(([path, entry]) => packageProblems(path, entry)),
    ...[...scripted]
      .filter((name) => !known.has(name))
      .map((name) => `${name} brings an installation script that package.json (allowScripts) does not name.`),
    ...[...known]
      .filter((name) => !scripted.has(name))
      .map((name) => `allowScripts names ${name}, which has no installation script: take the line out.`),
  ];
}

function packageProblems(path: string, { version, resolved, integrity, link }: LockedPackage): string[] {
  if (link === true) return [`${path} is a link to a folder, not a package of the registry.`];
  const problems: string[] = [];
  if (version === undefined) problems.push(`${path} has no version.`);
  if (integrity === undefined || !/^sha512-/.test(integrity))
    problems.push(`${path} has no SHA-512 checksum.`);
  if (resolved !== undefined && !/^https:\/\/[^/]+\/.*\.tgz$/.test(resolved))
    problems.push(`${path} comes from elsewhere than a registry: ${resolved}`);
  return problems;
}

/** What `npm audit --json` answers, as far as it is read here. */
export interface AuditAnswer {
  readonly error?: unknown;
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity: string; readonly range: string; readonly isDirect: boolean }>
  >;
}

/** Vulnerabilities that must be mended before a release, the others, or why they are not known. */
export function judgeAudit(
  answer: AuditAnswer,
):
  | { readonly isKnown: true; readonly serious: readonly string[]; readonly minor: readonly string[] }
  | { readonly isKnown: false; readonly reason: string } {
  const { vulnerabilities } = answer;
  if (vulnerabilities === undefined)
    return {
      isKnown: false,
      reason: (answer.message ?? 'no answer').replace(/https?:\/\/[^/\s]+/g, '(registry)'),
    };
  const serious: string[] = [];
  const minor: string[] = [];
  for (const [name, { severity, range }] of Object.entries(vulnerabilities)) {
    const list = severity === 'high' || severity === 'critical' ? serious : minor;
    list.push(`${name} ${range}: ${severity}`);
  }
  return { isKnown: true, serious, minor };
}

/** npm ends with an error where it found something, and says what on standard output all the same. */
async function npm(...args: readonly string[]): Promise<string> {
  const options = { cwd: root, timeout: registryTimeoutMs, maxBuffer: largestAnswerBytes };
  try {
    return (await run('npm', [...args], options)).stdout;
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (stdout === undefined || stdout === '') throw error;
    return stdout;
  }
}

async function askRegistry(): Promise<AuditAnswer> {
  try {
    return JSON.parse(await npm('audit', '--json', '--omit=dev')) as AuditAnswer;
  } catch (error) {
    return { message: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) };
  }
}

/** Packages of the lock that a box gets: neither for development, nor for another platform only. Says what it wrote. */
async function writeBillOfMaterials(path: string): Promise<string> {
  const answer = await npm('sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only');
  // That of Debian 13 has no such command.
  if (answer.startsWith('Unknown command')) return 'not written, which takes npm 10.2 or newer';
  const sbom = JSON.parse(answer) as { readonly components: readonly unknown[] };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(sbom, undefined, 1)}\n`);
  return `${sbom.components.length} packages, ${relative(root, path)}`;
}

async function main(): Promise<number> {
  const { values } = readOptions('node --import tsx scripts/audit-dependencies.ts', {
    options: { sbom: { type: 'string' } },
  });
  const read = async <T>(name: string): Promise<T> =>
    JSON.parse(await readFile(join(root, name), 'utf8')) as T;
  const lock = await read<Lock>('package-lock.json');
  const problems = lockProblems(lock, await read<Manifest>('package.json'));
  console.log(`dependencies: ${Object.keys(lock.packages).length - 1} packages locked`);
  for (const problem of problems) console.error(`error: ${problem}`);
  const audit = judgeAudit(await askRegistry());
  if (audit.isKnown) {
    console.log(
      `known vulnerabilities: ${audit.serious.length} high or critical, ${audit.minor.length} lesser`,
    );
    for (const line of [...audit.serious, ...audit.minor]) console.error(`vulnerable: ${line}`);
  } else {
    console.log(`known vulnerabilities: not checked, because the registry did not answer (${audit.reason})`);
  }
  const path = values.sbom ?? join(root, 'var/sbom.cdx.json');
  console.log(`bill of materials: ${await writeBillOfMaterials(path)}`);
  return problems.length > 0 || (audit.isKnown && audit.serious.length > 0) ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
