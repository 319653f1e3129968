import { operational } from '../../kernel/errors.js';
import { type Yuv420Picture, yuv420Bytes } from '../../kernel/faces/picture.js';
import { WasmMemory } from '../../kernel/wasm-memory.js';
import { yuvCropCode } from './yuv-crop-code.js';

/** Bytes that the kernels may touch behind what they are given. */
const MARGIN = 32;

type Kernel = (...parameters: number[]) => void;

/** Memory for crops, and the kernel that samples them. */
interface SamplingRoom {
  /** Four numbers for each row of a crop; see `sampleYuv`. */
  readonly rows: Int32Array;
  /** Red, green, and blue. */
  readonly planes: readonly Float32Array[];
  readonly source: Uint8Array;
  readonly sample: Kernel;
}

/** Memory for reduced pictures, and the kernel that makes their planes. */
interface ReducingRoom {
  readonly source: Uint8Array;
  /** Address of the sums. */
  readonly sums: number;
  readonly reduced: Uint8Array;
  readonly reduce: Kernel;
}

/**
 * Keeps what `open` made for the largest sizes until now: every thread has one room for each kernel. Its content is undefined, and the next
 * call may return the same.
 */
function keptRoom<Room>(open: (sizes: readonly number[]) => Room): (...sizes: readonly number[]) => Room {
  let kept: { readonly sizes: readonly number[]; readonly room: Room } | undefined;
  return (...wanted) => {
    const has = kept?.sizes ?? [];
    if (kept !== undefined && wanted.every((size, index) => size <= (has[index] ?? 0))) return kept.room;
    const sizes = wanted.map((size, index) => Math.max(size, has[index] ?? 0));
    kept = { sizes, room: open(sizes) };
    return kept.room;
  };
}

/** Reserves blocks of these sizes, one behind the other. @throws `inference-failed` if memory runs out */
function reserved(bytes: readonly number[]): { readonly memory: WasmMemory; readonly at: readonly number[] } {
  const memory = new WasmMemory((cause) =>
    operational('inference-failed', 'there is no memory for crops of pictures', { cause }),
  );
  const at = bytes.map((each) => memory.reserve(each + MARGIN));
  return { memory, at };
}

const linked = (memory: WasmMemory, name: string): Kernel =>
  memory.link(new Uint8Array(Buffer.from(yuvCropCode, 'base64')), name);

/** For a crop of so many rows and pixels, and a source of so many bytes. */
export const samplingRoom = keptRoom(([rowCount = 0, pixels = 0, sourceBytes = 0]): SamplingRoom => {
  const planeBytes = 4 * pixels;
  const { memory, at } = reserved([16 * rowCount, sourceBytes, planeBytes, planeBytes, planeBytes]);
  const [rows = 0, source = 0, ...planes] = at;
  return {
    rows: new Int32Array(memory.buffer, rows, 4 * rowCount),
    planes: planes.map((address) => new Float32Array(memory.buffer, address, pixels)),
    source: new Uint8Array(memory.buffer, source, sourceBytes),
    sample: linked(memory, 'sampleYuv'),
  };
});

/** For rows of so many pixels, a source of so many bytes, and so many of the result. */
export const reducingRoom = keptRoom(([widthPx = 0, sourceBytes = 0, reducedBytes = 0]): ReducingRoom => {
  const { memory, at } = reserved([4 * widthPx + 64, sourceBytes, reducedBytes]);
  const [sums = 0, source = 0, reduced = 0] = at;
  return {
    sums,
    source: new Uint8Array(memory.buffer, source, sourceBytes),
    reduced: new Uint8Array(memory.buffer, reduced, reducedBytes),
    reduce: linked(memory, 'reducePlane'),
  };
});

/** Whole rows of a picture with their colours, one plane behind the other. */
interface Rows {
  readonly topRow: number;
  readonly rowCount: number;
}

export const rowBytes = ({ widthPx }: Yuv420Picture, { rowCount }: Rows): number =>
  yuv420Bytes(widthPx, rowCount);

/** Copies rows, from an even one on; an odd number of them only at the lower edge. Returns where luma, U and V begin in `into`. */
export function copyRows(
  { data, widthPx, heightPx }: Yuv420Picture,
  { topRow, rowCount }: Rows,
  into: Uint8Array,
): readonly [luma: number, u: number, v: number] {
  const chromaWidth = (widthPx + 1) >> 1;
  const chromaRows = (rowCount + 1) >> 1;
  const u = widthPx * heightPx + (topRow >> 1) * chromaWidth;
  const v = u + chromaWidth * ((heightPx + 1) >> 1);
  const [lumaBytes, chromaBytes] = [widthPx * rowCount, chromaWidth * chromaRows];
  const luma = topRow * widthPx;
  into.set(data.subarray(luma, luma + lumaBytes));
  into.set(data.subarray(u, u + chromaBytes), lumaBytes);
  into.set(data.subarray(v, v + chromaBytes), lumaBytes + chromaBytes);
  return [0, lumaBytes, lumaBytes + chromaBytes];
}
