/**
 * One thread of a vision process takes the pictures of its cameras, and it was full with sixteen of 1080p; with four, it lost nothing
 * (docs/measurements/performance.md). Fewer cameras for each would cost memory: every process loads the networks.
 */
const camerasOfProcess = 4;
/** Cores that such cameras keep busy when somebody is in sight of all, decoders included. With fewer, processes would wait for each other. */
const coresOfProcess = 4;

/** The most that can be configured. */
export const mostVisionProcesses = 16;

/**
 * How many vision processes a machine has cores for, 1 to `mostVisionProcesses`. `threads`: the configured threads for networks of each
 * process, 1 or more, which need as many cores.
 */
export function processesFor(cores: number, threads: number | 'auto' = 'auto'): number {
  const coresOfEach = threads === 'auto' ? coresOfProcess : Math.max(coresOfProcess, threads);
  return Math.min(mostVisionProcesses, Math.max(1, Math.floor(cores / coresOfEach)));
}

/** How many vision processes share so many cameras, unless a number is configured. */
export function automaticProcesses(
  cores: number,
  cameras: number,
  threads: number | 'auto' = 'auto',
): number {
  return Math.min(processesFor(cores, threads), Math.max(1, Math.ceil(cameras / camerasOfProcess)));
}
