import type { Lifetime } from '../base/lifetime.js';
import type { Logger } from '../base/logger.js';
import { defaultLivenessPolicy } from '../domain/liveness/liveness-verdict.js';
import { systemClock as clock } from '../host/system-clock.js';
import { openConfiguredStore } from '../models/configured-store.js';
import { ownThreshold } from '../models/operating-point.js';
import { type ClipLiveness, type ClipLivenessParts, lookAtClip } from './clip-liveness.js';
import type { FaceAnalyser } from './face-analyser.js';
import { openFaceAnalyser } from './inference/open-face-analyser.js';
import { detectFfmpeg, type FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { type LiveCamera, type LiveCameraParts, startLiveCamera } from './live-camera.js';
import { lookAtCamera } from './look-at-camera.js';
import { notStreaming } from './not-streaming.js';
import { analyseKeptPhoto, analysePhoto, type PhotoAnalysis } from './photo.js';
import {
  type CameraPlan,
  type ClipOutcome,
  mostFaces,
  mostReportedCameras,
  type Order,
  type PhotoOutcome,
  type Report,
  type VisionPlan,
  withoutPicture,
} from './protocol.js';
import { recogniserInUse } from './recogniser-in-use.js';
import { encodeEmbedding, encodeEvidence } from './sighting-codec.js';

/** How often counters are reported: what the core measures progress by, milliseconds. */
const progressEveryMs = 1_000;

/** Requests that are answered beside the cameras. */
export type Request = Extract<Order, { readonly request: number }>;

export interface VisionHost {
  /** Looks at one camera more. */
  openCamera(camera: CameraPlan): void;
  /** Answers a request of the core, and what was attached to it, by a report. */
  answer(request: Request, attachment: Uint8Array): Promise<void>;
}

/** The cameras of the process: they come and go while it runs. */
class Cameras implements AsyncDisposable {
  readonly #parts: LiveCameraParts;
  readonly #live = new Map<string, LiveCamera>();
  #isEnded = false;

  constructor(parts: LiveCameraParts) {
    this.#parts = parts;
  }

  open(plan: CameraPlan): void {
    if (!this.#isEnded && !this.#live.has(plan.id))
      this.#live.set(plan.id, startLiveCamera(plan, this.#parts));
  }

  async close(cameraId: string): Promise<void> {
    await this.#live.get(cameraId)?.[Symbol.asyncDispose]();
    this.#live.delete(cameraId);
  }

  get(cameraId: string): LiveCamera | undefined {
    return this.#live.get(cameraId);
  }

  counters(): { id: string; counters: Record<string, number> }[] {
    return [...this.#live].map(([id, camera]) => ({ id, counters: { ...camera.counters() } }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await Promise.all([...this.#live.keys()].map((id) => this.close(id)));
  }
}

/** Loads the models, opens the cameras of `plan` and reports what they see until `lifetime` ends. */
export async function startVisionHost(options: {
  readonly plan: VisionPlan;
  readonly lifetime: Lifetime;
  readonly logger: Logger;
  report(message: Report, attachment?: Uint8Array): void;
  fail(error: unknown): void;
}): Promise<VisionHost> {
  const { plan, lifetime, logger, report, fail } = options;
  const models = await openConfiguredStore(plan.modelsDirectory);
  const ffmpeg = await detectFfmpeg();
  const { provider, detector, recogniser, passivePad, threads } = plan;
  const analyser = await openFaceAnalyser({
    models,
    provider,
    detector,
    recogniser,
    passivePad,
    threads,
    logger,
  });
  lifetime.use('face analyser', analyser);
  report({
    type: 'ready',
    provider: analyser.provider,
    recogniser: analyser.recogniser,
    ffmpegVersion: ffmpeg.version,
  });
  // A process without cameras, which only looks at photographs, needs none.
  const own = ownThreshold(recogniserInUse(models, plan.recogniser).pack);
  const sameFaceThreshold = own ?? plan.threshold ?? 1;
  const { liveness, takesBestShots } = plan;
  const shared = { analyser, ffmpeg, liveness, sameFaceThreshold, takesBestShots };
  const cameras = lifetime.use('cameras', new Cameras({ ...shared, logger, report, fail }));
  for (const camera of plan.cameras) cameras.open(camera);
  reportProgress(cameras, lifetime, report);
  const clips = { analyser, ffmpeg, liveness: { ...defaultLivenessPolicy, ...liveness }, sameFaceThreshold };
  const parts = { analyser, ffmpeg, cameras, clips, logger, report, lifetime };
  return {
    openCamera: (camera) => cameras.open(camera),
    answer: (request, attachment) => answer(request, attachment, parts),
  };
}

function reportProgress(cameras: Cameras, lifetime: Lifetime, report: (message: Report) => void): void {
  const tick = (): void => {
    const all = cameras.counters();
    // Also where there is no camera: it tells that the process is alive.
    for (let from = 0; from === 0 || from < all.length; from += mostReportedCameras) {
      report({ type: 'progress', cameras: all.slice(from, from + mostReportedCameras) });
    }
    timer = clock.after(progressEveryMs, tick);
  };
  let timer = clock.after(progressEveryMs, tick);
  lifetime.defer('progress reports', () => timer.cancel());
}

function photoOutcome(analysis: PhotoAnalysis, { recogniser }: FaceAnalyser): PhotoOutcome {
  if (analysis.outcome !== 'ok') {
    const { outcome: code, message, remedy } = analysis;
    const faces = 'faces' in analysis ? { faces: analysis.faces.slice(0, mostFaces) } : {};
    return { outcome: 'refused', code, message, remedy, ...faces };
  }
  const { embedding, quality, jpeg, face, faceCount } = analysis;
  return {
    outcome: 'ok',
    embeddingBase64: encodeEmbedding(embedding),
    recogniser,
    quality: { score: quality.score, reasons: [...quality.reasons] },
    picture: jpeg,
    ...(faceCount > 1 ? { taken: { face, faceCount } } : {}),
  };
}

function clipOutcome(looked: ClipLiveness): ClipOutcome {
  if (looked.outcome !== 'ok') return looked;
  const { sighting, faceCount } = looked;
  const { liveness, firstSeenMs, lastSeenMs, box } = sighting;
  return {
    outcome: 'ok',
    liveness: { ...liveness, evidence: encodeEvidence(liveness.evidence) },
    durationS: (lastSeenMs - firstSeenMs) / 1000,
    faceWidthPx: box.width,
    faceCount,
  };
}

async function answer(
  order: Request,
  attachment: Uint8Array,
  parts: {
    readonly analyser: FaceAnalyser;
    readonly ffmpeg: FfmpegBinary;
    readonly cameras: Cameras;
    readonly clips: ClipLivenessParts;
    readonly logger: Logger;
    readonly lifetime: Lifetime;
    report(message: Report, attachment?: Uint8Array): void;
  },
): Promise<void> {
  const { request } = order;
  if (order.type === 'analyse-photo') {
    const analysis = await (order.photograph === 'kept'
      ? analyseKeptPhoto(attachment, parts.analyser)
      : analysePhoto(attachment, parts.analyser, order.faceNumber));
    const { result, picture } = withoutPicture(photoOutcome(analysis, parts.analyser));
    parts.report({ type: 'photo', request, result }, picture);
  } else if (order.type === 'analyse-clip') {
    let offset = 0;
    const files = order.sizes.map((size) => {
      offset += size;
      return attachment.subarray(offset - size, offset);
    });
    const looked = await lookAtClip(files, order.fps, parts.clips);
    parts.report({ type: 'clip', request, result: clipOutcome(looked) });
  } else if (order.type === 'close-camera') {
    await parts.cameras.close(order.cameraId);
    parts.report({ type: 'camera-closed', request });
  } else if (order.type === 'take-snapshot') {
    const publicKey = Buffer.from(order.sealTo, 'base64url');
    const snapshot = (await parts.cameras.get(order.cameraId)?.snapshot(publicKey)) ?? notStreaming;
    const { result, picture } = withoutPicture(snapshot);
    parts.report({ type: 'snapshot', request, result }, picture);
  } else {
    const result = await lookAtCamera(order.camera, { ...parts, signal: parts.lifetime.signal });
    parts.report({ type: 'camera-test', request, result });
  }
}
