import type { CameraConfig } from '../../contract/settings/schema.js';
import type { SnapshotOutcome } from '../../contract/vision/vision-answers.js';
import { isoTime } from '../../kernel/iso-time.js';
import { stateDetail } from '../../kernel/stated-set.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';
import type { CameraSwitches } from './camera-switches.js';
import { type CommandHandlers, failed } from './command-handlers.js';

export interface CameraCommandOptions {
  readonly switches: CameraSwitches;
  /** The configured cameras, with the switches of centres applied. */
  readonly cameras: () => readonly CameraConfig[];
  readonly audit: (entry: NewAuditEntry) => void;
  /** Applies the switches. Throws when vision cannot start with them. */
  readonly replan: () => Promise<void>;
  /** `sealTo`: an X25519 key in base64url. @throws `vision-unavailable` */
  readonly takeSnapshot: (cameraId: string, sealTo: string) => Promise<SnapshotOutcome>;
}

const cameraNotFound = failed('no-such-camera', 'the configuration of the box has no camera with this id');

/** Commands that switch a camera or take a picture with it. */
export function cameraCommands(
  options: CameraCommandOptions,
): Pick<CommandHandlers, 'set-camera' | 'request-snapshot'> {
  const find = (id: string): CameraConfig | undefined => options.cameras().find((camera) => camera.id === id);
  return {
    async 'set-camera'({ camera, enabled }, { by }) {
      if (find(camera) === undefined) return cameraNotFound;
      const before = options.switches.all().get(camera) ?? null;
      const set = (to: boolean | null): void =>
        options.switches.set(camera, to, (state) => {
          const details = { enabled: to ?? 'as-configured', ...stateDetail(state) };
          options.audit({ by, action: 'camera.switched', subject: camera, details });
        });
      set(enabled);
      try {
        await options.replan();
      } catch (error) {
        set(before);
        throw error;
      }
      return { outcome: 'done', result: { camera, enabled: find(camera)?.enabled ?? false } };
    },

    async 'request-snapshot'({ camera, sealTo }) {
      if (find(camera) === undefined) return cameraNotFound;
      const snapshot = await options.takeSnapshot(camera, sealTo);
      if (snapshot.outcome === 'failed') return failed(snapshot.code, snapshot.message);
      const { widthPx, heightPx, takenAtMs, picture } = snapshot;
      const sealed = Buffer.from(picture).toString('base64url');
      return { outcome: 'done', result: { camera, widthPx, heightPx, takenAt: isoTime(takenAtMs), sealed } };
    },
  };
}
