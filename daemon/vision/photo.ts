import type { FaceLandmarks } from '../domain/faces/face.js';
import { type Box, clipBox, squareAround } from '../domain/faces/geometry.js';
import type { Rgb24Picture } from '../domain/faces/picture.js';
import type { FaceQuality, QualityReason } from '../domain/faces/quality.js';
import type { Embedding } from '../domain/identification/match.js';
import type { FaceAnalyser } from './face-analyser.js';
import { decodePhoto, encodeCrop } from './photo-decoding.js';
import { facesInPhoto, mostCentralFace } from './photo-faces.js';

/** Narrower faces are not enrolled, pixels: similarity is still full at 50, and enrolment wants room. */
export const SMALLEST_ENROLLED_PX = 64;

/** What is kept of a photograph: the square so many times the face. */
const KEPT_FACTOR = 2;

/** What became of one photograph. Everything but `ok` says what is wrong and what to change. */
export type PhotoAnalysis =
  | {
      readonly outcome: 'ok';
      readonly embedding: Embedding;
      readonly quality: FaceQuality;
      /** The face in the upright photograph, shrunk to 1920 pixels where it was larger. */
      readonly box: Box;
      /** The face and its surroundings, without metadata; under 200 kB. */
      readonly jpeg: Uint8Array;
    }
  | (Refusal & { readonly outcome: 'not-a-picture' | 'no-face' })
  | (Refusal & { readonly outcome: 'several-faces'; readonly count: number })
  | (Refusal & { readonly outcome: 'poor-quality'; readonly reasons: readonly QualityReason[] });

interface Refusal {
  readonly message: string;
  readonly remedy: string;
}

/** What to change about a photograph, by what is wrong with it. */
const REMEDIES: Readonly<Record<QualityReason, string>> = {
  'too-small': `come closer, or send a larger picture: the face must be ${SMALLEST_ENROLLED_PX} pixels wide`,
  blurred: 'hold still and focus on the face',
  dark: 'turn on a light in front of the face',
  overexposed: 'avoid direct sun and flash',
  'turned-away': 'look straight into the camera',
  occluded: 'uncover eyes and mouth (no mask, sunglasses, hand or hair)',
  'cut-off': 'leave room around the whole head',
};

/** Decodes a photograph and makes a template of the one face in it, or says why it cannot be used. */
export async function analysePhoto(bytes: Uint8Array, analyser: FaceAnalyser): Promise<PhotoAnalysis> {
  const decoded = await decodePhoto(bytes);
  if (decoded.outcome !== 'ok') return unreadable(decoded.reason);
  const { picture } = decoded;
  const faces = await facesInPhoto(picture, analyser);
  const [face] = faces;
  if (!face) return noFace;
  if (faces.length > 1) {
    return {
      outcome: 'several-faces',
      count: faces.length,
      message: `there are ${faces.length} faces in the photograph`,
      remedy: 'Send a photograph of one person alone, or cut it to that person.',
    };
  }
  return judge(picture, face, analyser);
}

/**
 * Makes a template of the photograph that enrolment kept. It was judged when it was taken: now the face in its middle is
 * embedded whatever it is worth, for nobody can be asked for a better one.
 */
export async function analyseKeptPhoto(bytes: Uint8Array, analyser: FaceAnalyser): Promise<PhotoAnalysis> {
  const decoded = await decodePhoto(bytes);
  if (decoded.outcome !== 'ok') return unreadable(decoded.reason);
  const { picture } = decoded;
  const face = mostCentralFace(await facesInPhoto(picture, analyser), picture);
  if (!face) return noFace;
  const quality = analyser.assess(picture, face, { smallestFacePx: SMALLEST_ENROLLED_PX });
  return accepted(picture, face, quality, analyser);
}

function unreadable(reason: string): PhotoAnalysis {
  return {
    outcome: 'not-a-picture',
    message: `the photograph cannot be read: ${reason}`,
    remedy: 'Send a whole JPEG, PNG, WebP, TIFF or HEIF photograph of at most 64 megapixels.',
  };
}

const noFace: PhotoAnalysis = {
  outcome: 'no-face',
  message: 'there is no face in the photograph',
  remedy: 'Send a photograph that shows one face from the front, upright, in good light.',
};

async function judge(
  picture: Rgb24Picture,
  face: FaceLandmarks,
  analyser: FaceAnalyser,
): Promise<PhotoAnalysis> {
  const quality = analyser.assess(picture, face, { smallestFacePx: SMALLEST_ENROLLED_PX });
  if (quality.reasons.length > 0) {
    const advice = quality.reasons.map((reason) => REMEDIES[reason]).join('; ');
    return {
      outcome: 'poor-quality',
      reasons: quality.reasons,
      message: `the face is not shown well enough: ${quality.reasons.join(', ')}`,
      remedy: `Take another photograph: ${advice}.`,
    };
  }
  return accepted(picture, face, quality, analyser);
}

async function accepted(
  picture: Rgb24Picture,
  face: FaceLandmarks,
  quality: FaceQuality,
  analyser: FaceAnalyser,
): Promise<PhotoAnalysis> {
  return {
    outcome: 'ok',
    embedding: await analyser.embed(picture, face),
    quality,
    box: face.box,
    jpeg: await encodeCrop(picture, keptPart(face.box, picture)),
  };
}

/** The part of the photograph that is kept, in whole pixels inside it. */
function keptPart(face: Box, picture: Rgb24Picture): Box {
  const part = clipBox(squareAround(face, KEPT_FACTOR), picture.widthPx, picture.heightPx);
  const x = Math.floor(part.x);
  const y = Math.floor(part.y);
  return {
    x,
    y,
    width: Math.max(1, Math.floor(part.x + part.width) - x),
    height: Math.max(1, Math.floor(part.y + part.height) - y),
  };
}
