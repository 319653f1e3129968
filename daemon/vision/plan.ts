import type { CameraConfig, Config } from '../contract/settings/schema.js';
import { type RecogniserName, unmeasuredRecognisers } from '../contract/settings/vision-schema.js';
import type { CameraPlan, VisionPlan } from '../contract/vision/vision-orders.js';
import { readAuthorities } from '../host/certificate-authorities.js';
import { ownSecretsOnly } from '../host/own-secret.js';
import { openUserPassword } from '../host/user-password-secret.js';
import { evidenceKinds } from '../kernel/events/evidence.js';

/** Everything that a vision process needs to open one camera. Throws where its credential or its caFile cannot be read. */
export async function planCamera(
  camera: CameraConfig,
  config: Pick<Config, 'secretsDir' | 'dataDir' | 'cameras' | 'api' | 'clips'>,
): Promise<CameraPlan> {
  const { secretsDir, dataDir } = config;
  // A camera of the box gets nothing but its own login: the name of another secret would send that secret to its address.
  const places = camera.isOwn === true ? ownSecretsOnly({ dataDir }) : { secretsDirectory: secretsDir };
  const credential =
    camera.credential === undefined ? null : await openUserPassword(camera.credential, places);
  const { caFile, fingerprint = null } = camera;
  const authorities =
    caFile === undefined ? null : await readAuthorities(caFile, `caFile of camera "${camera.id}"`);
  return {
    id: camera.id,
    url: camera.url,
    substreamUrl: camera.substream ?? null,
    credential,
    allowsBasicLogin: camera.allowBasicLogin,
    authorities: authorities?.toString('utf8') ?? null,
    fingerprint,
    extraNetworks: planBounds(camera, config),
    transport: camera.transport,
    hwaccel: camera.hwaccel,
    maxAnalysisWidthPx: camera.maxAnalysisWidthPx,
    stallAfterS: camera.stallAfterS,
    firstFrameWithinS: camera.firstFrameWithinS,
    smallestFacePx: camera.smallestFacePx,
    idleFps: camera.rates.idleFps,
    trackingFps: camera.rates.trackingFps,
    provingFps: camera.rates.provingFps,
    pictureChecks: [...camera.pictureChecks],
    zones: camera.zones.map(({ use, points }) => ({ use, points: [...points] })),
    masks: camera.masks.map(({ points }) => [...points]),
    clipS: secondsForClips(config),
  };
}

/** An event is recorded a while after its frame was captured, and asked for after that. */
const clipDelayS = 5;

/** For how long a camera keeps the frames for clips. */
function secondsForClips({ clips }: Pick<Config, 'clips'>): number {
  const isWanted = evidenceKinds.some((kind) => clips[kind]);
  return isWanted ? clips.beforeS + clips.afterS + clipDelayS : 0;
}

/**
 * The networks in which a camera may be although no other camera may; null where it may be anywhere: in the configuration file, or
 * at host and port of a camera of that file. A caller of the API chose every other address.
 */
export function planBounds(
  { isOwn, url }: CameraConfig,
  { cameras, api }: Pick<Config, 'cameras' | 'api'>,
): string[] | null {
  const { host } = new URL(url);
  const isOwners = cameras.some((each) => each.isOwn !== true && new URL(each.url).host === host);
  return isOwn !== true || isOwners ? null : [...api.cameraNetworks];
}

/** Only the settings that vision uses: a change of the others must not restart the process. */
function livenessPlan({ liveness: { attackAfterS, minimumBlinks } }: Config): VisionPlan['liveness'] {
  return { attackAfterS, minimumBlinks };
}

/** The plan of a process that analyses photographs only, with the configured networks and one thread. */
export function photoPlan(config: Config, recogniser: RecogniserName): VisionPlan {
  return { ...networkPlan(config, recogniser), passivePad: 'none', takesBestShots: false };
}

/** The plan of a process that analyses clips like a camera. */
export function clipPlan(config: Config, recogniser: RecogniserName): VisionPlan {
  return { ...networkPlan(config, recogniser), takesBestShots: false };
}

/** The plan with the configured networks, the recogniser in use and one thread, the main thread, without cameras. */
export function networkPlan(config: Config, recogniser: RecogniserName): VisionPlan {
  return {
    cameras: [],
    modelsDirectory: config.models.dir ?? null,
    provider: config.vision.provider,
    detector: config.vision.detector,
    landmarks: config.vision.landmarks,
    recogniser,
    // Only where it is used: a change of an unused threshold must not restart the process.
    threshold: unmeasuredRecognisers.includes(recogniser) ? (config.identification.threshold ?? null) : null,
    passivePad: config.vision.passivePad,
    workers: 0,
    threads: 1,
    catchUps: 1,
    liveness: livenessPlan(config),
    takesBestShots: Object.values(config.evidence).includes(true),
  };
}
