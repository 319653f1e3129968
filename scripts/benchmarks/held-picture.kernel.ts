import type { Box, Point } from '../../daemon/kernel/faces/geometry.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import type { FaceShape } from '../virtual-camera/face-shape.js';

/** An eye in a photograph, pixels: its middle, the direction from corner to corner, and half their distance. */
export interface PhotoEye {
  readonly centre: Point;
  readonly along: Point;
  readonly halfPx: number;
}

/** A photograph with one face. */
export interface PhotographedFace {
  readonly photo: Rgb24Picture;
  readonly box: Box;
  readonly eyes: readonly [PhotoEye, PhotoEye];
}

/** How the sheet is held in one frame. Lengths in widths of the face, angles in degrees. */
export interface Hold {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly rollDeg: number;
  readonly yawDeg: number;
  readonly pitchDeg: number;
  /** Curvature of the sheet about its upright axis: 1 / radius. */
  readonly bend: number;
  /** Two hands twist the sheet: its curvature grows by so much from the middle of the face to one width below. Default: none. */
  readonly twist?: number;
  /** The sheet is rolled up about a level axis below the face: its curvature there, and where it begins. Default: it is not. */
  readonly roll?: Roll;
  /** The sheet is folded along an axis, and each half is turned away from the camera by this angle. Default: none. */
  readonly foldDeg?: number;
  /** Where that axis is: by default upright through the middle of the face. */
  readonly crease?: Crease;
  /**
   * The photograph is cut along the mouth and down both sides of the chin, and a finger behind it moves that flap down so far.
   * Default: it is whole.
   */
  readonly jaw?: number;
  /** A lamp that is reflected in the sheet. */
  readonly glare?: Glare;
  /** The face is cut out along its oval: nothing of the photograph is left beside it. */
  readonly isCutOut?: boolean;
}

/** The axis of a fold: so far from the middle of the face, and at this angle to the upright. */
interface Crease {
  readonly off: number;
  readonly angleDeg: number;
}

/** A sheet that is rolled up from below: 1 / radius, and how far below the middle of the face it begins. */
interface Roll {
  readonly curvature: number;
  readonly from: number;
}

/** A bright spot at a place of the sheet, in widths of the face from the middle of the face; `brightness` in its middle, 0..255. */
interface Glare extends Point {
  readonly size: number;
  readonly brightness: number;
  /** A tube is so many times longer than it is wide, and lies at this angle. Default: a round spot. */
  readonly length?: number;
  readonly angleDeg?: number;
}

/** How far each lid is drawn over its eye, 0..1, and how. */
export interface Lids {
  readonly left: number;
  readonly right: number;
  /** `soft`: skin is stretched; `hard`: an ellipse of skin moves as a whole; `crease`: a strip of the paper folds away. */
  readonly kind: 'soft' | 'hard' | 'crease';
}

/** A displacement of the photograph's content, pixels of the photograph, on a grid of `cellPx`. */
export interface Warp {
  readonly cellPx: number;
  readonly columns: number;
  readonly dx: Float32Array;
  readonly dy: Float32Array;
}

/** Half of width and height of a face that is cut out, in widths of the face. */
const cutOut = { width: 0.55, height: 0.75 } as const;
/** Distance of the camera, in widths of the face. */
const distance = 5;
const wall = 120;

export interface HeldPicture {
  readonly face: PhotographedFace;
  readonly hold: Hold;
  readonly lids: Lids;
  readonly faceWidthPx: number;
  readonly warp?: Warp;
}

/** Draws a photograph that is held in front of a wall. */
export function drawHeld(to: Rgb24Picture, { face, hold, lids, faceWidthPx, warp }: HeldPicture): void {
  const { photo, box } = face;
  const [centreX, centreY] = [box.x + box.width / 2, box.y + box.height / 2];
  const roll = (-hold.rollDeg * Math.PI) / 180;
  const [cosRoll, sinRoll] = [Math.cos(roll), Math.sin(roll)];
  const [yaw, pitch] = [(hold.yawDeg * Math.PI) / 180, (hold.pitchDeg * Math.PI) / 180];
  const [cosYaw, sinYaw, cosPitch, sinPitch] = [
    Math.cos(yaw),
    Math.sin(yaw),
    Math.cos(pitch),
    Math.sin(pitch),
  ];
  const fold = ((hold.foldDeg ?? 0) * Math.PI) / 180;
  const [cosFold, sinFold] = [Math.cos(fold), Math.sin(fold)];
  const { off, angleDeg } = hold.crease ?? { off: 0, angleDeg: 0 };
  const crease = (angleDeg * Math.PI) / 180;
  const [cosCrease, sinCrease] = [Math.cos(crease), Math.sin(crease)];
  const unit = 1 / (faceWidthPx * hold.scale);
  const source = { x: 0, y: 0 };
  for (let v = 0, at = 0; v < to.heightPx; v++) {
    for (let u = 0; u < to.widthPx; u++, at += 3) {
      const x0 = (u - to.widthPx / 2) * unit - hold.x;
      const y0 = (v - to.heightPx / 2) * unit - hold.y;
      let x = x0 * cosRoll - y0 * sinRoll;
      let y = x0 * sinRoll + y0 * cosRoll;
      x = (x * distance) / (distance * cosYaw - x * sinYaw);
      y = (y * (distance + x * sinYaw)) / distance;
      y = (y * distance) / (distance * cosPitch - y * sinPitch);
      x = (x * (distance + y * sinPitch)) / distance;
      const bend = hold.bend + (hold.twist ?? 0) * y;
      if (bend !== 0) x = Math.asin(Math.max(-1, Math.min(1, x * bend))) / bend;
      if (hold.roll !== undefined && y > hold.roll.from) {
        const { curvature, from } = hold.roll;
        y = from + Math.asin(Math.min(1, (y - from) * curvature)) / curvature;
      }
      if (fold !== 0) {
        let across = x * cosCrease + y * sinCrease - off;
        let along = y * cosCrease - x * sinCrease;
        across = (across * distance) / (distance * cosFold - Math.abs(across) * sinFold);
        along = (along * (distance + Math.abs(across) * sinFold)) / distance;
        x = (across + off) * cosCrease - along * sinCrease;
        y = along * cosCrease + (across + off) * sinCrease;
      }
      if (hold.isCutOut === true && (x / cutOut.width) ** 2 + (y / cutOut.height) ** 2 > 1) {
        to.data.fill(wallAt(u, v), at, at + 3);
        continue;
      }
      source.x = centreX + x * box.width;
      source.y = centreY + y * box.width;
      if (warp !== undefined) shiftBy(warp, source);
      if (hold.jaw !== undefined && isInGap(face, hold.jaw, source)) {
        to.data.fill(darkness, at, at + 3);
        continue;
      }
      let shade = 1;
      shade = drawLid(face.eyes[0], lids.right, lids.kind, source) ?? shade;
      shade = drawLid(face.eyes[1], lids.left, lids.kind, source) ?? shade;
      sample(photo, source.x, source.y, to.data, at, shade);
      if (hold.glare !== undefined) brighten(to.data, at, hold.glare, x, y);
    }
  }
}

/** The light of a display grows with this power of the value of a pixel. */
export const displayGamma = 2.2;

/**
 * One picture of several, each with its share; the shares add up to 1. They are mixed by the `gamma`th power of their values: 1 mixes
 * values, as a display does that fades, and `displayGamma` mixes light.
 */
export function mixed(pictures: readonly Uint8Array[], shares: readonly number[], gamma: number): Uint8Array {
  const [first] = pictures;
  if (first === undefined || pictures.length === 1) return first ?? new Uint8Array();
  const powers = Float64Array.from({ length: 256 }, (_, value) => value ** gamma);
  const to = new Uint8Array(first.length);
  for (let at = 0; at < to.length; at++) {
    let sum = 0;
    for (let nth = 0; nth < pictures.length; nth++) sum += shares[nth]! * powers[pictures[nth]![at]!]!;
    to[at] = (gamma === 1 ? sum : sum ** (1 / gamma)) + 0.5;
  }
  return to;
}

/** Half of the width of a flap of the chin, and the line of the mouth below that of the eyes; in distances of the eyes. */
const flap = { half: 0.6, y: 1.05 } as const;
/** Behind the gap that the flap leaves. */
const darkness = 35;

/** Moves `source` to where a flap of the chin comes from; whether there is a gap instead. `jaw`: in widths of the face. */
function isInGap(
  { box, eyes: [right, left] }: PhotographedFace,
  jaw: number,
  source: { x: number; y: number },
) {
  const apart = { x: left.centre.x - right.centre.x, y: left.centre.y - right.centre.y };
  const eyesPx = Math.hypot(apart.x, apart.y);
  const [alongX, alongY] = [apart.x / eyesPx, apart.y / eyesPx];
  const byX = source.x - (left.centre.x + right.centre.x) / 2;
  const byY = source.y - (left.centre.y + right.centre.y) / 2;
  const across = (byX * alongX + byY * alongY) / eyesPx;
  const below = (byY * alongX - byX * alongY) / eyesPx - flap.y;
  if (Math.abs(across) > flap.half || below < 0) return false;
  const downPx = jaw * box.width;
  if (below * eyesPx < downPx) return true;
  source.x += downPx * alongY;
  source.y -= downPx * alongX;
  return false;
}

/** A wall with a pattern that can be followed. */
const wallAt = (u: number, v: number): number => wall + 20 * Math.sin(u / 17) * Math.sin(v / 23 + u / 71);

function brighten(to: Uint8Array, at: number, glare: Glare, x: number, y: number): void {
  const angle = ((glare.angleDeg ?? 0) * Math.PI) / 180;
  const [byX, byY] = [x - glare.x, y - glare.y];
  const along = (byX * Math.cos(angle) + byY * Math.sin(angle)) / (glare.length ?? 1);
  const across = byY * Math.cos(angle) - byX * Math.sin(angle);
  const far = (along ** 2 + across ** 2) / (2 * glare.size ** 2);
  if (far > 9) return;
  const light = glare.brightness * Math.exp(-far);
  for (let channel = at; channel < at + 3; channel++) to[channel] = Math.min(255, to[channel]! + light);
}

/** Moves `source` to where the drawn lid comes from; the brightness there, or undefined outside the lid. */
function drawLid(
  eye: PhotoEye,
  closure: number,
  kind: Lids['kind'],
  source: Point & { x: number; y: number },
): number | undefined {
  if (closure <= 0) return undefined;
  const dx = source.x - eye.centre.x;
  const dy = source.y - eye.centre.y;
  const across = (dx * eye.along.x + dy * eye.along.y) / eye.halfPx;
  const down = (dy * eye.along.x - dx * eye.along.y) / eye.halfPx;
  if (kind === 'crease') {
    // A fold through both eyes hides the strip between its edges, and a shadow lies in it.
    const half = 0.45 * closure;
    if (Math.abs(across) > 1.9 || Math.abs(down) > 0.9) return undefined;
    const from = Math.sign(down) * Math.max(0, (Math.abs(down) / 0.9) * (0.9 - half) + half);
    move(source, eye, from - down);
    return Math.abs(down) < 0.06 ? 0.6 : undefined;
  }
  if (kind === 'soft') {
    // The skin between brow and lid is stretched down to the lower rim, most in the middle of the eye.
    const edge = rim + (lowerRim - rim) * closure * Math.max(0, 1 - (across / 1.15) ** 2);
    if (down < brow || down > edge || edge <= rim) return undefined;
    move(source, eye, brow + ((down - brow) * (rim - brow)) / (edge - brow) - down);
    return undefined;
  }
  if ((across / 1.35) ** 2 + (down / 0.8) ** 2 < 1) move(source, eye, -0.75 * closure);
  return undefined;
}

/** Heights over the line between the corners of an eye, in halves of its width: lower end of the brow, upper and lower rim. */
const brow = -0.85;
const rim = -0.42;
const lowerRim = 0.32;

function move(source: { x: number; y: number }, eye: PhotoEye, down: number): void {
  source.x -= down * eye.halfPx * eye.along.y;
  source.y += down * eye.halfPx * eye.along.x;
}

function shiftBy({ cellPx, columns, dx, dy }: Warp, source: { x: number; y: number }): void {
  const [x, y] = [source.x / cellPx, source.y / cellPx];
  const rows = dx.length / columns;
  if (x < 0 || y < 0 || x >= columns - 1 || y >= rows - 1) return;
  const first = Math.floor(y) * columns + Math.floor(x);
  const [fx, fy] = [x - Math.floor(x), y - Math.floor(y)];
  const mix = (field: Float32Array): number =>
    (field[first]! * (1 - fx) + field[first + 1]! * fx) * (1 - fy) +
    (field[first + columns]! * (1 - fx) + field[first + columns + 1]! * fx) * fy;
  const [byX, byY] = [mix(dx), mix(dy)];
  source.x -= byX;
  source.y -= byY;
}

function sample(
  { data, widthPx, heightPx }: Rgb24Picture,
  x: number,
  y: number,
  to: Uint8Array,
  at: number,
  shade: number,
): void {
  if (x < 0 || y < 0 || x >= widthPx - 1 || y >= heightPx - 1) {
    to[at] = to[at + 1] = to[at + 2] = wall;
    return;
  }
  const [x0, y0] = [x | 0, y | 0];
  const [fx, fy] = [x - x0, y - y0];
  const first = 3 * (y0 * widthPx + x0);
  const second = first + 3 * widthPx;
  for (let channel = 0; channel < 3; channel++) {
    const above = data[first + channel]! * (1 - fx) + data[first + 3 + channel]! * fx;
    const below = data[second + channel]! * (1 - fx) + data[second + 3 + channel]! * fx;
    to[at + channel] = (above * (1 - fy) + below * fy) * shade + 0.5;
  }
}

/** How far a program moves the parts of a face in a photograph, in distances of the eyes. */
export interface Puppet {
  /** The jaw goes down. */
  readonly jaw: number;
  /** The corners of the mouth go outwards, and up by half of that. */
  readonly smile: number;
  /** The brows go up. */
  readonly brows: number;
}

/** Heights of the parts of a face below the line of the eyes, and half the width of a mouth; in distances of the eyes. */
const parts = { mouth: 1.02, chin: 1.75, brows: -0.38, halfMouth: 0.42 } as const;

/** A photograph that a program moves by a field of its own instead of a recorded one. */
export function puppetWarp(face: PhotographedFace, { jaw, smile, brows }: Puppet): Warp {
  const bump = (off: number, reach: number): number => Math.exp(-((off / reach) ** 2));
  return warpBy(face, (across, below) => {
    const opened = Math.min(1, Math.max(0, (below - parts.mouth + 0.1) / 0.2));
    const down = jaw * opened * bump(across, 0.8) * (below > parts.chin ? bump(below - parts.chin, 0.35) : 1);
    const corner = bump(Math.abs(across) - parts.halfMouth, 0.22) * bump(below - parts.mouth, 0.25);
    const brow = bump(Math.abs(across) - 0.5, 0.35) * bump(below - parts.brows, 0.15);
    return {
      x: smile * corner * Math.sign(across),
      y: down - 0.5 * smile * corner - brows * brow,
    };
  });
}

/** A warp of a photograph by a field over its face: places and displacements in distances of the eyes, from the middle between them. */
function warpBy(
  { photo, eyes: [right, left] }: PhotographedFace,
  field: (across: number, below: number) => Point,
): Warp {
  const middle = { x: (left.centre.x + right.centre.x) / 2, y: (left.centre.y + right.centre.y) / 2 };
  const apart = { x: left.centre.x - right.centre.x, y: left.centre.y - right.centre.y };
  const eyesPx = Math.hypot(apart.x, apart.y);
  const [cos, sin] = [apart.x / eyesPx, apart.y / eyesPx];
  const cellPx = Math.max(1, eyesPx / 16);
  const columns = Math.ceil(photo.widthPx / cellPx) + 1;
  const rows = Math.ceil(photo.heightPx / cellPx) + 1;
  const dx = new Float32Array(columns * rows);
  const dy = new Float32Array(columns * rows);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to++) {
      const [x, y] = [(column * cellPx - middle.x) / eyesPx, (row * cellPx - middle.y) / eyesPx];
      const by = field(x * cos + y * sin, y * cos - x * sin);
      dx[to] = eyesPx * (by.x * cos - by.y * sin);
      dy[to] = eyesPx * (by.x * sin + by.y * cos);
    }
  }
  return { cellPx, columns, dx, dy };
}

/** The motion of one face laid over another: its mesh, normalised to the box, minus the mesh at rest. */
export function warpOf(face: PhotographedFace, target: FaceShape, rest: FaceShape, now: FaceShape): Warp {
  const { photo } = face;
  const cellPx = Math.max(4, target.box.width / 24);
  const columns = Math.ceil(photo.widthPx / cellPx) + 1;
  const rows = Math.ceil(photo.heightPx / cellPx) + 1;
  const dx = new Float32Array(columns * rows);
  const dy = new Float32Array(columns * rows);
  const scale = target.box.width / rest.box.width;
  const moves = target.relief.map((point, index) => {
    const [was, is] = [rest.relief[index]!, now.relief[index]!];
    const here = (p: Point, { box }: FaceShape) => ({
      x: (p.x - box.x - box.width / 2) * scale,
      y: (p.y - box.y - box.height / 2) * scale,
    });
    const [a, b] = [here(was, rest), here(is, now)];
    return { x: point.x, y: point.y, dx: b.x - a.x, dy: b.y - a.y };
  });
  const reach = 2 * (0.05 * target.box.width) ** 2;
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, to++) {
      let [weights, sumX, sumY] = [0.02, 0, 0];
      for (const move of moves) {
        const far = ((move.x - column * cellPx) ** 2 + (move.y - row * cellPx) ** 2) / reach;
        if (far > 8) continue;
        const weight = Math.exp(-far);
        weights += weight;
        sumX += weight * move.dx;
        sumY += weight * move.dy;
      }
      dx[to] = sumX / weights;
      dy[to] = sumY / weights;
    }
  }
  return { cellPx, columns, dx, dy };
}
