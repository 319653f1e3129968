import type { StatedSet } from '../../kernel/stated-set.js';
import { isSwitchedOn, switchGrant } from './grant-content.js';
import type { Grants } from './grants.js';

/** Cameras that a centre switched on or off; this overrides the configuration. */
export interface CameraSwitches {
  all(): ReadonlyMap<string, boolean>;
  /**
   * Null: the configuration decides again. `alongside` writes the audit entry, with the state of all grants, in the same
   * transaction; it is not called if nothing changes.
   */
  set(cameraId: string, isEnabled: boolean | null, alongside: (state: StatedSet) => void): void;
}

export function cameraSwitchesOf(grants: Grants, nowMs: () => number): CameraSwitches {
  const all = () => new Map(grants.list('camera-switch').map((grant) => [grant.id, isSwitchedOn(grant)]));
  return {
    all,
    set(cameraId, isEnabled, alongside) {
      if ((all().get(cameraId) ?? null) === isEnabled) return;
      const edit: Parameters<Grants['change']>[0] = (before) => {
        const others = before.filter(({ kind, id }) => kind !== 'camera-switch' || id !== cameraId);
        return isEnabled === null ? others : [...others, switchGrant(cameraId, isEnabled)];
      };
      grants.change(edit, nowMs(), alongside);
    },
  };
}
