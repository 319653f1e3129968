import { operational } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { CameraPlan, CameraTestOutcome, Report, VisionPlan } from './protocol.js';
import { spawnVisionProcess } from './vision-process.js';

const stopGraceMs = 3_000;
/** The user `nobody` of Debian and of the kernel: whatever it may read, everybody may. */
const nobody = 65_534;

/**
 * Looks at one camera with a vision process that is started for it and ends with it: no daemon is needed. Root lets it
 * run as nobody, for it decodes what a stranger sends.
 * @throws what keeps the process from starting, such as a model that is missing; `vision-unavailable`
 */
export async function lookAtCameraAlone(
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
    ...(isRoot ? { user: nobody } : {}),
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
    if (first.type !== 'failed') throw unavailable('it gave another answer', isRoot);
    throw operational(first.code, first.message, { remedy: first.remedy });
  } finally {
    await child.stop(stopGraceMs);
  }
}

function unavailable(why: string, isRoot: boolean): Error {
  const readable =
    'make the folder of the program readable to everybody, or run the command as an ordinary user who can read it';
  return operational('vision-unavailable', `the camera could not be looked at: ${why}`, {
    remedy: isRoot ? readable : 'run the command again; what stands above says more',
  });
}
