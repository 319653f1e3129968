import type { cameraOperations } from '../../contract/cameras.js';
import type { Handlers } from '../../contract/handlers.js';
import type { liveOperations } from '../../contract/live.js';
import type { livenessOperations } from '../../contract/liveness.js';
import type { ownCameraOperations } from '../../contract/own-cameras.js';
import type { LoadedConfig, LoadOptions } from '../../contract/settings/load.js';
import type { ReloadResult } from '../../contract/status.js';
import { CameraLines } from '../../vision/lines/camera-lines.js';
import { openVisionLaunchers } from '../../vision/open-vision-launcher.js';
import { clipPlan, photoPlan } from '../../vision/plan.js';
import type { ChosenRecogniser } from '../../vision/recogniser-in-use.js';
import type { VisionLauncher } from '../../vision/vision-launcher.js';
import type { AuditKeyRing } from '../audit/audit-key-ring.js';
import type { AuditLog } from '../audit/audit-log.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { ConditionPort } from '../delivery/condition-port.js';
import { makeLiveFolder } from '../gate/gate-handover.js';
import type { PartContext } from '../part-context.js';
import type { RecentPassages } from '../passages/passage-counts.js';
import { type CameraOptions, cameraHandlers } from './camera-handlers.js';
import { CameraLogins } from './camera-logins.js';
import { clipHandlers } from './clip-handlers.js';
import { type LiveOptions, liveHandlers } from './live-watches.js';
import { OwnCameras } from './own-cameras.js';
import { PhotoProcess } from './photo-process.js';
import { PhotoWall } from './photo-wall.js';
import type { CamerasInUse } from './vision-runtime.js';

interface Audited {
  readonly vault: { readonly audit: AuditLog };
}

interface Walls {
  /** Starts the processes for cameras. */
  readonly cameraLauncher: VisionLauncher;
  readonly photoWall: PhotoWall;
  readonly lines: CameraLines;
}

/**
 * Chooses how vision processes start, and says how far that isolates them.
 * @throws `isolation-unavailable`
 */
export async function openWalls({ current, clock, lifetime, logger }: PartContext): Promise<Walls> {
  const { vision, gate } = current();
  const launchers = await openVisionLaunchers(vision.isolation);
  // Before the first vision process: a sandbox shows only what exists.
  if (gate.enabled) await makeLiveFolder(current(), logger);
  for (const [purpose, { isolation }] of Object.entries(launchers)) {
    const { level, gaps, why } = isolation;
    const about = { purpose, isolation: level, gaps, ...why };
    if (level === 'none') logger.warn('vision processes are not isolated', about);
    else logger.info('vision processes are isolated', about);
  }
  const folder = launchers.cameras.linesFolder;
  const lines = lifetime.use('lines to cameras', await CameraLines.open({ clock, folder }));
  return { cameraLauncher: launchers.cameras, photoWall: new PhotoWall(launchers.photographs), lines };
}

/** Opens the cameras that were added over the API. */
export async function openOwnCameras({
  vault: { audit },
  auditKeys: { key: auditKey },
  current,
  load,
  reload,
  logger,
}: PartContext &
  Audited & {
    readonly auditKeys: Pick<AuditKeyRing, 'key'>;
    readonly load: (options: LoadOptions) => Promise<LoadedConfig>;
    readonly reload: () => Promise<ReloadResult>;
  }): Promise<{ readonly ownCameras: OwnCameras }> {
  const logins = new CameraLogins(current().dataDir);
  const cameras = new OwnCameras({ load, reload, audit, auditKey, logger, current, logins });
  return { ownCameras: await cameras.open() };
}

type PhotoNeeds = PartContext & {
  readonly photoWall: PhotoWall;
  readonly recogniser: ChosenRecogniser;
  readonly conditions: ConditionPort;
};

/** Opens the processes that analyse enrolment photographs and judge clips. They run only while there is work. */
export function openPhotoProcesses(box: PhotoNeeds): {
  readonly photos: PhotoProcess;
  readonly clips: PhotoProcess;
  readonly handlers: Handlers<typeof livenessOperations>;
} {
  const photos = box.lifetime.use('photographs', openPhotoProcess(box, photoPlan));
  const clips = box.lifetime.use('clips', openPhotoProcess(box, clipPlan));
  return { photos, clips, handlers: clipHandlers(clips) };
}

function openPhotoProcess(
  { current, recogniser, photoWall, conditions, lifetime, clock, random, logger }: PhotoNeeds,
  planOf: typeof photoPlan,
): PhotoProcess {
  const subjects = ['photographs'];
  return new PhotoProcess({
    plan: () => planOf(current(), recogniser.name),
    logLevel: () => current().logging.level,
    ...{ clock, random, logger, wall: photoWall },
    onMisbehaviour: () => conditions.change('vision-misbehaving', {}, { active: subjects }),
    onTrusted: () => conditions.change('vision-misbehaving', {}, { over: subjects }),
    signal: lifetime.signal,
  });
}

/** Serves the cameras and their live video. */
export function serveCameras({
  vault: { audit },
  records,
  runtime,
  photos,
  recentPassages,
  ownCameras,
  readings,
  intake,
  nameOf,
  current,
  lifetime,
  clock,
}: PartContext &
  Audited & {
    readonly records: { readonly commands: { readonly cameras: CameraOptions['switches'] } };
    readonly runtime: CamerasInUse;
    readonly photos: PhotoProcess;
    readonly recentPassages: RecentPassages;
    readonly ownCameras: OwnCameras;
    readonly readings: ReadingTrail;
    readonly intake: Pick<LiveOptions, 'openPassages'>;
    readonly nameOf: LiveOptions['nameOf'];
  }): {
  readonly handlers: Handlers<typeof cameraOperations & typeof ownCameraOperations & typeof liveOperations>;
} {
  return {
    handlers: {
      ...cameraHandlers({
        ...{ runtime, photos, audit, readings, clock },
        passages: recentPassages,
        own: ownCameras,
        switches: records.commands.cameras,
        signal: lifetime.signal,
      }),
      ...liveHandlers({
        ...{ ...runtime.vision, current, readings, clock, nameOf },
        openPassages: (id) => intake.openPassages(id),
      }),
    },
  };
}
