import { z } from 'zod';
import { markedAs } from '../kernel/events/notice.js';
import { cameraId, filteredCamera } from './cameras.js';
import { personForms, timeForms, writtenAs } from './command-line.js';
import { mostPassageReferences } from './enrolment.js';
import { numberedPageFields, operation } from './operation.js';
import { describeMark, describePassages, describeWhy } from './passage-text.js';
import {
  type FollowedPassage,
  followedPassage,
  type MarkOutcome,
  markEffect,
  markedPassages,
  markOutcome,
  outcome,
  type PassageDetails,
  passageDetails,
  passageItem,
  passageTimeline,
  type ReferenceAdded,
  type ReferenceRemoved,
  reason,
  referenceAdded,
  referenceRemoved,
  strangerId,
} from './passages.js';
import { personId } from './person.js';

/** Where a reader goes on who has this item. */
const positionOf = (item: FollowedPassage): number => item.position;

const filters = {
  camera: filteredCamera.optional().describe('Only passages at this camera.'),
  person: personId
    .optional()
    .describe(
      'Only passages in which the box recognised this person, and those of an unknown person who was assigned to them.',
    ),
  stranger: strangerId.optional().describe('Only passages of this unknown person.'),
  outcome: outcome.optional(),
  reason: reason.optional(),
};

/** The longest day has 25 hours; one more lets a caller round to whole hours. */
export const longestTimelineH = 26;
/** Most passages of a timeline: twice a day of a busy entrance. Each takes the core about a tenth of a millisecond to open. */
export const mostTimelinePassages = 10_000;

const instant = z.iso.datetime().max(40);
const which = z
  .string()
  .min(4, { error: 'give at least four characters of the id of a passage' })
  .max(64)
  .describe('The id of the passage, or its beginning with at least four characters.');

const note = z
  .string()
  .max(1000)
  .optional()
  .describe('The reason of the corrections of attendance, 1 to 200 characters. Write no names in it.');

const markRequest = z.strictObject({
  passage: which,
  was: z.enum(markedAs).describe('`nobody`: no living face.'),
  person: personId.optional().describe('Of `person`: who it was.'),
  note,
});
export type MarkRequest = z.infer<typeof markRequest>;

/** Most passages of one call of `passages.mark-many`. */
const mostMarkedAtOnce = 200;

const markManyRequest = markRequest.omit({ passage: true }).extend({
  passages: z.array(which).min(1).max(mostMarkedAtOnce),
  isPreview: z.boolean().default(false),
});
export type MarkManyRequest = z.infer<typeof markManyRequest>;

const missedRequest = z.strictObject({
  camera: cameraId,
  person: personId.describe('Who was there.'),
  at: instant.describe('When.'),
  note,
});
export type MissedRequest = z.infer<typeof missedRequest>;

/** What people write for a passage, and for the reason of a mark. */
const argument = { passage: ['passage', 'id of the passage, or its beginning'] } as const;
export const noteOption = [
  '--note <text>',
  'the reason, kept with corrected attendance; do not write names in it',
] as const;

const pictureOf = ({ id }: PassageDetails) =>
  ({ operation: 'passages.picture', input: { passage: id }, name: `passage-${id}` }) as const;

const referenceErrors = ['no-such-passage', 'passage-unreadable', 'ambiguous', 'gallery-sealed'] as const;

export const passageOperations = {
  'passages.list': operation({
    method: 'GET',
    path: '/passages',
    summary: 'List passages: whom each camera saw, and what the box decided and why.',
    description:
      'The newest first, unless `order` says otherwise. A caller who is limited to cameras gets the passages at these cameras only.',
    input: z.strictObject({
      ...numberedPageFields,
      order: z.enum(['newest-first', 'oldest-first']).default('newest-first'),
      ...filters,
      since: instant.optional().describe('Began at this time or later.'),
      until: instant.optional().describe('Began before this time.').register(writtenAs, { as: 'end' }),
      marked: z.enum(['only']).optional().describe('Only passages of which an operator said who it was.'),
    }),
    answer: { kind: 'page', item: passageItem },
    errors: ['gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    centre: { scope: 'passages', command: 'list-passages', answerAs: 'page' },
    rate: 'default',
    commandLines: [
      {
        words: 'passages list',
        does: 'list passages, oldest first: whom each camera saw, and what the box decided and why',
        options: {
          camera: ['--camera <camera>', 'only passages at this camera'],
          person: ['--person <person>', `only passages of this person: ${personForms}`],
          stranger: ['--stranger <stranger>', 'only passages of the unknown person with this id'],
          outcome: ['--outcome <outcome>', 'only passages with this outcome'],
          reason: ['--reason <reason>', 'only passages with this reason'],
          since: ['--since <time>', `began since this time: ${timeForms}`],
          until: ['--until <time>', 'began before this time; a day is included as a whole'],
        },
        most: {
          flags: '-n, --limit <count>',
          help: 'number of newest matching passages',
          usual: 50,
          isOldestFirst: true,
        },
        text: describePassages,
        examples: [
          ['rollcall passages list', 'show whom each camera saw last, and what the box decided'],
          ['rollcall passages list --person Ada --since today', 'everything about one person today'],
          ['rollcall passages list --outcome unproven', 'recognised persons without proof of life'],
        ],
      },
    ],
  }),
  'passages.timeline': operation({
    method: 'GET',
    path: '/passages/timeline',
    summary: 'Read the passages of a day as marks, and when no camera could see one.',
    description: `Less of each passage than \`passages.list\` gives, and all of a day in one answer. At most ${longestTimelineH} hours and ${mostTimelinePassages} passages, the earliest first. A caller who is limited to cameras gets what is about these cameras only.`,
    input: z.strictObject({
      since: instant.describe('Began at this time or later.'),
      until: instant.describe('Began before this time.'),
      ...filters,
    }),
    answer: { kind: 'json', schema: passageTimeline },
    errors: ['period-refused', 'gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    rate: 'days',
    isLong: true,
  }),
  'passages.show': operation({
    method: 'GET',
    path: '/passages/{passage}',
    summary: 'Explain a passage: what was measured, what the box decided and why.',
    input: z.strictObject({ passage: which }),
    answer: { kind: 'json', schema: passageDetails },
    errors: ['no-such-passage', 'passage-unreadable', 'ambiguous', 'gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    centre: { scope: 'passages', command: 'show-passage', answerAs: 'passage' },
    rate: 'default',
    commandLines: [
      {
        words: 'passages why',
        does: 'explain a passage: what the box decided, why, and what to do about it',
        arguments: argument,
        text: describeWhy,
        picture: pictureOf,
        examples: [
          ['rollcall passages why 0198c1c2-7a1b', 'explain a passage; the list shows the beginnings of ids'],
          [
            'rollcall passages why 0198c1c2-7a1b --picture',
            'also save its best picture in a temporary folder',
          ],
        ],
      },
      {
        words: 'passages show',
        does: 'show everything that the box recorded of a passage',
        arguments: argument,
        text: (passage: PassageDetails) => JSON.stringify(passage, null, 2),
        picture: pictureOf,
        examples: [['rollcall passages show 0198c1c2-7a1b --json', 'everything recorded, for a program']],
      },
    ],
  }),
  'passages.follow': operation({
    method: 'GET',
    path: '/passages/stream',
    summary: 'Receive passages as they end.',
    description:
      'A passage comes when it has ended. With `after`, those come first that ended since that position. The answer ends when the reader leaves.',
    input: z.strictObject({
      after: z
        .int()
        .nonnegative()
        .optional()
        .describe('`position` of the last item that was read. Absent: only passages that end from now on.'),
      ...filters,
    }),
    answer: { kind: 'lines', item: followedPassage, resume: { field: 'after', positionOf } },
    errors: ['gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    rate: 'stream',
    isLong: true,
  }),
  'passages.picture': operation({
    method: 'GET',
    path: '/passages/{passage}/picture',
    summary: 'Read the best picture of a passage.',
    description: 'The configuration decides which pictures the box keeps: `evidence`.',
    input: z.strictObject({ passage: which }),
    answer: { kind: 'file', mediaType: 'image/jpeg' },
    errors: ['no-such-passage', 'no-such-picture', 'passage-unreadable', 'ambiguous', 'gallery-sealed'],
    scope: 'passages:pictures',
    audit: 'personal',
    rate: 'pictures',
  }),
  'passages.clip': operation({
    method: 'GET',
    path: '/passages/{passage}/clip',
    summary: 'Read the clip of a passage: the frames of a few seconds, signed by the box.',
    description:
      'A zip archive of JPEG files in the order of time, and of `manifest.json`, which has the SHA-256 hash of each and which the box signed as it signs events when it made the clip. Whoever knows the public key of the box can verify it: docs/reference/clips.md. The configuration decides which clips the box keeps: `clips`.',
    input: z.strictObject({ passage: which }),
    answer: { kind: 'file', mediaType: 'application/zip' },
    errors: [
      ...(['no-such-passage', 'no-such-clip', 'passage-unreadable', 'clip-damaged'] as const),
      ...(['ambiguous', 'gallery-sealed'] as const),
    ],
    scope: 'passages:pictures',
    audit: 'personal',
    rate: 'pictures',
  }),
  'passages.mark': operation({
    method: 'POST',
    path: '/passages/{passage}/marks',
    summary: 'Record who was seen in a passage.',
    description:
      'The last mark of a passage counts. It corrects the attendance of everyone concerned if the caller also has `attendance:write`, goes to the centre as an event, and raises the threshold of a person with whom another person was confused.',
    input: markRequest,
    answer: { kind: 'json', schema: markOutcome },
    creates: { id: 'event', foundBy: 'passages.show' },
    errors: [
      ...(['no-such-passage', 'passage-unreadable', 'ambiguous', 'mark-refused'] as const),
      ...(['no-such-person', 'gallery-sealed'] as const),
    ],
    scope: 'passages:write',
    audit: 'write',
    centre: { scope: 'passages', command: 'mark-passage', answerAs: 'mark' },
    rate: 'default',
  }),
  'passages.mark-many': operation({
    method: 'POST',
    path: '/passages/marks',
    summary: 'Record the same of many passages: who was seen in them.',
    description:
      'As `passages.mark` for each passage, with an event and an audit entry of its own: one that is refused does not hold up the others. A repeated request finds them unchanged. A preview marks nothing and says what would become of each. `passages.unmark` takes back each mark.',
    input: markManyRequest,
    answer: { kind: 'json', schema: markedPassages },
    errors: ['no-such-person', 'gallery-sealed'],
    scope: 'passages:write',
    audit: 'write',
    rate: 'heavy',
    isLong: true,
  }),
  'passages.mark-effect': operation({
    method: 'GET',
    path: '/passages/{passage}/mark-effect',
    summary: 'Preview how a mark would change the thresholds of persons.',
    description:
      "Stores nothing. However many marks there are, at most a quarter of the comparisons of a person's own photos come to lie below the threshold.",
    input: z.strictObject({ passage: which, was: markRequest.shape.was, person: markRequest.shape.person }),
    answer: { kind: 'json', schema: markEffect },
    errors: [
      ...(['no-such-passage', 'passage-unreadable', 'ambiguous', 'mark-refused'] as const),
      ...(['no-such-person', 'gallery-sealed'] as const),
    ],
    scope: 'passages:write',
    audit: 'personal',
    rate: 'default',
  }),
  'passages.unmark': operation({
    method: 'DELETE',
    path: '/passages/{passage}/marks',
    summary: 'Undo the correction of a passage.',
    description:
      'Attendance is again as the box recorded it if the caller also has `attendance:write`, the threshold that a mark raised goes down, and the centre gets an event.',
    input: z.strictObject({
      passage: which,
      ifMark: z
        .string()
        .max(64)
        .optional()
        .describe(
          'Undo it only if this mark is still the last one of the passage: the `event` of the answer of `passages.mark`.',
        ),
    }),
    answer: { kind: 'json', schema: markOutcome },
    errors: [
      ...(['no-such-passage', 'passage-unreadable', 'ambiguous', 'mark-refused', 'gallery-sealed'] as const),
      'changed-meanwhile',
    ],
    scope: 'passages:write',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'passages unmark',
        does: 'undo the correction of a passage: attendance and thresholds return to what the box had recorded',
        arguments: argument,
        text: (unmarked: MarkOutcome) => describeMark(unmarked, 'mark taken back'),
        examples: [['rollcall passages unmark 0198c1c2-7a1b', 'the mark was wrong: take it back']],
      },
    ],
  }),
  'passages.add-reference': operation({
    method: 'POST',
    path: '/passages/{passage}/reference',
    summary: 'Add the picture of a passage to the photos of the recognised person.',
    description: `The box never does this on its own. Also needs \`passages:pictures\`. The passage must have ended as an attendance with a passed liveness check, must not be marked as another person, and the consent of the person must be in force. The picture must be good enough for an enrolment, match the enrolled photos of the person by the margin more than the threshold in force, and resemble nobody else nearly as much. A person has at most ${mostPassageReferences} such photos: beyond that, the one that is most similar to another photo goes. Enrolled photos stay. \`details.reason\` of \`reference-refused\` says what is in the way.`,
    input: z.strictObject({ passage: which }),
    answer: { kind: 'json', schema: referenceAdded },
    creates: { id: 'photograph', foundBy: 'passages.show' },
    errors: [...referenceErrors, 'reference-refused', 'too-many-photographs', 'person-not-active'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'enrolment',
    isLong: true,
    commandLines: [
      {
        words: 'passages add-reference',
        does: 'add the picture of a passage to the photos of the recognised person; the same checks apply as for an enrolment',
        arguments: argument,
        text: ({ person, photograph, retired }: ReferenceAdded) =>
          [
            `${person} is also recognised by ${photograph}, from this passage`,
            ...(retired === undefined ? [] : [`${retired} was deleted for it: it showed nearly the same`]),
          ].join('\n'),
        examples: [
          ['rollcall passages add-reference 0198c1c2-7a1b', 'also recognise the person by this view'],
        ],
      },
    ],
  }),
  'passages.remove-reference': operation({
    method: 'DELETE',
    path: '/passages/{passage}/reference',
    summary: 'Delete the photo of a person that was taken from a passage.',
    description: 'When retention has deleted the passage, `persons.photographs.remove` does the same.',
    input: z.strictObject({ passage: which }),
    answer: { kind: 'json', schema: referenceRemoved },
    errors: [...referenceErrors, 'no-such-reference', 'person-not-active', 'last-photograph'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'passages remove-reference',
        does: 'delete the photo of a person that was taken from a passage',
        arguments: argument,
        text: ({ person, photograph }: ReferenceRemoved) =>
          `${person} is no longer recognised by ${photograph}`,
        examples: [['rollcall passages remove-reference 0198c1c2-7a1b', 'undo that: delete this photo']],
      },
    ],
  }),
  'passages.missed': operation({
    method: 'POST',
    path: '/passages/missed',
    summary: 'Say that the box missed a person altogether.',
    description:
      'There is no passage. Adds the attendance if the caller also has `attendance:write`, and goes to the centre as an event.',
    input: missedRequest,
    answer: { kind: 'json', schema: markOutcome },
    creates: { id: 'event', foundBy: 'events.list' },
    errors: ['mark-refused', 'no-such-person', 'no-such-camera', 'gallery-sealed'],
    scope: 'passages:write',
    camera: 'camera',
    audit: 'write',
    rate: 'default',
    commandLines: [
      {
        words: 'passages missed',
        does: 'say that the box missed a person altogether: adds the attendance, and tells the centre',
        options: {
          camera: ['--camera <camera>', 'where the person was'],
          person: ['--person <person>', `who was there: ${personForms}`],
          at: ['--at <time>', `when: ${timeForms}`],
          note: noteOption,
        },
        text: (marked: MarkOutcome) => describeMark(marked),
        examples: [
          [
            "rollcall passages missed --camera front-door --person Ada --at '2026-11-22 08:05'",
            'Ada came, and the box did not see her',
          ],
        ],
      },
    ],
  }),
} as const;
