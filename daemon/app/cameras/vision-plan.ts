import { availableParallelism } from 'node:os';
import { isRollcallError } from '../../base/errors.js';
import type { Config } from '../../config/schema.js';
import type { RecogniserName } from '../../config/vision-schema.js';
import { networkPlan, planCamera } from '../../vision/plan.js';
import type { CameraPlan, VisionPlan } from '../../vision/protocol.js';

/** A camera that cannot be planned: the others must not suffer. */
export interface UnplannedCamera {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What all vision processes together have to do, and the cameras whose credential is missing or unusable. */
export interface PlannedVision {
  readonly plan: VisionPlan;
  readonly processes: number;
  /** As configured; what `auto` comes to is in `plan`. */
  readonly threads: Config['vision']['threads'];
  readonly unplanned: readonly UnplannedCamera[];
}

/** Reads the secrets of the cameras and plans their processes. */
export async function planVision(config: Config, recogniser: RecogniserName): Promise<PlannedVision> {
  const cameras: CameraPlan[] = [];
  const unplanned: UnplannedCamera[] = [];
  for (const camera of config.cameras.filter(({ enabled }) => enabled)) {
    try {
      cameras.push(await planCamera(camera, config.secretsDir));
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

/** Cameras of 1080p whose faces one process can follow at full rate: it runs networks and takes pictures in one thread. */
const camerasPerProcess = 2;

/**
 * One process for every two cameras, never more than cores, at least one (which tests cameras).
 * On two cores with four cameras a single process falls behind its pictures and opens streams anew, two keep up
 * (docs/performance.md, scripts/bench cameras).
 */
function automaticProcesses(cores: number, cameras: number): number {
  return Math.max(1, Math.min(cores, Math.ceil(cameras / camerasPerProcess)));
}
