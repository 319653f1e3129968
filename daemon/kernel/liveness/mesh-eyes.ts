import type { EyeContour } from '../faces/face.js';
import { type FaceMesh, MESH_STRIDE, meshPoint } from '../faces/face-mesh.js';
import { EYE_STRIDE, eyeOpenness } from './eye-openness.js';

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
