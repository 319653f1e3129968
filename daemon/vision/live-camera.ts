import { randomUUID } from 'node:crypto';
import type { Logger } from '../base/logger.js';
import { cameraId, trackId } from '../domain/ids.js';
import { defaultLivenessPolicy } from '../domain/liveness/liveness-verdict.js';
import { systemClock as clock } from '../host/system-clock.js';
import { systemRandom as random } from '../host/system-random.js';
import { takeBestShot } from './best-shot.js';
import { CameraLoop } from './camera-loop.js';
import type { FaceAnalyser } from './face-analyser.js';
import { startCameraRunner } from './ingest/camera-runner.js';
import type { CameraSourceOptions } from './ingest/camera-source-options.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { ffmpegCameraSource } from './ingest/ffmpeg-camera-source.js';
import type { CameraPlan, Report, SnapshotOutcome, VisionPlan } from './protocol.js';
import { CameraSession } from './session.js';
import { encodeSighting } from './sighting-codec.js';
import { SnapshotRequests } from './snapshot.js';
import type { StageEvent } from './stage-event.js';

/** What the cameras of one process share. */
export interface LiveCameraParts {
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly liveness: VisionPlan['liveness'];
  /** Similarity from which two views of one track are the same face. */
  readonly sameFaceThreshold: number;
  readonly takesBestShots: boolean;
  readonly logger: Logger;
  report(message: Report, attachment?: Uint8Array): void;
  fail(error: unknown): void;
}

/** One camera that is being looked at. */
export interface LiveCamera extends AsyncDisposable {
  /** Counters of the source, the slot and the stages, by the names the status shows. */
  counters(): Readonly<Record<string, number>>;
  /** The next picture, sealed to an X25519 public key. */
  snapshot(publicKey: Uint8Array): Promise<SnapshotOutcome>;
}

/** FFmpeg keeps one frame of each slot of time: with slots as long as a frame, one that comes a hair early is lost. */
const frameRoom = 1.2;

/** The options of a camera's source, as its plan says. */
export function sourceOptions(plan: CameraPlan, ffmpeg: FfmpegBinary, logger: Logger): CameraSourceOptions {
  const { url, credential, transport, allowsBasicLogin, authorities, fingerprint, ...rest } = plan;
  return {
    cameraId: cameraId(plan.id),
    address: { url, credential, transport, allowsBasicLogin, authorities, fingerprint },
    ffmpeg,
    clock,
    logger,
    framesPerS: frameRoom * Math.max(rest.trackingFps, rest.provingFps),
    maxAnalysisWidthPx: rest.maxAnalysisWidthPx,
    hwaccel: rest.hwaccel,
    stallAfterS: rest.stallAfterS,
    firstFrameWithinS: rest.firstFrameWithinS,
  };
}

/** Opens a camera and looks at it until disposed. */
export function startLiveCamera(plan: CameraPlan, parts: LiveCameraParts): LiveCamera {
  const { analyser, ffmpeg, liveness, sameFaceThreshold, report, fail } = parts;
  const logger = parts.logger.child({ camera: plan.id });
  const session = new CameraSession({
    cameraId: cameraId(plan.id),
    analyser,
    sink: (event) => tell(event, report, logger),
    clock,
    newTrackId: () => trackId(randomUUID()),
    idleFps: plan.idleFps,
    trackingFps: plan.trackingFps,
    provingFps: plan.provingFps,
    hasTime: () => loop.hasTime,
    smallestFacePx: plan.smallestFacePx,
    liveness: { ...defaultLivenessPolicy, ...liveness },
    sameFaceThreshold,
    takeShot: parts.takesBestShots ? takeBestShot : undefined,
  });
  const loop = new CameraLoop(session, clock, fail);
  const snapshots = new SnapshotRequests(clock);
  const runner = startCameraRunner({
    source: ffmpegCameraSource(sourceOptions(plan, ffmpeg, logger)),
    clock,
    random,
    logger,
    pictureChecks: plan.pictureChecks,
    onFrame: (frame) => {
      snapshots.offer(frame);
      loop.put(frame);
    },
    onState: (state) => {
      if (state.state !== 'streaming') loop.streamEnded();
      report({ type: 'camera', cameraId: plan.id, state });
    },
  });
  return {
    counters() {
      const { damage, delivered, droppedBusy, droppedStale, restarts, lastFrameAgeMs } = runner.counters;
      const { framesAnalysed = 0, framesSkipped = 0, ...stages } = session.counters;
      return {
        ...stages,
        ...damage,
        delivered,
        analysed: framesAnalysed,
        skipped: framesSkipped,
        dropped: loop.dropped + droppedBusy + droppedStale,
        droppedLate: loop.dropped,
        droppedBusy,
        droppedStale,
        restarts,
        tracks: session.faceCount,
        ...(lastFrameAgeMs === undefined ? {} : { lastFrameAgeMs }),
      };
    },
    snapshot: (publicKey) => snapshots.next(publicKey),
    async [Symbol.asyncDispose]() {
      await runner[Symbol.asyncDispose]();
      await loop[Symbol.asyncDispose]();
    },
  };
}

function tell(event: StageEvent, report: LiveCameraParts['report'], logger: Logger): void {
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
