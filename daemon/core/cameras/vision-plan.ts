import { availableParallelism } from 'node:os';
import type { Config } from '../../contract/settings/schema.js';
import type { RecogniserName } from '../../contract/settings/vision-schema.js';
import type { CameraPlan, VisionPlan } from '../../contract/vision/vision-orders.js';
import { isRollcallError } from '../../kernel/errors.js';
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
  const cores = availableParallelism();
  const processes =
    config.vision.processes === 'auto' ? automaticProcesses(cores, cameras.length) : config.vision.processes;
  const threads =
    config.vision.threads === 'auto' ? Math.max(1, Math.floor(cores / processes / 2)) : config.vision.threads;
  const plan = { ...networkPlan(config, recogniser), cameras, threads };
  return { plan, processes, threads: config.vision.threads, unplanned };
}

/** How many 1080p cameras one process can analyse at full rate. It runs networks and handles frames in one thread. */
const camerasPerProcess = 2;

/**
 * One process for every two cameras, at most one per core, and at least one (which tests cameras). With four cameras on two
 * cores, one process falls behind and reopens streams; two keep up (docs/measurements/performance.md, scripts/bench cameras).
 */
function automaticProcesses(cores: number, cameras: number): number {
  return Math.max(1, Math.min(cores, Math.ceil(cameras / camerasPerProcess)));
}
/** The number of a vision process and the ids of its cameras. */
export interface Dealt {
  readonly index: number;
  readonly cameras: readonly string[];
}

/**
 * Distributes `cameras` among `processes` vision processes (1 or more). A camera stays with its process, because a move would
 * reopen the stream and end its tracks. A new camera goes to the process with the fewest cameras. Only a changed number of
 * processes moves cameras: those above the share of a process and those of removed processes.
 */
export function dealCameras(
  before: readonly Dealt[],
  cameras: readonly string[],
  processes: number,
): readonly Dealt[] {
  const wanted = new Set(cameras);
  const share =
    before.length === processes ? Number.POSITIVE_INFINITY : Math.ceil(cameras.length / processes);
  const kept = before
    .map(({ index, cameras: own }) => ({ index, cameras: own.filter((id) => wanted.has(id)) }))
    .sort((a, b) => b.cameras.length - a.cameras.length || a.index - b.index)
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
