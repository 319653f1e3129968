import { meanFaceAlignment } from '../../kernel/faces/alignment.js';
import type { FaceLandmarks } from '../../kernel/faces/face.js';
import { type Box, outsideShare } from '../../kernel/faces/geometry.js';
import { judgeView } from '../../kernel/faces/judge-view.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { ViewQuality } from '../../kernel/faces/quality.js';
import type { SmallestFace } from '../face-analyser.js';
import { faceStatistics, STATISTICS_PX } from './face-statistics.kernel.js';

/** Height of a mesh divided by its width, about. */
const MESH_HEIGHT_OVER_WIDTH = 1.25;

/** Measures one located face in the picture and judges its view. */
export function assessView(picture: Picture, landmarks: FaceLandmarks, options: SmallestFace): ViewQuality {
  const map = meanFaceAlignment(landmarks.fivePoints, STATISTICS_PX, 0);
  const statistics = faceStatistics(picture, map);
  const widthPx = faceWidthPx(landmarks.box);
  const quality = judgeView(
    {
      widthPx,
      outsideShare: outsideShare(landmarks.box, picture.widthPx, picture.heightPx),
      presence: landmarks.presence,
      pose: landmarks.pose,
      statistics,
    },
    options,
  );
  const { sharpness, meanLuma } = statistics;
  return { ...quality, sharpness, meanLuma, widthPx };
}

/** Takes the height into account, because the mesh of a turned face is narrow. */
function faceWidthPx(box: Box): number {
  return Math.max(box.width, box.height / MESH_HEIGHT_OVER_WIDTH);
}
