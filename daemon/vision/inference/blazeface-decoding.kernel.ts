import type { Detection } from '../../kernel/faces/face.js';

/** Side of the square input, pixels. */
export const BLAZEFACE_INPUT_PX = 256;

/** Grids of anchors: cell size in pixels, and anchors in each cell. */
const GRIDS = [
  { cellPx: 16, anchors: 2 },
  { cellPx: 32, anchors: 6 },
] as const;

/** Numbers of one encoding: box centre, size, and six points that are not used here. */
const ENCODING_STRIDE = 16;

/** Centres of all anchors (x, y, x, y ...) in the network's order: grid by grid, row by row. */
export function blazefaceAnchors(): Float32Array {
  const centres: number[] = [];
  for (const { cellPx, anchors } of GRIDS) {
    const cells = BLAZEFACE_INPUT_PX / cellPx;
    for (let cell = 0; cell < cells * cells; cell += 1) {
      const x = ((cell % cells) + 0.5) * cellPx;
      const y = (Math.floor(cell / cells) + 0.5) * cellPx;
      for (let anchor = 0; anchor < anchors; anchor += 1) centres.push(x, y);
    }
  }
  return Float32Array.from(centres);
}

/** The detections whose score is at least `threshold`. Boxes are in pixels of the network's input. */
export function decodeBlazeface(
  encodings: Float32Array,
  scores: Float32Array,
  anchors: Float32Array,
  threshold: number,
): Detection[] {
  const detections: Detection[] = [];
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index]!;
    if (score < threshold) continue;
    const e = index * ENCODING_STRIDE;
    const width = encodings[e + 2]!;
    const height = encodings[e + 3]!;
    const x = anchors[index * 2]! + encodings[e]! - width / 2;
    const y = anchors[index * 2 + 1]! + encodings[e + 1]! - height / 2;
    detections.push({ box: { x, y, width, height }, score });
  }
  return detections;
}
