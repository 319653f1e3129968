import { operational } from '../../base/errors.js';
import { WasmMemory } from '../../base/wasm-memory.js';
import { type Rgb24Picture, type Yuv420Picture, yuv420Bytes } from '../../domain/faces/picture.js';
import { yuvToRgb } from '../inference/colour.js';
import { smallRgbCode } from './small-rgb-code.js';

/** Fixed point of the kernel: 15 bits behind the point. */
const ONE = 32_768;
/** Bytes that the kernel may touch behind what it is given. */
const MARGIN = 48;

/** Memory of the kernel for pictures of one size. */
interface Room {
  readonly sizePx: readonly [width: number, height: number];
  readonly factor: number;
  readonly picture: Uint8Array;
  readonly rowsAddress: number;
  readonly rgb: Uint8Array<ArrayBuffer>;
  readonly write: (...parameters: number[]) => void;
}

/** Makes pictures smaller and RGB, in memory that it keeps for the next picture of the same size. */
export class SmallRgb {
  #room: Room | undefined;

  /**
   * The picture as RGB, `factor` times smaller (a whole number). Its pixels are valid until the next call.
   * @throws `live-unavailable` where there is no memory
   */
  of(picture: Yuv420Picture, factor: number): Rgb24Picture {
    const { widthPx, heightPx, data } = picture;
    const room = this.#roomFor(picture, factor);
    const { black, gain, rV, gU, gV, bU } = yuvToRgb(picture);
    const factors = [gain / 2, rV / 4, gU / 4, gV / 4, bU / 4].map((each) => Math.round(each * ONE));
    room.picture.set(data);
    const addresses = [room.picture.byteOffset, room.rowsAddress, room.rgb.byteOffset];
    room.write(...addresses, widthPx, heightPx, factor, black, ...factors);
    return { format: 'rgb24', ...smallSize(picture, factor), data: room.rgb };
  }

  #roomFor(picture: Yuv420Picture, factor: number): Room {
    const { widthPx, heightPx } = picture;
    const kept = this.#room;
    if (kept?.factor === factor && kept.sizePx[0] === widthPx && kept.sizePx[1] === heightPx) return kept;
    const memory = new WasmMemory((cause) =>
      operational('live-unavailable', 'there is no memory for live pictures', { cause }),
    );
    const small = smallSize(picture, factor);
    const pictureBytes = yuv420Bytes(widthPx, heightPx);
    const rgbBytes = 3 * small.widthPx * small.heightPx;
    const address = memory.reserve(pictureBytes + MARGIN);
    const rowsAddress = memory.reserve(3 * small.widthPx + MARGIN);
    const rgbAddress = memory.reserve(rgbBytes + MARGIN);
    this.#room = {
      ...{ sizePx: [widthPx, heightPx], factor, rowsAddress },
      picture: new Uint8Array(memory.buffer, address, pictureBytes),
      rgb: new Uint8Array(memory.buffer, rgbAddress, rgbBytes),
      write: memory.link(new Uint8Array(Buffer.from(smallRgbCode, 'base64')), 'writeRgb'),
    };
    return this.#room;
  }
}

function smallSize(
  { widthPx, heightPx }: Yuv420Picture,
  factor: number,
): Pick<Rgb24Picture, 'widthPx' | 'heightPx'> {
  return { widthPx: Math.floor(widthPx / factor), heightPx: Math.floor(heightPx / factor) };
}
