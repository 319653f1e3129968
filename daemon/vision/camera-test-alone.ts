import { operational } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { present } from '../base/present.js';
import type { CameraPlan, CameraTestOutcome, Report, VisionPlan } from './protocol.js';
import { spawnVisionProcess } from './vision-process.js';

const stopGraceMs = 3_000;
/** The user `nobody` of Debian and of the kernel, which may read only what every user may read. */
const nobody = 65_534;

/**
 * Tests one camera in a vision process of its own, without a daemon. Root runs the process as the user `nobody`, because it
 * decodes untrusted bytes.
 * @throws `vision-unavailable`, or the reason why the process cannot start, such as a missing model
 */
export async function testCameraAlone(
  plan: VisionPlan,
  camera: CameraPlan,
  logger: Logger,
): Promise<CameraTestOutcome> {
  const isRoot = process.getuid?.() === 0;
  let settle: (report: Report) => void = () => undefined;
  const answered = new Promise<Report>((resolve) => {
    settle = resolve;
  });
  const child = spawnVisionProcess({
    purpose: 'cameras',
    logger,
    ...present({ user: isRoot ? nobody : undefined }),
    onReport(report) {
      if (report.type === 'camera-test' || report.type === 'failed') settle(report);
    },
  });
  try {
    child.send({ type: 'log-level', level: 'error' });
    child.send({ type: 'start', plan });
    child.send({ type: 'test-camera', request: 0, camera });
    const first = await Promise.race([answered, child.ended]);
    if ('reason' in first) throw unavailable(first.reason, isRoot);
    if (first.type === 'camera-test') return first.result;
    if (first.type !== 'failed') throw unavailable('the vision process gave an unexpected answer', isRoot);
    throw operational(first.code, first.message, { remedy: first.remedy });
  } finally {
    await child.stop(stopGraceMs);
  }
}

function unavailable(why: string, isRoot: boolean): Error {
  const readable =
    'let all users read the folder of the program, or run the command as an ordinary user who can read it';
  return operational('vision-unavailable', `cannot test the camera: ${why}`, {
    remedy: isRoot ? readable : 'read the log lines above, and run the command again',
  });
}
