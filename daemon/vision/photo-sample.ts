import { readFile } from 'node:fs/promises';
import type { Embedding } from '../domain/identification/match.js';
import type { FaceAnalyser, SmallestFace } from './face-analyser.js';
import { SMALLEST_ENROLLED_PX } from './photo.js';
import { decodePhoto } from './photo-decoding.js';
import { facesInPhoto, mostCentralFace } from './photo-faces.js';

/** The embedding of a photograph of a labelled collection. */
interface PhotoSample {
  /** Undefined without a face. */
  readonly embedding: Embedding | undefined;
  /** Why enrolment would refuse the photograph; undefined where enrolment accepts it. */
  readonly refusal: string | undefined;
}

/**
 * Makes an embedding like an enrolment, but accepts several faces: photographs of a collection show the labelled person in
 * the middle, often with other people behind.
 */
export async function samplePhoto(path: string, analyser: FaceAnalyser): Promise<PhotoSample> {
  const decoded = await decodePhoto(await readFile(path));
  if (decoded.outcome !== 'ok') {
    return { embedding: undefined, refusal: `not a picture (${decoded.reason})` };
  }
  const { picture } = decoded;
  const face = mostCentralFace(await facesInPhoto(picture, analyser), picture);
  if (!face) return { embedding: undefined, refusal: 'no face' };
  const { reasons } = analyser.assess(picture, face, { smallestFacePx: SMALLEST_ENROLLED_PX });
  const refusal = reasons.length > 0 ? `poor quality (${reasons.join(', ')})` : undefined;
  return { embedding: await analyser.embed(picture, face), refusal };
}

/** The view of a photograph as a camera would take it, or why a camera would not use it. */
export async function samplePhotoView(
  path: string,
  analyser: FaceAnalyser,
  smallest: SmallestFace,
): Promise<{ readonly embedding: Embedding; readonly quality: number } | string> {
  const decoded = await decodePhoto(await readFile(path));
  if (decoded.outcome !== 'ok') return `not a picture (${decoded.reason})`;
  const { picture } = decoded;
  const face = mostCentralFace(await facesInPhoto(picture, analyser), picture);
  if (!face) return 'no face';
  const { score, reasons } = analyser.assess(picture, face, smallest);
  if (reasons.length > 0) return `poor quality (${reasons.join(', ')})`;
  return { embedding: await analyser.embed(picture, face), quality: score };
}
