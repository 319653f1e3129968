import type { CameraId } from '../ids.js';

/**
 * Planar 4:2:0 in the layout of FFmpeg's `yuv420p`: luma rows of `widthPx` bytes, then U, then V, each of
 * ceil(width/2) x ceil(height/2) bytes, in one buffer without padding.
 */
export interface Yuv420Picture {
  readonly format: 'yuv420p';
  readonly widthPx: number;
  readonly heightPx: number;
  /** `limited`: luma 16..235 (video); `full`: 0..255 (JPEG, some cameras). */
  readonly range: 'limited' | 'full';
  readonly data: Uint8Array;
}

/** Interleaved RGB, 8 bits a channel, rows of 3 * `widthPx` bytes without padding: decoded photographs. */
export interface Rgb24Picture {
  readonly format: 'rgb24';
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

export type Picture = Yuv420Picture | Rgb24Picture;

/** Bytes of one yuv420p picture of the given size, pixels. */
export function yuv420Bytes(widthPx: number, heightPx: number): number {
  return widthPx * heightPx + 2 * Math.ceil(widthPx / 2) * Math.ceil(heightPx / 2);
}

/**
 * One picture of a camera at the full analysed resolution. The holder of a frame owns its buffer until `release`; afterwards
 * the pixels may be overwritten.
 */
export interface Frame {
  readonly cameraId: CameraId;
  /** Number of the frame in the source, from 0; gaps are frames that were dropped before the analysis. */
  readonly sequence: number;
  /** When the camera captured it, milliseconds on the monotonic clock (replay: since the first frame). */
  readonly capturedAtMs: number;
  readonly picture: Picture;
  release(): void;
}
