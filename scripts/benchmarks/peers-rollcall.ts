import { openModelStore } from '../../daemon/host/models/store.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import type { Contender, PeerFrame } from './peers-contender.js';

const smallestFacePx = 50;

async function openAnalyser(detector: 'ssd-mobilenet-v1' | 'blazeface'): Promise<FaceAnalyser> {
  return openFaceAnalyser({
    models: await openModelStore(),
    provider: 'cpu',
    detector,
    // The one that the other programs have, too.
    recogniser: 'dlib-resnet',
    passivePad: 'none',
    threads: 1,
    logger: silentLogger,
  });
}

function pictureOf({ widthPx, heightPx, yuv420 }: PeerFrame): Yuv420Picture {
  return { format: 'yuv420p', range: 'limited', widthPx, heightPx, data: yuv420 };
}

const detectors = { 'ssd-mobilenet-v1': 'SSD MobileNetV1', blazeface: 'BlazeFace' } as const;

/** Everything in every frame, as the others do it, with the detector that one of them has. */
export async function openRollcall(detector: keyof typeof detectors): Promise<Contender> {
  const analyser = await openAnalyser(detector);
  return {
    name: `rollcall with ${detectors[detector]}`,
    stages: `${detectors[detector]}, face mesh, both eyes, quality, ResNet-29 on the face and its mirror image`,
    async look(frame) {
      const picture = pictureOf(frame);
      const detections = await analyser.detect(picture, { smallestFacePx });
      const regions = detections.map(({ box }) => box);
      let faces = 0;
      for (const landmarks of await analyser.locate(picture, regions)) {
        if (landmarks === undefined) continue;
        analyser.assess(picture, landmarks, { smallestFacePx });
        await analyser.embed(picture, landmarks);
        faces += 1;
      }
      return faces;
    },
    [Symbol.asyncDispose]: () => analyser[Symbol.asyncDispose](),
  };
}

/** The production stages with their schedule. */
export async function openRollcallSchedule(): Promise<Contender> {
  const analyser = await openAnalyser('ssd-mobilenet-v1');
  const session = new CameraPipeline({
    cameraId: cameraId('bench'),
    analyser,
    sink: () => undefined,
    clock: systemClock,
    newTrackId: () => trackId('bench'),
    idleFps: 5,
    trackingFps: 15,
    smallestFacePx,
    liveness: defaultLivenessPolicy,
    sameFaceThreshold: 0.9,
  });
  return {
    name: 'rollcall in production',
    stages: 'the same networks on the schedule of a camera: detection now and then, a few embeddings a track',
    async look(frame) {
      const picture = pictureOf(frame);
      await session.analyse({
        cameraId: cameraId('bench'),
        sequence: 0,
        capturedAtMs: frame.atMs,
        picture,
        release: () => undefined,
      });
      return session.faceCount;
    },
    async [Symbol.asyncDispose]() {
      session.end();
      await analyser[Symbol.asyncDispose]();
    },
  };
}
