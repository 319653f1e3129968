import { defect } from '../base/errors.js';
import type { FaceLandmarks } from '../domain/faces/face.js';
import { type Box, clipBox, squareAround } from '../domain/faces/geometry.js';
import {
  describeFace,
  dominantFace,
  type NumberedFace,
  numberFaces,
} from '../domain/faces/photographed-faces.js';
import type { Rgb24Picture } from '../domain/faces/picture.js';
import type { FaceQuality, QualityReason } from '../domain/faces/quality.js';
import type { Embedding } from '../domain/identification/match.js';
import type { FaceAnalyser } from './face-analyser.js';
import { decodePhoto, encodeCrop } from './photo-decoding.js';
import { facesInPhoto, mostCentralFace } from './photo-faces.js';
import type { UnusablePicture } from './picture-kinds.js';

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
      /** The face that was taken. */
      readonly face: NumberedFace;
      /** Faces in the photograph, this one included. */
      readonly faceCount: number;
      /** The face and its surroundings, without metadata; under 200 kB. */
      readonly jpeg: Uint8Array;
    }
  | (Refusal & { readonly outcome: 'not-a-picture' | 'no-face' })
  | (Refusal & {
      readonly outcome: 'several-faces' | 'no-such-face';
      /** From left to right. */
      readonly faces: readonly NumberedFace[];
    })
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

/**
 * Decodes a photograph and makes a template of the face that it is of, or says why it cannot be used. `faceNumber` picks
 * another face, counted from 1 from left to right.
 */
export async function analysePhoto(
  bytes: Uint8Array,
  analyser: FaceAnalyser,
  faceNumber?: number,
): Promise<PhotoAnalysis> {
  const found = await findFaces(bytes, analyser);
  if (!('picture' in found)) return found;
  const { picture, faces, numbered } = found;
  const face = faceNumber === undefined ? dominantFace(faces, picture) : faces[faceNumber - 1];
  if (face === undefined) return notPicked(numbered, faceNumber);
  const quality = analyser.assess(picture, face, { smallestFacePx: SMALLEST_ENROLLED_PX });
  return quality.reasons.length > 0 ? poorQuality(quality.reasons) : accepted(found, face, quality, analyser);
}

/**
 * Makes a template of the photograph that enrolment kept. It was judged when it was taken: now the face in its middle is
 * embedded whatever it is worth, for nobody can be asked for a better one.
 */
export async function analyseKeptPhoto(bytes: Uint8Array, analyser: FaceAnalyser): Promise<PhotoAnalysis> {
  const found = await findFaces(bytes, analyser);
  if (!('picture' in found)) return found;
  const { picture, faces } = found;
  const face = mostCentralFace(faces, picture);
  if (!face) return noFace;
  const quality = analyser.assess(picture, face, { smallestFacePx: SMALLEST_ENROLLED_PX });
  return accepted(found, face, quality, analyser);
}

/** A photograph with at least one face; faces from left to right, `numbered` in the same order. */
interface FoundFaces {
  readonly picture: Rgb24Picture;
  readonly faces: readonly FaceLandmarks[];
  readonly numbered: readonly NumberedFace[];
}

async function findFaces(bytes: Uint8Array, analyser: FaceAnalyser): Promise<FoundFaces | PhotoAnalysis> {
  const decoded = await decodePhoto(bytes);
  if (decoded.outcome !== 'ok') return unreadable(decoded);
  const { picture, shrunkBy } = decoded;
  const faces = await facesInPhoto(picture, analyser);
  if (faces.length === 0) return noFace;
  return { picture, faces, numbered: numberFaces(faces, picture, shrunkBy) };
}

/** Faces that one message names at most; all of them are in the answer. */
const MOST_DESCRIBED = 20;

function notPicked(faces: readonly NumberedFace[], faceNumber: number | undefined): PhotoAnalysis {
  const shown = faces.slice(0, MOST_DESCRIBED).map(describeFace).join('; ');
  const more = faces.length > MOST_DESCRIBED ? `; and ${faces.length - MOST_DESCRIBED} more` : '';
  const list = `from left to right ${shown}${more}`;
  if (faceNumber === undefined) {
    return {
      outcome: 'several-faces',
      faces,
      message: `there are ${faces.length} faces in the photograph, and none is clearly the one that is meant: ${list}`,
      remedy:
        "Send a photograph of one person alone, or cut this one to that person, or pick the face by its number: 'rollcall person add --face NUMBER' with this photograph alone.",
    };
  }
  return {
    outcome: 'no-such-face',
    faces,
    message: `there is no face ${faceNumber} in the photograph: ${list}`,
    remedy: 'Pick one of the faces that are named.',
  };
}

function unreadable({ reason, remedy }: UnusablePicture): PhotoAnalysis {
  return { outcome: 'not-a-picture', message: `the photograph cannot be read: ${reason}`, remedy };
}

const noFace: PhotoAnalysis = {
  outcome: 'no-face',
  message: 'there is no face in the photograph',
  remedy: 'Send a photograph that shows one face from the front, upright, in good light.',
};

function poorQuality(reasons: readonly QualityReason[]): PhotoAnalysis {
  const advice = reasons.map((reason) => REMEDIES[reason]).join('; ');
  return {
    outcome: 'poor-quality',
    reasons,
    message: `the face is not shown well enough: ${reasons.join(', ')}`,
    remedy: `Take another photograph: ${advice}.`,
  };
}

async function accepted(
  { picture, faces, numbered }: FoundFaces,
  face: FaceLandmarks,
  quality: FaceQuality,
  analyser: FaceAnalyser,
): Promise<PhotoAnalysis> {
  const taken = numbered[faces.indexOf(face)];
  if (taken === undefined)
    throw defect('face-not-numbered', 'a face was taken that is not in the photograph');
  return {
    outcome: 'ok',
    embedding: await analyser.embed(picture, face),
    quality,
    face: taken,
    faceCount: faces.length,
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
