import { readdirSync, readFileSync } from 'node:fs';
import { processTimes } from './pipeline-cpu.js';

/** Processor time and memory of one kind of process. */
export interface Usage {
  readonly processes: number;
  readonly cpuMs: number;
  /** Resident memory, MiB; what several processes share counts in equal parts (PSS, proc(5)). */
  readonly memoryMiB: number;
}

/**
 * `ffmpeg` includes the instances that have ended, as far as their vision process still runs. `ended` is what vision processes used that
 * have ended, with their FFmpeg.
 */
export type Part = 'core' | 'vision' | 'ffmpeg' | 'ended' | 'rtsp' | 'broker';

/** What every part has used so far. */
export function usageNow(pids: {
  readonly core: number;
  readonly rtsp: number;
  readonly broker: number;
}): Readonly<Record<Part, Usage>> {
  const all = allProcesses();
  const below = (parents: readonly number[]): readonly number[] =>
    all.filter(({ parentPid }) => parents.includes(parentPid)).map(({ pid }) => pid);
  // A sandbox has its own process around the vision process.
  const vision = below([pids.core]).flatMap((pid) => (isCalled(pid, 'bwrap') ? below([pid]) : [pid]));
  const ffmpeg = sum(below(vision).filter((pid) => isCalled(pid, 'ffmpeg')));
  return {
    core: sum([pids.core]),
    vision: sum(vision),
    ffmpeg: { ...ffmpeg, cpuMs: ffmpeg.cpuMs + endedChildrenMs(vision) },
    ended: { processes: 0, cpuMs: endedChildrenMs([pids.core]), memoryMiB: 0 },
    rtsp: sum([pids.rtsp]),
    broker: sum([pids.broker]),
  };
}

/** Every process of this machine with its parent. */
export function allProcesses(): readonly { readonly pid: number; readonly parentPid: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .flatMap((pid) => whileRunning(() => ({ pid, parentPid: processTimes(pid).parentPid })));
}

/** Empty where the process ended since the directory was read. */
export function whileRunning<T>(read: () => T): readonly T[] {
  try {
    return [read()];
  } catch {
    return [];
  }
}

const isCalled = (pid: number, name: string): boolean =>
  whileRunning(() => readFileSync(`/proc/${pid}/comm`, 'utf8')).some((text) => text.startsWith(name));

const endedChildrenMs = (pids: readonly number[]): number =>
  pids
    .flatMap((pid) => whileRunning(() => processTimes(pid).endedChildrenMs))
    .reduce((total, ms) => total + ms, 0);

function sum(pids: readonly number[]): Usage {
  const times = pids.flatMap((pid) =>
    whileRunning(() => ({ cpuMs: processTimes(pid).cpuMs, memoryMiB: proportionalMiB(pid) })),
  );
  return {
    processes: times.length,
    cpuMs: times.reduce((total, { cpuMs }) => total + cpuMs, 0),
    memoryMiB: times.reduce((total, { memoryMiB }) => total + memoryMiB, 0),
  };
}

function proportionalMiB(pid: number): number {
  const [, kib = '0'] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}
