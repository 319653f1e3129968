import type { Detection } from './face.js';
import { intersectionOverUnion } from './geometry.js';

/**
 * Keeps the best of every group of detections that overlap more than `overlap` (intersection over union, 0..1),
 * best score first. Equal scores keep their order.
 */
export function suppressNonMaxima(detections: readonly Detection[], overlap: number): readonly Detection[] {
  const kept: Detection[] = [];
  for (const candidate of [...detections].sort((a, b) => b.score - a.score)) {
    if (kept.every((better) => intersectionOverUnion(better.box, candidate.box) <= overlap)) {
      kept.push(candidate);
    }
  }
  return kept;
}
