import type { FileHandle } from 'node:fs/promises';

/**
 * FFmpeg's demuxer for each container that is a clip. None of them names other files that FFmpeg would open. FFmpeg's own search would
 * also find playlists and scripts, which do: a "clip" could make it read files of the box or addresses of its network.
 */
type Demuxer = 'mov' | 'matroska' | 'avi' | 'mpegts' | 'mpeg' | 'mpegvideo' | 'jpeg_pipe' | 'png_pipe';

/** What a clip may be, for error messages. */
export const clipContainers = 'MP4, MOV, Matroska, WebM, AVI, MPEG-TS or MPEG';

/** Bytes of the beginning that `demuxerOf` looks at. */
const headBytes = 600;

const startsWith = (head: Buffer, ...bytes: readonly number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);

/** Boxes that begin an MP4 or MOV file (ISO/IEC 14496-12; QuickTime File Format). */
const firstBoxes = ['ftyp', 'moov', 'mdat', 'free', 'skip', 'wide', 'pnot'];

/** Packets of MPEG-TS have 188 bytes and begin with 0x47; Blu-ray and some recorders put 4 bytes before each. */
const isTransportStream = (head: Buffer): boolean =>
  [
    [0, 188],
    [4, 192],
  ].some(([first = 0, step = 0]) => [0, 1, 2].every((packet) => head[first + packet * step] === 0x47));

function demuxerOf(head: Buffer): Demuxer | undefined {
  if (firstBoxes.includes(head.toString('latin1', 4, 8))) return 'mov';
  if (startsWith(head, 0x1a, 0x45, 0xdf, 0xa3)) return 'matroska';
  if (head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 11) === 'AVI') return 'avi';
  if (isTransportStream(head)) return 'mpegts';
  if (startsWith(head, 0, 0, 1, 0xba)) return 'mpeg';
  if (startsWith(head, 0, 0, 1, 0xb3)) return 'mpegvideo';
  if (startsWith(head, 0xff, 0xd8, 0xff)) return 'jpeg_pipe';
  return startsWith(head, 0x89, 0x50, 0x4e, 0x47) ? 'png_pipe' : undefined;
}

/** The demuxer for an open clip, by its first bytes; undefined where it is no known container. */
export async function readDemuxer(file: FileHandle): Promise<Demuxer | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
  return demuxerOf(buffer.subarray(0, bytesRead));
}
