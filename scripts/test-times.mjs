// The processor time of test files: how a run measures it, and what earlier runs recorded, by which it orders the files. How long
// a file takes depends on what else the machine does; its processor time hardly does.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const recordPath = join(root, 'test/processor-times.json');
/** Of shorter files, the order makes no difference, and their start is too much of what they take. */
const shortestRecordedS = 3;
const ticksPerS = 100;

let countedTicks = 0;

/**
 * Processor time in seconds of the children of this process that have ended since the last call, including all for which they
 * waited themselves. Processes that outlive their parent are missing.
 */
export function endedChildrenS() {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  // The fields after the name, which may contain spaces: cutime and cstime are the 14th and the 15th.
  const [userTicks, systemTicks] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15);
  const ticks = Number(userTicks) + Number(systemTicks);
  const newTicks = ticks - countedTicks;
  countedTicks = ticks;
  return newTicks / ticksPerS;
}

const recordedS = existsSync(recordPath) ? JSON.parse(readFileSync(recordPath, 'utf8')) : {};

/** Whether a file took so long in an earlier run that it was recorded. */
export const isLong = (file) => recordedS[file] !== undefined;

/**
 * The same files, the longest first and the others in their order: a long file that begins among the last runs while the other
 * lanes have nothing to do.
 */
export function longestFirst(files) {
  return [...files].sort((a, b) => (recordedS[b] ?? 0) - (recordedS[a] ?? 0));
}

/** Records what the files of `results` took, beside what is known of others. */
export function recordTimes(results) {
  const known = {
    ...recordedS,
    ...Object.fromEntries(results.map(({ file, processorS }) => [file, processorS])),
  };
  const kept = Object.entries(known)
    .filter(([file, seconds]) => seconds >= shortestRecordedS && existsSync(join(root, file)))
    .sort(([, a], [, b]) => b - a);
  writeFileSync(recordPath, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}
