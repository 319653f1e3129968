import { randomBytes } from 'node:crypto';
import type { Lifetime } from '../../base/lifetime.js';
import type { Logger } from '../../base/logger.js';
import { attendanceProof, type Config } from '../../config/schema.js';
import { programVersion } from '../../control/program-version.js';
import type { BoxIdentity } from '../../domain/events/box-identity.js';
import { defaultChallengePolicy } from '../../domain/liveness/challenge.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { Prompts, promptWebhook } from '../../publish/prompts.js';
import { inBlocks } from '../../publish/sequence-blocks.js';
import type { Signer } from '../../publish/signer.js';
import type { Records } from '../../records/open-records.js';
import { Challenges } from '../events/challenges.js';

/** Opens what asks people for a challenge, and what brings its prompts to a screen. */
export function openChallenges(options: {
  readonly identity: BoxIdentity;
  readonly records: Records;
  readonly signer: Signer;
  /** The configuration in force. */
  readonly current: () => Config;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
}): { readonly prompts: Prompts; readonly challenges: Challenges } {
  const { identity, records, signer, current, lifetime, logger } = options;
  const prompts = new Prompts({
    from: identity,
    signer,
    nextSequence: inBlocks((count) => records.takeStateSequences(count)),
    webhook() {
      const { liveness, secretsDir: secretsDirectory } = current();
      const { promptWebhook: config } = liveness;
      return config && promptWebhook(config, { secretsDirectory, version: programVersion() }, clock);
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
      const cooldownMs = current().rules.attendanceCooldownS * 1000;
      return lastMs !== undefined && Math.abs(clock.wallMs() - lastMs) < cooldownMs;
    },
    show: (prompt) => prompts.show(prompt),
    policy: () => ({ ...defaultChallengePolicy, delayMs: current().liveness.promptDelayS * 1000 }),
    randomBytes,
    clock,
    logger,
  });
  lifetime.defer('challenges', () => challenges[Symbol.dispose]());
  return { prompts, challenges };
}
