import { type Affine, affineScale } from './affine.js';
import type { AlignmentPoints, FivePoints } from './face.js';
import { type Box, midpoint, type Point } from './geometry.js';

/** Points of a face mesh, and numbers per point: x, y, and depth away from the camera on the same scale. */
export const MESH_POINTS = 468;
export const MESH_STRIDE = 3;

/**
 * A face mesh in MediaPipe's topology, `MESH_POINTS` x (x, y, z). Left and right are the subject's own.
 */
export type FaceMesh = Float32Array;

/** Indices of named points, from MediaPipe's canonical face model. */
export const MeshPoint = {
  rightEyeOuter: 33,
  rightEyeInner: 133,
  leftEyeInner: 362,
  leftEyeOuter: 263,
  noseBase: 2,
  noseTip: 4,
  rightMouthCorner: 61,
  leftMouthCorner: 291,
  rightTemple: 234,
  leftTemple: 454,
  foreheadTop: 10,
  chin: 152,
} as const;

export function meshPoint(mesh: FaceMesh, index: number): Point {
  return { x: mesh[index * MESH_STRIDE] ?? Number.NaN, y: mesh[index * MESH_STRIDE + 1] ?? Number.NaN };
}

export function meshDepth(mesh: FaceMesh, index: number): number {
  return mesh[index * MESH_STRIDE + 2] ?? Number.NaN;
}

/** Transforms the mesh of a crop to the coordinates of the picture. */
export function meshInPicture(crop: Float32Array, cropToPicture: Affine): FaceMesh {
  const mesh = new Float32Array(MESH_POINTS * MESH_STRIDE);
  const scale = affineScale(cropToPicture);
  for (let i = 0; i < mesh.length; i += MESH_STRIDE) {
    const x = crop[i] ?? Number.NaN;
    const y = crop[i + 1] ?? Number.NaN;
    mesh[i] = cropToPicture.xx * x + cropToPicture.xy * y + cropToPicture.x0;
    mesh[i + 1] = cropToPicture.yx * x + cropToPicture.yy * y + cropToPicture.y0;
    mesh[i + 2] = scale * (crop[i + 2] ?? Number.NaN);
  }
  return mesh;
}

/** The upright rectangle around all points. */
export function meshBox(mesh: FaceMesh): Box {
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < mesh.length; i += MESH_STRIDE) {
    const x = mesh[i] ?? Number.NaN;
    const y = mesh[i + 1] ?? Number.NaN;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The alignment points of all recognisers. */
export function alignmentPointsOf(mesh: FaceMesh): AlignmentPoints {
  const fivePoints = fivePointsOf(mesh);
  const [rightOuter, rightInner, leftInner, leftOuter] = fivePoints;
  return {
    fivePoints,
    arcFacePoints: [
      midpoint(rightOuter, rightInner),
      midpoint(leftInner, leftOuter),
      meshPoint(mesh, MeshPoint.noseTip),
      meshPoint(mesh, MeshPoint.rightMouthCorner),
      meshPoint(mesh, MeshPoint.leftMouthCorner),
    ],
  };
}

/** Eye corners and nose base, in the order of `FivePoints`. */
export function fivePointsOf(mesh: FaceMesh): FivePoints {
  return [
    meshPoint(mesh, MeshPoint.rightEyeOuter),
    meshPoint(mesh, MeshPoint.rightEyeInner),
    meshPoint(mesh, MeshPoint.leftEyeInner),
    meshPoint(mesh, MeshPoint.leftEyeOuter),
    meshPoint(mesh, MeshPoint.noseBase),
  ];
}

/** Corners of the eyes, brows, nose, mouth, outline; indices from MediaPipe's canonical face model. */
const SHAPE_POINTS: readonly number[] = [
  ...[MeshPoint.rightEyeOuter, MeshPoint.rightEyeInner, MeshPoint.leftEyeInner, MeshPoint.leftEyeOuter],
  ...[70, 105, 107, 336, 334, 300],
  ...[MeshPoint.noseTip, MeshPoint.noseBase, 98, 327, 168],
  ...[MeshPoint.rightMouthCorner, MeshPoint.leftMouthCorner, 0, 17, 13, 14, 39, 269, 181, 405],
  ...[MeshPoint.chin, 172, 397, MeshPoint.rightTemple, MeshPoint.leftTemple, MeshPoint.foreheadTop, 148, 377],
];

/** Places of named points in `SHAPE_POINTS`. */
const noseTipAt = 10;
const mouthFrom = 15;
const mouthTo = 25;
const templesFrom = 28;
const foreheadTo = 31;

/** The tip of the nose of a shape. */
export const noseTipOf = (shape: readonly Point[]): Point => shape[noseTipAt] ?? { x: 0, y: 0 };
/** The points of the mouth of a shape. */
export const mouthOf = (shape: readonly Point[]): readonly Point[] => shape.slice(mouthFrom, mouthTo);
/** The corners of eyes and mouth of a shape, which are nearly in one plane. */
export const nosePlaneOf = (shape: readonly Point[]): readonly Point[] => [
  ...shape.slice(0, 4),
  ...shape.slice(mouthFrom, mouthFrom + 2),
];

/** The points of a shape that keep their place on the skull, whatever the expression: eyes, nose, temples and forehead. */
export const skullOf = (shape: readonly Point[]): readonly Point[] => [
  ...shape.slice(0, 4),
  ...shape.slice(noseTipAt, mouthFrom),
  ...shape.slice(templesFrom, foreheadTo),
];

/** The middles of the eyes of a shape, the subject's right first; none for fewer points than two eyes. */
export function eyeMiddlesOf([
  rightOuter,
  rightInner,
  leftInner,
  leftOuter,
]: readonly Point[]): readonly Point[] {
  if (!rightOuter || !rightInner || !leftInner || !leftOuter) return [];
  return [midpoint(rightOuter, rightInner), midpoint(leftInner, leftOuter)];
}

/** Distance of the middles of the eyes of a shape; 1 for fewer points than two eyes. */
export function eyeDistanceOf(shape: readonly Point[]): number {
  const [right, left] = eyeMiddlesOf(shape);
  return right === undefined || left === undefined ? 1 : Math.hypot(left.x - right.x, left.y - right.y);
}

/** `FaceLandmarks.shape` of a mesh. */
export function shapeOf(mesh: FaceMesh): readonly Point[] {
  return SHAPE_POINTS.map((index) => meshPoint(mesh, index));
}
