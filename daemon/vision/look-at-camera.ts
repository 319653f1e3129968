import type { Logger } from '../base/logger.js';
import type { Frame } from '../domain/faces/picture.js';
import type { FaceAnalyser } from './face-analyser.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { inspectCamera } from './ingest/inspect-camera.js';
import { sourceOptions } from './live-camera.js';
import { type CameraPlan, type CameraTestOutcome, mostFaces } from './protocol.js';

/** How long a camera is looked at after its first frame, milliseconds. */
const observeMs = 3_000;

type FoundFace = Extract<CameraTestOutcome, { outcome: 'ok' }>['faces'][number];

/** Opens a camera once and says what it shows: stream, rate, time to the first frame, faces; or why it cannot be opened. */
export async function lookAtCamera(
  plan: CameraPlan,
  parts: {
    readonly analyser: FaceAnalyser;
    readonly ffmpeg: FfmpegBinary;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<CameraTestOutcome> {
  const { analyser, ffmpeg, logger, signal } = parts;
  let faces: readonly FoundFace[] = [];
  let framesAnalysed = 0;
  let looking: Promise<void> | undefined;
  const onFrame = (frame: Frame): void => {
    if (looking !== undefined) {
      frame.release();
      return;
    }
    looking = lookAtFrame(frame, plan, analyser)
      .then((found) => {
        framesAnalysed += 1;
        if (found.length > faces.length) faces = found;
      })
      .finally(() => {
        frame.release();
        looking = undefined;
      });
  };
  const options = sourceOptions(plan, ffmpeg, logger.child({ camera: plan.id }));
  const { pictureChecks } = plan;
  const inspection = await inspectCamera({ ...options, observeMs, pictureChecks, signal, onFrame });
  await looking;
  if (inspection.outcome === 'failed') {
    const { failure, ...rest } = inspection;
    return { ...rest, ...failure };
  }
  const { problems, ...found } = inspection;
  return { ...found, framesAnalysed, problems: [...problems], faces: faces.slice(0, mostFaces) };
}

async function lookAtFrame(
  { picture }: Frame,
  { smallestFacePx }: CameraPlan,
  analyser: FaceAnalyser,
): Promise<readonly FoundFace[]> {
  const detections = await analyser.detect(picture, { smallestFacePx });
  const located = await analyser.locate(
    picture,
    detections.map(({ box }) => box),
  );
  return detections.map(({ box, score }, index) => {
    const landmarks = located[index];
    const quality = landmarks && analyser.assess(picture, landmarks, { smallestFacePx });
    return {
      widthPx: box.width,
      score: Math.min(1, Math.max(0, score)),
      quality: quality === undefined ? null : { score: quality.score, reasons: [...quality.reasons] },
    };
  });
}
