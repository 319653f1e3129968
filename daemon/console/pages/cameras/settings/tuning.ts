import type { CameraDetails } from '../../../../contract/cameras.js';
import type { PreviewedPolicy } from '../../../../contract/reports.js';
import type { LivenessRequirement } from '../../../../kernel/liveness/liveness.js';
import type { Input } from '../../../api/call.js';

/** The settings of a camera that are tuned at the place, as they are typed. */
export interface Tuning {
  readonly smallestFacePx: string;
  readonly idleFps: string;
  readonly trackingFps: string;
  readonly provingFps: string;
  /** Empty: as for all cameras. */
  readonly requireLiveness: LivenessRequirement | '';
}

export const rates = ['idleFps', 'trackingFps', 'provingFps'] as const;
const numbers = ['smallestFacePx', ...rates] as const;

export function tuningOf({ settings }: CameraDetails): Tuning {
  const { smallestFacePx, idleFps, trackingFps, provingFps, requireLiveness = '' } = settings;
  return {
    ...{ smallestFacePx: String(smallestFacePx), idleFps: String(idleFps) },
    ...{ trackingFps: String(trackingFps), provingFps: String(provingFps) },
    // The contract leaves the words of the requirement open.
    requireLiveness: requireLiveness as LivenessRequirement | '',
  };
}

/** What `cameras.change` is asked for: only what differs. An empty field gives the setting back to its default. */
export function changesOfTuning(
  now: Tuning,
  camera: CameraDetails,
): Omit<Input<'cameras.change'>, 'id' | 'ifRevision'> {
  const before = tuningOf(camera);
  const changed = numbers
    .filter((name) => now[name].trim() !== before[name])
    .map((name) => [name, now[name].trim() === '' ? null : Number(now[name])] as const);
  return {
    ...Object.fromEntries(changed),
    ...(now.requireLiveness !== before.requireLiveness && {
      requireLiveness: now.requireLiveness === '' ? null : now.requireLiveness,
    }),
  };
}

/** The part of the changes whose effect on recorded passages the box can tell. */
export function policyOf(now: Tuning, camera: CameraDetails): PreviewedPolicy {
  const { smallestFacePx, requireLiveness } = changesOfTuning(now, camera);
  const require = now.requireLiveness;
  const [rateNow, rateBefore] = [rateUntilProven(now), rateUntilProven(tuningOf(camera))];
  return {
    ...(typeof smallestFacePx === 'number' && { smallestFacePx }),
    ...(requireLiveness !== undefined && require !== '' && { require }),
    ...(rateNow !== undefined && rateNow !== rateBefore && { provingFps: rateNow }),
  };
}

/** Pictures a second that show whether a face blinks: the greater rate counts. Undefined while a field is empty. */
function rateUntilProven({ trackingFps, provingFps }: Tuning): number | undefined {
  const typed = [trackingFps, provingFps];
  return typed.some((text) => text.trim() === '') ? undefined : Math.max(...typed.map(Number));
}
