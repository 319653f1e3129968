import { applyAffine, fitSimilarity } from '../../daemon/kernel/faces/affine.js';
import type { Rgb24Picture } from '../../daemon/kernel/faces/picture.js';
import type { FaceShape } from '../virtual-camera/face-shape.js';
import {
  displayGamma,
  drawHeld,
  type Hold,
  mixed,
  type PhotographedFace,
  type Warp,
  warpOf,
} from './held-picture.kernel.js';
import { frameSize, heldWithLids } from './presentation-attacks.js';

/*
 * Attacks with two photographs of one person that differ in their expression: one takes the place of the other.
 */

/** What a camera sees of one of the two photographs: `share` of the light of a frame, 0..1. */
interface Layer {
  readonly nth: 0 | 1;
  readonly share: number;
  readonly hold: Hold;
  /** The points of its face have gone so much of their way to those of the other, 0..1. Default: none of it. */
  readonly moved?: number;
}

/** One way of exchanging two photographs. */
interface Exchange {
  readonly name: string;
  /** What is seen at each time of a frame that is exposed for `exposureS`; the shares add up to 1. */
  readonly shown: (s: number, exposureS: number) => readonly Layer[];
  /** Whether the shares are of light, as of two projectors, instead of values of pixels, as on a display. Default: no. */
  readonly isMixedInLight?: boolean;
  /** Only on the left of this place, widths of the face from its middle, the second layer is seen, on its right the first. Default: mixed. */
  readonly seam?: (s: number) => number;
}

type ShapedFace = PhotographedFace & { readonly shape: FaceShape };
type Pair = readonly [ShapedFace, ShapedFace];

/** The first exchange, and the time from one to the next, seconds. */
const beginS = 1.1;

/** By how many exchanges the photographs have changed places, and the seconds since the last. */
function turnAt(s: number, everyS: number): { readonly nth: 0 | 1; readonly sinceS: number } {
  if (s < beginS) return { nth: 0, sinceS: s + everyS };
  const turns = Math.floor((s - beginS) / everyS);
  return { nth: turns % 2 === 0 ? 1 : 0, sinceS: s - beginS - turns * everyS };
}

const other = (nth: 0 | 1): 0 | 1 => (nth === 0 ? 1 : 0);
const only = (nth: 0 | 1, hold: Hold): readonly Layer[] => [{ nth, share: 1, hold }];

/** On a display: the other photograph is there in the next frame. */
const atOnce = (name: string, everyS: number): Exchange => ({
  name,
  shown: (s) => only(turnAt(s, everyS).nth, heldWithLids.hold(s)),
});

interface Fade {
  readonly everyS: number;
  readonly forS: number;
  /** Slow at its beginning and end. */
  readonly isEased?: boolean;
  /** How the second photograph lies over the first. */
  readonly off?: Partial<Hold>;
}

/** On a display: one photograph fades into the other. */
const faded = (name: string, { everyS, forS, isEased = false, off = {} }: Fade): Exchange => ({
  name,
  shown: (s) => {
    const { nth, sinceS } = turnAt(s, everyS);
    const part = Math.min(1, sinceS / forS);
    const share = isEased ? part * part * (3 - 2 * part) : part;
    const hold = heldWithLids.hold(s);
    const layer = (of: 0 | 1, its: number): Layer => ({
      nth: of,
      share: its,
      hold: of === 0 ? hold : { ...hold, ...off, x: hold.x + (off.x ?? 0), y: hold.y + (off.y ?? 0) },
    });
    return [layer(other(nth), 1 - share), layer(nth, share)];
  },
});

/** There and back in a wave of so many hertz: 0 to 1. */
const swayed = (s: number, hz: number): number => (1 - Math.cos(2 * Math.PI * hz * s)) / 2;

/** On a display: the points of one face go to those of the other, and back, while the one photograph fades into the other. */
const morphed = (name: string, hz: number): Exchange => ({
  name,
  shown: (s) => {
    const share = swayed(s, hz);
    const hold = heldWithLids.hold(s);
    return [
      { nth: 0, share: 1 - share, hold, moved: share },
      { nth: 1, share, hold, moved: 1 - share },
    ];
  },
});

/** On a display: the points of the first face go to those of the second, and back. Nothing of the second photograph is seen. */
const warped = (name: string, hz: number): Exchange => ({
  name,
  shown: (s) => [{ nth: 0, share: 1, hold: heldWithLids.hold(s), moved: swayed(s, hz) }],
});

/** On a display: the second photograph is drawn over the first like a curtain, so that halves of both are seen. */
const wiped = (name: string, hz: number): Exchange => ({
  name,
  shown: (s) => [0, 1].map((nth) => ({ nth: nth as 0 | 1, share: 0.5, hold: heldWithLids.hold(s) })),
  seam: (s) => 1.6 * swayed(s, hz) - 0.8,
});

/** How much of its way a sheet has gone that is taken away and replaced within `forS`: from 0 to 1, and back to 0 with the other one. */
function swing(s: number, everyS: number, forS: number): { readonly nth: 0 | 1; readonly away: number } {
  const { nth, sinceS } = turnAt(s, everyS);
  if (sinceS >= forS) return { nth, away: 0 };
  const part = sinceS / forS;
  return part < 0.5 ? { nth: other(nth), away: 2 * part } : { nth, away: 2 - 2 * part };
}

const exposures = 4;
/** In the hand: what moves while a frame is exposed is blurred along its way. */
const swung = (
  name: string,
  everyS: number,
  forS: number,
  moved: (hold: Hold, away: number) => Hold,
): Exchange => ({
  name,
  shown: (s, exposureS) => {
    const hold = heldWithLids.hold(s);
    const moments = Array.from({ length: exposures }, (_, at) =>
      swing(s + (at * exposureS) / exposures, everyS, forS),
    );
    const [first] = moments;
    if (first !== undefined && moments.every(({ away }) => away === 0)) return only(first.nth, hold);
    return moments.map(({ nth, away }) => ({ nth, share: 1 / exposures, hold: moved(hold, away) }));
  },
});

const exchanges: readonly Exchange[] = [
  atOnce('in turn', 1),
  atOnce('in turn slowly', 2.3),
  atOnce('in turn quickly', 0.35),
  atOnce('once', 100),
  faded('fades', { everyS: 1.5, forS: 1.2 }),
  faded('fades quickly', { everyS: 1, forS: 0.3 }),
  faded('fades slowly', { everyS: 3.2, forS: 3 }),
  faded('fades smoothly', { everyS: 1.1, forS: 0.9, isEased: true }),
  faded('fades aside', { everyS: 1.1, forS: 0.7, off: { x: 0.02, y: -0.015, scale: 1.03 } }),
  { ...faded('fades in light', { everyS: 1.1, forS: 0.7 }), isMixedInLight: true },
  morphed('morphs', 0.45),
  morphed('morphs quickly', 1.3),
  warped('warps', 0.45),
  wiped('wiped', 0.4),
  swung('flipped', 1.3, 0.1, (hold, away) => ({ ...hold, x: hold.x + 0.5 * away })),
  swung('turned over', 1.3, 0.4, (hold, away) => ({ ...hold, yawDeg: hold.yawDeg + 75 * away })),
  // Beyond the edge of the picture for a part of the time.
  swung('out of sight', 1.7, 0.6, (hold, away) => ({ ...hold, y: hold.y + 6 * away })),
];

/** The face, placed by its eyes, so that those of both photographs coincide. */
function placedByEyes(face: ShapedFace): ShapedFace & { readonly rollDeg: number } {
  const [{ centre: right }, { centre: left }] = face.eyes;
  const [apartX, apartY] = [left.x - right.x, left.y - right.y];
  const width = 2.2 * Math.hypot(apartX, apartY);
  const box = {
    x: (right.x + left.x - width) / 2,
    y: (right.y + left.y) / 2 - 0.35 * width,
    width,
    height: 1.2 * width,
  };
  return { ...face, box, rollDeg: (Math.atan2(apartY, apartX) * 180) / Math.PI };
}

/** Moves the points of a face by a part of their way to those of another one, whose eyes are laid over its own. */
function warpTo(face: ShapedFace, other: ShapedFace, part: number): Warp {
  const eyesOf = ({ eyes }: PhotographedFace) => eyes.map(({ centre }) => centre);
  const map = fitSimilarity(eyesOf(other), eyesOf(face));
  const relief = face.shape.relief.map((point, at) => {
    const to = applyAffine(map, other.shape.relief[at] ?? point);
    return { ...point, x: point.x + part * (to.x - point.x), y: point.y + part * (to.y - point.y) };
  });
  return warpOf(face, face.shape, face.shape, { ...face.shape, relief });
}

/** The frames of each exchange, with drawn lids. */
export function* exchangesOf(
  pair: Pair,
  { seconds, fps, faceWidthPx }: { seconds: number; fps: number; faceWidthPx: number },
): Generator<{ readonly name: string; readonly frames: Iterable<Uint8Array> }> {
  const faces = [placedByEyes(pair[0]), placedByEyes(pair[1])] as const;
  for (const exchange of exchanges) yield { name: exchange.name, frames: framesOf(exchange) };

  function* framesOf({ shown, isMixedInLight, seam }: Exchange): Generator<Uint8Array> {
    for (let frame = 0; frame < seconds * fps; frame++) {
      const s = frame / fps;
      const layers = shown(s, 0.7 / fps).filter(({ share }) => share > 0);
      const pictures = layers.map(({ nth, hold, moved = 0 }) => {
        const data = new Uint8Array(3 * frameSize.widthPx * frameSize.heightPx);
        const to: Rgb24Picture = { format: 'rgb24', ...frameSize, data };
        const face = faces[nth];
        const upright = { ...hold, rollDeg: hold.rollDeg - face.rollDeg };
        const warp = moved === 0 ? undefined : warpTo(face, faces[other(nth)], moved);
        drawHeld(to, {
          ...{ face, hold: upright, lids: heldWithLids.lids(s), faceWidthPx },
          ...(warp === undefined ? {} : { warp }),
        });
        return data;
      });
      const [first, second, hold] = [pictures[0], pictures[1], layers[0]?.hold];
      if (seam !== undefined && first !== undefined && second !== undefined && hold !== undefined) {
        const column = frameSize.widthPx / 2 + (hold.x + hold.scale * seam(s)) * faceWidthPx;
        yield joined(first, second, column);
        continue;
      }
      yield mixed(
        pictures,
        layers.map(({ share }) => share),
        isMixedInLight === true ? displayGamma : 1,
      );
    }
  }
}

/** One picture on the left of a column, and another one from there on. */
function joined(right: Uint8Array, left: Uint8Array, column: number): Uint8Array {
  const to = right.slice();
  const until = 3 * Math.round(Math.min(frameSize.widthPx, Math.max(0, column)));
  for (let at = 0; at < to.length; at += 3 * frameSize.widthPx) to.set(left.subarray(at, at + until), at);
  return to;
}
