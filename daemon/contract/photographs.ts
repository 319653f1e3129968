import { z } from 'zod';
import {
  enrolmentErrors,
  enrolmentFiles,
  enrolmentWarning,
  faceNumber,
  galleryErrors,
  isDuplicateAllowed,
  maximumEnrolmentBytes,
  maximumPhotographs,
  photographResults,
  photographsRefused,
  resemblesOther,
} from './enrolment.js';
import { ifRevision, operation } from './operation.js';
import { personDetail, personId } from './person.js';

const photographId = z
  .string()
  .min(1)
  .max(64)
  .describe('Id of the photo; where retention has deleted the picture, of the template that stays.');

/** What a person is recognised by. */
export const keptPhotograph = z.object({
  id: photographId,
  hasPicture: z
    .boolean()
    .describe('False where retention has deleted the picture: its template is still compared with.'),
  storedAt: z.iso.datetime().exactOptional().describe('Absent without a picture.'),
  qualityScore: z
    .number()
    .exactOptional()
    .describe('0 to 1. Absent where the recogniser in use has no template of the photo.'),
  agreement: z
    .object({
      similarity: z
        .number()
        .describe(
          '-1 to 1: to the photo that agrees with most others; of that one itself, to the nearest other.',
        ),
      isAgreeing: z.boolean().describe('False: it may show a different person from the others.'),
    })
    .exactOptional()
    .describe(
      'How well it agrees with the others of the person. Absent where there is nothing to compare with.',
    ),
  fromPassage: z
    .object({
      passage: z
        .string()
        .exactOptional()
        .describe('The id of the passage, which retention may have deleted.'),
      camera: z.string().exactOptional(),
      seenAt: z.iso.datetime().exactOptional(),
    })
    .exactOptional()
    .describe(
      'Present if it was taken from a passage (`passages.add-reference`); empty for callers who may not read that passage.',
    ),
});
export type KeptPhotograph = z.infer<typeof keptPhotograph>;

export const photographChange = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('changed'),
    person: personDetail,
    photographs: photographResults,
    ...enrolmentWarning,
  }),
  ...[photographsRefused, resemblesOther],
]);
export type PhotographChange = z.infer<typeof photographChange>;

const one = { id: personId };
const which = { ...one, photographId };
const given = { faceNumber, isDuplicateAllowed, ifRevision };
const changing = { scope: 'persons:write', audit: 'write' } as const;
const changeErrors = ['no-such-person', 'person-not-active', 'changed-meanwhile'] as const;
const checks =
  'The checks are those of an enrolment: each must be usable and show one face, and no face may resemble another person. Each must also agree with the photos that the person has. Otherwise nothing is stored, and the outcome says why.';

export const photographOperations = {
  'persons.photographs.list': operation({
    method: 'GET',
    path: '/persons/{id}/photographs',
    summary: 'List what a person is recognised by: photos, and templates whose picture is deleted.',
    input: z.strictObject(one),
    answer: { kind: 'json', schema: z.array(keptPhotograph).readonly() },
    errors: [...galleryErrors, 'no-such-person'],
    scope: 'persons:read',
    audit: 'personal',
    rate: 'default',
  }),
  'persons.photographs.read': operation({
    method: 'GET',
    path: '/persons/{id}/photographs/{photographId}',
    summary: 'Read a photo of a person.',
    input: z.strictObject(which),
    answer: { kind: 'file', mediaType: 'image/jpeg' },
    errors: [...galleryErrors, 'no-such-photograph'],
    scope: 'persons:read',
    audit: 'personal',
    rate: 'pictures',
  }),
  'persons.photographs.add': operation({
    ...{ method: 'POST', path: '/persons/{id}/photographs', ...changing },
    summary: 'Add photos to a person.',
    description: `${checks} A person has at most ${maximumPhotographs}.`,
    input: z.strictObject({ ...one, ...given }),
    files: enrolmentFiles,
    filesBytes: maximumEnrolmentBytes,
    answer: { kind: 'json', schema: photographChange },
    creates: { id: 'person.id', foundBy: 'persons.photographs.list' },
    errors: [...enrolmentErrors, ...changeErrors, 'too-many-photographs'],
    rate: 'enrolment',
    isLong: true,
  }),
  'persons.photographs.replace': operation({
    ...{ method: 'PUT', path: '/persons/{id}/photographs/{photographId}', ...changing },
    summary: 'Put another photo in the place of one of a person. The old one is deleted for good.',
    description: checks,
    input: z.strictObject({ ...which, ...given }),
    files: { photographs: { ...enrolmentFiles.photographs, maximum: 1 } },
    answer: { kind: 'json', schema: photographChange },
    errors: [...enrolmentErrors, ...changeErrors, 'no-such-photograph'],
    rate: 'enrolment',
    isLong: true,
    needsStepUp: true,
  }),
  'persons.photographs.remove': operation({
    ...{ method: 'DELETE', path: '/persons/{id}/photographs/{photographId}', ...changing },
    summary: 'Delete a photo of a person and its template for good.',
    description: 'The last one stays: without it the box could not recognise the person.',
    input: z.strictObject({ ...which, ifRevision }),
    answer: { kind: 'json', schema: personDetail },
    errors: [...galleryErrors, ...changeErrors, 'no-such-photograph', 'last-photograph'],
    rate: 'default',
    needsStepUp: true,
  }),
} as const;
