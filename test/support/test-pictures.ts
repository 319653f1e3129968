import { type Rgb24Picture, type Yuv420Picture, yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { seededRandom } from '../../daemon/kernel/random.js';

/** Video whose neighbouring samples differ a little, so that interpolation shows; the same for the same seed. */
export function smoothYuv(
  widthPx: number,
  heightPx: number,
  options: { readonly seed?: number; readonly range?: 'limited' | 'full' } = {},
): Yuv420Picture {
  const random = seededRandom(options.seed ?? 1);
  const data = new Uint8Array(yuv420Bytes(widthPx, heightPx));
  const [a, b, c] = [random.unit(), random.unit(), random.unit()];
  for (let i = 0; i < data.length; i++) {
    data[i] = 128 + 60 * Math.sin(i * 0.01 * (1 + a)) + 40 * Math.cos(i * 0.003 * (1 + b)) + 8 * c;
  }
  return { format: 'yuv420p', widthPx, heightPx, range: options.range ?? 'limited', data };
}

/** One colour everywhere, as video samples. */
export function plainYuv(
  widthPx: number,
  heightPx: number,
  colour: { readonly y: number; readonly u: number; readonly v: number },
): Yuv420Picture {
  const data = new Uint8Array(yuv420Bytes(widthPx, heightPx));
  const chroma = Math.ceil(widthPx / 2) * Math.ceil(heightPx / 2);
  data.fill(colour.y, 0, widthPx * heightPx);
  data.fill(colour.u, widthPx * heightPx, widthPx * heightPx + chroma);
  data.fill(colour.v, widthPx * heightPx + chroma);
  return { format: 'yuv420p', widthPx, heightPx, range: 'limited', data };
}

/** A picture with the pixels of `colourAt`, red, green, blue in 0..255. */
export function rgbPicture(
  widthPx: number,
  heightPx: number,
  colourAt: (x: number, y: number) => readonly [number, number, number],
): Rgb24Picture {
  const data = new Uint8Array(3 * widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) data.set(colourAt(x, y), 3 * (y * widthPx + x));
  }
  return { format: 'rgb24', widthPx, heightPx, data };
}
