import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { yuv420Bytes } from '../../daemon/kernel/faces/picture.js';

/** What one person does before a camera, frame by frame. */
export interface Clip {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly pictures: readonly Yuv420Picture[];
}

/** Bytes of the header: three numbers and the length of what follows. */
const headerBytes = 16;

/**
 * Clips in one file that needs no decoder. A rendered picture differs little from the one before, so the differences compress to a
 * hundredth.
 */
export function packClips(clips: readonly Clip[]): Uint8Array {
  return Buffer.concat(clips.map(packClip));
}

function packClip({ widthPx, heightPx, pictures }: Clip): Uint8Array {
  const size = yuv420Bytes(widthPx, heightPx);
  const differences = new Uint8Array(size * pictures.length);
  pictures.forEach(({ data }, index) => {
    const before = pictures[index - 1]?.data;
    const target = differences.subarray(index * size, (index + 1) * size);
    for (let i = 0; i < size; i++) target[i] = (data[i] ?? 0) - (before?.[i] ?? 0);
  });
  const packed = brotliCompressSync(differences, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } });
  const header = Buffer.alloc(headerBytes);
  [widthPx, heightPx, pictures.length, packed.length].forEach((value, index) => {
    header.writeUInt32LE(value, 4 * index);
  });
  return Buffer.concat([header, packed]);
}

export function unpackClips(file: Uint8Array): readonly Clip[] {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const clips: Clip[] = [];
  for (let offset = 0; offset < buffer.length; ) {
    const [widthPx, heightPx, count, length] = [0, 4, 8, 12].map((at) =>
      buffer.readUInt32LE(offset + at),
    ) as [number, number, number, number];
    const start = offset + headerBytes;
    const data = new Uint8Array(brotliDecompressSync(buffer.subarray(start, start + length)));
    const size = yuv420Bytes(widthPx, heightPx);
    for (let i = size; i < data.length; i++) data[i] = (data[i] ?? 0) + (data[i - size] ?? 0);
    const pictures = Array.from(
      { length: count },
      (_, index): Yuv420Picture => ({
        format: 'yuv420p',
        range: 'limited',
        widthPx,
        heightPx,
        data: data.subarray(index * size, (index + 1) * size),
      }),
    );
    clips.push({ widthPx, heightPx, pictures });
    offset = start + length;
  }
  return clips;
}
