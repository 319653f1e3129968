import { resolve } from 'node:path';
import sharp from 'sharp';
import { badInput, messageOf } from '../../daemon/base/errors.js';
import type { Affine } from '../../daemon/domain/faces/affine.js';
import { boxCentre, clipBox, type Point } from '../../daemon/domain/faces/geometry.js';
import type { Rgb24Picture } from '../../daemon/domain/faces/picture.js';
import type { Cutout } from './compose.kernel.js';
import { closeEye, type Eye, eyeOf } from './eyelids.kernel.js';
import type { FaceShapeFinder, LidRims } from './face-shape.js';
import type { FacePose } from './motion.js';
import { ellipseAlpha, type Planes, planesOf } from './planes.kernel.js';
import type { FaceScene } from './scenario.js';

/** The head's oval relative to the face mesh: hair and some neck come along, neighbours do not. */
const OVAL = { radiusX: 0.85, radiusY: 1, raise: 0.08, edgeShare: 0.22 };

/** One head cut out of a photograph, at the largest size its scene shows, with lids that can be lowered. */
export class Portrait {
  readonly #open: Planes;
  readonly #shown: Planes;
  readonly #cutout: Cutout;
  readonly #eyes: readonly Eye[];
  readonly #faceCentre: Point;
  readonly #faceWidthPx: number;
  #closure = 0;

  constructor(
    open: Planes,
    alpha: Uint8Array,
    face: { readonly centre: Point; readonly widthPx: number; readonly eyes: readonly LidRims[] },
  ) {
    this.#open = open;
    this.#shown = { ...open, y: open.y.slice(), u: open.u.slice(), v: open.v.slice() };
    this.#cutout = { planes: this.#shown, alpha };
    this.#eyes = face.eyes.map(eyeOf);
    this.#faceCentre = face.centre;
    this.#faceWidthPx = face.widthPx;
  }

  /** The head with its lids lowered by `closure`, 0 open .. 1 shut. */
  withLids(closure: number): Cutout {
    if (closure !== this.#closure) {
      for (const eye of this.#eyes) closeEye(this.#open, this.#shown, eye, closure);
      this.#closure = closure;
    }
    return this.#cutout;
  }

  /** The map from pixels of a frame to pixels of the cutout that shows the face at `pose`. */
  placedAt(pose: FacePose, frame: { readonly widthPx: number; readonly heightPx: number }): Affine {
    const scale = this.#faceWidthPx / pose.faceWidthPx;
    const angle = (-pose.rollDeg * Math.PI) / 180;
    const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    const [x, y] = [pose.x * frame.widthPx, pose.y * frame.heightPx];
    return {
      xx: cos,
      xy: -sin,
      x0: this.#faceCentre.x - cos * x + sin * y,
      yx: sin,
      yy: cos,
      y0: this.#faceCentre.y - sin * x - cos * y,
    };
  }
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
    centre: toCutout(centre),
    widthPx: box.width * scale,
    eyes: shape.eyes.map((eye) => ({ upper: eye.upper.map(toCutout), lower: eye.lower.map(toCutout) })),
  });
}

function wholePixels(box: { x: number; y: number; width: number; height: number }) {
  const [left, top] = [Math.ceil(box.x), Math.ceil(box.y)];
  return {
    left,
    top,
    width: Math.floor(box.x + box.width) - left,
    height: Math.floor(box.y + box.height) - top,
  };
}
