import { randomUUID } from 'node:crypto';
import {
  type ClipTakenOutcome,
  cameraNotStreaming,
  type SnapshotOutcome,
} from '../contract/vision/vision-answers.js';
import type { CameraPlan, VisionPlan } from '../contract/vision/vision-orders.js';
import type { CameraState, Report, StageTimes } from '../contract/vision/vision-reports.js';
import { encodeSighting } from '../contract/vision/vision-sighting.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { sleep } from '../kernel/clock.js';
import { isRollcallError } from '../kernel/errors.js';
import type { Frame } from '../kernel/faces/picture.js';
import { cameraId, trackId } from '../kernel/ids.js';
import { defaultLivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import type { Logger } from '../kernel/logger.js';
import { present } from '../kernel/present.js';
import { RetrySchedule } from '../kernel/retry.js';
import { said } from '../kernel/said.js';
import { ignoredCells } from '../kernel/zones/zone.js';
import { inEnglish } from '../words/language.js';
import type { AnalysisTurns } from './analysis-turns.js';
import { CameraLoop } from './camera-loop.js';
import { CameraPipeline } from './camera-pipeline.js';
import type { FaceAnalyser } from './face-analyser.js';
import { networkHung } from './inference/inference-pool.js';
import type { CameraNetwork } from './ingest/camera-network.js';
import { ffmpegCameraSource } from './ingest/camera-opening.js';
import { startCameraRunner } from './ingest/camera-runner.js';
import type { CameraSourceOptions } from './ingest/camera-source-options.js';
import type { CatchUpTurns } from './ingest/catch-up-turns.js';
import { DecoderUsage } from './ingest/decoder-usage.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { takeBestShot } from './jpeg-encoding.js';
import { ClipRing } from './live/clip-ring.js';
import { FollowedFaces } from './live/followed-faces.js';
import { LivePictures } from './live/live-pictures.js';
import { LiveVideo } from './live/live-video.js';
import { SeenFaces } from './live/seen-faces.js';
import { SceneWatch } from './scene-watch.js';
import { SnapshotRequests } from './snapshot-requests.js';
import type { StageEvent } from './stage-event.js';
import { SubstreamScene } from './substream-scene.js';
import { TwoStreams } from './two-streams.js';
import { withinZones } from './zoned-face-analyser.js';

/** Options that all cameras of one process share. */
export interface LiveCameraOptions {
  readonly analyser: FaceAnalyser;
  /** Decides whose frame is analysed next. */
  readonly turns: AnalysisTurns;
  /** Decides which decoder catches up next. */
  readonly catchUps: CatchUpTurns;
  readonly ffmpeg: FfmpegBinary;
  /** Default: that of this process. */
  readonly network?: CameraNetwork | undefined;
  readonly liveness: VisionPlan['liveness'];
  /** Similarity from which two views of one track are the same face. */
  readonly sameFaceThreshold: number;
  readonly takesBestShots: boolean;
  readonly logger: Logger;
  report(message: Report, attachment?: Uint8Array): void;
  fail(error: unknown): void;
}

/** One camera that is open and analysed. */
export interface LiveCamera extends AsyncDisposable {
  /** The analysed pictures, for those who watch. */
  readonly pictures: LivePictures;
  /** The video as the camera sends it, for those who watch. Undefined for a camera with masks, which that video does not have. */
  readonly video: LiveVideo | undefined;
  /** Begins or ends the reports of what is measured at the faces in sight. */
  follow(isFollowed: boolean): void;
  /** Counters of the source, the loop and the stages, by their names in the status. */
  counters(): Readonly<Record<string, number>>;
  stageTimes(): StageTimes;
  /** The frames that were captured in this time, for a clip. See `ClipRing`. */
  takeClip(time: { readonly fromMs: number; readonly untilMs: number }): Promise<ClipTakenOutcome>;
  /** See `SnapshotRequests`. */
  snapshot(publicKey: Uint8Array, options: { readonly isMarked: boolean }): Promise<SnapshotOutcome>;
}

/** FFmpeg starts with a higher rate than the pipeline takes at most, so that an early frame is not lost. */
const frameRoom = 1.2;

const retryPolicy = { baseMs: 1_000, capMs: 60_000, sustainedMs: 20_000 };

/** The state of a camera after a fault of its analysis. Only this camera waits. */
const analysisFailed = {
  state: 'failed',
  code: 'analysis-failed',
  ...inEnglish({
    message: said('cameras/analysis-failed'),
    remedy: said('cameras/remedy-analysis-failed'),
  }),
} as const;

/** A network that hangs has a remedy of its own. */
function failureOfAnalysis(error: unknown) {
  if (!isRollcallError(error, networkHung)) return analysisFailed;
  const { message: detail, remedy } = error;
  const { says } = analysisFailed;
  const message = said('cameras/with-detail', { what: says.message, detail });
  const texts = inEnglish(remedy === undefined ? { ...says, message } : { message });
  return { ...analysisFailed, ...texts, ...present({ remedy }) };
}

/** The options of a camera's source, from its plan. */
export function sourceOptions(
  plan: CameraPlan,
  { ffmpeg, network }: Pick<LiveCameraOptions, 'ffmpeg' | 'network'>,
  logger: Logger,
): CameraSourceOptions {
  const { url, credential, transport, allowsBasicLogin, authorities, fingerprint, extraNetworks, ...rest } =
    plan;
  return {
    cameraId: cameraId(plan.id),
    address: { url, credential, transport, allowsBasicLogin, authorities, fingerprint, extraNetworks },
    network,
    ffmpeg,
    clock,
    logger,
    framesPerS: frameRoom * Math.max(rest.trackingFps, rest.provingFps),
    maxAnalysisWidthPx: rest.maxAnalysisWidthPx,
    masks: rest.masks,
    hwaccel: rest.hwaccel,
    stallAfterS: rest.stallAfterS,
    firstFrameWithinS: rest.firstFrameWithinS,
  };
}

/** Opens a camera and analyses its frames until disposed. */
export function startLiveCamera(plan: CameraPlan, options: LiveCameraOptions): LiveCamera {
  const { liveness, sameFaceThreshold, report, fail } = options;
  const analyser = withinZones(options.analyser, plan.zones);
  const logger = options.logger.child({ camera: plan.id });
  const seen = new SeenFaces();
  const snapshots = new SnapshotRequests(clock);
  const policy = { ...defaultLivenessPolicy, ...liveness };
  const followed = new FollowedFaces(plan.id, policy, (faces) =>
    report({ type: 'faces-in-sight', ...faces }),
  );
  const pictures = new LivePictures(plan.id, { clock, logger });
  const clips = plan.clipS > 0 ? new ClipRing(plan.clipS, logger) : undefined;
  const source = sourceOptions(plan, options, logger);
  const cells = ignoredCells(plan.zones);
  const substream =
    plan.substreamUrl === null
      ? undefined
      : { url: plan.substreamUrl, scene: new SubstreamScene(plan.smallestFacePx, cells) };
  // Never opened where there is a substream.
  const single = ffmpegCameraSource(source);
  let codec: string | undefined;
  const video = plan.masks.length > 0 ? undefined : new LiveVideo(source, () => codec);
  const pipeline = new CameraPipeline({
    cameraId: cameraId(plan.id),
    analyser,
    sink: (event) => reportOrLog(event, report, logger),
    clock,
    newTrackId: () => trackId(randomUUID()),
    idleFps: plan.idleFps,
    trackingFps: plan.trackingFps,
    provingFps: plan.provingFps,
    hasTime: () => loop.hasTime,
    isShortOfTime: () => options.turns.isShortOfTime,
    smallestFacePx: plan.smallestFacePx,
    scene: substream?.scene ?? new SceneWatch(plan.smallestFacePx, cells),
    liveness: policy,
    sameFaceThreshold,
    takeShot: options.takesBestShots ? takeBestShot : undefined,
    onView(view) {
      seen.see(view);
      followed.see(view);
    },
    onAnalysed: (frame, tracked) => {
      retry.progressed();
      const faces = () => seen.facesOf(frame, tracked);
      snapshots.offerAnalysed(frame, faces);
      followed.offer(frame.capturedAtMs, faces);
      pictures.offer(frame, faces);
      clips?.offer(frame);
      seen.endFrame();
      (streams ?? single).ask(pipeline.deliveryFps());
    },
  });
  let analysisFailures = 0;
  const closing = new AbortController();
  const retry = new RetrySchedule(retryPolicy, clock, random);
  const reportState = (state: CameraState): void => report({ type: 'camera', cameraId: plan.id, state });
  const loop = new CameraLoop({
    analysis: pipeline,
    clock,
    seat: options.turns.join(),
    onEnd: fail,
    async onFailure(error) {
      // The networks serve all cameras. The process starts again with new ones. Only a defect is of this camera alone.
      if (isRollcallError(error) && error.kind !== 'defect') {
        fail(error);
        return 'end';
      }
      analysisFailures += 1;
      const nextTryMs = Math.round(retry.failed());
      logger.error('the analysis of a camera failed', { error, nextTryMs });
      reportState({ ...failureOfAnalysis(error), nextTryMs });
      await sleep(clock, nextTryMs, closing.signal).catch(() => undefined);
      reportState(runner.state);
      return 'go-on';
    },
  });
  const decoder = new DecoderUsage();
  let isReplaced = false;
  const shared = {
    ...{ clock, random, logger, pictureChecks: plan.pictureChecks },
    onStarted: (pid: number) => decoder.started(pid),
    onFrame(frame: Frame) {
      snapshots.offer(frame);
      loop.put(frame);
    },
    onState(state: CameraState) {
      const isStreaming = state.state === 'streaming';
      codec = isStreaming ? state.stream.codec : undefined;
      const isReplacedNow = isStreaming && state.lostStream?.which === 'main';
      if (!isStreaming || isReplacedNow !== isReplaced) loop.streamEnded();
      isReplaced = isReplacedNow;
      reportState(state);
    },
  };
  const streams =
    substream &&
    new TwoStreams({
      ...{ ...shared, main: source, substreamUrl: substream.url, scene: substream.scene },
      catchUps: options.catchUps,
      watchedFps: frameRoom * plan.idleFps,
      needsFrames: () =>
        [pipeline.faceCount, pictures.viewerCount, snapshots.count].some((count) => count > 0) ||
        followed.isFollowed,
    });
  const runner = streams ?? startCameraRunner({ ...shared, source: single });
  return {
    pictures,
    video,
    follow: (isFollowed) => followed.follow(isFollowed),
    counters() {
      const { damage, delivered, droppedBusy, droppedStale, restarts, lastFrameAgeMs } = runner.counters;
      const { framesAnalysed = 0, framesSkipped = 0, ...stages } = pipeline.counters;
      return {
        ...stages,
        ...damage,
        ...pictures.counters(),
        ...clips?.counters(),
        ...decoder.read(),
        delivered,
        analysed: framesAnalysed,
        skipped: framesSkipped,
        withheld: single.withheld,
        dropped: loop.late + droppedBusy + droppedStale,
        droppedLate: loop.late,
        droppedBusy,
        droppedStale,
        restarts,
        analysisFailures,
        tracks: pipeline.faceCount,
        ...streams?.ownCounters,
        ...present({ lastFrameAgeMs }),
      };
    },
    snapshot: (publicKey, options) => snapshots.next(publicKey, options),
    stageTimes: () => pipeline.stageTimes,
    takeClip: async (time) => (await clips?.take(time)) ?? cameraNotStreaming,
    async [Symbol.asyncDispose]() {
      closing.abort();
      pictures[Symbol.dispose]();
      await video?.[Symbol.asyncDispose]();
      await runner[Symbol.asyncDispose]();
      await loop[Symbol.asyncDispose]();
    },
  };
}

function reportOrLog(event: StageEvent, report: LiveCameraOptions['report'], logger: Logger): void {
  switch (event.type) {
    case 'sighting':
      report({ type: 'sighting', sighting: encodeSighting(event.sighting) }, event.sighting.bestShot?.jpeg);
      break;
    case 'liveness':
      logger.info('liveness verdict', {
        track: event.trackId,
        verdict: event.assessment.verdict,
        reason: event.assessment.reason,
      });
      break;
    case 'blink':
      logger.debug('blink', { track: event.trackId, durationMs: Math.round(event.blink.durationMs) });
      break;
    case 'track.started':
    case 'track.ended':
      logger.debug(event.type, { track: event.trackId });
      break;
  }
}
