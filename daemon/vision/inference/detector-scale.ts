import type { Detection } from '../../kernel/faces/face.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { DetectorSize } from './detector-size.js';

/** Converts detections from pixels of the input to pixels of the picture. Leaves out faces that are too narrow. */
export function toPicture(
  detections: readonly Detection[],
  picture: Pick<Picture, 'widthPx' | 'heightPx'>,
  size: DetectorSize,
  smallestFacePx: number,
): readonly Detection[] {
  const part = size.part ?? { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
  const scaleX = part.width / size.usedWidthPx;
  const scaleY = part.height / size.usedHeightPx;
  return detections
    .map(({ box, score }) => ({
      box: {
        x: part.x + box.x * scaleX,
        y: part.y + box.y * scaleY,
        width: box.width * scaleX,
        height: box.height * scaleY,
      },
      score,
    }))
    .filter(({ box }) => box.width >= smallestFacePx);
}
