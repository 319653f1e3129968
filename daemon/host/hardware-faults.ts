import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What the kernel tells every user about failing hardware.
 * - `disk-worn`: an eMMC or SD card has used up its reserve or its life (JESD84-B51, `PRE_EOL_INFO` and `DEVICE_LIFE_TIME_EST`).
 * - `file-system-errors`: ext4 has found errors since its last check.
 * - `raid-degraded`: a software RAID lacks a disk.
 * - `memory-errors`: the memory controller could not correct an error (EDAC).
 * - `too-hot`: a sensor is at the temperature that its driver calls critical.
 * - `memory-low`: less than a twentieth of the memory is available.
 */
export const hardwareFaults = [
  'disk-worn',
  'file-system-errors',
  'raid-degraded',
  'memory-errors',
  'too-hot',
  'memory-low',
] as const;
export type HardwareFault = (typeof hardwareFaults)[number];

/** Where the kernel tells it. Default: `/sys` and `/proc`. */
export interface KernelFolders {
  readonly sys?: string;
  readonly proc?: string;
}

const leastMemoryShare = 0.05;
/** Of `PRE_EOL_INFO`: 1 is normal, 2 means that 80 % of the reserved blocks are used. */
const reserveLow = 2;
/** Of `DEVICE_LIFE_TIME_EST`: 10 means that 90 to 100 % of the life are used. */
const lifeNearlyOver = 10;

/** The faults that are there now, each with the device or sensor where it is first found. What cannot be read is no fault. */
export async function readHardwareFaults({
  sys = '/sys',
  proc = '/proc',
}: KernelFolders = {}): Promise<ReadonlyMap<HardwareFault, string>> {
  const found = await Promise.all(
    [
      ['disk-worn', wornDisks(sys)],
      ['file-system-errors', positiveIn(sys, 'fs/ext4', 'errors_count')],
      ['raid-degraded', positiveIn(sys, 'block', 'md/degraded')],
      ['memory-errors', positiveIn(sys, 'devices/system/edac/mc', 'ue_count')],
      ['too-hot', hotSensors(sys)],
      ['memory-low', lowMemory(proc)],
    ].map(
      async ([fault, where]) => [fault as HardwareFault, (await (where as Promise<string[]>))[0]] as const,
    ),
  );
  return new Map(found.flatMap(([fault, where]) => (where === undefined ? [] : [[fault, where] as const])));
}

/** How many processes the kernel has ended since its start because memory ran out; undefined where it does not tell. */
export async function readMemoryKills(proc = '/proc'): Promise<number | undefined> {
  const [, count] = /^oom_kill (\d+)$/m.exec((await textOf(join(proc, 'vmstat'))) ?? '') ?? [];
  return count === undefined ? undefined : Number(count);
}

async function wornDisks(sys: string): Promise<string[]> {
  const worn: string[] = [];
  for (const disk of await entriesOf(join(sys, 'block'))) {
    const device = join(sys, 'block', disk, 'device');
    const reserve = Number((await textOf(join(device, 'pre_eol_info'))) ?? 0);
    const lives = ((await textOf(join(device, 'life_time'))) ?? '').split(/\s+/).map(Number);
    if (reserve >= reserveLow || lives.some((life) => life >= lifeNearlyOver)) worn.push(disk);
  }
  return worn;
}

/** The entries of a folder in which this file holds a number above zero. */
async function positiveIn(sys: string, folder: string, file: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await entriesOf(join(sys, folder))) {
    if (Number((await textOf(join(sys, folder, entry, file))) ?? 0) > 0) found.push(entry);
  }
  return found;
}

async function hotSensors(sys: string): Promise<string[]> {
  const hot: string[] = [];
  for (const chip of await entriesOf(join(sys, 'class/hwmon'))) {
    const folder = join(sys, 'class/hwmon', chip);
    for (const input of (await entriesOf(folder)).filter((name) => /^temp\d+_input$/.test(name))) {
      const value = await textOf(join(folder, input));
      const critical = Number((await textOf(join(folder, input.replace('input', 'crit')))) ?? 0);
      if (value !== undefined && critical > 0 && Number(value) >= critical) {
        hot.push((await textOf(join(folder, 'name'))) ?? chip);
      }
    }
  }
  return hot;
}

async function lowMemory(proc: string): Promise<string[]> {
  const text = (await textOf(join(proc, 'meminfo'))) ?? '';
  const kibibytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  const available = kibibytes('MemAvailable');
  return available < kibibytes('MemTotal') * leastMemoryShare ? [`${Math.floor(available / 1024)} MiB`] : [];
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

/** Undefined where the file does not exist or its device does not answer. */
async function textOf(path: string): Promise<string | undefined> {
  return (await readFile(path, 'utf8').catch(() => undefined))?.trim();
}
