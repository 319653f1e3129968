import { badInput } from '../base/errors.js';
import type { Config } from '../config/schema.js';
import type { MatchPolicy } from '../domain/identification/match.js';
import type { ModelPack } from './manifest.js';

/** Reads a named threshold of a pack. Throws `operating-point-unknown` where none was measured. */
function threshold(pack: ModelPack, name: string): number {
  const found = pack.thresholds.find((candidate) => candidate.name === name);
  if (found !== undefined) return found.value;
  throw badInput(
    'operating-point-unknown',
    `no operating point of the recogniser ${pack.id} was measured with rollcall, and the configuration gives no ${name}`,
    {
      remedy: `Set identification.threshold and identification.margin to what 'rollcall evaluate identify' measures on photographs of your people.`,
    },
  );
}

/** The threshold of the manifest; undefined where a pack has none. */
export function ownThreshold(recogniser: ModelPack): number | undefined {
  return recogniser.thresholds.find(({ name }) => name === 'threshold')?.value;
}

/** Where matching operates: as configured, else at the recogniser's own operating point. */
export function matchPolicy(config: Config, recogniser: ModelPack): MatchPolicy {
  const { identification } = config;
  return {
    threshold: identification.threshold ?? threshold(recogniser, 'threshold'),
    margin: identification.margin ?? threshold(recogniser, 'margin'),
    minimumProbes: identification.minimumProbes,
  };
}
