import { randomBytes } from 'node:crypto';
import { attendanceProof } from '../../contract/settings/schema.js';
import { openCredential } from '../../host/credentials.js';
import { secondsApart } from '../../kernel/attendance/attendance-rules.js';
import type { BoxIds } from '../../kernel/ids.js';
import { defaultChallengePolicy } from '../../kernel/liveness/challenge.js';
import { programVersion } from '../api/program-version.js';
import type { CamerasInUse } from '../cameras/vision-runtime.js';
import { inBlocks } from '../delivery/sequence-blocks.js';
import type { Signer } from '../delivery/signer.js';
import type { PartContext } from '../part-context.js';
import type { Records } from '../records/records.js';
import { Challenges } from './challenges.js';
import { challengeHandlers, PromptScreens } from './prompt-screens.js';
import { Prompts, promptWebhook } from './prompts.js';

/** Opens the challenges that cameras ask for, and the prompts that bring them to a screen. */
export function openChallenges({
  identity,
  records,
  signing,
  current,
  lifetime,
  clock,
  logger,
}: PartContext & {
  readonly identity: BoxIds;
  readonly records: Records;
  readonly signing: { readonly keys: Signer };
}) {
  const screens = new PromptScreens(clock);
  const prompts = new Prompts({
    from: identity,
    signer: signing.keys,
    screens: (prompt) => screens.show(prompt),
    nextSequence: inBlocks((count) => records.takeStateSequences(count)),
    webhook() {
      const { liveness, secretsDir: secretsDirectory } = current();
      const { promptWebhook: config } = liveness;
      const openSecret = (name: string) => openCredential(name, { secretsDirectory });
      const context = { openSecret, bounds: 'anywhere', version: programVersion() } as const;
      return config && promptWebhook(config, context, clock);
    },
    clock,
    logger,
  });
  const challenges = new Challenges({
    isAskedAt: (id) => {
      const config = current();
      const camera = config.cameras.find((each) => each.id === id);
      return camera !== undefined && attendanceProof(config, camera).require === 'challenge';
    },
    hasAttended: (person, camera) => {
      const lastMs = records.lastAttendanceMs(person, camera);
      const { attendanceCooldownS } = current().rules;
      return lastMs !== undefined && secondsApart(clock.wallMs(), lastMs) < attendanceCooldownS;
    },
    show: (prompt) => prompts.show(prompt),
    policy: () => ({ ...defaultChallengePolicy, delayMs: current().liveness.promptDelayS * 1000 }),
    randomBytes,
    clock,
    logger,
  });
  lifetime.defer('challenges', () => challenges[Symbol.dispose]());
  return { prompts, challenges, screens };
}

/** Serves the prompts to screens in browsers. */
export function serveChallenges({
  screens,
  runtime,
}: {
  readonly screens: PromptScreens;
  readonly runtime: CamerasInUse;
}) {
  return { handlers: challengeHandlers(screens, (id) => cameraOfScreen(runtime, id)) };
}

/** What a screen shows beside the prompts of a camera. */
function cameraOfScreen({ config, vision, cameras }: CamerasInUse, id: string) {
  const camera = config.cameras.find((each) => each.id === id);
  if (camera === undefined) return undefined;
  const [state] = vision.board.status(
    cameras.filter((each) => each.id === id),
    { isEnrolling: false },
  );
  const isAsking = attendanceProof(config, camera).require === 'challenge';
  return { name: camera.name, isStreaming: state?.state === 'streaming', isAsking };
}
