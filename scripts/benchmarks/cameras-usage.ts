import { readdirSync, readFileSync } from 'node:fs';
import { processTimes } from './pipeline-cpu.js';

/** Processor time and resident memory of one kind of process. */
export interface Usage {
  readonly processes: number;
  readonly cpuMs: number;
  readonly residentMiB: number;
}

export type Part = 'core' | 'vision' | 'ffmpeg' | 'rtsp' | 'broker';

/** What every part has used so far. Processes that ended meanwhile are in the sum of their parent's children only. */
export function usageNow(pids: {
  readonly core: number;
  readonly rtsp: number;
  readonly broker: number;
}): Readonly<Record<Part, Usage>> {
  const all = allProcesses();
  const below = (parents: readonly number[]): readonly number[] =>
    all.filter(({ parentPid }) => parents.includes(parentPid)).map(({ pid }) => pid);
  const vision = below([pids.core]);
  return {
    core: sum([pids.core]),
    vision: sum(vision),
    ffmpeg: sum(below(vision).filter(isFfmpeg)),
    rtsp: sum([pids.rtsp]),
    broker: sum([pids.broker]),
  };
}

/** Every process of this machine with its parent. */
export function allProcesses(): readonly { readonly pid: number; readonly parentPid: number }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [{ pid: Number(name), parentPid: processTimes(Number(name)).parentPid }];
      } catch {
        // It ended since the directory was read.
        return [];
      }
    });
}

function isFfmpeg(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('ffmpeg');
}

function sum(pids: readonly number[]): Usage {
  const times = pids.map(processTimes);
  return {
    processes: pids.length,
    cpuMs: times.reduce((total, { cpuMs }) => total + cpuMs, 0),
    residentMiB: times.reduce((total, { residentMiB }) => total + residentMiB, 0),
  };
}
