import { readFile } from 'node:fs/promises';
import type { FaceLandmarks } from '../domain/face.js';
import { boxCentre } from '../domain/geometry.js';
import type { Embedding } from '../domain/match.js';
import type { Rgb24Picture } from '../domain/picture.js';
import type { FaceAnalyser } from './face-analyser.js';
import { SMALLEST_ENROLLED_PX } from './photo.js';
import { decodePhoto } from './photo-decoding.js';
import { facesInPhoto } from './photo-faces.js';

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
  const face = mostCentral(await facesInPhoto(picture, analyser), picture);
  if (!face) return { embedding: undefined, refusal: 'no face' };
  const { reasons } = analyser.assess(picture, face, { smallestFacePx: SMALLEST_ENROLLED_PX });
  const refusal = reasons.length > 0 ? `poor quality (${reasons.join(', ')})` : undefined;
  return { embedding: await analyser.embed(picture, face), refusal };
}

function mostCentral(faces: readonly FaceLandmarks[], picture: Rgb24Picture): FaceLandmarks | undefined {
  const fromMiddle = ({ box }: FaceLandmarks): number => {
    const centre = boxCentre(box);
    return Math.hypot(centre.x - picture.widthPx / 2, centre.y - picture.heightPx / 2);
  };
  return [...faces].sort((a, b) => fromMiddle(a) - fromMiddle(b))[0];
}
