import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { consentBases, consentStates } from '../kernel/persons/consent.js';
import { fieldQuery } from '../kernel/persons/custom-fields.js';
import { personOrders, removedPersonsListed } from '../kernel/persons/person-listing.js';
import { validities, watchMarks } from '../kernel/persons/person-standing.js';
import { table } from '../kernel/text-table.js';
import { personForms, type Reader, type ShownWith, writtenAs } from './command-line.js';
import {
  enrolmentErrors,
  enrolmentFiles,
  enrolmentInput,
  enrolmentResult,
  externalId,
  externalIdTaken,
  fieldIdText,
  fieldValue,
  galleryErrors,
  givenConsent,
  givenWatch,
  groups,
  maximumEnrolmentBytes,
  name,
  notes,
  validDay,
} from './enrolment.js';
import { exportedLine } from './exported-lines.js';
import { ifRevision, operation, pageFields } from './operation.js';
import { activePersonId, personDetail, personId, personSummary } from './person.js';
import { describePerson, describePersons } from './persons-text.js';
import { photographOperations } from './photographs.js';
import { refusalOfOne } from './refusal-of-one.js';

/** People may write `today`. */
const personDay = z
  .string()
  .max(32)
  .describe('A day at the site, `YYYY-MM-DD`; it is valid itself.')
  .register(writtenAs, { as: 'day' });

/** Changes of custom fields: those that are not named stay. */
const fieldChanges = z
  .record(fieldIdText, fieldValue.nullable())
  .describe('Custom fields by ID. A field that is not named stays; null or an empty text removes its value.');

/** Changes of a profile. An absent field stays; null removes it. */
export const profileChange = z.strictObject({
  name: name.optional(),
  externalId: externalId.nullable().optional(),
  notes: notes.nullable().optional(),
  fields: fieldChanges.optional(),
  consent: givenConsent.nullable().optional(),
  groups: groups.nullable().optional().describe('All groups of the person.'),
  validFrom: validDay.nullable().optional(),
  validUntil: validDay.nullable().optional(),
  watch: givenWatch.nullable().optional(),
  threshold: z
    .strictObject({
      similarity: z.number().gt(-1).lt(1).describe('At least the threshold of the box.'),
      reason: z.string().max(1000).describe('At most 500 characters.'),
    })
    .nullable()
    .optional()
    .describe("The person's own threshold; null returns to the calibrated one."),
});
export type ProfileChange = z.output<typeof profileChange>;

/** Most persons of one call of `persons.change-many`: their IDs fill most of a document. */
export const mostChangedAtOnce = 1000;

/** A change that is the same for many persons. An absent field stays; null removes it. */
export const commonChange = z.strictObject({
  addGroups: groups.optional().describe('Groups that each person belongs to afterwards.'),
  removeGroups: groups.optional().describe('Groups that no person belongs to afterwards.'),
  validFrom: personDay.nullable().optional(),
  validUntil: personDay.nullable().optional(),
  watch: givenWatch.nullable().optional(),
  fields: fieldChanges.optional(),
  consent: givenConsent.optional().describe('The same basis, day, and proof for all, such as a signed list.'),
});
export type CommonChange = z.output<typeof commonChange>;

export const changedFields = ['groups', 'validFrom', 'validUntil', 'watch', 'fields', 'consent'] as const;

/** Whom a part of an answer about many persons is about. */
const oneOfMany = {
  id: z.string(),
  name: z
    .string()
    .exactOptional()
    .describe('Absent for a person whom the box does not know, and for callers without `names:read`.'),
};

/** What became of one person of `persons.change-many`. */
export const changedPerson = z.object({
  ...oneOfMany,
  outcome: z
    .enum(['changed', 'unchanged', 'refused'])
    .describe('In a preview: what would become of the person. `unchanged`: everything was so already.'),
  fields: z.array(z.enum(changedFields)).readonly().describe('What changes; empty unless `changed`.'),
  refusal: refusalOfOne.exactOptional().describe('Why the person stays as they are.'),
});
export type ChangedPerson = z.infer<typeof changedPerson>;

export const changedPersons = z.object({
  isPreview: z.boolean(),
  persons: z.array(changedPerson).readonly().describe('In the order of the request, each person once.'),
});
export type ChangedPersons = z.infer<typeof changedPersons>;

const updated = z.object({ outcome: z.literal('updated'), person: personDetail });
export const updateResult = z.discriminatedUnion('outcome', [updated, externalIdTaken]);
export type UpdateResult = z.infer<typeof updateResult>;

export const restoreResult = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('restored'), person: personDetail }),
  z
    .object({ outcome: z.literal('consent-withdrawn') })
    .describe('The consent was withdrawn and the templates were erased. Enrol the person again.'),
  z.object({ outcome: z.literal('not-removed') }).describe('The person is active; nothing changed.'),
]);
export type RestoreResult = z.infer<typeof restoreResult>;

/** Proof of an erasure, without personal data. */
export const erasureCertificate = z.object({
  personId,
  scope: z
    .enum(['person', 'biometric-data'])
    .describe('`biometric-data`: consent was withdrawn; the profile remains as proof.'),
  erasedAt: z.iso.datetime(),
  by: z.string().describe('Who did it, as the audit log names them.'),
  auditSequence: z.int().describe('The audit entry of the erasure.'),
  auditHash: z.string(),
  what: z.object({
    templates: z.int().nonnegative(),
    photographs: z.int().nonnegative(),
    evidence: z.int().nonnegative().describe('Pictures of events and passages.'),
    passages: z
      .int()
      .nonnegative()
      .describe('Passages of the person, and passages of others that named the person.'),
  }),
});
export type ErasureCertificate = z.infer<typeof erasureCertificate>;

/** Most persons of one call of `persons.erase-many`: each is erased from the disk before the next one. */
export const mostErasedAtOnce = 200;

/** What became of one person of `persons.erase-many`. */
export const erasedPerson = z.object({
  ...oneOfMany,
  outcome: z
    .enum(['erased', 'incomplete', 'refused'])
    .describe(
      'In a preview: what would become of the person. `incomplete`: the person is erased, but another program still keeps deleted data readable.',
    ),
  templates: z.int().nonnegative().describe('Erased, or to be erased in a preview.'),
  photographs: z.int().nonnegative(),
  certificate: erasureCertificate.exactOptional().describe('Absent in a preview and for a refusal.'),
  refusal: refusalOfOne.exactOptional().describe('Why the person was not erased, or not completely.'),
});
export type ErasedPerson = z.infer<typeof erasedPerson>;

export const erasedPersons = z.object({
  isPreview: z.boolean(),
  persons: z.array(erasedPerson).readonly().describe('In the order of the request, each person once.'),
});
export type ErasedPersons = z.infer<typeof erasedPersons>;

/** Names that are told at once: a page of events. */
export const mostNames = 100;

const one = z.strictObject({ id: personId });

export function describeUpdate(result: UpdateResult, reader: Reader): string {
  switch (result.outcome) {
    case 'updated':
      return describePerson(result.person, reader);
    case 'external-id-taken':
      return reader.say('terminal/external-id-taken', { person: result.personId });
  }
}

function describeChanged({ isPreview, persons }: ChangedPersons): string {
  const rows = persons.map(({ id, name = '', outcome, fields, refusal }) => [
    ...[id, name, outcome, refusal === undefined ? fields.join(', ') : refusal.message],
  ]);
  const changed = persons.filter(({ outcome }) => outcome === 'changed').length;
  const count = `${counted(changed, 'person')} of ${persons.length}`;
  return [
    table(['id', 'name', 'outcome', 'what'], rows),
    isPreview ? `${count} would change. Nothing was changed.` : `${count} changed.`,
  ].join('\n');
}

function describeRestore({ outcome }: RestoreResult, { input: { id } }: ShownWith): string {
  switch (outcome) {
    case 'restored':
      return `${id} is recognised again`;
    case 'consent-withdrawn':
      return `${id} withdrew consent, and all their biometric data were erased\n  what to do: Enrol the person again, with a new consent.`;
    case 'not-removed':
      return `${id} was not removed; nothing changed`;
  }
}

const readingOperations = {
  'persons.list': operation({
    method: 'GET',
    path: '/persons',
    summary: 'List the enrolled persons.',
    description:
      'Opens the profiles of the page alone. For a few seconds after the gallery was opened, a list by name or with a filter waits until the box has read all names.',
    input: z.strictObject({
      ...pageFields,
      removed: z
        .enum(removedPersonsListed)
        .default('excluded')
        .describe('Whether removed persons who are not erased yet are listed.'),
      text: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .describe(
          'Only persons whose name or a custom field contains this text, in upper or lower case, or whose external ID is this text.',
        ),
      field: z
        .string()
        .max(300)
        .refine((text) => fieldQuery(text) !== undefined, {
          error: 'must be the ID of a custom field, "=" and a text, such as "department=sales"',
        })
        .optional()
        .describe(
          'Only persons whose value of a custom field contains a text, in upper or lower case: `department=sales`.',
        ),
      group: z.string().min(1).max(64).optional().describe('Only persons of this group.'),
      watch: z
        .enum([...watchMarks, 'any'])
        .optional()
        .describe('Only persons with this mark, or with any.'),
      validity: z.enum(validities).optional().describe('Only persons with this validity today, at the site.'),
      consent: z
        .enum(consentStates)
        .optional()
        .describe(
          'Only persons with consent, without consent, or who withdrew it. The last are removed persons.',
        ),
      sort: z.enum(personOrders).default('oldest').describe('By the time of enrolment, or by name.'),
    }),
    answer: { kind: 'page', item: personSummary },
    errors: galleryErrors,
    scope: 'persons:read',
    audit: 'personal',
    centre: { scope: 'persons:read', sealed: 'both' },
    rate: 'default',
    commandLines: [
      {
        words: 'person list',
        does: 'list the enrolled persons',
        options: {
          removed: ['--removed', 'also list removed persons who are not erased yet', 'included'],
          group: ['--group <name>', 'only persons of this group'],
          field: ['--field <id=text>', 'only persons whose value of this custom field contains the text'],
          watch: ['--watch [mark]', 'only persons who are watched or barred; with a mark, only these', 'any'],
          validity: ['--expired', 'only persons whose last valid day is over', 'expired'],
          consent: [
            '--consent <state>',
            'only persons whose consent is recorded, was withdrawn (with --removed), or neither',
          ],
        },
        text: describePersons,
        examples: [
          ['rollcall person list', 'show who is enrolled'],
          ['rollcall person list --removed', 'also show removed persons'],
        ],
      },
    ],
  }),
  'persons.names': operation({
    method: 'POST',
    path: '/persons/names',
    summary: 'Look up the names of persons by their IDs, which other answers have, such as that of an event.',
    description:
      'For callers who may read names but no other personal data, and for looking up many names at once.',
    input: z.strictObject({ ids: z.array(personId).min(1).max(mostNames) }),
    answer: {
      kind: 'json',
      schema: z
        .array(z.object({ id: personId, name: z.string() }))
        .readonly()
        .describe('Without persons whom the box does not know, and without damaged names.'),
    },
    errors: ['gallery-sealed'],
    scope: 'names:read',
    audit: 'personal',
    rate: 'default',
  }),
  'persons.show': operation({
    method: 'GET',
    path: '/persons/{id}',
    summary: 'Show all data of a person except pictures and templates.',
    input: one,
    answer: { kind: 'json', schema: personDetail },
    errors: [...galleryErrors, 'no-such-person'],
    scope: 'persons:read',
    audit: 'personal',
    centre: { scope: 'persons:read', sealed: 'answer' },
    rate: 'default',
    commandLines: [
      {
        words: 'person show',
        does: 'show one person, with notes, consent, groups and validity',
        arguments: { id: ['person', personForms] },
        text: describePerson,
        examples: [["rollcall person show 'Ada Lovelace'", 'show one person by name']],
      },
    ],
  }),
  'persons.export': operation({
    method: 'GET',
    path: '/persons/{id}/export',
    summary: 'Export everything held on a person.',
    description:
      'One line for the profile, then one for each template, picture, event, correction and audit entry.',
    input: z.strictObject({
      id: personId,
      scope: z
        .enum(['everything', 'enrolment'])
        .default('everything')
        .describe('`enrolment`: only profile and photos, which an import needs to enrol the person again.'),
    }),
    answer: { kind: 'lines', item: exportedLine },
    errors: [...galleryErrors, 'no-such-person'],
    scope: 'persons:export',
    audit: 'personal',
    rate: 'default',
    isLong: true,
    needsStepUp: true,
    secondPerson: 'export',
  }),
} as const;

const writingOperations = {
  'persons.enrol': operation({
    method: 'POST',
    path: '/persons',
    summary: 'Enrol a person from photos.',
    description:
      'Every photo must be usable and all must show one person. Otherwise nothing is stored, and the outcome says why.',
    input: enrolmentInput,
    files: enrolmentFiles,
    filesBytes: maximumEnrolmentBytes,
    answer: { kind: 'json', schema: enrolmentResult },
    creates: { id: 'person.id', foundBy: 'persons.list' },
    errors: [...enrolmentErrors, 'idempotency-key-reused'],
    scope: 'persons:write',
    audit: 'write',
    centre: { scope: 'persons:write', command: 'enrol-person' },
    rate: 'enrolment',
    isLong: true,
  }),
  'persons.update': operation({
    method: 'PATCH',
    path: '/persons/{id}',
    summary: 'Change the profile of a person.',
    description:
      'An absent field stays as it is; null removes it. New consent can replace a withdrawn one, but does not restore templates.',
    input: profileChange.extend({ id: personId, ifRevision }),
    answer: { kind: 'json', schema: updateResult },
    errors: [...galleryErrors, 'no-such-person', 'profile-refused', 'threshold-refused', 'changed-meanwhile'],
    scope: 'persons:write',
    audit: 'write',
    centre: { scope: 'persons:write', command: 'update-person', isOnlyOwn: true },
    rate: 'default',
    commandLines: [
      {
        words: 'person rename',
        does: "change a person's name; short for 'set ID --name NAME'",
        arguments: { id: ['person', personForms], name: ['name', 'the new name'] },
        text: describeUpdate,
        hasFailed: ({ outcome }: UpdateResult) => outcome !== 'updated',
        examples: [["rollcall person rename p-4hz8 'Ada King'", 'name the person by the start of the id']],
      },
    ],
  }),
  'persons.change-many': operation({
    method: 'POST',
    path: '/persons/changes',
    summary: 'Change groups, validity, standing, custom fields, or consent of many persons alike.',
    description:
      'Each person is changed on their own: one that is refused stays as they are, and the others change. A repeated request finds them unchanged. A preview changes nothing and says what would become of each. To withdraw consent, which erases data, call `persons.withdraw-consent` for each person.',
    input: commonChange.extend({
      ids: z.array(activePersonId).min(1).max(mostChangedAtOnce),
      isPreview: z.boolean().default(false),
    }),
    answer: { kind: 'json', schema: changedPersons },
    errors: ['gallery-sealed', 'nothing-to-change'],
    scope: 'persons:write',
    audit: 'write',
    centre: { scope: 'persons:write', sealed: 'both' },
    rate: 'heavy',
    isLong: true,
    commandLines: [
      {
        words: 'person set-many',
        does: 'change groups, validity, mark, or consent of several persons alike; exit code 1 if one was refused',
        arguments: {
          ids: ['persons...', 'ids, starts of ids, names or external ids of the persons'],
        },
        options: {
          addGroups: ['--add-group <name...>', 'add the persons to these groups'],
          removeGroups: ['--remove-group <name...>', 'remove the persons from these groups'],
          validFrom: ['--valid-from <date>', "first day on which they are valid; '' for no limit"],
          validUntil: ['--valid-until <date>', "last day on which they are valid; '' for no limit"],
          'watch.mark': ['--watch <mark>', "'watch' or 'barred', with --watch-reason"],
          'watch.reason': ['--watch-reason <text>', 'why the persons are watched or barred'],
          'consent.basis': ['--consent-basis <basis>', `legal ground: ${consentBases.join(', ')}`],
          'consent.dateIso': ['--consent-date <date>', 'day of the consent'],
          'consent.reference': ['--consent-reference <text>', 'where the proof is kept'],
          isPreview: ['--preview', 'show what would become of each person; change nothing'],
        },
        text: describeChanged,
        hasFailed: ({ persons }: ChangedPersons) => persons.some(({ outcome }) => outcome === 'refused'),
        examples: [
          [
            "rollcall person set-many 'Ada King' 'Grace Hopper' --add-group night --preview",
            'show who would join the group',
          ],
          [
            'rollcall person set-many e-17 e-18 --valid-until 2026-12-31',
            'let the contracts of two persons end with the year',
          ],
        ],
      },
    ],
  }),
  'persons.remove': operation({
    method: 'POST',
    path: '/persons/{id}/remove',
    summary: 'Stop recognising a person.',
    description: 'The data stay sealed, and the person can be restored, until retention erases them.',
    input: one,
    answer: { kind: 'json', schema: z.object({ removed: personId }) },
    errors: [...galleryErrors, 'no-such-person', 'already-removed'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'default',
  }),
  'persons.restore': operation({
    method: 'POST',
    path: '/persons/{id}/restore',
    summary: 'Recognise a removed person again.',
    input: z.strictObject({ id: personId.clone().register(writtenAs, { as: 'removed person' }) }),
    answer: { kind: 'json', schema: restoreResult },
    errors: [...galleryErrors, 'no-such-person'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'person restore',
        does: 'recognise a removed person again',
        arguments: { id: ['person', personForms] },
        text: describeRestore,
        hasFailed: ({ outcome }: RestoreResult) => outcome !== 'restored',
        examples: [["rollcall person restore 'Ada King'", 'recognise her again']],
      },
    ],
  }),
  'persons.erase': operation({
    method: 'POST',
    path: '/persons/{id}/erase',
    summary: 'Permanently erase a person and all their data.',
    input: one,
    answer: { kind: 'json', schema: erasureCertificate },
    errors: ['gallery-sealed', 'no-such-person', 'erasure-incomplete'],
    scope: 'persons:erase',
    audit: 'write',
    centre: { scope: 'persons:erase', command: 'erase-person' },
    rate: 'default',
    needsStepUp: true,
    secondPerson: 'erase',
  }),
  'persons.erase-many': operation({
    method: 'POST',
    path: '/persons/erasures',
    summary: 'Permanently erase many persons and all their data.',
    description:
      'Each person is erased on their own, with an audit entry and a certificate of their own: one that is refused does not hold up the others. If a fault of the box ends the request early, the answer has the certificates of those who are erased, without names, and the fault as the refusal of all others. A repeated request refuses those who are gone. A preview erases nothing and says what would become of each.',
    input: z.strictObject({
      ids: z.array(personId).min(1).max(mostErasedAtOnce),
      isPreview: z.boolean().default(false),
    }),
    answer: { kind: 'json', schema: erasedPersons },
    errors: ['gallery-sealed'],
    scope: 'persons:erase',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
    needsStepUp: true,
    withoutProof: {
      where: '`isPreview` is set: a preview erases nothing',
      holds: (input) => 'isPreview' in input && input.isPreview === true,
    },
    secondPerson: 'erase',
  }),
  'persons.withdraw-consent': operation({
    method: 'POST',
    path: '/persons/{id}/withdraw-consent',
    summary: 'Record that a person withdrew consent, and erase their biometric data.',
    description:
      'Permanently erases templates, photos, and images of events. The profile remains as proof of consent and withdrawal.',
    input: one,
    answer: { kind: 'json', schema: erasureCertificate },
    errors: [...galleryErrors, 'no-such-person', 'erasure-incomplete'],
    scope: 'persons:erase',
    audit: 'write',
    rate: 'default',
    needsStepUp: true,
    secondPerson: 'erase',
  }),
} as const;

export const personOperations = {
  ...readingOperations,
  ...photographOperations,
  ...writingOperations,
} as const;
