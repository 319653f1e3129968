import { applyAffine, fitAffine } from '../faces/affine.js';
import type { Point } from '../faces/geometry.js';
import { details, mappedBack, TEXTURE_PX } from './patches.kernel.js';
import { type FaceTexture, isSkin, type Prepared, preparedOf, solved } from './skin-shift.kernel.js';

/*
 * A display that fades from one photograph of a person to another one shows a blend of both at each time. So all looks lie on the line
 * between the two, and those in the middle have lost details, because those of the one fall on even skin of the other. A living face does
 * neither: an open mouth that is half closed is not half of an open and half of a closed one, lips, cheeks and head move by themselves,
 * and details move instead of fading. So each look is compared with the blend of the two most different looks that comes nearest to it.
 * What a smooth map would do to these two is not counted: a sheet may be held in any way, and the mesh lays no look over another exactly.
 */

/** So many looks are compared at most: the work grows with their square. */
const MOST_LOOKS = 12;
const FEWEST_LOOKS = 6;

/** Looks that differ from blends by a larger part than this are none. */
const BLENDS_BEYOND = 0.14;
/** In a fade, looks lose as many details as a blend does, 1; where details move, none, 0. */
const BLENDS_LOST = 1;
/** Sum of squares of what is lost that is needed: looks near the two ends lose hardly any details, whatever they are. */
const LEAST_LOSS = 0.03;

/** Pixels that are compared, every second one: a margin is left for looks that are moved. */
const MARGIN = 8;
const isCompared = (x: number, y: number): boolean =>
  (x + y) % 2 === 0 && isSkin(x, y) && [x, y].every((each) => each >= MARGIN && each < TEXTURE_PX - MARGIN);
const placesAt = Uint16Array.from(
  Array.from({ length: TEXTURE_PX ** 2 }, (_, at) => at).filter((at) =>
    isCompared(at % TEXTURE_PX, Math.floor(at / TEXTURE_PX)),
  ),
);
const COUNT = placesAt.length;

/** Terms of a quadratic map, for each direction. */
const TERMS = 6;
const termsAt = (x: number, y: number): readonly number[] => {
  const [u, v] = [(2 * x) / TEXTURE_PX - 1, (2 * y) / TEXTURE_PX - 1];
  return [1, u, v, u * u, u * v, v * v];
};
/** All terms at each pixel, one after the other. */
const allTerms = Float64Array.from(
  Array.from({ length: TEXTURE_PX ** 2 }, (_, at) =>
    termsAt(at % TEXTURE_PX, Math.floor(at / TEXTURE_PX)),
  ).flat(),
);

/** Rounds in which one look is laid over another one (Gauss-Newton). */
const ROUNDS = 3;
/** In one round, no term of the map changes by more than this, pixels. */
const LARGEST_STEP_PX = 2;
/** It is the last round that changes all terms by less than this, pixels. */
const SMALL_STEP_PX = 0.1;
/** Details that differ by more than so many standard deviations count less: skin that moved by itself shall not bend the map. */
const ALIKE = 0.7;

/** One look, laid over the one in the middle. */
interface Look {
  /** Details, with a mean square of 1. */
  readonly even: Float32Array;
  /** The same at the compared places. */
  readonly values: Float64Array;
  /** Root mean square of the details, in parts of the brightness: they don't depend on the light. */
  readonly strength: number;
}

/** How looks compare with blends of the two that differ most. */
export interface Blend {
  /** How far they are from the nearest blends, as a part of how far the two are from each other: mean squares of their details, 0..1. */
  readonly beyond: number;
  /** Details that are lost on the way, in parts of those that a blend loses: 1 in a fade, and 0 where details move. */
  readonly lost: number;
  /** How much the looks tell about that: sum of squares of what a blend loses. */
  readonly evidence: number;
}

/** Whether looks at a face are blends of two pictures. Fewer looks than six, or ones that tell too little, are none. */
export function areBlends(textures: readonly FaceTexture[]): boolean {
  const blend = blendOf(textures);
  return (
    blend !== undefined &&
    blend.beyond <= BLENDS_BEYOND &&
    blend.lost >= BLENDS_LOST &&
    blend.lost ** 2 * blend.evidence >= LEAST_LOSS
  );
}

/** Undefined for too few looks, or where one cannot be laid over another. All must show the same face with open eyes. */
export function blendOf(all: readonly FaceTexture[]): Blend | undefined {
  const textures = spread(all);
  const middle = textures[textures.length >> 1];
  if (middle === undefined || textures.length < FEWEST_LOOKS) return undefined;
  const onto = evened(preparedOf(middle).details);
  const looks: Look[] = [];
  for (const texture of textures) {
    const laid = texture === middle ? preparedOf(middle) : laidOver(onto, middle, texture);
    if (laid === undefined) return undefined;
    looks.push(lookOf(laid));
  }
  const [one, other] = furthest(looks);
  const [ofOneMap, ofOtherMap] = [changesOf(one.even), changesOf(other.even)];
  const apart = one === other ? 0 : apartBy([one, ofOneMap], [other, ofOtherMap]);
  if (apart === 0) return undefined;
  const smooth = independent([...ofOneMap, ...ofOtherMap]);
  const [a, b] = [without(one.values, smooth), without(other.values, smooth)];
  const [aa, ab, bb] = [productOf(a, a), productOf(a, b), productOf(b, b)];
  const determinant = aa * bb - ab * ab;
  const alike = productOf(one.values, other.values) / COUNT;
  let [beyond, products, evidence, count] = [0, 0, 0, 0];
  for (const look of looks) {
    if (look === one || look === other) continue;
    const c = without(look.values, smooth);
    const [ca, cb] = [productOf(c, a), productOf(c, b)];
    const ofOne = (ca * bb - cb * ab) / determinant;
    const ofOther = (cb * aa - ca * ab) / determinant;
    beyond += (productOf(c, c) - ofOne * ca - ofOther * cb) / COUNT / apart;
    count += 1;
    const [partOne, partOther] = [ofOne / one.strength, ofOther / other.strength];
    const share = Math.min(1, Math.max(0, partOther / (partOne + partOther)));
    const kept = (1 - share) * one.strength ** 2 + share * other.strength ** 2;
    const both = one.strength ** 2 + other.strength ** 2 - 2 * alike * one.strength * other.strength;
    const loses = (share * (1 - share) * both) / kept;
    products += (1 - look.strength ** 2 / kept) * loses;
    evidence += loses ** 2;
  }
  return { beyond: beyond / count, lost: evidence > 0 ? products / evidence : 0, evidence };
}

/**
 * As many of them as are compared, evenly spread over the way that the mesh goes between the two shapes that differ most: a fade may be over
 * within a few looks, of which those in the middle tell most.
 */
function spread(all: readonly FaceTexture[]): readonly FaceTexture[] {
  if (all.length <= MOST_LOOKS) return all;
  const places = placesOnWay(all);
  const left = all.map((texture, at) => ({ texture, place: places[at]! })).sort((a, b) => a.place - b.place);
  const [from, to] = [left[0]!.place, left.at(-1)!.place];
  const chosen = Array.from({ length: MOST_LOOKS }, (_, nth) => {
    const wanted = from + (nth * (to - from)) / (MOST_LOOKS - 1);
    const off = (each: (typeof left)[number]): number => Math.abs(each.place - wanted);
    const nearest = left.reduce((best, each) => (off(each) < off(best) ? each : best));
    return left.splice(left.indexOf(nearest), 1)[0]!;
  });
  return chosen.sort((a, b) => a.place - b.place).map(({ texture }) => texture);
}

/** How far each shape, laid over the first, lies on the line between two that differ much, in any unit. */
function placesOnWay(all: readonly FaceTexture[]): readonly number[] {
  const first = all[0]!.shape;
  const shapes = all.map(({ shape }) => {
    const map = fitAffine(shape, first);
    return map === undefined ? first : shape.map((point) => applyAffine(map, point));
  });
  const from = furthestFrom(first, shapes);
  const to = furthestFrom(from, shapes);
  return shapes.map((shape) =>
    shape.reduce(
      (sum, { x, y }, at) => sum + x * (to[at]!.x - from[at]!.x) + y * (to[at]!.y - from[at]!.y),
      0,
    ),
  );
}

function furthestFrom(shape: readonly Point[], all: readonly (readonly Point[])[]): readonly Point[] {
  const off = (other: readonly Point[]): number =>
    other.reduce((sum, { x, y }, at) => sum + (x - shape[at]!.x) ** 2 + (y - shape[at]!.y) ** 2, 0);
  const offs = all.map(off);
  return all[offs.indexOf(Math.max(...offs))] ?? shape;
}

/** The two looks that differ most. */
function furthest(looks: readonly Look[]): readonly [Look, Look] {
  let [found, alike]: [readonly [Look, Look], number] = [[looks[0]!, looks[0]!], COUNT];
  for (const [at, one] of looks.entries()) {
    for (const other of looks.slice(at + 1)) {
      const product = productOf(one.values, other.values);
      if (product < alike) [found, alike] = [[one, other], product];
    }
  }
  return found;
}

type Mapped = readonly [Look, readonly Float64Array[]];

/** By how much two looks differ beyond smooth maps, of which each comes with its own: mean square. */
const apartBy = ([one, byOne]: Mapped, [other, byOther]: Mapped): number =>
  (unexplained(other.values, independent([one.values, ...byOne])) +
    unexplained(one.values, independent([other.values, ...byOther]))) /
  2;

/** A texture as it would look where another one is whose details are `onto`, by the quadratic map that fits best. */
function laidOver(onto: Float32Array, { shape }: FaceTexture, from: FaceTexture): Prepared | undefined {
  const map = fitAffine(shape, from.shape);
  if (map === undefined) return undefined;
  const luma = preparedOf(from).smooth;
  const terms = new Float64Array(2 * TERMS);
  const by = { byX: new Float32Array(luma.length), byY: new Float32Array(luma.length) };
  let laid = laidBy(mappedBack(luma, map));
  for (let round = 0; round < ROUNDS; round++) {
    const step = stepTowards(evened(laid.details), onto);
    if (step === undefined) return undefined;
    for (const [term, change] of step.entries())
      terms[term]! += Math.min(LARGEST_STEP_PX, Math.max(-LARGEST_STEP_PX, change));
    for (let at = 0; at < luma.length; at++) {
      let [x, y] = [0, 0];
      for (let term = 0; term < TERMS; term++) {
        x += terms[term]! * allTerms[at * TERMS + term]!;
        y += terms[TERMS + term]! * allTerms[at * TERMS + term]!;
      }
      by.byX[at] = x;
      by.byY[at] = y;
    }
    laid = laidBy(mappedBack(luma, map, by));
    if (step.every((change) => Math.abs(change) < SMALL_STEP_PX)) break;
  }
  return laid;
}

const laidBy = (smooth: Float32Array): Prepared => ({ smooth, details: details(smooth) });

/** Sums for the products of two terms, first with the second not before it: of both directions along x, along x and y, along y. */
const PRODUCTS = (TERMS * (TERMS + 1)) / 2;
const sums = new Float64Array(3 * PRODUCTS);
const rights = new Float64Array(2 * TERMS);

/**
 * The change of each term of the map that takes details nearer to others, by weighted least squares. Each place changes with a term by its
 * slope times the term, so that the products of terms are the same for both directions.
 */
function stepTowards(laid: Float32Array, onto: Float32Array): readonly number[] | undefined {
  sums.fill(0);
  rights.fill(0);
  for (let nth = 0; nth < COUNT; nth++) {
    const at = placesAt[nth]!;
    const off = onto[at]! - laid[at]!;
    const right = (laid[at + 1]! - laid[at - 1]!) / 2;
    const low = (laid[at + TEXTURE_PX]! - laid[at - TEXTURE_PX]!) / 2;
    const weight = 1 / Math.max(ALIKE, Math.abs(off));
    const [xx, xy, yy] = [weight * right * right, weight * right * low, weight * low * low];
    for (let row = 0, to = 0; row < TERMS; row++) {
      const term = allTerms[at * TERMS + row]!;
      rights[row]! += weight * off * right * term;
      rights[TERMS + row]! += weight * off * low * term;
      for (let column = row; column < TERMS; column++, to += 3) {
        const product = term * allTerms[at * TERMS + column]!;
        sums[to]! += xx * product;
        sums[to + 1]! += xy * product;
        sums[to + 2]! += yy * product;
      }
    }
  }
  const equations = Array.from(rights, (value) => [...new Array<number>(2 * TERMS).fill(0), value]);
  for (let row = 0, from = 0; row < TERMS; row++) {
    for (let column = row; column < TERMS; column++, from += 3) {
      for (const [a, b] of [
        [row, column],
        [column, row],
      ] as const) {
        equations[a]![b] = sums[from]!;
        equations[a]![TERMS + b] = sums[from + 1]!;
        equations[TERMS + a]![b] = sums[from + 1]!;
        equations[TERMS + a]![TERMS + b] = sums[from + 2]!;
      }
    }
  }
  return solved(equations)?.map(([by]) => by!);
}

function lookOf({ smooth, details: found }: Prepared): Look {
  let light = 0;
  for (let nth = 0; nth < COUNT; nth++) light += smooth[placesAt[nth]!]!;
  const even = evened(found);
  return {
    even,
    values: Float64Array.from(placesAt, (at) => even[at]!),
    strength: strengthOf(found) / Math.max(1, light / COUNT),
  };
}

/** How details change at the compared places with each term of a quadratic map. */
function changesOf(laid: Float32Array): readonly Float64Array[] {
  const changes = Array.from({ length: 2 * TERMS }, () => new Float64Array(COUNT));
  for (let nth = 0; nth < COUNT; nth++) {
    const at = placesAt[nth]!;
    const right = (laid[at + 1]! - laid[at - 1]!) / 2;
    const low = (laid[at + TEXTURE_PX]! - laid[at - TEXTURE_PX]!) / 2;
    for (let term = 0; term < TERMS; term++) {
      changes[term]![nth] = right * allTerms[at * TERMS + term]!;
      changes[TERMS + term]![nth] = low * allTerms[at * TERMS + term]!;
    }
  }
  return changes;
}

/** Root mean square. */
function strengthOf(found: Float32Array): number {
  let sum = 0;
  for (let nth = 0; nth < COUNT; nth++) sum += found[placesAt[nth]!]! ** 2;
  return Math.sqrt(sum / COUNT);
}

/** Whatever the contrast, details have a mean square of 1. */
function evened(found: Float32Array): Float32Array {
  const strength = strengthOf(found);
  return strength > 0 ? found.map((value) => value / strength) : found;
}

/** Orthonormal values that can make up the same (Gram-Schmidt, each twice against rounding). */
function independent(all: readonly Float64Array[]): readonly Float64Array[] {
  const found: Float64Array[] = [];
  for (const values of all) {
    const rest = without(without(values, found), found);
    const length = Math.sqrt(productOf(rest, rest));
    if (length > 1e-3 * Math.sqrt(productOf(values, values))) found.push(rest.map((value) => value / length));
  }
  return found;
}

/** Mean square of the part of the values that the terms do not explain. */
function unexplained(values: Float64Array, by: readonly Float64Array[]): number {
  const rest = without(values, by);
  return productOf(rest, rest) / COUNT;
}

function without(values: Float64Array, by: readonly Float64Array[]): Float64Array {
  const rest = values.slice();
  for (const each of by) {
    const part = productOf(each, rest);
    for (let nth = 0; nth < COUNT; nth++) rest[nth]! -= part * each[nth]!;
  }
  return rest;
}

function productOf(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let nth = 0; nth < COUNT; nth++) sum += a[nth]! * b[nth]!;
  return sum;
}
