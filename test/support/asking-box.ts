import { Challenges } from '../../daemon/core/challenges/challenges.js';
import { PromptScreens } from '../../daemon/core/challenges/prompt-screens.js';
import { Prompts } from '../../daemon/core/challenges/prompts.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { inBlocks } from '../../daemon/core/delivery/sequence-blocks.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { SightingIntake } from '../../daemon/core/sightings/sighting-intake.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { personId, trackId } from '../../daemon/kernel/ids.js';
import { defaultChallengePolicy } from '../../daemon/kernel/liveness/challenge.js';
import type { HeadGesture } from '../../daemon/kernel/liveness/head-gesture.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { box, unsignedSigner } from './published-box.js';
import { sightingOf, testRules } from './sightings.js';

/** From sightings to events at a gate that requires a challenge; all random numbers are zero. */
export function boxThatAsks(
  records: RecordStores,
  webhook: ConstructorParameters<typeof Prompts>[0]['webhook'] = () => undefined,
) {
  const screens = new PromptScreens(clock);
  const prompts = new Prompts({
    ...{ from: box, signer: unsignedSigner, nextSequence: inBlocks(records.takeStateSequences) },
    ...{ webhook, clock, logger: silentLogger, screens: (prompt) => screens.show(prompt) },
  });
  const challenges = new Challenges({
    isAskedAt: () => true,
    hasAttended: () => false,
    show: (prompt) => prompts.show(prompt),
    // The test reacts without delay.
    policy: () => ({ ...defaultChallengePolicy, reactionMs: 0 }),
    randomBytes: (count) => new Uint8Array(count),
    clock,
    logger: silentLogger,
  });
  const decider = new Decider({
    search: async () => [{ personId: personId('person-1'), similarity: 0.8 }],
    policy: { threshold: 0.5, margin: 0.05, minimumProbes: 1 },
    rules: testRules,
    directionOf: () => 'in',
    proofAt: () => ({ require: 'challenge', attackAfterS: 20 }),
    ...{ challenges, facts: factStoreOf(records), clock, random },
  });
  const intake = new SightingIntake({ decider, clock, logger: silentLogger });
  challenges.onSettled((last) => intake.judgeAgain(last));
  return { prompts, screens, intake, [Symbol.dispose]: () => challenges[Symbol.dispose]() };
}

/** Sightings of one face, which has blinked from the start. */
export function faceAt(intake: SightingIntake, name: string) {
  const blinks = [{ atMs: clock.monotonicMs() - 500, durationMs: 200 }];
  const gestures: HeadGesture[] = [];
  let sequence = 0;
  return {
    gestures,
    seen: (isEnded = false) => {
      const nowMs = clock.monotonicMs();
      const evidence = { blinks, unboundBlinks: [], gestures: [...gestures], sameFaceMs: nowMs };
      intake.take(
        sightingOf({
          ...{
            trackId: trackId(name),
            sequence: sequence++,
            isEnded,
            firstSeenMs: nowMs - 500,
            lastSeenMs: nowMs,
          },
          liveness: {
            verdict: 'live',
            reason: 'blinked',
            evidence: { ...evidence, observedS: 3, frameCount: 40 },
          },
          probes: [{ capturedAtMs: nowMs, embedding: Float32Array.of(1, 0), quality: 0.8 }],
        }),
      );
    },
  };
}
