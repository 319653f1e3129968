import { applyAffine, fitAffine } from '../faces/affine.js';
import type { AlignmentPoints } from '../faces/face.js';
import type { Point } from '../faces/geometry.js';

/** Rotation of a head against a resting view of the same head, degrees; the signs of `HeadPose`. */
export interface HeadTurn {
  readonly yawDeg: number;
  readonly pitchDeg: number;
}

/**
 * How far the tip of the nose stands out from the plane through eyes and mouth, in distances of the outer eye corners. With it, the
 * parallax of a live head that turns by up to 45 degrees agrees with its mesh within a sixth, and five heads of photographs that the
 * virtual camera turned by 30 degrees measure 29 to 31.
 */
const noseDepth = 0.42;

/**
 * Rotation between two views of a head, read from parallax alone: where the tip of the nose lies against the plane
 * through the eyes and the mouth. Uses nothing but positions in the picture. A flat picture that is turned, tilted, moved or
 * brought nearer stays an affine image of itself, nose and all, and reads 0 whatever its mesh says about depth. Undefined
 * where the points of `resting` are no face.
 */
export function parallaxTurn(resting: AlignmentPoints, now: AlignmentPoints): HeadTurn | undefined {
  const from = planePoints(resting);
  const to = planePoints(now);
  const map = fitAffine(from, to);
  const [rightEye, leftEye] = [to[0], to[3]];
  if (map === undefined || rightEye === undefined || leftEye === undefined) return undefined;
  const expected = applyAffine(map, noseTip(resting));
  const seen = noseTip(now);
  const [shiftX, shiftY] = [seen.x - expected.x, seen.y - expected.y];
  const across = { x: leftEye.x - rightEye.x, y: leftEye.y - rightEye.y };
  const eyesPx = Math.hypot(across.x, across.y);
  // A turn brings the eyes together but not nearer: their distance when resting, at the present scale.
  const unitPx = noseDepth * distance(from[0], from[3]) * largestStretch(map);
  if (!(eyesPx > 0 && unitPx > 0)) return undefined;
  const toLeft = (shiftX * across.x + shiftY * across.y) / eyesPx;
  const down = (shiftY * across.x - shiftX * across.y) / eyesPx;
  return { yawDeg: degreesOf(toLeft / unitPx), pitchDeg: degreesOf(-down / unitPx) };
}

/** Eye corners and mouth corners: they lie nearly in one plane. */
function planePoints({ fivePoints, arcFacePoints }: AlignmentPoints): readonly Point[] {
  return [...fivePoints.slice(0, 4), ...arcFacePoints.slice(3)];
}

function noseTip({ arcFacePoints }: AlignmentPoints): Point {
  return arcFacePoints[2];
}

function distance(a: Point | undefined, b: Point | undefined): number {
  return a === undefined || b === undefined ? 0 : Math.hypot(b.x - a.x, b.y - a.y);
}

/** The larger singular value of the map. */
function largestStretch({ xx, xy, yx, yy }: NonNullable<ReturnType<typeof fitAffine>>): number {
  return (Math.hypot(xx + yy, yx - xy) + Math.hypot(xx - yy, yx + xy)) / 2;
}

function degreesOf(sine: number): number {
  return (Math.asin(Math.min(1, Math.max(-1, sine))) * 180) / Math.PI;
}
