import type { Logger } from '../kernel/logger.js';
import { startLoneVision } from './lone-process.js';
import type { CameraPlan, CameraTestOutcome, VisionPlan } from './protocol.js';

/** Longer than any test of a camera: its parts have their own limits. */
const timeoutMs = 600_000;

/**
 * Tests one camera in a vision process of its own, without a daemon.
 * @throws `vision-unavailable`, or the reason why the process cannot start, such as a missing model
 */
export async function testCameraAlone(
  plan: VisionPlan,
  camera: CameraPlan,
  logger: Logger,
): Promise<CameraTestOutcome> {
  const options = { purpose: 'cameras', logger, task: 'test the camera', timeoutMs } as const;
  await using vision = startLoneVision(plan, options);
  const { result } = await vision.ask('camera-test', { type: 'test-camera', request: 0, camera });
  return result;
}
