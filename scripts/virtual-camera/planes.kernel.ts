/** Luma and chroma of BT.709 in the limited range, each plane at full resolution (4:4:4), rows without padding. */
export interface Planes {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly y: Uint8Array;
  readonly u: Uint8Array;
  readonly v: Uint8Array;
}

/** Weights of red and blue in luma (ITU-R BT.709-6, clause 3). */
const RED = 0.2126;
const BLUE = 0.0722;
const GREEN = 1 - RED - BLUE;

/** Interleaved RGB, 8 bits a channel, to planes. */
export function planesOf(rgb: Uint8Array, widthPx: number, heightPx: number): Planes {
  const area = widthPx * heightPx;
  const [y, u, v] = [new Uint8Array(area), new Uint8Array(area), new Uint8Array(area)];
  for (let at = 0; at < area; at++) {
    const red = rgb[3 * at]!;
    const green = rgb[3 * at + 1]!;
    const blue = rgb[3 * at + 2]!;
    const luma = RED * red + GREEN * green + BLUE * blue;
    y[at] = 16 + (luma * 219) / 255 + 0.5;
    u[at] = 128 + ((blue - luma) / (2 - 2 * BLUE)) * (224 / 255) + 0.5;
    v[at] = 128 + ((red - luma) / (2 - 2 * RED)) * (224 / 255) + 0.5;
  }
  return { widthPx, heightPx, y, u, v };
}

/** The same picture as one yuv420p buffer; width and height must be even. Chroma is averaged over two by two. */
export function yuv420Of(planes: Planes): Uint8Array {
  const { widthPx, heightPx } = planes;
  const area = widthPx * heightPx;
  const data = new Uint8Array((area * 3) / 2);
  data.set(planes.y);
  let at = area;
  for (const plane of [planes.u, planes.v]) {
    for (let row = 0; row < heightPx; row += 2) {
      for (let column = 0; column < widthPx; column += 2) {
        const first = row * widthPx + column;
        const second = first + widthPx;
        data[at++] = (plane[first]! + plane[first + 1]! + plane[second]! + plane[second + 1]! + 2) >> 2;
      }
    }
  }
  return data;
}

/**
 * Opacity of a soft-edged ellipse that fills a picture of the given size about (`centreX`, `centreY`): 255 within,
 * 0 beyond the radii, falling over the outer `edgeShare` of them.
 */
export function ellipseAlpha(
  widthPx: number,
  heightPx: number,
  ellipse: {
    readonly centreX: number;
    readonly centreY: number;
    readonly radiusX: number;
    readonly radiusY: number;
    readonly edgeShare: number;
  },
): Uint8Array {
  const alpha = new Uint8Array(widthPx * heightPx);
  for (let row = 0; row < heightPx; row++) {
    const dy = (row + 0.5 - ellipse.centreY) / ellipse.radiusY;
    for (let column = 0; column < widthPx; column++) {
      const dx = (column + 0.5 - ellipse.centreX) / ellipse.radiusX;
      const inside = Math.min(1, Math.max(0, (1 - Math.hypot(dx, dy)) / ellipse.edgeShare));
      alpha[row * widthPx + column] = Math.round(255 * inside * inside * (3 - 2 * inside));
    }
  }
  return alpha;
}
