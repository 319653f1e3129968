import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Where the kernel tells of control groups of version 2, cgroups(7). */
const thisMachine = {
  ownGroup: '/proc/self/cgroup',
  groups: '/sys/fs/cgroup',
  get cores() {
    return availableParallelism();
  },
};

/**
 * Whole cores that this process may use, at least 1: those that it may run on, but no more than its control group allows, or one above it.
 * A container has such a limit, which `availableParallelism` of Node.js 20 leaves out: with a thread for each core of the machine, all
 * threads stand still together when the share of the container is used up.
 */
export function usableCores({ ownGroup, groups, cores } = thisMachine): number {
  const own = /^0::(\/.*)$/m.exec(textOf(ownGroup))?.[1];
  let allowed = cores;
  for (let group = own; group !== undefined; group = group === '/' ? undefined : dirname(group))
    allowed = Math.min(allowed, limitIn(textOf(join(groups, group, 'cpu.max'))));
  return Math.max(1, Math.floor(allowed));
}

/** The cores of a `cpu.max`: microseconds of processor time in each period of so many, or `max`. */
function limitIn(text: string): number {
  const [, quotaUs, periodUs] = /^(\d+) (\d+)/.exec(text) ?? [];
  return quotaUs === undefined || Number(periodUs) === 0 ? Infinity : Number(quotaUs) / Number(periodUs);
}

/** Empty where there is no such file, as in the root group, or with control groups of version 1. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
