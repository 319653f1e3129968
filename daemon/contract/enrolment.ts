import { z } from 'zod';
import { facePlaces } from '../kernel/faces/photographed-faces.js';
import { consentBases } from '../kernel/persons/consent.js';
import { fieldId, longestFieldValue } from '../kernel/persons/custom-fields.js';
import { watchMarks } from '../kernel/persons/person-standing.js';
import { personDetail, personId, similarity } from './person.js';
import { says } from './said.js';
import { largestPhotographMiB } from './vision/vision-orders.js';

/** The most photographs in one enrolment. More views do not improve recognition. */
export const maximumPhotographs = 20;
/** Most photographs of one person that were taken from passages. */
export const mostPassageReferences = 5;
/** Largest photograph, bytes. */
export const maximumPhotographBytes = largestPhotographMiB * 1024 * 1024;
/** Largest size of all photographs of one enrolment, bytes. */
export const maximumEnrolmentBytes = 64 * 1024 * 1024;

const pixels = z.number().describe('Pixels of the upright picture.');
export const faceBox = z.object({ x: pixels, y: pixels, width: pixels, height: pixels });

/** One face of a photograph. */
export const numberedFace = z.object({
  number: z.int().positive().describe('Counted from left to right, from 1.'),
  place: z.enum(facePlaces).describe('In which third of the picture the face is.'),
  box: faceBox,
});
export type NumberedFace = z.infer<typeof numberedFace>;

export const takenFace = z.object({
  face: numberedFace,
  faceCount: z.int().describe('Faces in the photo, this one included.'),
});
export type TakenFace = z.infer<typeof takenFace>;

/** Faults with which a photograph is used all the same. */
export const photoWarnings = ['too-small', 'cut-off'] as const;

export const photographWarning = z.object({
  code: z.enum(photoWarnings),
  message: z.string(),
  remedy: z.string(),
  says: says('message', 'remedy'),
});
export type PhotographWarning = z.infer<typeof photographWarning>;

export const photographResult = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('enrolled'),
    qualityScore: z.number().describe('0 to 1.'),
    warnings: z
      .array(photographWarning)
      .readonly()
      .exactOptional()
      .describe('Faults with which the photo is used all the same. Absent if there are none.'),
    taken: takenFace.exactOptional().describe('The face that was used; absent for a photo with one face.'),
  }),
  z.object({
    outcome: z.literal('refused'),
    code: z.string(),
    message: z.string(),
    remedy: z.string(),
    says: says('message', 'remedy'),
    faces: z.array(numberedFace).readonly().optional().describe('The faces to pick from with `faceNumber`.'),
  }),
]);
export type PhotographResult = z.infer<typeof photographResult>;

export const photographResults = z.array(photographResult).readonly().describe('In the order of the photos.');

export const resemblance = z.object({
  personId,
  name: z.string().exactOptional().describe('Absent for callers without `names:read`.'),
  similarity,
});
export type Resemblance = z.infer<typeof resemblance>;

/** A warning, not a refusal. */
export const enrolmentWarning = {
  resembles: z
    .array(resemblance)
    .readonly()
    .exactOptional()
    .describe('Persons whom the new person resembles, most similar first. Absent if there are none.'),
};
export type EnrolmentWarning = { readonly resembles?: readonly Resemblance[] };

export const photographsRefused = z
  .object({ outcome: z.literal('refused'), photographs: photographResults })
  .describe('A photo is unusable, or shows a different person from the others. Nothing was stored.');
export const resemblesOther = z
  .object({ outcome: z.literal('similar'), ...resemblance.shape })
  .describe('The face resembles another person who is enrolled. Nothing was stored.');
export const externalIdTaken = z
  .object({ outcome: z.literal('external-id-taken'), personId })
  .describe('Another person has this external id. Nothing was changed.');

/** Why a person is not enrolled. */
export const enrolmentRefusal = z.discriminatedUnion('outcome', [
  photographsRefused,
  resemblesOther,
  externalIdTaken,
]);
export type EnrolmentRefusal = z.infer<typeof enrolmentRefusal>;

export const enrolmentResult = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('enrolled'),
    person: personDetail,
    photographs: photographResults,
    ...enrolmentWarning,
  }),
  z
    .object({ outcome: z.literal('enrollable'), photographs: photographResults, ...enrolmentWarning })
    .describe('The result of a dry run.'),
  ...[photographsRefused, resemblesOther, externalIdTaken],
]);
export type EnrolmentResult = z.infer<typeof enrolmentResult>;

/** The result of one row of an import. */
export const stagedRow = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('accepted'), photographs: photographResults, ...enrolmentWarning }),
  ...[photographsRefused, resemblesOther, externalIdTaken],
]);
export type StagedRow = z.infer<typeof stagedRow>;

/** Texts may be twice as long in UTF-16 as in characters; the profile's own rules count characters. */
export const name = z.string().max(400).describe('At most 200 characters.');
export const externalId = z
  .string()
  .max(200)
  .describe('At most 100 characters. No two persons have the same.');
export const notes = z.string().max(8000).describe('At most 2000 characters, in several lines if needed.');
export const givenConsent = z.strictObject({
  basis: z
    .string()
    .max(64)
    .describe(`One of ${consentBases.join(', ')}.`),
  dateIso: z.string().max(32).describe('Day of the consent, `YYYY-MM-DD`; not in the future.'),
  reference: z.string().max(400).describe('At most 200 characters.'),
});

export const groups = z
  .array(z.string().max(64))
  .max(20)
  .readonly()
  .describe('Names of lower-case letters, digits, `-` and `_`, such as `visitors`.');
export const validDay = z.string().max(32).describe('A day at the site, `YYYY-MM-DD`; it is valid itself.');
export const givenWatch = z.strictObject({
  mark: z
    .string()
    .max(16)
    .describe(`One of ${watchMarks.join(', ')}.`),
  reason: z.string().max(1000).describe('At most 500 characters.'),
});

export const fieldIdText = z.string().regex(fieldId);
export const fieldValue = z.string().max(2 * longestFieldValue);
/** Values of custom fields. */
const fields = z
  .record(fieldIdText, fieldValue)
  .describe(
    'Values of the fields that the setting `persons.fields` defines, by ID: at most 200 characters in one line.',
  );

export const faceNumber = z
  .int()
  .min(1)
  .max(999)
  .optional()
  .describe('Picks one of several faces in a single photo, counted from left to right, from 1.');
export const isDuplicateAllowed = z
  .boolean()
  .default(false)
  .describe('Enrols the face even if it resembles another person who is enrolled.');

export const givenPerson = {
  name,
  externalId: externalId.optional(),
  notes: notes.optional(),
  fields: fields.optional(),
  consent: givenConsent.optional(),
  groups: groups.optional(),
  validFrom: validDay.optional(),
  validUntil: validDay.optional(),
  watch: givenWatch.optional(),
  faceNumber,
  isDuplicateAllowed,
};

/** Use it with `filesBytes: maximumEnrolmentBytes`. */
export const enrolmentFiles = {
  photographs: {
    minimum: 1,
    maximum: maximumPhotographs,
    maximumBytes: maximumPhotographBytes,
    description: 'Photos of this person: JPEG, PNG, WebP, TIFF, GIF, AVIF or HEIC. 2000 pixels are enough.',
  },
} as const;

/** An enrolment as the gallery takes it. */
export const enrolmentInput = z.strictObject({
  ...givenPerson,
  isDryRun: z.boolean().default(false).describe('Checks everything but stores nothing.'),
  idempotencyKey: z
    .string()
    .min(8)
    .max(128)
    .optional()
    .describe(
      'A random text of your choice. The same key with the same content within 24 hours gives the same answer and does not enrol the person again, also after a restart of the box. A dry run ignores it.',
    ),
});
export type EnrolmentRequest = z.output<typeof enrolmentInput> & {
  /** 1 to `maximumPhotographs` picture files. */
  readonly photographs: readonly Buffer[];
};
/** The part of an enrolment that an import stages. */
export type GivenEnrolment = Omit<EnrolmentRequest, 'isDryRun' | 'idempotencyKey'>;

/** What every operation on the gallery may give. */
export const galleryErrors = ['gallery-sealed', 'field-damaged'] as const;
/** What a photograph may give besides its own refusal. */
export const visionErrors = ['vision-unavailable'] as const;
export const enrolmentErrors = [
  ...galleryErrors,
  ...visionErrors,
  'profile-refused',
  'face-of-several-photographs',
  'enrolment-refused',
] as const;
