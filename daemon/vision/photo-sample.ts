import { readFile } from 'node:fs/promises';
import type { Embedding } from '../domain/identification/match.js';
import type { FaceAnalyser } from './face-analyser.js';
import { SMALLEST_ENROLLED_PX } from './photo.js';
import { decodePhoto } from './photo-decoding.js';
import { facesInPhoto, mostCentralFace } from './photo-faces.js';

/** What a recogniser made of a photograph of a labelled collection. */
export interface PhotoSample {
  /** Undefined where there is no face. */
  readonly embedding: Embedding | undefined;
  /** Why enrolment would refuse the photograph; undefined where it would not. */
  readonly refusal: string | undefined;
}

/**
 * Makes an embedding as enrolment would, except that several faces are no reason to refuse: photographs of a
 * collection show the labelled person in the middle, often with others behind.
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
