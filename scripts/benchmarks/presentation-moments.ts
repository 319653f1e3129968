import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { applyAffine, fitSimilarity } from '../../daemon/kernel/faces/affine.js';
import { eyeDistanceOf, mouthOf, shapeOf, skullOf } from '../../daemon/kernel/faces/face-mesh.js';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import { headPose } from '../../daemon/kernel/faces/head-pose.js';
import type { ReplaySetup } from '../../daemon/lab/replay-setup.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import type { FaceShape, FaceShapeFinder, LidRims } from '../virtual-camera/face-shape.js';
import { ffmpeg } from './presentation-attacks.js';

/*
 * Photographs that were taken in one go: two frames of a clip of a living person.
 */

/** The face of a clip at one time. */
export interface SeenFace {
  readonly atMs: number;
  /** Number of the frame in the clip, from 0. */
  readonly sequence: number;
  readonly shape: FaceShape;
}

/** The face of a clip, frame by frame at 15 a second or fewer; frames in which it is not found are left out. */
export async function facesInClip(
  path: string,
  { camera, ffmpeg: program, analyser }: ReplaySetup,
  finder: FaceShapeFinder,
  untilS = Number.POSITIVE_INFINITY,
): Promise<readonly SeenFace[]> {
  const seen: SeenFace[] = [];
  await using clip = await openClip({
    ...{ path, cameraId: camera.id, ffmpeg: program, clock },
    maxAnalysisWidthPx: camera.maxAnalysisWidthPx,
  });
  let nextMs = 0;
  for await (const frame of clip) {
    try {
      const { capturedAtMs: atMs, sequence, picture } = frame;
      if (atMs < nextMs - 5) continue;
      if (atMs > untilS * 1000) break;
      nextMs += 1000 / 15;
      const near = seen.at(-1)?.shape.box ?? (await analyser.detect(picture, { smallestFacePx: 40 }))[0]?.box;
      const shape = near && (await finder.find(picture, near));
      if (shape !== undefined) seen.push({ atMs, sequence, shape });
    } finally {
      frame.release();
    }
  }
  return seen;
}

/** An attacker shoots both in one go. */
const apartMs = { least: 400, most: 1600 } as const;
/** So far the head may turn in between, degrees. */
const largestTurnDeg = 3;
/** Eyes are open that are open by this part of the median. */
const openPart = 0.9;

/** Of all frames that hardly differ in pose, the two whose mouths differ most. Undefined where no two are so. */
export function mostDifferent(seen: readonly SeenFace[]): readonly [SeenFace, SeenFace] | undefined {
  const opennesses = seen.map(({ shape: { eyes } }) => Math.min(...eyes.map(opennessOf)));
  const usual = opennesses.toSorted((a, b) => a - b)[opennesses.length >> 1] ?? 0;
  const open = seen.flatMap((each, at) => {
    if ((opennesses[at] ?? 0) < openPart * usual) return [];
    const mesh = Float32Array.from(each.shape.relief.flatMap(({ x, y, depth }) => [x, y, depth]));
    return [{ each, points: shapeOf(mesh), pose: headPose(mesh) }];
  });
  let [found, widest]: [readonly [SeenFace, SeenFace] | undefined, number] = [undefined, 0];
  for (const [at, from] of open.entries()) {
    for (const to of open.slice(at + 1)) {
      const ms = to.each.atMs - from.each.atMs;
      if (ms < apartMs.least || ms > apartMs.most) continue;
      const turns = [to.pose.yawDeg - from.pose.yawDeg, to.pose.pitchDeg - from.pose.pitchDeg];
      if (turns.some((turn) => Math.abs(turn) > largestTurnDeg)) continue;
      const differs = mouthsDiffer(from.points, to.points);
      if (differs > widest) [found, widest] = [[from.each, to.each], differs];
    }
  }
  return found;
}

/** Height over width. */
function opennessOf({ upper, lower }: LidRims): number {
  const middle = (rim: readonly Point[]): Point => rim[rim.length >> 1] ?? { x: 0, y: 0 };
  const [first, last] = [upper[0] ?? { x: 0, y: 0 }, upper.at(-1) ?? { x: 1, y: 0 }];
  const [top, low] = [middle(upper), middle(lower)];
  return Math.hypot(low.x - top.x, low.y - top.y) / Math.hypot(last.x - first.x, last.y - first.y);
}

/** Root mean square distance of the points of two mouths, skull on skull, in distances of the eyes. */
function mouthsDiffer(from: readonly Point[], to: readonly Point[]): number {
  const map = fitSimilarity(skullOf(from), skullOf(to));
  const there = mouthOf(to);
  const squares = mouthOf(from).map((point, at) => {
    const [laid, other] = [applyAffine(map, point), there[at] ?? point];
    return (laid.x - other.x) ** 2 + (laid.y - other.y) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) / eyeDistanceOf(to);
}

/** Writes one frame of a clip to the folder, as a PNG named after clip and frame, and returns its path. Throws `encoder-failed`. */
export async function writeFrame(path: string, sequence: number, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const to = join(folder, `${basename(path).replace(/\.\w+$/, '')}-${sequence}.png`);
  await ffmpeg(['-i', path, '-vf', `select=eq(n\\,${sequence})`, '-frames:v', '1', to], []);
  return to;
}
