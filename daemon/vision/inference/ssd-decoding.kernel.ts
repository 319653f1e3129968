import type { Detection } from '../../kernel/faces/face.js';
import { ANCHOR_STRIDE } from '../../kernel/faces/ssd-anchors.js';

/**
 * The detections of the SSD whose score is at least `threshold`. Boxes are in pixels of the network's input. For the encoding, see
 * `ssdAnchors`.
 */
export function decodeSsd(
  encodings: Float32Array,
  scores: Float32Array,
  anchors: Float32Array,
  threshold: number,
): Detection[] {
  const detections: Detection[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index]!;
    if (score < threshold) continue;
    const e = index * 4;
    const a = index * ANCHOR_STRIDE;
    const anchorWidth = anchors[a + 2]!;
    const anchorHeight = anchors[a + 3]!;
    const width = anchorWidth * Math.exp(encodings[e + 3]! / 5);
    const height = anchorHeight * Math.exp(encodings[e + 2]! / 5);
    const x = anchors[a]! + (encodings[e + 1]! / 10) * anchorWidth - width / 2;
    const y = anchors[a + 1]! + (encodings[e]! / 10) * anchorHeight - height / 2;
    detections.push({ box: { x, y, width, height }, score });
  }
  return detections;
}
