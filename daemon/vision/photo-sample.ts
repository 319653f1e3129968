import { readFile } from 'node:fs/promises';
import type { FaceLandmarks } from '../kernel/faces/face.js';
import type { PhotoWarning } from '../kernel/faces/photo-quality.js';
import type { Rgb24Picture } from '../kernel/faces/picture.js';
import type { Embedding } from '../kernel/identification/match.js';
import type { FaceAnalyser, SmallestFace } from './face-analyser.js';
import { assessPhoto } from './photo.js';
import { decodePhoto } from './photo-decoding.js';
import { facesInPhoto, mostCentralFace } from './photo-faces.js';

/** The embedding of a photograph of a labelled collection. */
interface PhotoSample {
  /** Undefined without a face. */
  readonly embedding: Embedding | undefined;
  /** Why enrolment would refuse the photograph; undefined where enrolment accepts it. */
  readonly refusal: string | undefined;
  /** With which faults enrolment accepts it. */
  readonly warnings: readonly PhotoWarning[];
}

/**
 * Makes an embedding like an enrolment, but accepts several faces: photographs of a collection show the labelled person in
 * the middle, often with other people behind.
 */
export async function samplePhoto(path: string, analyser: FaceAnalyser): Promise<PhotoSample> {
  return sampleImage(await readFile(path), analyser);
}

/** The same for the bytes of a picture file. */
export async function sampleImage(bytes: Uint8Array, analyser: FaceAnalyser): Promise<PhotoSample> {
  const { found, refusal, warnings } = await findSampleFace(bytes, analyser);
  const embedding = found && (await analyser.embed(found.picture, found.face));
  return { embedding, refusal, warnings };
}

/** The face that a photograph of a collection is about; `found` is undefined without a face. */
export async function findSampleFace(
  bytes: Uint8Array,
  analyser: FaceAnalyser,
): Promise<
  Pick<PhotoSample, 'refusal' | 'warnings'> & {
    readonly found: { readonly picture: Rgb24Picture; readonly face: FaceLandmarks } | undefined;
  }
> {
  const decoded = await decodePhoto(bytes);
  const none = { found: undefined, warnings: [] };
  if (decoded.outcome !== 'ok') return { ...none, refusal: `not a picture (${decoded.reason})` };
  const { picture } = decoded;
  const face = mostCentralFace(await facesInPhoto(picture, analyser), picture);
  if (!face) return { ...none, refusal: 'no face' };
  const { reasons, warnings } = assessPhoto(picture, face, analyser);
  const refusal = reasons.length > 0 ? `poor quality (${reasons.join(', ')})` : undefined;
  return { found: { picture, face }, refusal, warnings };
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
