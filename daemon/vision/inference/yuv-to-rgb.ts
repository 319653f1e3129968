import type { Yuv420Picture } from '../../kernel/faces/picture.js';

/** Coefficients of R = luma + rV * V, G = luma - gU * U - gV * V, B = luma + bU * U, luma = (Y - black) * gain. */
export interface YuvToRgb {
  readonly black: number;
  readonly gain: number;
  readonly rV: number;
  readonly gU: number;
  readonly gV: number;
  readonly bU: number;
}

/** Video of this height or more is taken for BT.709, other video for BT.601, as players do without a colour tag. */
const HIGH_DEFINITION_PX = 720;

/** Weights of red and blue in luma (ITU-R BT.601-7 and BT.709-6, clause 3). */
const BT601 = { red: 0.299, blue: 0.114 };
const BT709 = { red: 0.2126, blue: 0.0722 };

function coefficients(
  weights: { readonly red: number; readonly blue: number },
  isLimited: boolean,
): YuvToRgb {
  const green = 1 - weights.red - weights.blue;
  const gain = isLimited ? 255 / 219 : 1;
  const chroma = isLimited ? 255 / 112 / 2 : 1;
  const rV = 2 * (1 - weights.red) * chroma;
  const bU = 2 * (1 - weights.blue) * chroma;
  return {
    black: isLimited ? 16 : 0,
    gain,
    rV,
    gU: (weights.blue / green) * bU,
    gV: (weights.red / green) * rV,
    bU,
  };
}

const TABLE = {
  limited: [coefficients(BT601, true), coefficients(BT709, true)],
  full: [coefficients(BT601, false), coefficients(BT709, false)],
} as const;

/**
 * How the samples of a picture become RGB. Cameras seldom tag their colour matrix, so the height of the picture decides. A wrong
 * guess shifts saturated colours by a few levels; this does not disturb the networks.
 */
export function yuvToRgb(picture: Pick<Yuv420Picture, 'range' | 'heightPx'>): YuvToRgb {
  return TABLE[picture.range][picture.heightPx >= HIGH_DEFINITION_PX ? 1 : 0];
}
