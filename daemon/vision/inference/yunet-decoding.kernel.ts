import type { Detection } from '../../kernel/faces/face.js';

/** One of the three grids of YuNet: one cell for each `stridePx` pixels of the input, row by row. */
interface YunetGrid {
  readonly stridePx: number;
  readonly columns: number;
  /** Probability of a face, and how well a box would fit, both 0..1. */
  readonly classScores: Float32Array;
  readonly objectScores: Float32Array;
  /** Centre offsets in cells, logarithms of width and height in cells. */
  readonly boxes: Float32Array;
}

/**
 * The faces of one grid whose score is at least `threshold`, in pixels of the input. The score is the geometric mean of both
 * scores.
 */
export function decodeYunet(grid: YunetGrid, threshold: number): Detection[] {
  const { stridePx, columns, classScores, objectScores, boxes } = grid;
  const detections: Detection[] = [];
  for (let cell = 0; cell < classScores.length; cell++) {
    const score = Math.sqrt(unit(classScores[cell]!) * unit(objectScores[cell]!));
    if (score < threshold) continue;
    const b = cell * 4;
    const width = Math.exp(boxes[b + 2]!) * stridePx;
    const height = Math.exp(boxes[b + 3]!) * stridePx;
    const x = ((cell % columns) + boxes[b]!) * stridePx - width / 2;
    const y = (Math.floor(cell / columns) + boxes[b + 1]!) * stridePx - height / 2;
    detections.push({ box: { x, y, width, height }, score });
  }
  return detections;
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
