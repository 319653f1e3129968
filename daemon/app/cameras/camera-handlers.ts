import { type Actor, actorOf } from '../../audit/actor.js';
import type { AuditLog } from '../../audit/audit-log.js';
import { present } from '../../base/present.js';
import type { CameraConfig } from '../../config/schema.js';
import type { Caller } from '../../contract/caller.js';
import type { CameraDetails, CameraStatus, cameraOperations } from '../../contract/cameras.js';
import type { Handlers } from '../../contract/handlers.js';
import { notFound } from '../../control/not-found.js';
import type { Records } from '../../records/open-records.js';
import { planCamera } from '../../vision/plan.js';
import { stateDetail } from '../identity/grant-watch.js';
import type { BoxRuntime } from '../runtime.js';
import type { PhotoProcess } from './photo-process.js';

/** What the states of the cameras are read from. */
export interface CameraStatusOptions {
  readonly runtime: Pick<BoxRuntime, 'vision' | 'cameras' | 'switchedCameras'>;
  readonly photos: Pick<PhotoProcess, 'waitingCount'>;
}

export interface CameraOptions extends CameraStatusOptions {
  readonly runtime: Pick<BoxRuntime, 'config' | 'vision' | 'cameras' | 'switchedCameras' | 'replan'>;
  readonly records: Pick<Records, 'commands'>;
  readonly audit: Pick<AuditLog, 'append'>;
  /** Aborts when the daemon ends. */
  readonly signal: AbortSignal;
}

/** The states of all configured cameras, in the order of the configuration. */
export function describeCameras({ runtime, photos }: CameraStatusOptions): readonly CameraStatus[] {
  const { vision, cameras, switchedCameras } = runtime;
  const isEnrolling = photos.waitingCount > 0;
  return vision.board
    .status(cameras, { isEnrolling })
    .map((camera) =>
      switchedCameras.has(camera.id) ? { ...camera, isSwitchedByCentre: true as const } : camera,
    )
    .map((camera) => {
      const viewers = vision.watches.viewersOf(camera.id);
      return viewers === 0 ? camera : { ...camera, viewers };
    });
}

/** The operations on cameras. */
export function cameraHandlers(options: CameraOptions): Handlers<typeof cameraOperations> {
  const { runtime } = options;
  const configured = (id: string): CameraConfig => {
    const found = runtime.config.cameras.find((camera) => camera.id === id);
    if (found !== undefined) return found;
    throw notFound('camera', id, 'rollcall camera list');
  };
  return {
    'cameras.list': (_input, { caller }) => describeCameras(options).filter(({ id }) => mayUse(caller, id)),
    'cameras.show'({ id }) {
      const camera = configured(id);
      const status = describeCameras(options).find((each) => each.id === id);
      if (status === undefined) throw notFound('camera', id, 'rollcall camera list');
      return { ...status, settings: describeSettings(camera) };
    },
    async 'cameras.test'({ id }) {
      const { config, vision } = runtime;
      return vision.pool.testCamera(await planCamera(configured(id), config.secretsDir));
    },
    async 'cameras.release'({ id }, { caller }) {
      return { isReleased: await release(configured(id).id, actorOf(caller), options) };
    },
  };
}

const mayUse = ({ cameras }: Caller, id: string): boolean => cameras === undefined || cameras.has(id);

/** False if there is no switch. Throws when vision cannot start with the change. */
async function release(
  id: string,
  by: Actor,
  { runtime, records, audit, signal }: CameraOptions,
): Promise<boolean> {
  if (!runtime.switchedCameras.has(id)) return false;
  records.commands.cameras.set(id, null, (state) =>
    audit.append({ by, action: 'camera.released', subject: id, details: stateDetail(state) }),
  );
  await runtime.replan(signal);
  return true;
}

function describeSettings(camera: CameraConfig): CameraDetails['settings'] {
  const { url, credential, transport, hwaccel, rates, smallestFacePx, maxAnalysisWidthPx } = camera;
  return {
    ...{ url, transport, hwaccel, ...rates, smallestFacePx, maxAnalysisWidthPx },
    ...present({ credential }),
    pictureChecks: camera.pictureChecks,
  };
}
