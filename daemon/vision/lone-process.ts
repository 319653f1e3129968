import type { CameraTestOutcome } from '../contract/vision/vision-answers.js';
import type { CameraPlan, Request, VisionPlan } from '../contract/vision/vision-orders.js';
import type { AnswerReport, Report } from '../contract/vision/vision-reports.js';
import { systemClock as clock } from '../host/system-clock.js';
import { operational } from '../kernel/errors.js';
import type { Logger } from '../kernel/logger.js';
import { present } from '../kernel/present.js';
import { raceTimeout } from '../kernel/race-timeout.js';
import { CameraLines } from './lines/camera-lines.js';
import { openVisionLauncher } from './open-vision-launcher.js';
import { spawnVisionProcess, type VisionProcessOptions } from './vision-process.js';

const stopGraceMs = 3_000;
/** The user ID of `nobody` on Debian and in the kernel: it may read only what every user may read. */
const nobody = 65_534;

/** Who runs a vision process of a command: nobody for root, otherwise the user of the command. */
export const loneUser = (): number | undefined => (process.getuid?.() === 0 ? nobody : undefined);

/** A vision process without a daemon. */
export interface LoneVision extends AsyncDisposable {
  /**
   * Asks it one thing at a time.
   * @throws `vision-unavailable`, or the reason why the process failed, such as a missing model
   */
  ask<T extends AnswerReport['type']>(
    type: T,
    order: Request,
    attachment?: Uint8Array,
  ): Promise<Extract<AnswerReport, { readonly type: T }>>;
}

/**
 * Starts a vision process for a command. Root runs it as the user `nobody`, because it parses untrusted bytes.
 * `task` completes "cannot ...".
 */
export function startLoneVision(
  plan: VisionPlan,
  options: Pick<VisionProcessOptions, 'launcher' | 'purpose' | 'logger' | 'program' | 'lines'> & {
    /** Files and folders that it reads beside the program and the networks of the plan. */
    readonly readable?: readonly string[];
    readonly task: string;
    readonly timeoutMs: number;
    readonly logger: Logger;
  },
): LoneVision {
  const { launcher, lines, purpose, logger, task, timeoutMs, program, readable = [] } = options;
  const isRoot = process.getuid?.() === 0;
  const unavailable = (why: string): Error =>
    operational('vision-unavailable', `cannot ${task}: ${why}`, {
      remedy: isRoot
        ? 'Let all users read the folder of the program, or run the command as an ordinary user who can read it.'
        : 'Read the log lines above, and run the command again.',
    });
  let settle: (report: Report) => void = () => undefined;
  const child = spawnVisionProcess({
    ...{ launcher, lines, purpose, logger },
    readable: plan.modelsDirectory === null ? readable : [...readable, plan.modelsDirectory],
    ...present({ user: loneUser(), program }),
    onReport(report) {
      if ('request' in report || report.type === 'failed') settle(report);
    },
  });
  child.send({ type: 'log-level', level: 'error' });
  child.send({ type: 'start', plan });
  return {
    async ask<T extends AnswerReport['type']>(type: T, order: Request, attachment?: Uint8Array) {
      const answered = new Promise<Report>((resolve) => {
        settle = resolve;
      });
      child.send(order, attachment);
      const first = await raceTimeout(clock, timeoutMs, Promise.race([answered, child.ended]));
      if (first === 'late') throw unavailable('the vision process did not answer in time');
      if ('reason' in first) throw unavailable(first.reason);
      if (first.type === 'failed') throw operational(first.code, first.message, { remedy: first.remedy });
      if (first.type !== type) throw unavailable('the vision process gave an unexpected answer');
      return first as Extract<AnswerReport, { readonly type: T }>;
    },
    [Symbol.asyncDispose]: () => child.stop(stopGraceMs),
  };
}

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
  const launcher = await openVisionLauncher('preferred', loneUser());
  await using lines = await CameraLines.open({ clock, folder: launcher.linesFolder, user: loneUser() });
  const options = {
    launcher,
    lines,
    purpose: 'cameras',
    logger,
    task: 'test the camera',
    timeoutMs,
  } as const;
  await using vision = startLoneVision(plan, options);
  const { result } = await vision.ask('camera-test', { type: 'test-camera', request: 0, camera });
  return result;
}
