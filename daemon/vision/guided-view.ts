import type { GuidedOutcome } from '../contract/vision/vision-answers.js';
import { encodeEmbedding } from '../contract/vision/vision-sighting.js';
import { SMALL_FACE_PX } from '../kernel/faces/photo-quality.js';
import { dominantFace, type NumberedFace, numberFaces } from '../kernel/faces/photographed-faces.js';
import type { FaceQuality } from '../kernel/faces/quality.js';
import type { Embedding } from '../kernel/identification/match.js';
import { said } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';
import type { FaceAnalyser } from './face-analyser.js';
import { lumaAround } from './luma-around.kernel.js';
import { decodePhoto } from './photo-decoding.js';
import { facesInPhoto } from './photo-faces.js';
import type { UnusablePicture } from './picture-kinds.js';

/** What a picture of a guided enrolment shows, by the stages and the gates of an enrolment. Keeps nothing. */
type GuidedView =
  | {
      readonly outcome: 'ok';
      /** The upright picture. */
      readonly widthPx: number;
      readonly heightPx: number;
      readonly faceCount: number;
      /** The main face; absent without a face, and where none of several is clearly the main one. */
      readonly main?: {
        readonly face: NumberedFace;
        readonly quality: FaceQuality;
        readonly yawDeg: number;
        readonly pitchDeg: number;
        /** Mean of both eyes, as in `EyeContour`. */
        readonly openness: number;
        readonly meanLuma: number;
        /** Mean luma of the picture around the face. */
        readonly lumaAround: number;
        /** Absent if the gates refuse the face. */
        readonly embedding?: Embedding;
      };
    }
  | ({ readonly outcome: 'not-a-picture' } & UnusablePicture);

/** Looks at one picture of a person who is guided through an enrolment. */
export async function analyseGuidedView(bytes: Uint8Array, analyser: FaceAnalyser): Promise<GuidedView> {
  const decoded = await decodePhoto(bytes);
  if (decoded.outcome !== 'ok') return decoded;
  const { picture, shrunkBy } = decoded;
  const size = {
    widthPx: Math.round(picture.widthPx * shrunkBy),
    heightPx: Math.round(picture.heightPx * shrunkBy),
  };
  const faces = await facesInPhoto(picture, analyser);
  const main = dominantFace(faces, picture);
  const face = main && numberFaces(faces, picture, shrunkBy)[faces.indexOf(main)];
  if (main === undefined || face === undefined) {
    return { outcome: 'ok', ...size, faceCount: faces.length };
  }
  // Without the tolerance for photographs: who stands in front of the camera can come closer.
  const quality = analyser.assess(picture, main, { smallestFacePx: SMALL_FACE_PX });
  const embedding = quality.reasons.length === 0 ? await analyser.embed(picture, main) : undefined;
  return {
    ...{ outcome: 'ok', ...size, faceCount: faces.length },
    main: {
      ...{ face, quality, yawDeg: main.pose.yawDeg, pitchDeg: main.pose.pitchDeg },
      openness: (main.leftEye.openness + main.rightEye.openness) / 2,
      ...{ meanLuma: quality.meanLuma, lumaAround: lumaAround(picture, main.box) },
      ...(embedding && { embedding }),
    },
  };
}

/** As the core gets it. */
export function guidedOutcome(view: GuidedView, recogniser: string): GuidedOutcome {
  if (view.outcome !== 'ok') {
    const { reason, remedy } = view.says;
    const message = said('photos/picture-unreadable', { reason });
    return { outcome: 'refused', code: view.outcome, ...inEnglish({ message, remedy }) };
  }
  const { main, ...rest } = view;
  if (main === undefined) return { ...rest, recogniser };
  const { embedding, quality, ...measured } = main;
  const { score, reasons } = quality;
  return {
    ...rest,
    recogniser,
    main: {
      ...measured,
      quality: { score, reasons: [...reasons] },
      ...(embedding && { embeddingBase64: encodeEmbedding(embedding) }),
    },
  };
}
