import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import {
  type ClipOutcome,
  cameraNotStreaming,
  type FacesOutcome,
  largestSnapshotBytes,
  mostAnalysedFaces,
  mostClipProbes,
  mostFaces,
  type PhotoOutcome,
  withoutPicture,
} from '../contract/vision/vision-answers.js';
import type { CameraPlan, Request, VisionPlan } from '../contract/vision/vision-orders.js';
import { type CameraProgress, mostReportedCameras, type Report } from '../contract/vision/vision-reports.js';
import { encodeEmbedding, encodeEvidence, encodeProbe } from '../contract/vision/vision-sighting.js';
import { openConfiguredStore } from '../host/models/configured-store.js';
import type { ModelStore } from '../host/models/store.js';
import { systemClock as clock } from '../host/system-clock.js';
import type { Clock } from '../kernel/clock.js';
import { operational } from '../kernel/errors.js';
import type { PhotoQuality } from '../kernel/faces/photo-quality.js';
import type { Lifetime } from '../kernel/lifetime.js';
import { defaultLivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import type { Logger } from '../kernel/logger.js';
import { AnalysisTurns } from './analysis-turns.js';
import { testCamera } from './camera-test.js';
import { analyseClip, type ClipLiveness, type ClipLivenessOptions } from './clip-liveness.js';
import { cutOutcome, picturesOfClip } from './clip-pictures.js';
import type { FaceAnalyser, ProviderInUse } from './face-analyser.js';
import { analyseGuidedView, guidedOutcome } from './guided-view.js';
import { InferencePool } from './inference/inference-pool.js';
import { openFaceAnalyser } from './inference/open-face-analyser.js';
import type { CameraNetwork } from './ingest/camera-network.js';
import { CatchUpTurns } from './ingest/catch-up-turns.js';
import { detectFfmpeg, type FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { hasNetwork } from './ingest/own-addresses.js';
import { readDeviceAnswers } from './ingest/ws-discovery.js';
import { LiveServer, type LiveServerOptions } from './live/live-server.js';
import { type LiveCamera, type LiveCameraOptions, startLiveCamera } from './live-camera.js';
import { readDeviceProfiles } from './onvif/device-profiles.js';
import { ownThreshold } from './operating-point.js';
import { OwnNetworkTrial } from './own-network-trial.js';
import {
  analyseFaces,
  analyseKeptPhoto,
  analysePhoto,
  type FacesAnalysis,
  type PhotoAnalysis,
} from './photo.js';
import { recogniserInUse } from './recogniser-in-use.js';

/** How often counters are reported, milliseconds: the core measures progress by them. */
const progressEveryMs = 1_000;

export interface VisionHost {
  /** Opens one more camera. */
  openCamera(camera: CameraPlan): void;
  /** Begins or ends the reports of what is measured at a camera. */
  followCamera(order: { readonly cameraId: string; readonly isFollowed: boolean }): void;
  /** Ends a view of a camera. */
  closeView(view: number): void;
  /** Answers a request of the core and its attachment by a report. */
  answer(request: Request, attachment: Uint8Array): Promise<void>;
}

/** The open cameras of the process. */
class Cameras implements AsyncDisposable {
  readonly #options: LiveCameraOptions;
  readonly #onOpened: (count: number) => void;
  readonly #live = new Map<string, LiveCamera>();
  #isEnded = false;

  /** `onOpened` gets how many are open then. */
  constructor(options: LiveCameraOptions, onOpened: (count: number) => void) {
    this.#options = options;
    this.#onOpened = onOpened;
  }

  open(plan: CameraPlan): void {
    if (this.#isEnded || this.#live.has(plan.id)) return;
    this.#live.set(plan.id, startLiveCamera(plan, this.#options));
    this.#onOpened(this.#live.size);
  }

  async close(cameraId: string): Promise<void> {
    await this.#live.get(cameraId)?.[Symbol.asyncDispose]();
    this.#live.delete(cameraId);
  }

  get(cameraId: string): LiveCamera | undefined {
    return this.#live.get(cameraId);
  }

  progress(): readonly CameraProgress[] {
    return [...this.#live].map(([id, camera]) => ({
      id,
      counters: camera.counters(),
      stageTimes: camera.stageTimes(),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await Promise.all([...this.#live.keys()].map((id) => this.close(id)));
  }
}

interface ProgressOptions {
  readonly cameras: Pick<Cameras, 'progress'>;
  readonly clock: Clock;
  readonly lifetime: Lifetime;
  report(message: Report): void;
}

/** Loads the models, opens the cameras of `plan` and sends reports until `lifetime` ends. */
export async function startVisionHost(options: {
  readonly plan: VisionPlan;
  /** How it reaches its cameras. */
  readonly network: CameraNetwork;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  report(message: Report, attachment?: Uint8Array): void;
  fail(error: unknown): void;
}): Promise<VisionHost> {
  const { plan, network, lifetime, logger, report, fail } = options;
  await requireSeen(plan.modelsDirectory);
  const models = await openConfiguredStore(plan.modelsDirectory);
  const ffmpeg = await detectFfmpeg();
  const { analyser, places, serve } = await openEngine(plan, models, {
    logger,
    onProviderChanged: (provider) => report({ type: 'provider-changed', provider }),
  });
  lifetime.use('face analyser', analyser);
  const turns = new AnalysisTurns(clock, places);
  const catchUps = new CatchUpTurns(plan.catchUps, clock);
  report({
    type: 'ready',
    provider: analyser.provider,
    recogniser: analyser.recogniser,
    ffmpegVersion: ffmpeg.version,
    hasNetwork: hasNetwork(),
  });
  // 1 where no threshold exists: such a process analyses only photographs, which need none.
  const own = ownThreshold(recogniserInUse(models, plan.recogniser).pack);
  const sameFaceThreshold = own ?? plan.threshold ?? 1;
  const { liveness, takesBestShots } = plan;
  const shared = { analyser, turns, catchUps, ffmpeg, network, liveness, sameFaceThreshold, takesBestShots };
  const cameras = lifetime.use('cameras', new Cameras({ ...shared, logger, report, fail }, serve));
  for (const camera of plan.cameras) cameras.open(camera);
  const sourceOf: LiveServerOptions['sourceOf'] = (id, kind) => cameras.get(id)?.[kind];
  const views = lifetime.use('live pictures', new LiveServer({ sourceOf, clock }));
  reportProgress({ cameras, clock, lifetime, report });
  const clips = { analyser, ffmpeg, liveness: { ...defaultLivenessPolicy, ...liveness }, sameFaceThreshold };
  const trial = lifetime.use('trial of an own network', new OwnNetworkTrial(analyser));
  const resources = { analyser, ffmpeg, network, cameras, views, trial, clips, logger, report, lifetime };
  return {
    openCamera: (camera) => cameras.open(camera),
    followCamera: ({ cameraId, isFollowed }) => cameras.get(cameraId)?.follow(isFollowed),
    closeView: (view) => views.close(view),
    answer: (request, attachment) => answer(request, attachment, resources),
  };
}

/**
 * The folder may be there for the core and not for this process: the wall around it may hide the folder, and its user is another one.
 * @throws `models-hidden`
 */
async function requireSeen(modelsDirectory: string | null): Promise<void> {
  if (modelsDirectory === null) return;
  await access(modelsDirectory, constants.R_OK | constants.X_OK).catch((cause: unknown) => {
    throw operational(
      'models-hidden',
      `vision processes cannot read the folder of the models, ${modelsDirectory}`,
      {
        remedy: `If it is missing, run 'rollcall models build', or change models.dir. Otherwise let every user read it ('chmod -R o+rX ${modelsDirectory}'). On an installed box, run rollcall-setup, which shows the folder to the units of vision processes.`,
        cause,
      },
    );
  });
}

/** What computes the networks. */
interface Engine {
  readonly analyser: FaceAnalyser;
  /** How many frames it can analyse at a time now. */
  readonly places: () => number;
  /** Prepares for that many open cameras. */
  readonly serve: (cameras: number) => void;
}

/** Networks run in threads of their own if the plan says so: those of cameras, which must not hold up their streams. */
async function openEngine(
  plan: VisionPlan,
  models: ModelStore,
  told: { readonly logger: Logger; onProviderChanged(provider: ProviderInUse): void },
): Promise<Engine> {
  const { provider, detector, landmarks, recogniser, passivePad, threads, workers, modelsDirectory } = plan;
  const setup = { provider, detector, landmarks, recogniser, passivePad, threads };
  if (workers === 0) {
    const analyser = await openFaceAnalyser({ ...setup, models, ...told });
    return { analyser, places: () => 1, serve: () => undefined };
  }
  const options = { setup: { ...setup, modelsDirectory }, mostThreads: workers, clock, ...told };
  const pool = await InferencePool.open(options);
  return { analyser: pool, places: () => pool.mostCalls, serve: (cameras) => pool.serve(cameras) };
}

/** Reports what the cameras measure, every second until the end of `lifetime`. */
export function reportProgress({ cameras, clock, lifetime, report }: ProgressOptions): void {
  const tick = (): void => {
    const all = cameras.progress();
    const { user, system } = process.cpuUsage();
    const processorMs = Math.round((user + system) / 1000);
    // Sent also without cameras: it shows that the process is alive.
    for (let from = 0; from === 0 || from < all.length; from += mostReportedCameras) {
      report({ type: 'progress', processorMs, cameras: all.slice(from, from + mostReportedCameras) });
    }
    timer = clock.after(progressEveryMs, tick);
  };
  let timer = clock.after(progressEveryMs, tick);
  lifetime.defer('progress reports', () => timer.cancel());
}

function photoOutcome(analysis: PhotoAnalysis, { recogniser }: FaceAnalyser): PhotoOutcome {
  if (analysis.outcome !== 'ok') {
    const { outcome: code, message, remedy, says } = analysis;
    const faces = 'faces' in analysis ? { faces: analysis.faces.slice(0, mostFaces) } : {};
    return { outcome: 'refused', code, message, remedy, says, ...faces };
  }
  const { embedding, quality, jpeg, face, faceCount } = analysis;
  return {
    outcome: 'ok',
    embeddingBase64: encodeEmbedding(embedding),
    recogniser,
    quality: encodePhotoQuality(quality),
    picture: jpeg,
    ...(faceCount > 1 ? { taken: { face, faceCount } } : {}),
  };
}

function encodePhotoQuality({ score, reasons, warnings }: PhotoQuality) {
  return { score, reasons: [...reasons], ...(warnings.length > 0 && { warnings: [...warnings] }) };
}

function facesOutcome(analysis: FacesAnalysis, recogniser: string): FacesOutcome {
  if (analysis.outcome !== 'ok') {
    const { outcome: code, message, remedy, says } = analysis;
    return { outcome: 'refused', code, message, remedy, says };
  }
  const faces = analysis.faces.map(({ face, quality, embedding }) => ({
    face,
    quality: encodePhotoQuality(quality),
    ...(embedding && { embeddingBase64: encodeEmbedding(embedding) }),
  }));
  return { outcome: 'ok', recogniser, faceCount: analysis.faceCount, faces };
}

function clipOutcome(analysed: ClipLiveness, isEmbedded: boolean): ClipOutcome {
  if (analysed.outcome !== 'ok') return analysed;
  const { sighting, faceCount } = analysed;
  const { liveness, firstSeenMs, lastSeenMs, box, recogniser } = sighting;
  const probes = isEmbedded ? [...analysed.probes].sort((a, b) => b.quality - a.quality) : [];
  return {
    outcome: 'ok',
    liveness: { ...liveness, evidence: encodeEvidence(liveness.evidence) },
    durationS: (lastSeenMs - firstSeenMs) / 1000,
    faceWidthPx: box.width,
    faceCount,
    recogniser,
    probes: probes.slice(0, mostClipProbes).map(encodeProbe),
  };
}

/** The parts of an attachment that have these sizes, bytes. */
function partsOf(attachment: Uint8Array, sizes: readonly number[]): Buffer[] {
  const whole = Buffer.from(attachment.buffer, attachment.byteOffset, attachment.byteLength);
  let offset = 0;
  return sizes.map((size) => {
    offset += size;
    return whole.subarray(offset - size, offset);
  });
}

async function answer(
  order: Request,
  attachment: Uint8Array,
  resources: {
    readonly analyser: FaceAnalyser;
    readonly ffmpeg: FfmpegBinary;
    readonly network: CameraNetwork;
    readonly cameras: Cameras;
    readonly views: LiveServer;
    readonly trial: OwnNetworkTrial;
    readonly clips: ClipLivenessOptions;
    readonly logger: Logger;
    readonly lifetime: Lifetime;
    report(message: Report, attachment?: Uint8Array): void;
  },
): Promise<void> {
  const { request } = order;
  const { analyser, cameras, report } = resources;
  if (order.type === 'analyse-photo') {
    const analysis = await (order.photograph === 'kept'
      ? analyseKeptPhoto(attachment, analyser)
      : analysePhoto(attachment, analyser, order.faceNumber));
    const { result, picture } = withoutPicture(photoOutcome(analysis, analyser));
    report({ type: 'photo', request, result }, picture);
  } else if (order.type === 'analyse-faces') {
    const analysis = await analyseFaces(attachment, analyser, {
      isEmbedded: order.isEmbedded,
      most: mostAnalysedFaces,
    });
    report({ type: 'faces', request, result: facesOutcome(analysis, analyser.recogniser) });
  } else if (order.type === 'analyse-clip') {
    const files = partsOf(attachment, order.sizes);
    const analysed = await analyseClip(files, order.fps, resources.clips);
    report({ type: 'clip', request, result: clipOutcome(analysed, order.isEmbedded) });
  } else if (order.type === 'look-at-guided') {
    const view = await analyseGuidedView(attachment, analyser);
    report({ type: 'guided', request, result: guidedOutcome(view, analyser.recogniser) });
  } else if (order.type === 'cut-clip') {
    const { ffmpeg } = resources;
    const cut = cutOutcome(await picturesOfClip(attachment, { ffmpeg, mostBytes: largestSnapshotBytes }));
    const { result, picture } = withoutPicture(cut);
    report({ type: 'clip-cut', request, result }, picture);
  } else if (order.type === 'close-camera') {
    await cameras.close(order.cameraId);
    report({ type: 'camera-closed', request });
  } else if (order.type === 'open-view') {
    report({ type: 'view-opened', request, result: await resources.views.open(order) });
  } else if (order.type === 'take-snapshot') {
    const publicKey = Buffer.from(order.sealTo, 'base64url');
    const snapshot = (await cameras.get(order.cameraId)?.snapshot(publicKey, order)) ?? cameraNotStreaming;
    const { result, picture } = withoutPicture(snapshot);
    report({ type: 'snapshot', request, result }, picture);
  } else if (order.type === 'take-clip') {
    const clip = (await cameras.get(order.cameraId)?.takeClip(order)) ?? cameraNotStreaming;
    const { result, picture } = withoutPicture(clip);
    report({ type: 'clip-taken', request, result }, picture);
  } else if (order.type === 'read-device-answers') {
    const answers = partsOf(
      attachment,
      order.answers.map(({ bytes }) => bytes),
    );
    const result = readDeviceAnswers({
      ...order,
      answers: order.answers.map(({ address }, index) => ({
        address,
        text: answers[index] ?? Buffer.alloc(0),
      })),
    });
    report({ type: 'discovered', request, result });
  } else if (order.type === 'ask-device') {
    const { network, lifetime } = resources;
    const result = await readDeviceProfiles(order.device, { network, clock, signal: lifetime.signal });
    report({ type: 'device-asked', request, result });
  } else if (order.type === 'open-own-network') {
    report({ type: 'own-network', request, result: await resources.trial.open(order) });
  } else if (order.type === 'try-own-network') {
    const result = await resources.trial.embed(attachment, order.preparations);
    report({ type: 'own-network-tried', request, result });
  } else {
    const result = await testCamera(order.camera, { ...resources, signal: resources.lifetime.signal });
    report({ type: 'camera-test', request, result });
  }
}
