import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { exitOf, firstLineOf } from '../child-end.js';

/** Side of the square matrices that are multiplied: three of them fit into the cache of one core. */
const side = 192;
/** How often, so that one run takes about a second on a core of 2020. */
const rounds = 120;
/** How long the machine is watched for other work before anything starts, milliseconds. */
const watchedMs = 2000;

/** How fast this machine computes, so that figures of two machines can be compared. */
export interface MachineSpeed {
  readonly cores: number;
  /** Multiplications with addition, 1e9 a second: one core by itself. */
  readonly alone: number;
  /** The same of each core while all compute. Shared cores and hyper-threads show here. */
  readonly together: number;
  /** Cores that other programs used before the measurement. */
  readonly otherCores: number;
}

/** Runs a fixed computation, whatever the version of rollcall: first on one core, then on all at once. */
export async function machineSpeed(): Promise<MachineSpeed> {
  const cores = availableParallelism();
  const before = busyMs();
  await sleep(watchedMs);
  const otherCores = (busyMs() - before) / watchedMs;
  const alone = await kernelInChild();
  const all = await Promise.all(Array.from({ length: cores }, kernelInChild));
  return { cores, alone, together: all.reduce((sum, speed) => sum + speed, 0) / cores, otherCores };
}

/** Processor time that the whole machine has used since its start, milliseconds (proc_stat(5); a tick is 10 ms). */
export function busyMs(): number {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return 10 * (user + nice + system + irq + softirq + steal);
}

/** Multiplies two fixed matrices over and over. Returns 1e9 multiplications with addition a second. */
function kernel(): number {
  const a = Float32Array.from({ length: side * side }, (_, index) => (index % 17) / 17);
  const b = Float32Array.from({ length: side * side }, (_, index) => (index % 13) / 13);
  const c = new Float32Array(side * side);
  const multiply = (): void => {
    for (let row = 0; row < side; row++) {
      for (let k = 0; k < side; k++) {
        const factor = a[row * side + k] ?? 0;
        for (let column = 0; column < side; column++) {
          const at = row * side + column;
          c[at] = (c[at] ?? 0) * 0.5 + factor * (b[k * side + column] ?? 0);
        }
      }
    }
  };
  // The compiler has optimised the loop before the clock starts.
  for (let round = 0; round < 10; round++) multiply();
  const startedMs = performance.now();
  for (let round = 0; round < rounds; round++) multiply();
  return (rounds * side ** 3) / (performance.now() - startedMs) / 1e6;
}

const own = fileURLToPath(import.meta.url);

async function kernelInChild(): Promise<number> {
  const child = spawn(process.execPath, ['--import', 'tsx', own], { stdio: ['ignore', 'pipe', 'inherit'] });
  const speed = Number(await firstLineOf(child));
  await exitOf(child);
  return speed;
}

if (process.argv[1] === own) console.log(String(kernel()));
