import { z } from 'zod';
import { counted } from '../kernel/counted.js';
import { listedStrangerStates } from '../kernel/strangers/stranger.js';
import { table } from '../kernel/text-table.js';
import { filteredCamera } from './cameras.js';
import {
  type PictureToSave,
  type ShownWith,
  type ShowTime,
  strangerForms,
  timeForms,
  writtenAs,
} from './command-line.js';
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
const strangerId = z.string().min(1).max(64).describe('The opaque ID of the unknown person: `s-…`.');
/** Of one who is recognised: people may write the beginning of the id. */
const namedStranger = strangerId.clone().register(writtenAs, { as: 'stranger' });
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
    .describe('For `set-aside`: when the box permanently forgets the unknown person.'),
  person: personId
    .exactOptional()
    .describe('Of `set-aside`: the person to whom the unknown person was assigned.'),
  firstSeenAt: time,
  lastSeenAt: time,
  visits: z.int().positive().describe('Passages less than 10 minutes apart are one visit.'),
  passages: count.describe('Remembered passages.'),
  cameras: z
    .array(z.object({ camera: z.string(), lastSeenAt: time }))
    .readonly()
    .describe('Where the unknown person was seen, the latest first.'),
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
    .describe('Other unknown people who may be the same person, the most similar first.'),
});
export type StrangerDetails = z.infer<typeof strangerDetails>;

const discarded = z.object({
  discarded: strangerId,
  passages: count,
  visits: count,
  pictures: count.exactOptional().describe('Deleted pictures. Absent if the unknown person can be restored.'),
  forgottenAt: time.exactOptional().describe('Until when the unknown person can be restored.'),
});
export type Discarded = z.infer<typeof discarded>;

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

const one = z.strictObject({ stranger: namedStranger });
const argument = { stranger: ['stranger', strangerForms] } as const;
const known = ['gallery-sealed', 'no-such-stranger'] as const;
const changing = { scope: 'strangers:write', audit: 'write', rate: 'default' } as const;
/** The pictures that an enrolment takes. */
const pictures = {
  passages: z
    .array(passageId)
    .min(1)
    .max(20)
    .optional()
    .describe('The passages whose pictures to use. Absent: the best five that the box keeps.'),
};
const { faceNumber: _, ...profile } = givenPerson;
const assigning = {
  scope: 'strangers:write',
  audit: 'write',
  rate: 'enrolment',
  isLong: true,
  description:
    'Also needs `persons:write`. The pictures that the box keeps of the passages become photos, with the checks of an enrolment. The passages and their pictures are those of the person. The unknown person is set aside, can be restored for 15 minutes, and is then forgotten for good.',
} as const;

/** One row for each stranger. */
function describeStrangers(strangers: readonly StrangerSummary[], { show }: ShownWith): string {
  if (strangers.length === 0) return 'no unknown people found';
  const rows = strangers.map((stranger) => [
    ...[stranger.id, show(stranger.lastSeenAt), show(stranger.firstSeenAt)],
    ...[String(stranger.visits), String(stranger.passages)],
    ...[stranger.cameras.map(({ camera }) => camera).join(', '), stateText(stranger, show)],
  ]);
  const heading = ['unknown person', 'last seen', 'first seen', 'visits', 'passages', 'cameras', 'state'];
  return table(heading, rows);
}

/** Empty for a stranger of whom nothing special is to be said. */
function stateText({ state, person, forgottenAt }: StrangerSummary, show: ShowTime): string {
  if (state !== 'set-aside' || forgottenAt === undefined) return state === 'ignored' ? 'ignored' : '';
  const what = person === undefined ? 'discarded' : `assigned to ${person}`;
  return `${what}, can be restored until ${show(forgottenAt)}`;
}

/** `s-… was seen 3 times …`, the passages, and other strangers who are similar. */
function describeStranger(stranger: StrangerDetails, { show }: ShownWith): string {
  const { id, visits, history, similar, firstSeenAt, lastSeenAt } = stranger;
  const state = stateText(stranger, show);
  const rows = history.map(({ passage, camera, firstSeenAt: from, lastSeenAt: until, ...has }) => [
    ...[passage, camera, show(from), show(until)],
    [
      ...(has.hasEvent ? ['event'] : []),
      ...(has.hasPicture ? ['picture'] : []),
      ...(has.isCompared ? ['compared'] : []),
    ].join(', '),
  ]);
  const alike = similar.map(({ stranger: other, similarity }) => `  ${other}  ${similarity.toFixed(3)}`);
  return [
    `unknown person ${id}${state === 'ignored' ? ', ignored: causes no events and no alerts' : state && `, ${state}`}`,
    `${counted(visits, 'visit')} from ${show(firstSeenAt)} to ${show(lastSeenAt)}`,
    '',
    table(['passage', 'camera', 'from', 'to', 'has'], rows),
    ...(alike.length === 0
      ? []
      : [
          '',
          'perhaps the same person:',
          ...alike,
          `'rollcall strangers merge' makes them one unknown person`,
        ]),
  ].join('\n');
}

function discardQuestion({ id, visits, passages }: StrangerDetails, isFinal: boolean): string {
  const lost = `${counted(visits, 'visit')} in ${counted(passages, 'passage')}`;
  const end = isFinal
    ? 'It cannot be undone.'
    : `For 15 minutes, 'rollcall strangers restore ${id}' takes it back.`;
  return `This forgets the unknown person ${id}: the templates, the pictures, and who made ${lost}. ${end} If the person comes again, the box sees a new unknown person.`;
}

function describeDiscarded(
  { pictures = 0, forgottenAt }: Discarded,
  { show, input: { stranger } }: ShownWith,
): string {
  const rest =
    forgottenAt === undefined
      ? `with ${counted(pictures, 'picture')}`
      : `can be restored until ${show(forgottenAt)}`;
  return `discarded ${stranger}, ${rest}`;
}

/** Where the box keeps none, the answer about the newest passage says why. */
function newestPicture({ id, history }: StrangerDetails): PictureToSave {
  const { passage = '' } = history.findLast(({ hasPicture }) => hasPicture) ?? history.at(-1) ?? {};
  return { operation: 'passages.picture', input: { passage }, name: `stranger-${id}` };
}

export const strangerOperations = {
  'strangers.list': operation({
    method: 'GET',
    path: '/strangers',
    summary: 'List the unknown people whom the box remembers.',
    description:
      'The latest seen first. An unknown person who is seen while you read moves to the first page; no page repeats entries of another. A caller who is limited to cameras gets the unknown people who were seen there.',
    input: z.strictObject({
      ...pageFields,
      state: strangerSummary.shape.state.optional().describe('Absent: all but those who are set aside.'),
      camera: filteredCamera.optional().describe('Only unknown people who were seen at this camera.'),
      since: z.iso.datetime().max(40).optional().describe('Only unknown people who were seen since.'),
    }),
    answer: { kind: 'page', item: strangerSummary },
    errors: ['gallery-sealed'],
    scope: 'strangers:read',
    audit: 'personal',
    centre: { scope: 'strangers', command: 'list-strangers', answerAs: 'page' },
    rate: 'default',
    commandLines: [
      {
        words: 'strangers list',
        does: 'list the unknown people whom the box remembers, the latest seen first',
        options: {
          state: ['--state <state>', 'only unknown people in this state'],
          camera: ['--camera <camera>', 'only unknown people who were seen at this camera'],
          since: ['--since <time>', `only unknown people who were seen since this time: ${timeForms}`],
        },
        most: { flags: '-n, --limit <count>', help: 'how many unknown people to show', usual: 50 },
        text: describeStrangers,
        examples: [
          ['rollcall strangers list --since today', 'show who was seen today and is not enrolled'],
          ['rollcall strangers list --state ignored', 'show whom the box ignores'],
        ],
      },
    ],
  }),
  'strangers.show': operation({
    method: 'GET',
    path: '/strangers/{stranger}',
    summary: 'Show the passages of an unknown person, and other unknown people who may be the same person.',
    input: one,
    answer: { kind: 'json', schema: strangerDetails },
    errors: known,
    scope: 'strangers:read',
    audit: 'personal',
    rate: 'default',
    commandLines: [
      {
        words: 'strangers show',
        does: 'show the passages of an unknown person, and other unknown people who may be the same person',
        arguments: argument,
        text: describeStranger,
        picture: newestPicture,
        examples: [
          ['rollcall strangers show s-6v0n', 'show where and when an unknown person was seen'],
          [
            'rollcall strangers show s-6v0n --picture face.jpg',
            'also save the newest picture that the box keeps',
          ],
        ],
      },
    ],
  }),
  'strangers.merge': operation({
    method: 'POST',
    path: '/strangers/{stranger}/merge',
    summary: 'Merge several unknown people who are one person.',
    description: 'The ID of the person who was seen first stays. The other IDs are no longer used.',
    input: one.extend({ others: z.array(namedStranger).min(1).max(20) }),
    answer: { kind: 'json', schema: strangerSummary },
    errors: [...known, 'merge-refused'],
    ...changing,
    centre: { scope: 'strangers', command: 'merge-strangers', answerAs: 'stranger' },
    commandLines: [
      {
        words: 'strangers merge',
        does: 'merge several unknown people who are one person; the ID that was seen first stays',
        arguments: { ...argument, others: ['others...', 'the unknown people who are the same person'] },
        confirms: ({ input: { stranger, others } }) =>
          `This merges ${[stranger, others].flat().join(', ')} into one unknown person. Only the ID that was seen first stays.`,
        text: ({ id, visits }: StrangerSummary) => `merged into ${id}: ${counted(visits, 'visit')}`,
        examples: [['rollcall strangers merge s-6v0n s-3h9w', 'say that two unknown people are one person']],
      },
    ],
  }),
  'strangers.split': operation({
    method: 'POST',
    path: '/strangers/{stranger}/split',
    summary: 'Move some passages of an unknown person to a new unknown person.',
    input: one.extend({ passages: z.array(passageId).min(1).max(200) }),
    answer: { kind: 'json', schema: strangerSummary },
    creates: { id: 'id', foundBy: 'strangers.list' },
    errors: [...known, 'split-refused'],
    ...changing,
    centre: { scope: 'strangers', command: 'split-stranger', answerAs: 'stranger' },
    commandLines: [
      {
        words: 'strangers split',
        does: 'move some passages of an unknown person to a new unknown person',
        arguments: argument,
        options: { passages: ['--passages <passage...>', 'the passages that show another person'] },
        text: ({ id, passages }: StrangerSummary) =>
          `new unknown person ${id} with ${counted(passages, 'passage')}`,
        examples: [
          [
            'rollcall strangers split s-6v0n --passages 019cad8f-65c1-76e5-8bb3-dc7c7e384ded',
            'say that one passage shows another person',
          ],
        ],
      },
    ],
  }),
  'strangers.ignore': operation({
    method: 'PUT',
    path: '/strangers/{stranger}/ignored',
    summary: 'Cause no more events and alerts about an unknown person.',
    description: 'Passages of the unknown person stay in the journal, with the reason `stranger-ignored`.',
    input: one,
    answer: { kind: 'json', schema: strangerSummary },
    errors: known,
    ...changing,
    centre: { scope: 'strangers', command: 'ignore-stranger', answerAs: 'stranger' },
  }),
  'strangers.notice': operation({
    method: 'DELETE',
    path: '/strangers/{stranger}/ignored',
    summary: 'Cause events and alerts about an unknown person again.',
    input: one,
    answer: { kind: 'json', schema: strangerSummary },
    errors: known,
    ...changing,
    centre: { scope: 'strangers', command: 'notice-stranger', answerAs: 'stranger' },
  }),
  'strangers.discard': operation({
    method: 'DELETE',
    path: '/strangers/{stranger}',
    summary: 'Forget an unknown person.',
    description:
      'The unknown person is no longer recognised, is set aside, and can be restored for 15 minutes. Then the box deletes the templates, the pictures, and the id from the passages. The passages stay. A discarded person who comes again is a new unknown person.',
    input: one.extend({
      isFinal: z
        .boolean()
        .default(false)
        .describe(
          'Deletes everything immediately; this cannot be undone. Also works for an unknown person who was discarded earlier.',
        ),
    }),
    answer: { kind: 'json', schema: discarded },
    errors: known,
    ...changing,
    needsStepUp: true,
    withoutProof: {
      where: '`isFinal` is not set: the unknown person can then be restored',
      holds: (input) => !('isFinal' in input) || input.isFinal !== true,
    },
    centre: { scope: 'strangers', command: 'discard-stranger', answerAs: 'lost' },
    commandLines: [
      {
        words: 'strangers discard',
        does: 'forget an unknown person: templates, pictures and the id in the passages, after 15 minutes',
        arguments: argument,
        options: {
          isFinal: [
            '--final',
            'delete everything at once, without a way back; also of a discarded unknown person',
          ],
        },
        confirms: async ({ input: { stranger, isFinal } }, ask) =>
          discardQuestion((await ask('strangers.show', { stranger })) as StrangerDetails, isFinal === true),
        text: describeDiscarded,
        examples: [
          [
            'rollcall strangers discard s-6v0n',
            'ask for confirmation, then forget an unknown person after 15 minutes',
          ],
          ['rollcall strangers discard s-6v0n --final', 'forget an unknown person at once'],
        ],
      },
    ],
  }),
  'strangers.restore': operation({
    method: 'POST',
    path: '/strangers/{stranger}/restore',
    summary: 'Take back that an unknown person was discarded or assigned.',
    description:
      'Possible for 15 minutes. The unknown person is recognised again, with all passages and pictures. The photos that an assignment added to a person are deleted; a person who was enrolled from them is removed. For an assigned unknown person it needs `persons:write`, too.',
    input: z.strictObject({ stranger: strangerId }),
    answer: { kind: 'json', schema: strangerSummary },
    errors: [...known, 'person-not-active', 'last-photograph'],
    ...changing,
    commandLines: [
      {
        words: 'strangers restore',
        does: 'undo a discard or an assignment of an unknown person, within 15 minutes',
        arguments: { stranger: ['stranger', 'whole id of the unknown person'] },
        text: ({ id, visits }: StrangerSummary) => `${id} is recognised again: ${counted(visits, 'visit')}`,
        examples: [
          [
            'rollcall strangers restore s-6v0n8k2dq4c1wz9xj7tbm3rhfp',
            'take back that an unknown person was discarded or assigned',
          ],
        ],
      },
    ],
  }),
  'strangers.assign': operation({
    method: 'POST',
    path: '/strangers/{stranger}/assign',
    summary: 'Say that an unknown person is an enrolled person.',
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
    summary: 'Enrol an unknown person who gave consent.',
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
