import { openModelStore } from '../../daemon/host/models/store.js';
import { applyAffine, mirrored, squareToCrop } from '../../daemon/kernel/faces/affine.js';
import {
  type FaceMesh,
  fivePointsOf,
  MESH_POINTS,
  meshBox,
  meshDepth,
  meshPoint,
} from '../../daemon/kernel/faces/face-mesh.js';
import type { Box, Point } from '../../daemon/kernel/faces/geometry.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { FaceMeshNetwork, facemeshContract } from '../../daemon/vision/inference/face-mesh-network.js';
import { type LoadedNetwork, openNetwork, output } from '../../daemon/vision/inference/network.js';
import type { ReliefPoint } from './turned-head.kernel.js';

/** The rims of one eye from its corner that is left in the picture to the other, pixels of the picture. */
export interface LidRims {
  readonly upper: readonly Point[];
  readonly lower: readonly Point[];
}

/** What the renderer must know of a face in a photograph. */
export interface FaceShape {
  /** Tight box of the face mesh. */
  readonly box: Box;
  /** The eyes as they lie in the picture, from left to right. */
  readonly eyes: readonly [LidRims, LidRims];
  /** The points of the mesh, pixels of the picture. */
  readonly relief: readonly ReliefPoint[];
}

/** Finds the shape of faces in photographs with the base pack's mesh and eye networks. */
export interface FaceShapeFinder extends AsyncDisposable {
  /** The face near `region`; undefined where there is none. */
  find(picture: Picture, region: Box): Promise<FaceShape | undefined>;
}

/** A rough box becomes an exact one in this many rounds of looking again at what was found. */
const ROUNDS = 3;
const PRESENCE = 0.5;

/** Input of the eye network: its side in pixels, and relative to the distance of the corners (MediaPipe's own). */
const EYE_CROP_PX = 64;
const EYE_MARGIN = 2.3;
/** Order of its first 16 points: lower rim from the outer to the inner corner, then the upper rim between them. */
const LOWER = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const UPPER = [0, 9, 10, 11, 12, 13, 14, 15, 8];
const NUMBERS_PER_POINT = 3;

/** Loads the networks; throws `pack-absent` where the models were not built. */
export async function openFaceShapeFinder(): Promise<FaceShapeFinder> {
  const store = await openModelStore();
  const open = async (name: string): Promise<LoadedNetwork> =>
    openNetwork({ name, path: await store.path(name), provider: 'cpu', threads: 1 });
  const mesh = await open('facemesh');
  const iris = await open('iris');
  const meshes = new FaceMeshNetwork(mesh, facemeshContract);
  return {
    async find(picture, region) {
      const found = await settledMesh(meshes, picture, region);
      if (found === undefined) return undefined;
      const [rightOuter, rightInner, leftInner, leftOuter] = fivePointsOf(found);
      const rollDeg = rollOf(found);
      const right = await rims(iris, picture, [rightOuter, rightInner], rollDeg, false);
      const left = await rims(iris, picture, [leftOuter, leftInner], rollDeg, true);
      return { box: meshBox(found), eyes: [right, left], relief: reliefPoints(found) };
    },
    async [Symbol.asyncDispose]() {
      await mesh[Symbol.asyncDispose]();
      await iris[Symbol.asyncDispose]();
    },
  };
}

function reliefPoints(mesh: FaceMesh): readonly ReliefPoint[] {
  return Array.from({ length: MESH_POINTS }, (_, index) => ({
    ...meshPoint(mesh, index),
    depth: meshDepth(mesh, index),
  }));
}

async function settledMesh(
  meshes: FaceMeshNetwork,
  picture: Picture,
  region: Box,
): Promise<FaceMesh | undefined> {
  let found: FaceMesh | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const look = found === undefined ? region : { ...meshBox(found), rollDeg: rollOf(found) };
    const [placed] = await meshes.locate(picture, [look]);
    if (placed === undefined || placed.presence < PRESENCE) return undefined;
    found = placed.mesh;
  }
  return found;
}

/** Inclination of the line through the outer eye corners, positive clockwise as seen in the picture. */
function rollOf(mesh: FaceMesh): number {
  const [right, , , left] = fivePointsOf(mesh);
  return (Math.atan2(left.y - right.y, left.x - right.x) * 180) / Math.PI;
}

/** The network knows a subject's right eye; a left one is shown to it in a mirror. */
async function rims(
  iris: LoadedNetwork,
  picture: Picture,
  [outer, inner]: readonly [Point, Point],
  rollDeg: number,
  isLeft: boolean,
): Promise<LidRims> {
  const centre = { x: (outer.x + inner.x) / 2, y: (outer.y + inner.y) / 2 };
  const sidePx = EYE_MARGIN * Math.hypot(inner.x - outer.x, inner.y - outer.y);
  const upright = squareToCrop(centre, sidePx, rollDeg, EYE_CROP_PX);
  const map = isLeft ? mirrored(upright, EYE_CROP_PX) : upright;
  const input = new Float32Array(3 * EYE_CROP_PX ** 2);
  cropAffine(picture, map, { data: input, offset: 0, widthPx: EYE_CROP_PX, heightPx: EYE_CROP_PX });
  const landmarks = output(await iris.run(input, [1, 3, EYE_CROP_PX, EYE_CROP_PX]), 'landmarks');
  const pointAt = (index: number): Point => {
    const [x, y] = landmarks.subarray(index * NUMBERS_PER_POINT);
    return applyAffine(map, { x: x ?? 0, y: y ?? 0 });
  };
  const along = (indices: readonly number[]): readonly Point[] => {
    const rim = indices.map(pointAt);
    return isLeft ? rim.reverse() : rim;
  };
  return { upper: along(UPPER), lower: along(LOWER) };
}
