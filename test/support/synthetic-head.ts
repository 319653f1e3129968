import type { AlignmentPoints } from '../../daemon/kernel/faces/face.js';
import type { Point } from '../../daemon/kernel/faces/geometry.js';
import type { HeadTurn } from '../../daemon/kernel/liveness/rigid-head.js';

type Solid = readonly [x: number, y: number, depth: number];

/** A head in distances of the outer eye corners, about the middle between the eyes; depth grows away from the camera. */
const eyes: readonly Solid[] = [
  [-0.5, 0, 0.03],
  [-0.17, 0, 0],
  [0.17, 0, 0],
  [0.5, 0, 0.03],
];
const noseTip: Solid = [0, 0.42, -0.42];
const noseBase: Solid = [0, 0.55, -0.25];
const mouth: readonly Solid[] = [
  [-0.28, 0.78, 0],
  [0.28, 0.78, 0],
];

export interface HeadPlace {
  /** Distance of the outer eye corners when looking into the camera, pixels. */
  readonly eyesPx: number;
  readonly x: number;
  readonly y: number;
}

/** Named points of a head that is turned, as seen from far away. */
export function headPoints(turn: HeadTurn, place: HeadPlace): AlignmentPoints {
  return pointsOf((point) => placed(turned(point, turn), place));
}

/** The same points on a flat picture of the head, which is turned in its place. */
export function picturePoints(turn: HeadTurn, place: HeadPlace): AlignmentPoints {
  return pointsOf(([x, y]) => placed(turned([x, y, 0], turn), place));
}

function pointsOf(show: (point: Solid) => Point): AlignmentPoints {
  const [rightOuter, rightInner, leftInner, leftOuter] = eyes.map(show) as [Point, Point, Point, Point];
  const [rightMouth, leftMouth] = mouth.map(show) as [Point, Point];
  const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  return {
    fivePoints: [rightOuter, rightInner, leftInner, leftOuter, show(noseBase)],
    arcFacePoints: [
      middle(rightOuter, rightInner),
      middle(leftInner, leftOuter),
      show(noseTip),
      rightMouth,
      leftMouth,
    ],
  };
}

function turned([x, y, depth]: Solid, { yawDeg, pitchDeg }: HeadTurn): Solid {
  const [yaw, pitch] = [(yawDeg * Math.PI) / 180, (pitchDeg * Math.PI) / 180];
  const [x1, depth1] = [x * Math.cos(yaw) - depth * Math.sin(yaw), x * Math.sin(yaw) + depth * Math.cos(yaw)];
  return [x1, y * Math.cos(pitch) + depth1 * Math.sin(pitch), depth1 * Math.cos(pitch) - y * Math.sin(pitch)];
}

function placed([x, y]: Solid, place: HeadPlace): Point {
  return { x: place.x + x * place.eyesPx, y: place.y + y * place.eyesPx };
}
