import { said } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';
import type { StreamInfo } from './ingest/frame-source.js';
import type { CameraProblem } from './ingest/pace.js';

/** By how much the aspect ratios of two streams may differ. Encoders round sizes to multiples of 16 pixels: 640x352 for 640x360. */
const roundedBy = 0.04;

/** What is wrong with a substream of another shape than the main stream; undefined where both show the same part of the scene. */
export function otherShape(
  main: Pick<StreamInfo, 'widthPx' | 'heightPx'>,
  substream: Pick<StreamInfo, 'widthPx' | 'heightPx'>,
): CameraProblem | undefined {
  const ratio = (main.widthPx * substream.heightPx) / (main.heightPx * substream.widthPx);
  if (Math.abs(Math.log(ratio)) < roundedBy || !Number.isFinite(ratio)) return undefined;
  const sizeOf = ({ widthPx, heightPx }: typeof main): string => `${widthPx}x${heightPx}`;
  const message = said('cameras/other-shape', { substream: sizeOf(substream), main: sizeOf(main) });
  return { code: 'other-shape', ...inEnglish({ message, remedy: said('cameras/remedy-other-shape') }) };
}
