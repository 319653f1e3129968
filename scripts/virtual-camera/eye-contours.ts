import { applyAffine, mirrored, squareToCrop } from '../../daemon/domain/affine.js';
import { type Box, boxCentre, type Point } from '../../daemon/domain/geometry.js';
import type { Picture } from '../../daemon/domain/picture.js';
import { openModelStore } from '../../daemon/models/store.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { type Network, openNetwork, output } from '../../daemon/vision/inference/network.js';

/** The rims of one eye from its right corner (in the picture: left) to the other, pixels of the picture. */
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
}

const MESH_CROP_PX = 192;
const EYE_CROP_PX = 64;
/** Sides of the networks' crops relative to what they show (MediaPipe's own pipelines). */
const MESH_MARGIN = 1.5;
const EYE_MARGIN = 2.3;
/** A rough box becomes an exact one in this many rounds of looking again at what was found. */
const ROUNDS = 3;
const PRESENCE = 0.5;

/** Mesh indices of the eye corners, outer and inner, of the subject's right and left eye (MediaPipe's canonical mesh). */
const CORNERS = { right: [33, 133], left: [263, 362] } as const;
/** Order of the eye network's first 16 points: lower rim from outer to inner corner, then the upper rim between. */
const LOWER = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const UPPER = [0, 9, 10, 11, 12, 13, 14, 15, 8];

/** Finds the shape of faces in photographs with the base pack's mesh and eye networks. */
export interface FaceShapeFinder extends AsyncDisposable {
  /** The face near `region`; undefined where there is none. */
  find(picture: Picture, region: Box): Promise<FaceShape | undefined>;
}

/** Loads the networks; throws `pack-absent` where the models were not built. */
export async function openFaceShapeFinder(): Promise<FaceShapeFinder> {
  const store = await openModelStore();
  const open = async (name: string): Promise<Network> =>
    openNetwork({ name, path: await store.path(name), provider: 'cpu', threads: 1 });
  const mesh = await open('facemesh');
  const iris = await open('iris');
  return {
    async find(picture, region) {
      let points = await meshPoints(mesh, picture, region, 0);
      for (let round = 1; round < ROUNDS && points !== undefined; round++) {
        points = await meshPoints(mesh, picture, boundsOf(points), rollOf(points));
      }
      if (points === undefined) return undefined;
      const rollDeg = rollOf(points);
      const right = await rims(iris, picture, cornersOf(points, 'right'), rollDeg, false);
      const left = await rims(iris, picture, cornersOf(points, 'left'), rollDeg, true);
      return { box: boundsOf(points), eyes: [right, left] };
    },
    async [Symbol.asyncDispose]() {
      await mesh[Symbol.asyncDispose]();
      await iris[Symbol.asyncDispose]();
    },
  };
}

async function meshPoints(
  mesh: Network,
  picture: Picture,
  region: Box,
  rollDeg: number,
): Promise<readonly Point[] | undefined> {
  const sidePx = MESH_MARGIN * Math.max(region.width, region.height);
  const map = squareToCrop(boxCentre(region), sidePx, rollDeg, MESH_CROP_PX);
  const input = new Float32Array(3 * MESH_CROP_PX ** 2);
  cropAffine(picture, map, { data: input, offset: 0, widthPx: MESH_CROP_PX, heightPx: MESH_CROP_PX });
  const outputs = await mesh.run(input, [1, 3, MESH_CROP_PX, MESH_CROP_PX]);
  if ((output(outputs, 'presence')[0] ?? 0) < PRESENCE) return undefined;
  return pointsOf(output(outputs, 'landmarks')).map((point) => applyAffine(map, point));
}

/** The network knows a subject's right eye; a left one is shown to it in a mirror. */
async function rims(
  iris: Network,
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
  const outputs = await iris.run(input, [1, 3, EYE_CROP_PX, EYE_CROP_PX]);
  const points = pointsOf(output(outputs, 'landmarks')).map((point) => applyAffine(map, point));
  const along = (indices: readonly number[]): readonly Point[] => {
    const rim = indices.flatMap((index) => points[index] ?? []);
    return isLeft ? rim.reverse() : rim;
  };
  return { upper: along(UPPER), lower: along(LOWER) };
}

function pointsOf(coordinates: Float32Array): Point[] {
  const points: Point[] = [];
  for (let at = 0; at + 2 < coordinates.length; at += 3) {
    points.push({ x: coordinates[at] ?? 0, y: coordinates[at + 1] ?? 0 });
  }
  return points;
}

function cornersOf(points: readonly Point[], eye: 'left' | 'right'): readonly [Point, Point] {
  const [outer, inner] = CORNERS[eye];
  const nowhere = { x: 0, y: 0 };
  return [points[outer] ?? nowhere, points[inner] ?? nowhere];
}

function rollOf(points: readonly Point[]): number {
  const [right] = cornersOf(points, 'right');
  const [left] = cornersOf(points, 'left');
  return (Math.atan2(left.y - right.y, left.x - right.x) * 180) / Math.PI;
}

function boundsOf(points: readonly Point[]): Box {
  const xs = points.map((point) => point.x);
  const ys = points.map((point) => point.y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}
