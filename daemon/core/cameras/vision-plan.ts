import type { Config } from '../../contract/settings/schema.js';
import type { RecogniserName } from '../../contract/settings/vision-schema.js';
import type { CameraPlan, VisionPlan } from '../../contract/vision/vision-orders.js';
import { usableCores } from '../../host/usable-cores.js';
import { isRollcallError } from '../../kernel/errors.js';
import { automaticProcesses, processesFor } from '../../kernel/vision-processes.js';
import { networkPlan, planCamera } from '../../vision/plan.js';

/** A camera that cannot be planned. The other cameras still run. */
export interface UnplannedCamera {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The work of all vision processes together, and the cameras whose credential is missing or unusable. */
export interface PlannedVision {
  readonly plan: VisionPlan;
  readonly processes: number;
  /** Whether a changed number of processes moves cameras. By itself, the box moves none. */
  readonly movesCameras: boolean;
  /** The configured value. `plan` holds the number that `auto` stands for. */
  readonly threads: Config['vision']['threads'];
  readonly unplanned: readonly UnplannedCamera[];
}

/** Reads the secrets of the cameras and plans their processes. */
export async function planVision(config: Config, recogniser: RecogniserName): Promise<PlannedVision> {
  const cameras: CameraPlan[] = [];
  const unplanned: UnplannedCamera[] = [];
  for (const camera of config.cameras.filter(({ enabled }) => enabled)) {
    try {
      cameras.push(await planCamera(camera, config));
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      const { code, message, remedy = '' } = error;
      unplanned.push({ id: camera.id, code, message, remedy });
    }
  }
  const { processes: configured, threads } = config.vision;
  const isAuto = configured === 'auto';
  const processes = isAuto ? automaticProcesses(usableCores(), cameras.length, threads) : configured;
  const cores = coresOfEach(config);
  const plan = {
    ...networkPlan(config, recogniser),
    cameras,
    ...inferenceThreads({ cores, cameras: cameras.length / processes, threads }),
    // The other half is left for the cameras that are awake.
    catchUps: Math.max(1, Math.floor(cores / 2)),
  };
  return { plan, processes, movesCameras: !isAuto, threads, unplanned };
}

/**
 * The share of the cores that a vision process may use for networks. With `auto` it is the same however many there are: a further camera
 * that gets a process of its own must not replace the others.
 */
function coresOfEach(config: Pick<Config, 'vision'>): number {
  return usableCores() / mostProcesses(config);
}

/** The vision processes that the box may start. */
function mostProcesses({ vision: { processes, threads } }: Pick<Config, 'vision'>): number {
  return processes === 'auto' ? processesFor(usableCores(), threads) : processes;
}

/**
 * How one vision process computes networks, from its share of cores and cameras. Each camera keeps at most one thread busy, so
 * threads beyond the cameras help only as threads of a single run.
 */
export function inferenceThreads(share: {
  readonly cores: number;
  readonly cameras: number;
  readonly threads: Config['vision']['threads'];
}): Pick<VisionPlan, 'workers' | 'threads'> {
  const { cores, cameras, threads } = share;
  const workers = workersOf(threads, cores);
  const busy = Math.max(1, Math.min(workers, Math.ceil(cameras)));
  // With `auto`, a run gets half of the cores that are left: the other half decodes.
  const each = threads === 'auto' ? workers / busy / 2 : workers / busy;
  return { workers, threads: Math.max(1, Math.floor(each)) };
}

/** The threads for networks of all vision processes together, with as many of them as the box may start. */
export function networkThreads(config: Pick<Config, 'vision'>): number {
  return mostProcesses(config) * workersOf(config.vision.threads, coresOfEach(config));
}

const workersOf = (threads: Config['vision']['threads'], cores: number): number =>
  threads === 'auto' ? Math.max(1, Math.floor(cores)) : threads;

/** The number of a vision process and the ids of its cameras. */
export interface Dealt {
  readonly index: number;
  readonly cameras: readonly string[];
}

/**
 * Distributes `cameras` among `processes` vision processes (1 or more). A camera stays with its process, because a move would
 * reopen the stream and end its tracks. A new camera goes to the process with the fewest cameras. Only where it `movesCameras`, a
 * changed number of processes moves those above the share of a process and those of removed processes. Otherwise there are more than
 * `processes` as long as more have cameras.
 */
export function dealCameras(
  before: readonly Dealt[],
  cameras: readonly string[],
  { processes: wantedCount, movesCameras }: Pick<PlannedVision, 'processes' | 'movesCameras'>,
): readonly Dealt[] {
  const wanted = new Set(cameras);
  const present = before
    .map(({ index, cameras: own }) => ({ index, cameras: own.filter((id) => wanted.has(id)) }))
    .sort((a, b) => b.cameras.length - a.cameras.length || a.index - b.index);
  const used = present.filter(({ cameras: own }) => own.length > 0).length;
  const processes = movesCameras ? wantedCount : Math.max(wantedCount, used);
  const isBalanced = movesCameras && before.length !== processes;
  const share = isBalanced ? Math.ceil(cameras.length / processes) : Number.POSITIVE_INFINITY;
  const kept = present
    .slice(0, processes)
    .map(({ index, cameras: own }) => ({ index, cameras: own.slice(0, share) }));
  const dealt = [...kept];
  for (let index = 0; dealt.length < processes; index += 1) {
    if (!kept.some((each) => each.index === index)) dealt.push({ index, cameras: [] });
  }
  dealt.sort((a, b) => a.index - b.index);
  for (const id of cameras.filter((each) => !dealt.some((process) => process.cameras.includes(each)))) {
    const fewest = Math.min(...dealt.map((process) => process.cameras.length));
    dealt.find((process) => process.cameras.length === fewest)?.cameras.push(id);
  }
  return dealt;
}
