import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Temperature {
  /** Name of the sensor by the kernel: its zone or chip, and the number of the sensor where the chip has several. */
  readonly sensor: string;
  readonly celsius: number;
}

/** The most sensors that are read, so that a strange machine cannot make an answer long. */
const mostSensors = 32;
const millidegrees = 1000;

/** The temperatures that the kernel tells; none on most virtual machines. `root`: the folder `/sys`. */
export async function readTemperatures(root = '/sys'): Promise<readonly Temperature[]> {
  const found = [...(await zones(join(root, 'class/thermal'))), ...(await chips(join(root, 'class/hwmon')))];
  const named = await Promise.all(found.slice(0, mostSensors).map(read));
  const unique = new Map(named.flatMap((each) => (each === undefined ? [] : [[each.sensor, each] as const])));
  return [...unique.values()];
}

interface Sensor {
  readonly namePath: string;
  readonly valuePath: string;
  readonly suffix: string;
}

async function zones(folder: string): Promise<readonly Sensor[]> {
  const names = await entriesOf(folder, /^thermal_zone\d+$/);
  return names.map((name) => ({
    namePath: join(folder, name, 'type'),
    valuePath: join(folder, name, 'temp'),
    suffix: name.replace('thermal_zone', '-'),
  }));
}

async function chips(folder: string): Promise<readonly Sensor[]> {
  const names = await entriesOf(folder, /^hwmon\d+$/);
  const all = names.map(async (name) => {
    const inputs = await entriesOf(join(folder, name), /^temp\d+_input$/);
    return inputs.map((input) => ({
      namePath: join(folder, name, 'name'),
      valuePath: join(folder, name, input),
      suffix: `-${name.replace('hwmon', '')}-${/\d+/.exec(input)?.[0] ?? ''}`,
    }));
  });
  return (await Promise.all(all)).flat();
}

async function entriesOf(folder: string, pattern: RegExp): Promise<readonly string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries.filter((name) => pattern.test(name)).sort();
}

/** Undefined where a sensor is switched off: its file is there, but cannot be read. */
async function read({ namePath, valuePath, suffix }: Sensor): Promise<Temperature | undefined> {
  const [name, value] = await Promise.all(
    [namePath, valuePath].map((path) => readFile(path, 'utf8').catch(() => undefined)),
  );
  if (name === undefined || value === undefined || !/^-?\d+\s*$/.test(value)) return undefined;
  const sensor = `${name
    .trim()
    .replaceAll(/[^\w.-]/g, '_')
    .slice(0, 64)}${suffix}`;
  return { sensor, celsius: Number.parseInt(value, 10) / millidegrees };
}
