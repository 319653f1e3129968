import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { showUnits, type UnitProperties } from '../../host/systemctl.js';
import { counted } from '../../kernel/counted.js';
import { type Finding, ok } from './finding.js';

/** Where the units of a box are. The defaults are those of scripts/install. */
export interface Installation {
  /** The units of the version that runs. */
  readonly shipped?: string;
  /** Where scripts/install copies them. */
  readonly installed?: string;
  /** Asks systemd what it has loaded. */
  readonly show?: typeof showUnits;
}

/** scripts/install copies the walls of all services for rollcalld, whose name the folder of the original does not match. */
const wallsOfAll = 'rollcall-.service.d/00-walls.conf';
const wallsOfCore = 'rollcalld.service.d/00-walls.conf';

/** systemd reads a template together with its drop-ins only under the name of an instance, which need not exist. */
const instance = 'doctor';

/** Settings with one value that say what a service may do. A drop-in for a GPU or a TPM sets `PrivateDevices=no`. */
const wallValue = /^(?:yes|strict|invisible|closed|private|native|pid|0)$/;
const wallNames = ['User', 'Group', 'RootDirectory', 'UMask', 'CapabilityBoundingSet', 'AmbientCapabilities'];
const changeable = ['PrivateDevices'];

const state = ['Type', 'LoadState', 'ActiveState', 'FragmentPath', 'DropInPaths', 'NeedDaemonReload'];

const again =
  'Run scripts/install again, in a checkout of this version: it restores the units and starts them.';
const reread = "'systemctl daemon-reload && systemctl restart rollcalld rollcall-gate'";

/** What is wrong with a unit, and what to do about it. */
interface Trouble {
  readonly problems: readonly string[];
  readonly remedy: string;
}

/**
 * Whether systemd uses the units, sockets, mounts, and drop-ins of this version as they are, and which settings other drop-ins have
 * taken away. Nothing where no box is installed, or systemd does not answer.
 */
export async function wallFindings({
  shipped = '/opt/rollcall/current/systemd',
  installed = '/etc/systemd/system',
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
    return [{ check: `walls of ${unit}`, outcome: 'warning', message: problems.join('; '), remedy }];
  });
  return findings.length > 0 ? findings : [ok('walls', `${counted(units.length, 'unit')} as installed`)];
}

const nameOf = (unit: string): string => unit.replace('@.', `@${instance}.`);

/** Files of units and their drop-ins with their texts, by path below the folder. The installer puts in where Node.js is. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const wanted = names.filter((name) => /^[^/]+\.(?:service|socket|mount)$|\.d\/[^/]+\.conf$/.test(name));
  const read = wanted.map(async (name) => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    return [name, text.replace(/^ExecStart=\S+ /gm, 'ExecStart=node ')] as const;
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
  return new Map(
    settings.filter(([name, value]) => {
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
    return [`${join(installed, path)} ${found === undefined ? 'is missing' : 'is not that of this version'}`];
  });
  return troubleOf(problems, again);
}

function loadTrouble(
  facts: UnitProperties,
  parts: readonly (readonly [string, string])[],
  installed: string,
): Trouble | undefined {
  if (facts.get('NeedDaemonReload') === 'yes')
    return { problems: ['systemd has not read its present files'], remedy: `Run ${reread}.` };
  const used = [facts.get('FragmentPath') ?? '', ...(facts.get('DropInPaths') ?? '').split(' ')];
  const unused = parts.map(([path]) => join(installed, path)).filter((path) => !used.includes(path));
  const remedy = `Remove the file that systemd uses instead (it uses ${used.filter((path) => path !== '').join(', ') || 'none'}), then run ${reread}.`;
  return troubleOf(
    unused.map((path) => `systemd does not use ${path}`),
    remedy,
  );
}

function settingTrouble(facts: UnitProperties, expected: ReadonlyMap<string, string>): Trouble | undefined {
  const problems = [...expected].flatMap(([name, value]) => {
    const found = facts.get(name);
    // A version of systemd that does not know the setting does not show it.
    return found === undefined || isAlike(found, value)
      ? []
      : [`${name}=${found} in place of ${name}=${value}`];
  });
  const remedy = `Remove the setting from the drop-in of the unit (${facts.get('DropInPaths') ?? ''}), then run ${reread}.`;
  return troubleOf(problems, remedy);
}

/** systemd prints capabilities in lower case and in its own order. */
const isAlike = (found: string, value: string): boolean =>
  found === value || found.split(' ').toSorted().join() === value.toLowerCase().split(' ').toSorted().join();

/** A socket, mount, or preparation that does not run. Services that run on say themselves what is wrong with them. */
function restTrouble(facts: UnitProperties, unit: string): Trouble | undefined {
  const active = facts.get('ActiveState');
  const isService = unit.endsWith('.service') && facts.get('Type') !== 'oneshot';
  if (isService || active === 'active') return undefined;
  const remedy = `Run 'systemctl restart rollcalld rollcall-gate', which starts it. If that does not help, "systemctl status '${unit}'" says why.`;
  return { problems: [`is ${active}`], remedy };
}

const troubleOf = (problems: readonly string[], remedy: string): Trouble | undefined =>
  problems.length === 0 ? undefined : { problems, remedy };
