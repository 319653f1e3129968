import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { showUnits, type UnitProperties } from '../../host/systemctl.js';
import type { Said } from '../../kernel/said.js';
import { doctor, type Finding, finding, joined, ok } from './finding.js';

/** Where the units of a box are. */
export interface Installation {
  /** The units of the version that runs. */
  readonly shipped?: string;
  /** Where systemd finds them. Default: where the Debian package puts them if it did, otherwise where scripts/install copies them. */
  readonly installed?: string;
  /** Asks systemd what it has loaded. */
  readonly show?: typeof showUnits;
}

const unitsOfPackages = '/usr/lib/systemd/system';
const unitsOfInstaller = '/etc/systemd/system';

/** scripts/system-files copies the walls of all services for rollcalld, whose name the folder of the original does not match. */
const wallsOfAll = 'rollcall-.service.d/00-walls.conf';
const wallsOfCore = 'rollcalld.service.d/00-walls.conf';

/** systemd reads a template together with its drop-ins only under the name of an instance, which need not exist. */
const instance = 'doctor';

/** Settings with one value that say what a service may do. A drop-in for a GPU or a TPM sets `PrivateDevices=no`. */
const wallValue = /^(?:yes|strict|invisible|closed|private|native|pid|0)$/;
const wallNames = ['User', 'Group', 'RootDirectory', 'UMask', 'CapabilityBoundingSet', 'AmbientCapabilities'];
const changeable = ['PrivateDevices'];
/** Settings that a drop-in may extend or change, such as the list of calls, but whose wall is gone where nothing of them is left. */
const extensible = [
  ...['SystemCallFilter', 'RestrictAddressFamilies', 'IPAddressDeny', 'BPFProgram'],
  ...['InaccessiblePaths', 'TemporaryFileSystem', 'LogNamespace', 'MemoryMax', 'TasksMax'],
];

const state = ['Type', 'LoadState', 'ActiveState', 'FragmentPath', 'DropInPaths', 'NeedDaemonReload'];

/** What is wrong with a unit, and what to do about it. */
interface Trouble {
  readonly problems: readonly Said[];
  readonly remedy: Said;
}

/**
 * Whether systemd uses the units, sockets, mounts, and drop-ins of this version as they are, and which settings other drop-ins have
 * taken away. Nothing where no box is installed, or systemd does not answer.
 */
export async function wallFindings({
  shipped = '/opt/rollcall/current/systemd',
  installed = existsSync(join(unitsOfPackages, 'rollcalld.service')) ? unitsOfPackages : unitsOfInstaller,
  show = showUnits,
}: Installation = {}): Promise<readonly Finding[]> {
  const files = await filesIn(shipped);
  const units = [...files.keys()].filter((name) => !name.endsWith('.conf')).toSorted();
  const expected = new Map(
    units.map((unit) => [unit, settingsOf(partsOf(unit, files).map(([, text]) => text))]),
  );
  const asked = new Set([...expected.values()].flatMap((settings) => [...settings.keys()]));
  const loaded = units.length === 0 ? undefined : await show(units.map(nameOf), [...state, ...asked]);
  if (loaded === undefined) return [];
  const present = await filesIn(installed);
  const isRunning = loaded.get('rollcalld.service')?.get('ActiveState') === 'active';
  const findings = units.flatMap((unit): readonly Finding[] => {
    const facts = loaded.get(nameOf(unit)) ?? new Map<string, string>();
    const parts = partsOf(unit, files);
    const trouble =
      fileTrouble(parts, present, installed) ??
      loadTrouble(facts, parts, installed) ??
      settingTrouble(facts, expected.get(unit) ?? new Map()) ??
      (isRunning ? restTrouble(facts, unit) : undefined);
    if (trouble === undefined) return [];
    const { problems, remedy } = trouble;
    return [finding(doctor('check-walls-of', { unit }), 'warning', { message: joined(problems), remedy })];
  });
  return findings.length > 0
    ? findings
    : [ok(doctor('check-walls'), doctor('walls', { units: units.length }))];
}

const nameOf = (unit: string): string => unit.replace('@.', `@${instance}.`);

/** Files of units and their drop-ins with their texts, by path below the folder. The installer puts in where Node.js is. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const wanted = names.filter((name) => /^[^/]+\.(?:service|socket|mount)$|\.d\/[^/]+\.conf$/.test(name));
  const read = wanted.map(async (name) => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    return [name, text.replace(/^(ExecStart=.*?)\S+( (?:--\S+ )*\S+\.js\b)/gm, '$1node$2')] as const;
  });
  return new Map(await Promise.all(read));
}

/** The unit and its drop-ins in the order in which systemd reads them: their paths once installed, and their texts. */
function partsOf(unit: string, files: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  const dropIns = [...files].filter(([path]) => path.endsWith('.conf') && isFor(unit, path));
  const core = unit === 'rollcalld.service' ? [[wallsOfCore, files.get(wallsOfAll) ?? ''] as const] : [];
  const ordered = [...dropIns, ...core].toSorted(([a], [b]) => (basename(a) < basename(b) ? -1 : 1));
  return [[unit, files.get(unit) ?? ''], ...ordered];
}

/** `rollcall-.service.d` is for every service whose name begins with `rollcall-` (systemd.unit(5)). */
function isFor(unit: string, path: string): boolean {
  const [, prefix = '', kind = ''] = /^(.*)\.(\w+)\.d\//.exec(path) ?? [];
  if (!unit.endsWith(`.${kind}`)) return false;
  return prefix.endsWith('-') ? unit.startsWith(prefix) : unit === `${prefix}.${kind}`;
}

/** The walls among the settings of a service; the last value counts. */
function settingsOf(texts: readonly string[]): ReadonlyMap<string, string> {
  const service = texts.flatMap((text) =>
    text.split(/^(?=\[)/m).filter((part) => part.startsWith('[Service]')),
  );
  const settings = service.flatMap((part) =>
    [...part.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const),
  );
  // A later value may take back an earlier one.
  return new Map(
    [...new Map(settings)].filter(([name, value]) => {
      if (extensible.includes(name)) return !isGone(value);
      if (changeable.includes(name) || value.includes('%')) return false;
      return wallNames.includes(name) || wallValue.test(value);
    }),
  );
}

function fileTrouble(
  parts: readonly (readonly [string, string])[],
  present: ReadonlyMap<string, string>,
  installed: string,
): Trouble | undefined {
  const problems = parts.flatMap(([path, text]) => {
    const found = present.get(path);
    if (found === text) return [];
    return [doctor(found === undefined ? 'wall-missing' : 'wall-other', { path: join(installed, path) })];
  });
  return troubleOf(problems, doctor('remedy-wall-files'));
}

function loadTrouble(
  facts: UnitProperties,
  parts: readonly (readonly [string, string])[],
  installed: string,
): Trouble | undefined {
  if (facts.get('NeedDaemonReload') === 'yes')
    return { problems: [doctor('wall-unread')], remedy: doctor('remedy-wall-unread') };
  const used = [facts.get('FragmentPath') ?? '', ...(facts.get('DropInPaths') ?? '').split(' ')].map(
    // The systemd of Debian 12 names files of packages by way of the link /lib.
    (path) => path.replace(/^\/lib\//, '/usr/lib/'),
  );
  const unused = parts.map(([path]) => join(installed, path)).filter((path) => !used.includes(path));
  const paths = used.filter((path) => path !== '').join(', ') || 'none';
  return troubleOf(
    unused.map((path) => doctor('wall-unused', { path })),
    doctor('remedy-wall-unused', { paths }),
  );
}

function settingTrouble(facts: UnitProperties, expected: ReadonlyMap<string, string>): Trouble | undefined {
  const problems = [...expected].flatMap(([name, value]) => {
    // A version of systemd that does not know the setting does not show it.
    const found = facts.get(name) ?? value;
    const isThere = extensible.includes(name) ? !isGone(found) : isAlike(found, value);
    return isThere ? [] : [doctor('wall-setting', { name, found, value })];
  });
  return troubleOf(problems, doctor('remedy-wall-setting', { paths: facts.get('DropInPaths') ?? '' }));
}

/** As systemd prints a list, also one of what is refused, and a limit. */
const isGone = (shown: string): boolean => ['', '~', 'none', 'infinity'].includes(shown);

/** systemd prints capabilities in lower case and in its own order. */
const isAlike = (found: string, value: string): boolean =>
  found === value || found.split(' ').toSorted().join() === value.toLowerCase().split(' ').toSorted().join();

/** A socket, mount, or preparation that does not run. Services that run on say themselves what is wrong with them. */
function restTrouble(facts: UnitProperties, unit: string): Trouble | undefined {
  const active = facts.get('ActiveState');
  const isService = unit.endsWith('.service') && facts.get('Type') !== 'oneshot';
  if (isService || active === 'active') return undefined;
  return {
    problems: [doctor('wall-state', { state: active ?? '' })],
    remedy: doctor('remedy-wall-state', { unit }),
  };
}

const troubleOf = (problems: readonly Said[], remedy: Said): Trouble | undefined =>
  problems.length === 0 ? undefined : { problems, remedy };
