import { operational } from '../../kernel/errors.js';
import { type Rgb24Picture, type Yuv420Picture, yuv420Bytes } from '../../kernel/faces/picture.js';
import { WasmMemory } from '../../kernel/wasm-memory.js';
import { yuvToRgb } from '../inference/yuv-to-rgb.js';
import { smallRgbCode } from './small-rgb-code.js';

/** Fixed point of the kernel: 15 bits behind the point for factors of colours, 16 for sizes. */
const colourOne = 32_768;
const sizeOne = 65_536;
/** Bytes that the kernel may touch behind what it is given. */
const MARGIN = 48;

/** Memory of the kernel for pictures of one size. */
interface Room {
  readonly sizePx: readonly [width: number, height: number];
  readonly mostWidthPx: number;
  /** How much smaller the result is, in fixed point. */
  readonly step: number;
  readonly picture: Uint8Array;
  readonly rowsAddress: number;
  readonly rgb: Uint8Array<ArrayBuffer>;
  readonly write: (...parameters: number[]) => void;
}

/** Makes pictures smaller and RGB, in memory that it keeps for the next picture of the same size. */
export class SmallRgb {
  #room: Room | undefined;

  /**
   * The picture as RGB, at most `mostWidthPx` wide. Its pixels are valid until the next call.
   * @throws `live-unavailable` where there is no memory
   */
  of(picture: Yuv420Picture, mostWidthPx: number): Rgb24Picture {
    const { widthPx, heightPx, data } = picture;
    const room = this.#roomFor(picture, mostWidthPx);
    const { black, gain, rV, gU, gV, bU } = yuvToRgb(picture);
    const factors = [gain / 2, rV / 4, gU / 4, gV / 4, bU / 4].map((each) => Math.round(each * colourOne));
    room.picture.set(data);
    const addresses = [room.picture.byteOffset, room.rowsAddress, room.rgb.byteOffset];
    room.write(...addresses, widthPx, heightPx, room.step, black, ...factors);
    return { format: 'rgb24', ...smallSize(picture, room.step), data: room.rgb };
  }

  #roomFor(picture: Yuv420Picture, mostWidthPx: number): Room {
    const { widthPx, heightPx } = picture;
    const kept = this.#room;
    const isSame = kept?.sizePx[0] === widthPx && kept.sizePx[1] === heightPx;
    if (isSame && kept.mostWidthPx === mostWidthPx) return kept;
    const step = Math.max(sizeOne, Math.floor((widthPx * sizeOne) / mostWidthPx));
    const memory = new WasmMemory((cause) =>
      operational('live-unavailable', 'there is no memory for live pictures', { cause }),
    );
    const small = smallSize(picture, step);
    const pictureBytes = yuv420Bytes(widthPx, heightPx);
    const rgbBytes = 3 * small.widthPx * small.heightPx;
    const address = memory.reserve(pictureBytes + MARGIN);
    const rowsAddress = memory.reserve(3 * small.widthPx + MARGIN);
    const rgbAddress = memory.reserve(rgbBytes + MARGIN);
    this.#room = {
      ...{ sizePx: [widthPx, heightPx], mostWidthPx, step, rowsAddress },
      picture: new Uint8Array(memory.buffer, address, pictureBytes),
      rgb: new Uint8Array(memory.buffer, rgbAddress, rgbBytes),
      write: memory.link(new Uint8Array(Buffer.from(smallRgbCode, 'base64')), 'writeRgb'),
    };
    return this.#room;
  }
}

/** As the kernel computes it. */
function smallSize(
  { widthPx, heightPx }: Yuv420Picture,
  step: number,
): Pick<Rgb24Picture, 'widthPx' | 'heightPx'> {
  const shrunk = (px: number): number => Math.floor((px * sizeOne) / step);
  return { widthPx: shrunk(widthPx), heightPx: shrunk(heightPx) };
}
