import type { Detection, FaceLandmarks } from '../kernel/faces/face.js';
import { boxCentre, intersectionOverUnion } from '../kernel/faces/geometry.js';
import { suppressNonMaxima } from '../kernel/faces/non-maximum-suppression.js';
import { fromLeftToRight, inForeground } from '../kernel/faces/photographed-faces.js';
import type { Rgb24Picture } from '../kernel/faces/picture.js';
import type { FaceAnalyser } from './face-analyser.js';
import { withBorder } from './photo-decoding.js';

/**
 * The smallest faces of the two detector runs over a photograph, as shares of its long side: 20 pixels in an input of 512 and
 * of 1024. A detector finds some sizes of faces better than others, and an enrolment has time for two runs.
 */
const SMALLEST_FACES = [20 / 512, 20 / 1024] as const;

/** Two detections that overlap more than this (intersection over union) are one face. */
const SAME_FACE_OVERLAP = 0.4;

/** All faces of a photograph, from left to right. */
export async function facesInPhoto(
  picture: Rgb24Picture,
  analyser: FaceAnalyser,
): Promise<readonly FaceLandmarks[]> {
  let detections = await detectTwice(picture, analyser);
  if (detections.length === 0) detections = await detectInBorder(picture, analyser);
  const first = await analyser.locate(
    picture,
    detections.map((detection) => detection.box),
  );
  // A second fit: the mesh is most accurate in an upright crop around a first mesh.
  const regions = first.flatMap((face) => (face ? [{ ...face.box, rollDeg: face.pose.rollDeg }] : []));
  const located = (await analyser.locate(picture, regions)).flatMap((face) => (face ? [face] : []));
  const distinct = located.filter((face, index) =>
    located
      .slice(0, index)
      .every((earlier) => intersectionOverUnion(earlier.box, face.box) <= SAME_FACE_OVERLAP),
  );
  return fromLeftToRight(distinct);
}

async function detectTwice(picture: Rgb24Picture, analyser: FaceAnalyser): Promise<readonly Detection[]> {
  const longSidePx = Math.max(picture.widthPx, picture.heightPx);
  const found: Detection[] = [];
  for (const share of SMALLEST_FACES) {
    found.push(...(await analyser.detect(picture, { smallestFacePx: longSidePx * share })));
  }
  return suppressNonMaxima(found, SAME_FACE_OVERLAP);
}

async function detectInBorder(picture: Rgb24Picture, analyser: FaceAnalyser): Promise<readonly Detection[]> {
  const bordered = withBorder(picture);
  const longSidePx = Math.max(bordered.picture.widthPx, bordered.picture.heightPx);
  const found = await analyser.detect(bordered.picture, { smallestFacePx: longSidePx * SMALLEST_FACES[0] });
  const { borderPx } = bordered;
  return found.map(({ box, score }) => ({
    score,
    box: { ...box, x: box.x - borderPx, y: box.y - borderPx },
  }));
}

/** The face in the foreground that is nearest to the middle of the picture; undefined without faces. */
export function mostCentralFace(
  faces: readonly FaceLandmarks[],
  picture: Pick<Rgb24Picture, 'widthPx' | 'heightPx'>,
): FaceLandmarks | undefined {
  const fromMiddle = ({ box }: FaceLandmarks): number => {
    const centre = boxCentre(box);
    return Math.hypot(centre.x - picture.widthPx / 2, centre.y - picture.heightPx / 2);
  };
  return [...inForeground(faces)].sort((a, b) => fromMiddle(a) - fromMiddle(b))[0];
}
