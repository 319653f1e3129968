import { operational } from '../base/errors.js';
import type { Config } from '../config/schema.js';
import type { MatchPolicy } from '../domain/identification/match.js';
import type { ModelPack } from './manifest.js';

/** Reads a named threshold of a pack. Throws `manifest-incomplete`. */
function threshold(pack: ModelPack, name: string): number {
  const found = pack.thresholds.find((candidate) => candidate.name === name);
  if (found !== undefined) return found.value;
  throw operational('manifest-incomplete', `the model manifest has no threshold "${name}" for ${pack.id}`, {
    remedy: `set identification.${name} in the configuration`,
  });
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
