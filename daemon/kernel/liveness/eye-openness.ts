import type { EyeContour } from '../faces/face.js';
import { type FaceMesh, MESH_STRIDE, meshPoint } from '../faces/face-mesh.js';

/**
 * The points of the lids in the order of `eyeOpenness`: nine of the lower lid from the outer to the inner corner, then seven of the upper
 * lid. Indices from MediaPipe's canonical face model.
 */
const RIGHT_LIDS = [33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173] as const;
const LEFT_LIDS = [263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398] as const;

/** Both eyes of a mesh whose lids follow those of the face, as in `face-landmarker`; those of `facemesh` hardly close. */
export function eyesOfMesh(mesh: FaceMesh): { readonly leftEye: EyeContour; readonly rightEye: EyeContour } {
  return { leftEye: eyeOf(mesh, LEFT_LIDS), rightEye: eyeOf(mesh, RIGHT_LIDS) };
}

function eyeOf(mesh: FaceMesh, lids: readonly number[]): EyeContour {
  const points = new Float32Array(EYE_STRIDE * lids.length);
  for (const [place, index] of lids.entries()) {
    points.set(mesh.subarray(index * MESH_STRIDE, (index + 1) * MESH_STRIDE), place * EYE_STRIDE);
  }
  const [outer, inner] = [meshPoint(mesh, lids[0] ?? 0), meshPoint(mesh, lids[8] ?? 0)];
  return { openness: eyeOpenness(points), widthPx: Math.hypot(inner.x - outer.x, inner.y - outer.y) };
}

/** Number of points that the eye network returns for one eye, numbers per point, and number of lid points. */
export const EYE_POINTS = 76;
export const EYE_STRIDE = 3;
const LID_POINTS = 16;
/** The first nine points are on the lower lid from the outer to the inner corner; seven follow on the upper lid. */
const INNER_CORNER = 8;

/**
 * Height over width of the opening between the lids: the extent of the 16 lid points perpendicular to the line between the eye
 * corners, divided by the distance of the corners. `points` contains one eye, in any unit.
 */
export function eyeOpenness(points: Float32Array): number {
  const at = (index: number): number => points[index] ?? Number.NaN;
  const alongX = at(INNER_CORNER * EYE_STRIDE) - at(0);
  const alongY = at(INNER_CORNER * EYE_STRIDE + 1) - at(1);
  const width = Math.hypot(alongX, alongY);
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let point = 0; point < LID_POINTS; point++) {
    const x = at(point * EYE_STRIDE) - at(0);
    const y = at(point * EYE_STRIDE + 1) - at(1);
    const across = (alongX * y - alongY * x) / width;
    if (across < least) least = across;
    if (across > most) most = across;
  }
  return (most - least) / width;
}
