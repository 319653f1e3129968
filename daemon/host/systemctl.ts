import { runBound } from './bound-child.js';

const withinMs = 5_000;

/** The properties of a unit, as `systemctl show` prints them. */
export type UnitProperties = ReadonlyMap<string, string>;

/** Asks systemd about units, in any order. The answers have their names. Undefined where systemd is not there, or does not let this user ask. */
export async function showUnits(
  names: readonly string[],
  properties: readonly string[],
): Promise<ReadonlyMap<string, UnitProperties> | undefined> {
  const shown = await outputOf('systemctl', [
    'show',
    `--property=${['Id', ...properties].join()}`,
    '--',
    ...names,
  ]);
  return shown === undefined ? undefined : propertiesIn(shown);
}

/** Reads what `systemctl show` prints about several units. Pure. */
export function propertiesIn(shown: string): ReadonlyMap<string, UnitProperties> {
  const units = shown.split('\n\n').map((block) => {
    const lines = block.split('\n').filter((line) => line.includes('='));
    return new Map(lines.map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  });
  return new Map(units.flatMap((unit) => (unit.has('Id') ? [[unit.get('Id') ?? '', unit] as const] : [])));
}

/** What a program of systemd prints; undefined where it fails. */
export async function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const options = { timeout: withinMs, env: { ...process.env, LC_ALL: 'C' } };
    return (await runBound(program, args, options)).stdout;
  } catch {
    // Not a machine of systemd, or one that does not let this user ask.
    return undefined;
  }
}
