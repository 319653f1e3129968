import { applyAffine, fitAffine } from '../faces/affine.js';
import type { AlignmentPoints } from '../faces/face.js';
import type { Point } from '../faces/geometry.js';

/** Rotation of a head relative to its resting view, degrees; the signs of `HeadPose`. */
export interface HeadTurn {
  readonly yawDeg: number;
  readonly pitchDeg: number;
}

/**
 * Distance of the tip of the nose from the plane through eyes and mouth, in distances of the outer eye corners. With this value, the
 * parallax of a live head that turns by up to 45 degrees agrees with its mesh within one sixth. Five heads from photographs that
 * the virtual camera turned by 30 degrees measure 29 to 31.
 */
const noseDepth = 0.42;

/**
 * The rotation between two views of a head from parallax alone: the shift of the tip of the nose relative to the plane through the
 * eyes and the mouth. It uses only positions in the picture. A flat picture that is turned, tilted, moved or brought nearer stays
 * an affine image of itself and measures 0, whatever depth its mesh has. Undefined if the points of `resting` are not a face.
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
  // A turn shortens the distance of the eyes, so the unit is their distance at rest, at the present scale.
  const unitPx = noseDepth * distance(from[0], from[3]) * largestStretch(map);
  if (!(eyesPx > 0 && unitPx > 0)) return undefined;
  const toLeft = (shiftX * across.x + shiftY * across.y) / eyesPx;
  const down = (shiftY * across.x - shiftX * across.y) / eyesPx;
  return { yawDeg: degreesOf(toLeft / unitPx), pitchDeg: degreesOf(-down / unitPx) };
}

/** Eye corners and mouth corners, which are nearly in one plane. */
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
