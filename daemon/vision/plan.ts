import type { CameraConfig, Config } from '../config/schema.js';
import { type RecogniserName, unmeasuredRecognisers } from '../config/vision-schema.js';
import { readAuthorities } from '../host/certificate-authorities.js';
import { openUserPassword } from '../host/user-password-secret.js';
import type { CameraPlan, VisionPlan } from './protocol.js';

/** All that a vision process needs to open one camera. Throws when its credential or the file of its authorities cannot be had. */
export async function planCamera(camera: CameraConfig, secretsDirectory: string): Promise<CameraPlan> {
  const credential =
    camera.credential === undefined ? null : await openUserPassword(camera.credential, { secretsDirectory });
  const { caFile, fingerprint = null } = camera;
  const authorities =
    caFile === undefined ? null : await readAuthorities(caFile, `caFile of camera "${camera.id}"`);
  return {
    id: camera.id,
    url: camera.url,
    credential,
    allowsBasicLogin: camera.allowBasicLogin,
    authorities: authorities?.toString('utf8') ?? null,
    fingerprint,
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
  };
}

/** Without what the core decides: a process must not be replaced for it. */
function livenessPlan({ liveness: { attackAfterS, minimumBlinks } }: Config): VisionPlan['liveness'] {
  return { attackAfterS, minimumBlinks };
}

/** What a process has to do that looks at photographs only, with the configured networks and one thread. */
export function photoPlan(config: Config, recogniser: RecogniserName): VisionPlan {
  return { ...networkPlan(config, recogniser), passivePad: 'none', takesBestShots: false };
}

/** What a process has to do that judges clips as a camera would. */
export function clipPlan(config: Config, recogniser: RecogniserName): VisionPlan {
  return { ...networkPlan(config, recogniser), takesBestShots: false };
}

/** The configured networks with the recogniser in use, for no camera yet, with one thread. */
export function networkPlan(config: Config, recogniser: RecogniserName): VisionPlan {
  return {
    cameras: [],
    modelsDirectory: config.models.dir ?? null,
    provider: config.vision.provider,
    detector: config.vision.detector,
    recogniser,
    // A process must not be replaced because of a threshold that it does not use.
    threshold: unmeasuredRecognisers.includes(recogniser) ? (config.identification.threshold ?? null) : null,
    passivePad: config.vision.passivePad,
    threads: 1,
    liveness: livenessPlan(config),
    takesBestShots: Object.values(config.evidence).includes(true),
  };
}
