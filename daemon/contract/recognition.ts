import { z } from 'zod';
import { qualityReasons } from '../kernel/faces/quality.js';
import {
  galleryErrors,
  maximumPhotographBytes,
  numberedFace,
  photoWarnings,
  visionErrors,
} from './enrolment.js';
import { clipRequest, clipVerdict, refusedClips } from './liveness.js';
import { operation } from './operation.js';
import { personId, similarity } from './person.js';
import { mostAnalysedFaces } from './vision/vision-answers.js';

/** A face found in a picture. */
export const foundFace = numberedFace.extend({
  qualityScore: z.number().describe('0 to 1.'),
  qualityReasons: z
    .array(z.enum(qualityReasons))
    .readonly()
    .describe('Why an enrolment would refuse the face; empty if it would not.'),
  qualityWarnings: z
    .array(z.enum(photoWarnings))
    .readonly()
    .exactOptional()
    .describe('Faults that an enrolment would accept with a warning. Absent if there are none.'),
});
export type DetectedFace = z.infer<typeof foundFace>;

const faceCount = z
  .int()
  .describe(`Faces in the picture. The answer describes at most ${mostAnalysedFaces}.`);

/** An enrolled person whom a face resembles. */
export const faceCandidate = z.object({
  personId,
  name: z.string().exactOptional().describe('Absent if the caller may not read names.'),
  similarity,
  threshold: z.number().describe('The similarity from which a face counts as this person.'),
});
export type FaceCandidate = z.infer<typeof faceCandidate>;

const identified = {
  outcome: z
    .enum(['match', 'no-match', 'ambiguous', 'inconclusive'])
    .describe('`ambiguous`: the face resembles two persons too much to tell them apart.'),
  candidates: z
    .array(faceCandidate)
    .readonly()
    .describe('The most similar persons, best first, down to the threshold less the margin.'),
};

export const recognisedFace = foundFace.extend(identified);
export type RecognisedFace = z.infer<typeof recognisedFace>;

/** Who a clip shows, and whether this is a living person. Among several faces, it is about the one that was visible longest. */
export const recognisedClip = clipVerdict.extend(identified);

export const refusedPicture = z
  .object({ outcome: z.literal('refused'), code: z.string(), message: z.string(), remedy: z.string() })
  .describe('The picture has no main face of sufficient quality.');

export const verification = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('match'), similarity, threshold: z.number() }),
  z
    .object({ outcome: z.literal('no-match'), threshold: z.number() })
    .describe('Without the similarity, which would help to change a picture step by step until it matches.'),
  refusedPicture,
  z.object({ outcome: z.literal('no-template') }).describe('The person has no usable template.'),
]);
export type Verification = z.infer<typeof verification>;

const likeness = {
  similarity,
  threshold: z.number().describe('The similarity from which a face counts as this one.'),
  isToldApart: z
    .boolean()
    .describe(
      'False if the box may confuse the two: the similarity reaches the threshold, or calibration found that the recogniser cannot tell them apart.',
    ),
};

/** Who resembles a face, most similar first, however little. */
const similarFaces = {
  persons: z
    .array(
      z.object({
        personId,
        name: z.string().exactOptional().describe('Absent if the caller may not read names.'),
        ...likeness,
      }),
    )
    .readonly(),
  strangers: z
    .array(
      z.object({
        strangerId: z.string().describe('The opaque ID of the unknown person: `s-…`.'),
        ...likeness,
      }),
    )
    .readonly()
    .describe('Unknown people whom the box remembers.'),
};
export const similarToPerson = z.object(similarFaces);
export type SimilarFaces = z.infer<typeof similarToPerson>;

export const similarToPicture = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('compared'), ...similarFaces }),
  refusedPicture,
]);
export type SimilarToPicture = z.infer<typeof similarToPicture>;

const mostSimilar = z
  .int()
  .min(1)
  .max(20)
  .default(5)
  .describe('Most persons in the answer, and most unknown people.');

/** Why a picture cannot be used. */
export const refusedPictures = ['not-a-picture'] as const;

const picture = {
  picture: {
    minimum: 1,
    maximum: 1,
    maximumBytes: maximumPhotographBytes,
    description: 'JPEG, PNG, WebP, TIFF, GIF, AVIF or HEIC. 2000 pixels are enough.',
  },
} as const;

const unproved =
  'An image does not prove that a living person was there: a photo of a photo is also recognised. The box stores nothing.';

export const recognitionOperations = {
  'recognition.detect': operation({
    method: 'POST',
    path: '/detect',
    summary: 'Find the faces in a picture.',
    description: 'Nothing is compared with the gallery, and the box stores nothing.',
    files: picture,
    answer: { kind: 'json', schema: z.object({ faceCount, faces: z.array(foundFace).readonly() }) },
    errors: [...visionErrors, ...refusedPictures],
    scope: 'recognition:use',
    rate: 'detection',
  }),
  'recognition.recognise': operation({
    method: 'POST',
    path: '/recognise',
    summary: 'Compare the faces in a picture with all enrolled persons.',
    description: unproved,
    files: picture,
    answer: { kind: 'json', schema: z.object({ faceCount, faces: z.array(recognisedFace).readonly() }) },
    errors: [...galleryErrors, ...visionErrors, ...refusedPictures],
    scope: 'recognition:use',
    audit: 'personal',
    rate: 'recognition',
  }),
  'recognition.recognise-clip': operation({
    method: 'POST',
    path: '/recognise/clip',
    summary: 'Tell whom a clip shows, and whether this is a living person.',
    description:
      'Judges one clip, or at least three photos in the order in which they were taken, as the box judges a person at a camera: several views count for the identity, and blinks or the actions of a challenge for life. Only `live` with `match` is what a camera would record. Analyses the first 30 seconds and stores nothing.',
    ...clipRequest,
    answer: { kind: 'json', schema: recognisedClip },
    errors: [...galleryErrors, ...visionErrors, ...refusedClips],
    scope: 'recognition:use',
    audit: 'personal',
    rate: 'recognition',
  }),
  'recognition.verify': operation({
    method: 'POST',
    path: '/verify',
    summary: 'Compare the main face in a picture with one enrolled person.',
    description: unproved,
    input: z.strictObject({ personId }),
    files: picture,
    answer: { kind: 'json', schema: verification },
    errors: [...galleryErrors, ...visionErrors, 'no-such-person'],
    scope: 'recognition:use',
    audit: 'personal',
    rate: 'recognition',
  }),
  'recognition.similar-persons': operation({
    method: 'GET',
    path: '/persons/{id}/similar',
    summary: 'List the persons and unknown people who resemble an enrolled person most.',
    description:
      'Compares every template of the person and returns the highest similarity. Shows whom the box may confuse with this person. Unknown people need the scope `strangers:read`.',
    input: z.strictObject({ id: personId, limit: mostSimilar }),
    answer: { kind: 'json', schema: similarToPerson },
    errors: [...galleryErrors, 'no-such-person'],
    scope: 'persons:read',
    audit: 'personal',
    rate: 'recognition',
  }),
  'recognition.similar': operation({
    method: 'POST',
    path: '/similar',
    summary: 'List the persons and unknown people who resemble the main face in a picture most.',
    description: `Also needs the scope \`recognition:use\`. In contrast to \`recognition.recognise\`, the answer has similarities below the threshold. They would help to change a picture step by step until it matches; a caller with \`persons:read\` can read the photos themselves. Unknown people need the scope \`strangers:read\`. ${unproved}`,
    input: z.strictObject({ limit: mostSimilar }),
    files: picture,
    answer: { kind: 'json', schema: similarToPicture },
    errors: [...galleryErrors, ...visionErrors],
    scope: 'persons:read',
    audit: 'personal',
    rate: 'recognition',
  }),
} as const;
