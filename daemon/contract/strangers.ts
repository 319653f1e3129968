import { z } from 'zod';
import { listedStrangerStates } from '../kernel/strangers/stranger.js';
import { filteredCamera } from './cameras.js';
import {
  enrolmentErrors,
  enrolmentWarning,
  externalIdTaken,
  givenConsent,
  givenPerson,
  isDuplicateAllowed,
  photographResults,
  photographsRefused,
  resemblesOther,
} from './enrolment.js';
import { operation, pageFields } from './operation.js';
import { personDetail, personId, similarity } from './person.js';

const count = z.int().nonnegative();
const strangerId = z.string().min(1).max(64).describe('The opaque id of the stranger: `s-…`.');
const passageId = z.string().min(1).max(64).describe('The id of a passage.');
const time = z.iso.datetime();

/** A stranger in a list. */
export const strangerSummary = z.object({
  id: strangerId,
  state: z
    .enum(listedStrangerStates)
    .describe(
      '`ignored`: causes neither events nor alerts. `set-aside`: was discarded or assigned, is no longer recognised, and can be restored until `forgottenAt`.',
    ),
  forgottenAt: time
    .exactOptional()
    .describe('Of `set-aside`: from when on the box forgets the stranger for good.'),
  person: personId.exactOptional().describe('Of `set-aside`: the person to whom the stranger was assigned.'),
  firstSeenAt: time,
  lastSeenAt: time,
  visits: z.int().positive().describe('Passages less than 10 minutes apart are one visit.'),
  passages: count.describe('Remembered passages.'),
  cameras: z
    .array(z.object({ camera: z.string(), lastSeenAt: time }))
    .readonly()
    .describe('Where the stranger was seen, the latest first.'),
  pictured: passageId
    .exactOptional()
    .describe('The latest of the last passages of which the box keeps a picture.'),
});
export type StrangerSummary = z.infer<typeof strangerSummary>;

export const strangerPassage = z.object({
  passage: passageId,
  camera: z.string(),
  firstSeenAt: time,
  lastSeenAt: time,
  hasEvent: z.boolean().describe('Whether the passage caused an event of an unknown person.'),
  hasPicture: z.boolean().describe('Whether the box keeps a picture of the passage.'),
  isCompared: z.boolean().describe('Whether the box compares faces with views of this passage.'),
});

export const strangerDetails = strangerSummary.extend({
  history: z.array(strangerPassage).readonly().describe('The remembered passages, the oldest first.'),
  similar: z
    .array(z.object({ stranger: strangerId, similarity }))
    .readonly()
    .describe('Other strangers who may be the same person, the most similar first.'),
});
export type StrangerDetails = z.infer<typeof strangerDetails>;

export const assignResult = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('assigned'),
    person: personDetail,
    photographs: photographResults.describe('Of the kept pictures that were used.'),
    ...enrolmentWarning,
  }),
  ...[photographsRefused, resemblesOther, externalIdTaken],
]);
export type AssignResult = z.infer<typeof assignResult>;

const one = z.strictObject({ stranger: strangerId });
const known = ['gallery-sealed', 'no-such-stranger'] as const;
const changing = { scope: 'strangers:write', audit: 'write', rate: 'default' } as const;
/** The pictures that an enrolment takes. */
const pictures = {
  passages: z
    .array(passageId)
    .min(1)
    .max(20)
    .optional()
    .describe('Takes the pictures of these passages. Absent: the best five that the box keeps.'),
};
const { faceNumber: _, ...profile } = givenPerson;
const assigning = {
  scope: 'strangers:write',
  audit: 'write',
  rate: 'enrolment',
  isLong: true,
  description:
    'Needs `persons:write`, too. The pictures that the box keeps of the passages become photographs, with the checks of an enrolment. The passages and their pictures are those of the person. The stranger is set aside, can be restored for 15 minutes, and is then forgotten for good.',
} as const;

export const strangerOperations = {
  'strangers.list': operation({
    method: 'GET',
    path: '/strangers',
    summary: 'List the strangers whom the box remembers.',
    description:
      'The latest seen first. The pages shift if strangers are seen meanwhile. A caller who is limited to cameras gets the strangers who were seen there.',
    input: z.strictObject({
      ...pageFields,
      state: strangerSummary.shape.state.optional().describe('Absent: all but those who are set aside.'),
      camera: filteredCamera.optional().describe('Only strangers who were seen at this camera.'),
      since: z.iso.datetime().max(40).optional().describe('Only strangers who were seen since.'),
    }),
    answer: { kind: 'page', item: strangerSummary },
    errors: ['gallery-sealed'],
    scope: 'strangers:read',
    audit: 'personal',
    centre: { scope: 'strangers', command: 'list-strangers', answerAs: 'page' },
    rate: 'default',
  }),
  'strangers.show': operation({
    method: 'GET',
    path: '/strangers/{stranger}',
    summary: 'Show the passages of a stranger, and other strangers who may be the same person.',
    input: one,
    answer: { kind: 'json', schema: strangerDetails },
    errors: known,
    scope: 'strangers:read',
    audit: 'personal',
    rate: 'default',
  }),
  'strangers.merge': operation({
    method: 'POST',
    path: '/strangers/{stranger}/merge',
    summary: 'Say that several strangers are one person.',
    description: 'The id of the stranger who was seen first stays. The others are used no more.',
    input: one.extend({ others: z.array(strangerId).min(1).max(20) }),
    answer: { kind: 'json', schema: strangerSummary },
    errors: [...known, 'merge-refused'],
    ...changing,
    centre: { scope: 'strangers', command: 'merge-strangers', answerAs: 'stranger' },
  }),
  'strangers.split': operation({
    method: 'POST',
    path: '/strangers/{stranger}/split',
    summary: 'Make a new stranger of some passages of a stranger.',
    input: one.extend({ passages: z.array(passageId).min(1).max(200) }),
    answer: { kind: 'json', schema: strangerSummary },
    creates: { id: 'id', foundBy: 'strangers.list' },
    errors: [...known, 'split-refused'],
    ...changing,
    centre: { scope: 'strangers', command: 'split-stranger', answerAs: 'stranger' },
  }),
  'strangers.ignore': operation({
    method: 'PUT',
    path: '/strangers/{stranger}/ignored',
    summary: 'Cause no more events and alerts about a stranger.',
    description: 'Passages of the stranger stay in the journal, with the reason `stranger-ignored`.',
    input: one,
    answer: { kind: 'json', schema: strangerSummary },
    errors: known,
    ...changing,
    centre: { scope: 'strangers', command: 'ignore-stranger', answerAs: 'stranger' },
  }),
  'strangers.notice': operation({
    method: 'DELETE',
    path: '/strangers/{stranger}/ignored',
    summary: 'Cause events and alerts about a stranger again.',
    input: one,
    answer: { kind: 'json', schema: strangerSummary },
    errors: known,
    ...changing,
    centre: { scope: 'strangers', command: 'notice-stranger', answerAs: 'stranger' },
  }),
  'strangers.discard': operation({
    method: 'DELETE',
    path: '/strangers/{stranger}',
    summary: 'Forget a stranger.',
    description:
      'The stranger is no longer recognised, is set aside, and can be restored for 15 minutes. Then the box deletes the templates, the pictures, and the id from the passages. The passages stay. A discarded person who comes again is a new stranger.',
    input: one.extend({
      isFinal: z
        .boolean()
        .default(false)
        .describe(
          'Deletes everything at once, without a way back; also of a stranger who was discarded before.',
        ),
    }),
    answer: {
      kind: 'json',
      schema: z.object({
        discarded: strangerId,
        passages: count,
        visits: count,
        pictures: count.exactOptional().describe('Deleted pictures. Absent if the stranger can be restored.'),
        forgottenAt: time.exactOptional().describe('Until when the stranger can be restored.'),
      }),
    },
    errors: known,
    ...changing,
    needsStepUp: true,
    withoutProof: {
      where: '`isFinal` is not set: the unknown person can then be restored',
      holds: (input) => !('isFinal' in input) || input.isFinal !== true,
    },
    centre: { scope: 'strangers', command: 'discard-stranger', answerAs: 'lost' },
  }),
  'strangers.restore': operation({
    method: 'POST',
    path: '/strangers/{stranger}/restore',
    summary: 'Take back that a stranger was discarded or assigned.',
    description:
      'Possible for 15 minutes. The stranger is recognised again, with all passages and pictures. The photographs that an assignment added to a person are deleted; a person who was enrolled from them is removed. For an assigned stranger it needs `persons:write`, too.',
    input: one,
    answer: { kind: 'json', schema: strangerSummary },
    errors: [...known, 'person-not-active', 'last-photograph'],
    ...changing,
  }),
  'strangers.assign': operation({
    method: 'POST',
    path: '/strangers/{stranger}/assign',
    summary: 'Say that a stranger is an enrolled person.',
    input: one.extend({ person: personId, ...pictures, isDuplicateAllowed }),
    answer: { kind: 'json', schema: assignResult },
    creates: { id: 'person.id', foundBy: 'persons.show' },
    errors: [
      ...enrolmentErrors,
      'no-such-stranger',
      'no-stranger-pictures',
      'no-such-passage',
      'no-such-person',
      'person-not-active',
      'changed-meanwhile',
      'too-many-photographs',
    ],
    ...assigning,
  }),
  'strangers.enrol': operation({
    method: 'POST',
    path: '/strangers/{stranger}/enrol',
    summary: 'Enrol a stranger who gave consent.',
    input: one.extend({
      ...profile,
      consent: givenConsent,
      ...pictures,
    }),
    answer: { kind: 'json', schema: assignResult },
    creates: { id: 'person.id', foundBy: 'persons.list' },
    errors: [...enrolmentErrors, 'no-such-stranger', 'no-stranger-pictures', 'no-such-passage'],
    ...assigning,
  }),
} as const;
