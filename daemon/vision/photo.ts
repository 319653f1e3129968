import { defect } from '../kernel/errors.js';
import type { FaceLandmarks } from '../kernel/faces/face.js';
import { type Box, clipBox, outsideShare, squareAround } from '../kernel/faces/geometry.js';
import {
  judgePhoto,
  type PhotoQuality,
  SMALL_FACE_PX,
  SMALLEST_ENROLLED_PX,
} from '../kernel/faces/photo-quality.js';
import {
  describeFace,
  dominantFace,
  type NumberedFace,
  numberFaces,
} from '../kernel/faces/photographed-faces.js';
import type { Rgb24Picture } from '../kernel/faces/picture.js';
import type { QualityReason } from '../kernel/faces/quality.js';
import type { Embedding } from '../kernel/identification/match.js';
import { type Said, type SaidValues, said } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';
import type { FaceAnalyser } from './face-analyser.js';
import { decodePhoto, encodeCrop } from './photo-decoding.js';
import { facesInPhoto, mostCentralFace } from './photo-faces.js';
import type { UnusablePicture } from './picture-kinds.js';

/** Enrolment keeps a square of this many times the face. */
const KEPT_FACTOR = 2;

/** The result for one photograph. All outcomes but `ok` say what is wrong and what to change. */
export type PhotoAnalysis =
  | {
      readonly outcome: 'ok';
      readonly embedding: Embedding;
      readonly quality: PhotoQuality;
      /** The face that was taken. */
      readonly face: NumberedFace;
      /** Faces in the photograph, this one included. */
      readonly faceCount: number;
      /** The face and its surroundings as a JPEG without metadata; under 200 kB. */
      readonly jpeg: Uint8Array;
    }
  | (Refusal & { readonly outcome: 'not-a-picture' | 'no-face' })
  | (Refusal & {
      readonly outcome: 'several-faces' | 'no-such-face';
      /** From left to right. */
      readonly faces: readonly NumberedFace[];
    })
  | (Refusal & { readonly outcome: 'poor-quality'; readonly reasons: readonly QualityReason[] });

/** What a refusal says, in English and as messages. */
export interface Refusal {
  readonly message: string;
  readonly remedy: string;
  readonly says: { readonly message: Said; readonly remedy: Said };
}

/**
 * Decodes a photograph and embeds its dominant face, or explains why the photograph cannot be used. `faceNumber` picks
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
  const quality = assessPhoto(picture, face, analyser);
  return quality.reasons.length > 0 ? poorQuality(quality.reasons) : accepted(found, face, quality, analyser);
}

/**
 * Embeds a photograph that enrolment kept. Enrolment checked its quality, so the face in its middle is embedded whatever its
 * quality: a better photograph is not available now.
 */
export async function analyseKeptPhoto(bytes: Uint8Array, analyser: FaceAnalyser): Promise<PhotoAnalysis> {
  const found = await findFaces(bytes, analyser);
  if (!('picture' in found)) return found;
  const { picture, faces } = found;
  const face = mostCentralFace(faces, picture);
  if (!face) return noFace;
  const quality = assessPhoto(picture, face, analyser);
  return accepted(found, face, quality, analyser);
}

/** A face of a picture that is compared and not kept. */
interface AnalysedFace {
  readonly face: NumberedFace;
  readonly quality: PhotoQuality;
  /** Present if it was asked for. */
  readonly embedding?: Embedding;
}

/** The faces of a picture, or why it cannot be used. */
export type FacesAnalysis =
  | { readonly outcome: 'ok'; readonly faceCount: number; readonly faces: readonly AnalysedFace[] }
  | Exclude<PhotoAnalysis, { readonly outcome: 'ok' }>;

/** Describes the `most` largest faces of a picture, from left to right, whatever their quality. Keeps nothing. */
export async function analyseFaces(
  bytes: Uint8Array,
  analyser: FaceAnalyser,
  { isEmbedded, most }: { readonly isEmbedded: boolean; readonly most: number },
): Promise<FacesAnalysis> {
  const found = await findFaces(bytes, analyser);
  if (!('picture' in found)) {
    if (found.outcome === 'no-face') return { outcome: 'ok', faceCount: 0, faces: [] };
    if (found.outcome === 'ok') throw defect('face-unasked', 'a search for faces gave an enrolment');
    return found;
  }
  const { picture, faces, numbered } = found;
  const largest = new Set([...faces].sort((a, b) => b.box.width - a.box.width).slice(0, most));
  const analysed: AnalysedFace[] = [];
  for (const [index, landmarks] of faces.entries()) {
    const face = numbered[index];
    if (face === undefined || !largest.has(landmarks)) continue;
    const quality = assessPhoto(picture, landmarks, analyser);
    const embedding = isEmbedded ? await analyser.embed(picture, landmarks) : undefined;
    analysed.push({ face, quality, ...(embedding && { embedding }) });
  }
  return { outcome: 'ok', faceCount: faces.length, faces: analysed };
}

/** Judges a face of a photograph for an enrolment. */
export function assessPhoto(
  picture: Rgb24Picture,
  face: FaceLandmarks,
  analyser: FaceAnalyser,
): PhotoQuality {
  const view = analyser.assess(picture, face, { smallestFacePx: SMALL_FACE_PX });
  const outside = outsideShare(face.box, picture.widthPx, picture.heightPx);
  return judgePhoto(view, { widthPx: view.widthPx, outsideShare: outside });
}

/** A photograph with at least one face. `faces` are ordered from left to right, and `numbered` the same. */
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

/** Most faces in a message; the answer contains all of them. */
const MOST_DESCRIBED = 20;

function notPicked(faces: readonly NumberedFace[], faceNumber: number | undefined): PhotoAnalysis {
  const shown = faces.slice(0, MOST_DESCRIBED).map(describeFace).join('; ');
  const list = faces.length > MOST_DESCRIBED ? `${shown}; + ${faces.length - MOST_DESCRIBED}` : shown;
  return faceNumber === undefined
    ? { outcome: 'several-faces', faces, ...refusalOf('several-faces', { count: faces.length, faces: list }) }
    : { outcome: 'no-such-face', faces, ...refusalOf('no-such-face', { number: faceNumber, faces: list }) };
}

const refusalOf = (key: 'no-face' | 'several-faces' | 'no-such-face', values?: SaidValues): Refusal =>
  inEnglish({ message: said(`photos/${key}`, values), remedy: said(`photos/remedy-${key}`, values) });

function unreadable({ says: { reason, remedy } }: UnusablePicture): PhotoAnalysis {
  return {
    outcome: 'not-a-picture',
    ...inEnglish({ message: said('photos/unreadable', { reason }), remedy }),
  };
}

const noFace: PhotoAnalysis = { outcome: 'no-face', ...refusalOf('no-face') };

/** Names the first three faults, which are enough to take a better photograph. */
function poorQuality(reasons: readonly QualityReason[]): PhotoAnalysis {
  const inTurn = (texts: readonly Said[]): SaidValues => {
    const [first = '', second = '', third = ''] = texts;
    return { count: texts.length, first, second, third };
  };
  const faults = inTurn(reasons.map((reason) => said(`photos/fault-${reason}`)));
  const advice = inTurn(
    reasons.map((reason) => said(`photos/advice-${reason}`, { least: SMALLEST_ENROLLED_PX })),
  );
  return {
    outcome: 'poor-quality',
    reasons,
    ...inEnglish({
      message: said('photos/poor-quality', faults),
      remedy: said('photos/remedy-poor-quality', advice),
    }),
  };
}

async function accepted(
  { picture, faces, numbered }: FoundFaces,
  face: FaceLandmarks,
  quality: PhotoQuality,
  analyser: FaceAnalyser,
): Promise<PhotoAnalysis> {
  const taken = numbered[faces.indexOf(face)];
  if (taken === undefined)
    throw defect('face-not-numbered', 'the chosen face is not among the faces of the photo');
  return {
    outcome: 'ok',
    embedding: await analyser.embed(picture, face),
    quality,
    face: taken,
    faceCount: faces.length,
    jpeg: await encodeCrop(picture, keptPart(face.box, picture)),
  };
}

/** The part of the photograph to keep, in whole pixels inside it. */
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
