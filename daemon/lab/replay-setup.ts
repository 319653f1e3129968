import { loadConfig } from '../contract/settings/load.js';
import { formatProblem } from '../contract/settings/problem.js';
import {
  attendanceProof,
  type CameraConfig,
  type Config,
  configSchema,
} from '../contract/settings/schema.js';
import type { GalleryRecogniser } from '../core/gallery/re-embedding/re-embed-switch.js';
import { Decider } from '../core/sightings/decider.js';
import type { SearchGallery } from '../core/sightings/gallery-search.js';
import { memoryFacts } from '../core/sightings/memory-facts.js';
import { openConfiguredStore } from '../host/models/configured-store.js';
import type { Clock } from '../kernel/clock.js';
import { badInput } from '../kernel/errors.js';
import type { MatchPolicy } from '../kernel/identification/match.js';
import type { Lifetime } from '../kernel/lifetime.js';
import { defaultLivenessPolicy, type LivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import { silentLogger } from '../kernel/logger.js';
import { seededRandom } from '../kernel/random.js';
import type { AttendanceProof } from '../kernel/tracks/track-decision.js';
import type { FaceAnalyser } from '../vision/face-analyser.js';
import { openFaceAnalyser } from '../vision/inference/open-face-analyser.js';
import { detectFfmpeg, type FfmpegBinary } from '../vision/ingest/ffmpeg-binary.js';
import { matchPolicy } from '../vision/operating-point.js';
import { chooseRecogniser, type RecogniserInUse } from '../vision/recogniser-in-use.js';

interface ReplaySettings {
  /** Configuration file; undefined: default settings. */
  readonly configPath: string | undefined;
  /** Camera of the configuration; undefined: default settings of a camera. */
  readonly cameraId: string | undefined;
  /** Frames analysed per second, with and without a face in sight; undefined: the rates of the camera. */
  readonly fps: number | undefined;
  /** Opens the gallery and returns its recogniser; absent: no gallery. */
  readonly openGallery?: (config: Config) => Promise<GalleryRecogniser | undefined>;
}

/** What decodes clips and looks at pictures. */
interface Engines {
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly recogniser: RecogniserInUse;
}

/** Everything that a command needs to run the stages without a daemon. */
export interface ReplaySetup extends Engines {
  readonly config: Config;
  readonly camera: CameraConfig;
  readonly liveness: LivenessPolicy;
  readonly match: MatchPolicy;
}

/** Opens what a configuration asks for. `made`: the recogniser of the gallery, where there is one. `lifetime` owns all of it. */
export type OpenEngines = (
  config: Config,
  made: GalleryRecogniser | undefined,
  lifetime: Lifetime,
) => Promise<Engines>;

/** Reads the configuration, and opens the engines. */
export async function openReplaySetup(
  settings: ReplaySettings,
  lifetime: Lifetime,
  open: OpenEngines = openEngines,
): Promise<ReplaySetup> {
  const config = await settingsOf(settings.configPath);
  const camera = cameraOf(config, settings);
  const engines = await open(config, await settings.openGallery?.(config), lifetime);
  return {
    ...{ config, camera, ...engines },
    liveness: { ...defaultLivenessPolicy, ...config.liveness },
    match: matchPolicy(config, engines.recogniser.pack),
  };
}

/** Models and FFmpeg like those of a vision process. */
export const openEngines: OpenEngines = async (config, made, lifetime) => {
  const ffmpeg = await detectFfmpeg();
  const models = await openConfiguredStore(config.models.dir);
  const recogniser = await chooseRecogniser(models, config.vision.recogniser, made);
  const { provider, detector, landmarks, passivePad, threads } = config.vision;
  const analyser = await openFaceAnalyser({
    models,
    provider,
    detector,
    landmarks,
    recogniser: recogniser.name,
    passivePad,
    threads: threads === 'auto' ? 1 : threads,
    logger: silentLogger,
  });
  lifetime.use('face analyser', analyser);
  return { analyser, ffmpeg, recogniser };
};

/** Decides like the core, without recording. `clock` is the time of the clip. */
export function memoryDecider(
  { config, camera }: ReplaySetup,
  {
    proof = attendanceProof(config, camera),
    ...rest
  }: {
    readonly search: SearchGallery;
    readonly policy: MatchPolicy;
    /** Absent: as configured. */
    readonly proof?: AttendanceProof;
    readonly clock: Clock;
  },
): Decider {
  const { rules } = config;
  return new Decider({
    ...{ ...rest, rules, facts: memoryFacts(), random: seededRandom(1) },
    directionOf: () => camera.direction,
    proofAt: () => proof,
  });
}

/** The smallest valid configuration. */
const leastConfig = {
  site: { id: 'replay', timeZone: 'UTC' },
  cameras: [{ id: 'clip', name: 'Clip', url: 'rtsp://127.0.0.1/' }],
};

async function settingsOf(path: string | undefined): Promise<Config> {
  if (path === undefined) return configSchema.parse(leastConfig);
  const loaded = await loadConfig(path);
  if (loaded.ok) return loaded.config;
  const problems = loaded.problems.map((problem) => formatProblem(path, problem));
  throw badInput('invalid-config', problems.join('\n'), {
    remedy: `Correct the file, then run 'rollcall check-config --config ${path}'.`,
  });
}

function cameraOf(config: Config, { cameraId, fps }: ReplaySettings): CameraConfig {
  const [standard] = configSchema.parse(leastConfig).cameras;
  const camera =
    cameraId === undefined ? standard : config.cameras.find((candidate) => candidate.id === cameraId);
  if (camera === undefined) {
    const known = config.cameras.map(({ id }) => id).join(', ');
    throw badInput('camera-unknown', `the configuration has no camera ${cameraId}`, {
      remedy: known === '' ? 'Leave --camera out.' : `Name one of: ${known}.`,
    });
  }
  return fps === undefined ? camera : { ...camera, rates: ratesAt(fps, camera) };
}

/** Rates that analyse so many frames a second, whether a face is in sight or not. */
export function ratesAt(fps: number, { rates }: CameraConfig): CameraConfig['rates'] {
  return { idleFps: Math.min(rates.idleFps, fps), trackingFps: fps, provingFps: fps };
}
