import type { FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import { similarityOf } from '../../daemon/kernel/identification/match.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import type { Clip } from './inference-pictures.js';

/** The largest differences between what two analysers find in the same pictures. */
export interface Agreement {
  readonly pictures: number;
  /** Pictures in which only one of them finds the face. */
  readonly unlike: number;
  readonly boxPx: number;
  readonly landmarkPx: number;
  readonly openness: number;
  /** The least cosine of the embeddings of one face. */
  readonly leastSimilarity: number;
}

export async function agreementOf(
  clips: readonly Clip[],
  [a, b]: readonly [FaceAnalyser, FaceAnalyser],
): Promise<Agreement> {
  const found = { pictures: 0, unlike: 0, boxPx: 0, landmarkPx: 0, openness: 0, leastSimilarity: 1 };
  for (const { pictures } of clips) {
    for (const picture of pictures.filter((_, index) => index % 10 === 0)) {
      found.pictures += 1;
      const [boxA, boxB] = (
        await Promise.all([a, b].map((analyser) => analyser.detect(picture, { smallestFacePx: 40 })))
      ).map((detections) => detections[0]?.box);
      if (boxA === undefined || boxB === undefined) {
        found.unlike += boxA === boxB ? 0 : 1;
        continue;
      }
      const [faceA, faceB] = (
        await Promise.all([a, b].map((analyser) => analyser.locate(picture, [boxA])))
      ).map((faces) => faces[0]);
      if (faceA === undefined || faceB === undefined) {
        found.unlike += faceA === faceB ? 0 : 1;
        continue;
      }
      const [one, other] = await Promise.all([a.embed(picture, faceA), b.embed(picture, faceA)]);
      found.boxPx = Math.max(found.boxPx, distance(boxA, boxB));
      found.landmarkPx = Math.max(found.landmarkPx, ...differences(faceA, faceB));
      found.openness = Math.max(
        found.openness,
        Math.abs(faceA.leftEye.openness - faceB.leftEye.openness),
        Math.abs(faceA.rightEye.openness - faceB.rightEye.openness),
      );
      found.leastSimilarity = Math.min(found.leastSimilarity, similarityOf(one, other));
    }
  }
  return found;
}

const differences = (a: FaceLandmarks, b: FaceLandmarks): readonly number[] =>
  a.fivePoints.map((point, index) =>
    distance(point, b.fivePoints[index] ?? { x: Number.NaN, y: Number.NaN }),
  );

const distance = (
  a: { readonly x: number; readonly y: number },
  b: { readonly x: number; readonly y: number },
): number => Math.hypot(a.x - b.x, a.y - b.y);
