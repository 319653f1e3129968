import type { HeadPose } from './face.js';
import { type FaceMesh, MeshPoint, meshDepth, meshPoint } from './face-mesh.js';

type Vector = readonly [number, number, number];

/**
 * Backward lean of the line from chin to forehead in the mesh of a head that looks straight ahead, degrees. Medians: -9 to 0 for
 * six GRID speakers in front of a level camera; -5.5 for 245 LFW portraits.
 */
const NEUTRAL_PITCH_DEG = -5;

/** Pairs of mirror-symmetric points of a face: subject's right, subject's left. */
const PAIRS = [
  [MeshPoint.rightTemple, MeshPoint.leftTemple],
  [MeshPoint.rightEyeOuter, MeshPoint.leftEyeOuter],
  [MeshPoint.rightMouthCorner, MeshPoint.leftMouthCorner],
] as const;

function between(mesh: FaceMesh, from: number, to: number): Vector {
  const a = meshPoint(mesh, from);
  const b = meshPoint(mesh, to);
  return [b.x - a.x, b.y - a.y, meshDepth(mesh, to) - meshDepth(mesh, from)];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function unit(v: Vector): Vector {
  const length = Math.sqrt(dot(v, v));
  return [v[0] / length, v[1] / length, v[2] / length];
}

/**
 * The rotation of a head from its mesh, without perspective. The axis through the ears is the mean direction between
 * mirror-symmetric points. The axis from forehead to chin is made perpendicular to it. Both define a rotation, which is read as
 * pitch, then yaw, then roll.
 */
export function headPose(mesh: FaceMesh): HeadPose {
  const [a, b, c] = PAIRS.map(([right, left]) => between(mesh, right, left)) as [Vector, Vector, Vector];
  const across = unit([a[0] + b[0] + c[0], a[1] + b[1] + c[1], a[2] + b[2] + c[2]]);
  const height = between(mesh, MeshPoint.foreheadTop, MeshPoint.chin);
  const slant = dot(height, across);
  const down = unit([
    height[0] - slant * across[0],
    height[1] - slant * across[1],
    height[2] - slant * across[2],
  ]);
  const forwardDepth = across[0] * down[1] - across[1] * down[0];
  return {
    yawDeg: degrees(Math.atan2(across[2], Math.hypot(across[0], across[1]))),
    pitchDeg: degrees(Math.atan2(-down[2], forwardDepth)) - NEUTRAL_PITCH_DEG,
    rollDeg: degrees(Math.atan2(across[1], across[0])),
  };
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}
