import type { NewAuditEntry } from '../../audit/audit-entry.js';
import type { CameraConfig } from '../../config/schema.js';
import { isoTime } from '../../domain/iso-time.js';
import { type CommandHandlers, failed } from '../../publish/commands/command-handlers.js';
import type { CameraSwitches } from '../../records/commands/command-places.js';
import type { SnapshotOutcome } from '../../vision/protocol.js';
import { stateDetail } from '../identity/grant-watch.js';

export interface CentreCamerasParts {
  readonly switches: CameraSwitches;
  /** Those of the configuration, with what centres switched. */
  readonly cameras: () => readonly CameraConfig[];
  readonly audit: (entry: NewAuditEntry) => void;
  /** Puts the switches in force. @throws what keeps vision from starting with them */
  readonly replan: () => Promise<void>;
  /** `sealTo`: an X25519 key in base64url. @throws `vision-unavailable` */
  readonly takeSnapshot: (cameraId: string, sealTo: string) => Promise<SnapshotOutcome>;
}

const noSuchCamera = failed('no-such-camera', 'the configuration of the box has no such camera');

export function centreCameras(
  parts: CentreCamerasParts,
): Pick<CommandHandlers, 'set-camera' | 'request-snapshot'> {
  const find = (id: string): CameraConfig | undefined => parts.cameras().find((camera) => camera.id === id);
  return {
    async 'set-camera'({ camera, enabled }, { by }) {
      if (find(camera) === undefined) return noSuchCamera;
      const before = parts.switches.all().get(camera) ?? null;
      const set = (to: boolean | null): void =>
        parts.switches.set(camera, to, (state) => {
          const details = { enabled: to ?? 'as-configured', ...stateDetail(state) };
          parts.audit({ by, action: 'camera.switched', subject: camera, details });
        });
      set(enabled);
      try {
        await parts.replan();
      } catch (error) {
        set(before);
        throw error;
      }
      return { outcome: 'done', result: { camera, enabled: find(camera)?.enabled ?? false } };
    },

    async 'request-snapshot'({ camera, sealTo }) {
      if (find(camera) === undefined) return noSuchCamera;
      const snapshot = await parts.takeSnapshot(camera, sealTo);
      if (snapshot.outcome === 'failed') return failed(snapshot.code, snapshot.message);
      const { widthPx, heightPx, takenAtMs, picture } = snapshot;
      const sealed = Buffer.from(picture).toString('base64url');
      return { outcome: 'done', result: { camera, widthPx, heightPx, takenAt: isoTime(takenAtMs), sealed } };
    },
  };
}
