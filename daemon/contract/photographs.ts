import { z } from 'zod';
import { table } from '../kernel/text-table.js';
import { personForms, type Reader, type SiteClock } from './command-line.js';
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
import { activePersonId, personDetail, personId } from './person.js';

const photographId = z
  .string()
  .min(1)
  .max(64)
  .describe('ID of the photo, or of its template if retention has deleted the picture.');

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
    .describe('0 to 1. Absent if the recogniser in use has no template of the photo.'),
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
      'How well it agrees with the others of the person. Absent if there is nothing to compare with.',
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
const active = { id: activePersonId };
const which = { ...active, photographId };
const given = { faceNumber, isDuplicateAllowed, ifRevision };
const changing = { scope: 'persons:write', audit: 'write' } as const;
const changeErrors = ['no-such-person', 'person-not-active', 'changed-meanwhile'] as const;
const checks =
  'The checks are those of an enrolment: each must be usable and show one face, and no face may resemble another person. Each must also agree with the photos that the person has. Otherwise nothing is stored, and the outcome says why.';

/** By how many templates a person is recognised. */
export const countOf = (
  { id, templates }: { readonly id: string; readonly templates: number },
  { say }: Pick<Reader, 'say'>,
): string => say('terminal/recognised-by', { id, templates });

function originText(from: KeptPhotograph['fromPassage'], show: SiteClock['show']): string {
  if (from === undefined) return 'enrolment';
  const { passage, camera, seenAt } = from;
  return passage === undefined || seenAt === undefined
    ? 'a passage'
    : `passage ${passage} at ${camera}, ${show(seenAt)}`;
}

function describeKept(kept: readonly KeptPhotograph[], { show }: SiteClock): string {
  if (kept.length === 0) return 'The box keeps no photos and no templates of this person.';
  const rows = kept.map(({ id, hasPicture, storedAt, qualityScore, agreement, fromPassage }) => [
    id,
    storedAt === undefined ? '-' : show(storedAt),
    hasPicture ? 'yes' : 'deleted by retention',
    qualityScore === undefined ? 'no template' : qualityScore.toFixed(2),
    agreement === undefined
      ? '-'
      : `${agreement.similarity.toFixed(3)}${agreement.isAgreeing ? '' : ' (differs)'}`,
    originText(fromPassage, show),
  ]);
  return table(['photo', 'stored at', 'picture', 'quality', 'agreement', 'from'], rows);
}

export const photographOperations = {
  'persons.photographs.list': operation({
    method: 'GET',
    path: '/persons/{id}/photographs',
    summary: 'List the photos by which a person is recognised, and the templates whose picture was deleted.',
    input: z.strictObject(one),
    answer: { kind: 'json', schema: z.array(keptPhotograph).readonly() },
    errors: [...galleryErrors, 'no-such-person'],
    scope: 'persons:read',
    audit: 'personal',
    rate: 'default',
    commandLines: [
      {
        words: 'person photo list',
        does: 'list the photos and templates by which a person is recognised',
        arguments: { id: ['person', personForms] },
        text: describeKept,
        examples: [["rollcall person photo list 'Ada King'", 'show what she is recognised by']],
      },
    ],
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
    input: z.strictObject({ ...active, ...given }),
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
    summary: 'Replace a photo of a person. The old photo is permanently deleted.',
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
    summary: 'Permanently delete a photo of a person and its template.',
    description: 'The last one stays: without it the box could not recognise the person.',
    input: z.strictObject({ ...which, ifRevision }),
    answer: { kind: 'json', schema: personDetail },
    errors: [...galleryErrors, ...changeErrors, 'no-such-photograph', 'last-photograph'],
    rate: 'default',
    needsStepUp: true,
    commandLines: [
      {
        words: 'person photo remove',
        does: 'permanently delete a photo of a person and its template; the last photo cannot be deleted',
        arguments: {
          id: ['person', personForms],
          photographId: ['photograph', "id of the photo, from 'rollcall person photo list'"],
        },
        confirms: ({ input: { id, photographId } }) =>
          `This permanently deletes the photo ${photographId} of ${id}.`,
        text: countOf,
        examples: [
          ["rollcall person photo remove 'Ada King' f-4hz8", 'ask for confirmation, then delete one'],
        ],
      },
    ],
  }),
} as const;
