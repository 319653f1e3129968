import { resolve } from 'node:path';
import sharp from 'sharp';
import { badInput, messageOf } from '../../daemon/kernel/errors.js';
import type { Affine } from '../../daemon/kernel/faces/affine.js';
import { type Box, boxCentre, clipBox, type Point } from '../../daemon/kernel/faces/geometry.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import type { HeadTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import type { Cutout } from './compose.kernel.js';
import { closeEye, type Eye, eyeOf } from './eyelids.kernel.js';
import type { FaceShape, FaceShapeFinder, LidRims } from './face-shape.js';
import type { FacePose } from './motion.js';
import { ellipseAlpha, type Planes, planesOf } from './planes.kernel.js';
import type { FaceScene } from './scenario.js';
import { type Relief, reliefOf, turnHead } from './turned-head.kernel.js';

/** The head's oval relative to the face mesh: hair and some neck come along, neighbours do not. */
const OVAL = { radiusX: 0.85, radiusY: 1, raise: 0.08, edgeShare: 0.22 };

/** One head cut out of a photograph, at the largest size its scene shows, with lids that can be lowered and a head that turns. */
export class Portrait {
  readonly #open: Planes;
  readonly #shown: Planes;
  readonly #cutout: Cutout;
  readonly #eyes: readonly Eye[];
  readonly #face: FaceShape;
  #turning: Turning | undefined;
  #closure = 0;

  constructor(
    open: Planes,
    alpha: Uint8Array,
    /** In pixels of the cutout. */
    face: FaceShape,
  ) {
    this.#open = open;
    this.#shown = { ...open, y: open.y.slice(), u: open.u.slice(), v: open.v.slice() };
    this.#cutout = { planes: this.#shown, alpha };
    this.#eyes = face.eyes.map(eyeOf);
    this.#face = face;
  }

  /**
   * The head turned, with its lids lowered by `closure`, 0 open .. 1 shut. A head that is not turned is shown as in its
   * photograph.
   */
  shown(closure: number, turn: HeadTurn): Cutout {
    if (closure !== this.#closure) {
      for (const eye of this.#eyes) closeEye(this.#open, this.#shown, eye, closure);
      this.#closure = closure;
    }
    if (turn.yawDeg === 0 && turn.pitchDeg === 0) return this.#cutout;
    this.#turning ??= startTurning(this.#open, this.#face);
    const { cutout, relief, depths } = this.#turning;
    turnHead(this.#cutout, cutout, relief, turn, depths);
    return cutout;
  }

  /** The map from pixels of a frame to pixels of the cutout that shows the face at `pose`. */
  placedAt(pose: FacePose, frame: { readonly widthPx: number; readonly heightPx: number }): Affine {
    const { box } = this.#face;
    const centre = boxCentre(box);
    const scale = box.width / pose.faceWidthPx;
    const angle = (-pose.rollDeg * Math.PI) / 180;
    const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    const [x, y] = [pose.x * frame.widthPx, pose.y * frame.heightPx];
    return {
      xx: cos,
      xy: -sin,
      x0: centre.x - cos * x + sin * y,
      yx: sin,
      yy: cos,
      y0: centre.y - sin * x - cos * y,
    };
  }
}

/** What a turned head is drawn with. */
interface Turning {
  readonly cutout: Cutout;
  readonly relief: Relief;
  readonly depths: Float32Array;
}

function startTurning(open: Planes, { box, relief }: FaceShape): Turning {
  const area = open.widthPx * open.heightPx;
  const planes = { ...open, y: open.y.slice(), u: open.u.slice(), v: open.v.slice() };
  return {
    cutout: { planes, alpha: new Uint8Array(area) },
    relief: reliefOf(open, box, relief),
    depths: new Float32Array(area),
  };
}

/** Decodes a photograph to RGB, upright. Throws `photo-unreadable`. */
export async function readPhoto(file: string): Promise<Rgb24Picture> {
  try {
    const { data, info } = await sharp(file)
      .autoOrient()
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { format: 'rgb24', widthPx: info.width, heightPx: info.height, data };
  } catch (error) {
    throw badInput('photo-unreadable', `cannot read the photograph ${resolve(file)}: ${messageOf(error)}`, {
      remedy: 'Give a JPEG, PNG or WebP file.',
      cause: error,
    });
  }
}

/** Cuts the scene's head out of its photograph. Throws `photo-unreadable` or `no-face-there`. */
export async function openPortrait(scene: FaceScene, finder: FaceShapeFinder): Promise<Portrait> {
  const photo = await readPhoto(scene.photo);
  const shape = await finder.find(photo, scene.face);
  if (shape === undefined) {
    throw badInput('no-face-there', `no face near the given place in ${resolve(scene.photo)}`, {
      remedy: 'Give the box of a face that looks at the camera, in pixels of the photograph.',
      details: { face: scene.face },
    });
  }
  const { box } = shape;
  const centre = boxCentre(box);
  const radiusX = OVAL.radiusX * box.width;
  const radiusY = OVAL.radiusY * box.height;
  const raised = centre.y - OVAL.raise * box.height;
  const oval = { x: centre.x - radiusX, y: raised - radiusY, width: 2 * radiusX, height: 2 * radiusY };
  const part = wholePixels(clipBox(oval, photo.widthPx, photo.heightPx));
  const scale = Math.max(...scene.path.map((point) => point.faceWidthPx)) / box.width;
  const widthPx = Math.max(2, Math.round(part.width * scale));
  const heightPx = Math.max(2, Math.round(part.height * scale));
  const rgb = await sharp(photo.data, {
    raw: { width: photo.widthPx, height: photo.heightPx, channels: 3 },
  })
    .extract(part)
    .resize(widthPx, heightPx, { fit: 'fill' })
    .raw()
    .toBuffer();
  const toCutout = (p: Point): Point => ({
    x: ((p.x - part.left) * widthPx) / part.width,
    y: ((p.y - part.top) * heightPx) / part.height,
  });
  const ovalCentre = toCutout({ x: centre.x, y: raised });
  const alpha = ellipseAlpha(widthPx, heightPx, {
    centreX: ovalCentre.x,
    centreY: ovalCentre.y,
    radiusX: radiusX * scale,
    radiusY: radiusY * scale,
    edgeShare: OVAL.edgeShare,
  });
  return new Portrait(planesOf(rgb, widthPx, heightPx), alpha, {
    box: placedBox(box, toCutout),
    eyes: [rimsIn(shape.eyes[0], toCutout), rimsIn(shape.eyes[1], toCutout)],
    relief: shape.relief.map((point) => ({ ...toCutout(point), depth: point.depth * scale })),
  });
}

function placedBox(box: Box, place: (p: Point) => Point): Box {
  const [from, to] = [place(box), place({ x: box.x + box.width, y: box.y + box.height })];
  return { ...from, width: to.x - from.x, height: to.y - from.y };
}

const rimsIn = (rims: LidRims, place: (p: Point) => Point): LidRims => ({
  upper: rims.upper.map(place),
  lower: rims.lower.map(place),
});

function wholePixels(box: { x: number; y: number; width: number; height: number }) {
  const [left, top] = [Math.ceil(box.x), Math.ceil(box.y)];
  return {
    left,
    top,
    width: Math.floor(box.x + box.width) - left,
    height: Math.floor(box.y + box.height) - top,
  };
}
