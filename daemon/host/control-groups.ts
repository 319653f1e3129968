import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Controllers that hold limits of units. */
export type Controller = 'memory' | 'pids';

/** systemd attaches the programs of a unit (`BPFProgram=`) only where all control groups are of version 2. */
export const attachesPrograms = (root = '/sys/fs/cgroup'): boolean =>
  existsSync(join(root, 'cgroup.controllers'));

/**
 * Whether the kernel gives systemd this controller, and so the limits of units count. Some boards start it without that of memory, and
 * systemd says nothing about it. Version 2 lists its controllers; version 1 has a hierarchy for each, in which every group has `tasks`.
 */
export function hasController(controller: Controller, root = '/sys/fs/cgroup'): boolean {
  const list = join(root, 'cgroup.controllers');
  const listed = existsSync(list) ? readFileSync(list, 'utf8').trim().split(' ') : [];
  return listed.includes(controller) || existsSync(join(root, controller, 'tasks'));
}
