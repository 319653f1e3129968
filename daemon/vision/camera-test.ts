import { type CameraTestOutcome, mostFaces } from '../contract/vision/vision-answers.js';
import type { CameraPlan } from '../contract/vision/vision-orders.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { Logger } from '../kernel/logger.js';
import { present } from '../kernel/present.js';
import { said } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';
import type { FaceAnalyser } from './face-analyser.js';
import type { CameraNetwork } from './ingest/camera-network.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import type { StreamInfo } from './ingest/frame-source.js';
import { type CameraInspection, inspectCamera } from './ingest/inspect-camera.js';
import type { CameraProblem } from './ingest/pace.js';
import { sourceOptions } from './live-camera.js';
import { otherShape } from './stream-shapes.js';
import { withinZones } from './zoned-face-analyser.js';

/** How long a camera is watched after its first frame, milliseconds. */
const observeMs = 3_000;

type FoundFace = Extract<CameraTestOutcome, { outcome: 'ok' }>['faces'][number];

/** Opens a camera once and reports its stream, rate, time to the first frame and faces, or why it cannot be opened. */
export async function testCamera(
  plan: CameraPlan,
  options: {
    readonly analyser: FaceAnalyser;
    readonly ffmpeg: FfmpegBinary;
    /** Default: that of this process. */
    readonly network?: CameraNetwork;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<CameraTestOutcome> {
  const { logger, signal } = options;
  const analyser = withinZones(options.analyser, plan.zones);
  let faces: readonly FoundFace[] = [];
  let framesAnalysed = 0;
  let analysing: Promise<void> | undefined;
  const onFrame = (frame: Frame): void => {
    if (analysing !== undefined) {
      frame.release();
      return;
    }
    analysing = findFaces(frame, plan, analyser)
      .then((found) => {
        framesAnalysed += 1;
        if (found.length > faces.length) faces = found;
      })
      .finally(() => {
        frame.release();
        analysing = undefined;
      });
  };
  const source = sourceOptions(plan, options, logger.child({ camera: plan.id }));
  const { pictureChecks, substreamUrl } = plan;
  const shared = { ...source, observeMs, pictureChecks, signal };
  // At the same time, as the box reads them.
  const [inspection, ofSubstream] = await Promise.all([
    inspectCamera({ ...shared, onFrame }),
    substreamUrl === null
      ? undefined
      : inspectCamera({
          ...{ ...shared, address: { ...source.address, url: substreamUrl } },
          onFrame: (frame) => frame.release(),
        }),
  ]);
  await analysing;
  if (inspection.outcome === 'failed') {
    const { failure, ...rest } = inspection;
    return { ...rest, ...failure };
  }
  const { problems, ...found } = inspection;
  return {
    ...{ ...found, framesAnalysed },
    problems: [
      ...problems,
      ...(ofSubstream === undefined ? [] : substreamProblems(ofSubstream, inspection.stream)),
    ],
    faces: faces.slice(0, mostFaces),
  };
}

/** What is wrong with the substream of a camera whose main stream is `main`. */
function substreamProblems(inspection: CameraInspection, main: StreamInfo): readonly CameraProblem[] {
  const problems =
    inspection.outcome === 'failed'
      ? [inspection.failure]
      : [...inspection.problems, otherShape(main, inspection.stream)].filter((found) => found !== undefined);
  // Blinks are seen in the main stream.
  const wanted = problems.filter(({ code }) => code !== 'camera-too-slow');
  return wanted.map(({ code, message, remedy, says }) => {
    const texts = { message: said('cameras/of-substream', { what: says?.message ?? message }) };
    return { code, remedy, ...inEnglish({ ...texts, ...present({ remedy: says?.remedy }) }) };
  });
}

async function findFaces(
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
