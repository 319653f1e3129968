import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { operational } from '../kernel/errors.js';
import { boundFork } from './bound-child.js';
import { busyProcessorMs } from './process-facts.js';
import { processEntry } from './program-files.js';
import { usableCores } from './usable-cores.js';

/** How long the machine is watched for other work before anything starts, milliseconds. */
const watchedMs = 2000;

/** How fast this machine computes, so that figures of two machines can be compared. */
export interface MachineSpeed {
  /** Of the processor, as it names itself. */
  readonly model: string;
  readonly cores: number;
  /** Multiplications with addition, 1e9 a second: one core by itself. */
  readonly alone: number;
  /** The same of each core while all compute. Shared cores and hyper-threads show here. */
  readonly together: number;
  /** Cores that other programs used before the measurement. */
  readonly otherCores: number;
}

/** Runs a fixed computation, whatever the version of rollcall: first on one core, then on all at once. Takes seconds. */
export async function machineSpeed(): Promise<MachineSpeed> {
  const cores = usableCores();
  const before = busyProcessorMs();
  await sleep(watchedMs);
  const otherCores = (busyProcessorMs() - before) / watchedMs;
  const alone = await computeInChild();
  const all = await Promise.all(Array.from({ length: cores }, computeInChild));
  const together = all.reduce((sum, speed) => sum + speed, 0) / cores;
  return { model: cpus()[0]?.model ?? 'unknown', cores, alone, together, otherCores };
}

/** Each core gets a process, as in a box. */
function computeInChild(): Promise<number> {
  const entry = processEntry({ built: 'fixed-computation.js', source: 'host/fixed-computation-main.ts' });
  const child = fork(entry, [], { ...boundFork(), stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve, reject) => {
    child.once('message', (speed) => resolve(Number(speed)));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(operational('measurement-failed', `the fixed computation ended with ${signal ?? code}`)),
    );
  });
}
