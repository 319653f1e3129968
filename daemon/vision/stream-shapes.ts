import type { StreamInfo } from './ingest/frame-source.js';

/** By how much the aspect ratios of two streams may differ. Encoders round sizes to multiples of 16 pixels: 640x352 for 640x360. */
const roundedBy = 0.04;

/** What is wrong with a substream of another shape than the main stream; undefined where both show the same part of the scene. */
export function otherShape(
  main: Pick<StreamInfo, 'widthPx' | 'heightPx'>,
  substream: Pick<StreamInfo, 'widthPx' | 'heightPx'>,
): { readonly code: string; readonly message: string; readonly remedy: string } | undefined {
  const ratio = (main.widthPx * substream.heightPx) / (main.heightPx * substream.widthPx);
  if (Math.abs(Math.log(ratio)) < roundedBy || !Number.isFinite(ratio)) return undefined;
  const sizeOf = ({ widthPx, heightPx }: typeof main): string => `${widthPx}x${heightPx}`;
  return {
    code: 'other-shape',
    message: `its pictures have another aspect ratio (${sizeOf(substream)}) than those of the main stream (${sizeOf(main)}), so zones and motion do not fit`,
    remedy: 'In the camera, set the substream to the aspect ratio of the main stream.',
  };
}
