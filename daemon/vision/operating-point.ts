import type { Config } from '../contract/settings/schema.js';
import type { ModelPack } from '../host/models/model-manifest.js';
import { badInput } from '../kernel/errors.js';
import type { MatchPolicy } from '../kernel/identification/match.js';

/** Reads a named threshold of a pack. Throws `operating-point-unknown` where the manifest has none. */
function threshold(pack: ModelPack, name: string): number {
  const found = pack.thresholds.find((candidate) => candidate.name === name);
  if (found !== undefined) return found.value;
  throw badInput(
    'operating-point-unknown',
    `the recogniser ${pack.id} has no measured ${name}, and the configuration sets none`,
    {
      remedy: `Measure with 'rollcall evaluate identify' on photos of your people, and set identification.threshold and identification.margin to the result.`,
    },
  );
}

/** The threshold of a pack in the manifest, if it has one. */
export function ownThreshold(recogniser: ModelPack): number | undefined {
  return recogniser.thresholds.find(({ name }) => name === 'threshold')?.value;
}

/** The thresholds for matching: the configured ones, or those of the recogniser. */
export function matchPolicy(config: Config, recogniser: ModelPack): MatchPolicy {
  const { identification } = config;
  return {
    threshold: identification.threshold ?? threshold(recogniser, 'threshold'),
    margin: identification.margin ?? threshold(recogniser, 'margin'),
    minimumProbes: identification.minimumProbes,
  };
}
