import { z } from 'zod';
import { markedAs } from '../kernel/events/notice.js';
import { eyeFaults, livenessVerdicts } from '../kernel/liveness/liveness.js';
import { passageOutcomes } from '../kernel/passage-outcome.js';
import { passageEnds } from '../kernel/passages/passage.js';
import { passageReasons } from '../kernel/passages/passage-reason.js';
import { earlyRefusals } from '../kernel/passages/passage-reference.js';
import { cameraId, filteredCamera } from './cameras.js';
import { mostPassageReferences } from './enrolment.js';
import { numberedPageFields, operation } from './operation.js';
import { personId, similarity } from './person.js';

const count = z.int().nonnegative();
const number = z
  .int()
  .positive()
  .describe('Ascends from passage to passage, with gaps. Lists are in this order.');
const passageId = z.string().describe('The id of the passage.');
export const outcome = z.enum(passageOutcomes);
export const reason = z.enum(passageReasons).describe('docs/reference/passage-reasons.md explains each.');
const strangerId = z.string().min(1).max(64).describe('The opaque id of the stranger: `s-…`.');

/** A person as callers see one. */
export const personRef = z.object({
  id: personId,
  name: z
    .string()
    .exactOptional()
    .describe('Absent for callers without `names:read`, for an erased person, and for a damaged profile.'),
});
export type PersonRef = z.infer<typeof personRef>;

/** A passage in a list. */
export const readablePassage = z.object({
  number,
  id: passageId,
  camera: z.string(),
  startedAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  inSightS: z.number().describe('Seconds from the first to the last time the face was seen.'),
  end: z.enum(passageEnds).exactOptional().describe('How it ended. Absent while the face is in sight.'),
  outcome,
  reason,
  sentence: z.string().describe('Why the passage has this outcome, in words.'),
  remedy: z.string().exactOptional().describe('What to do about it. Absent where there is nothing to do.'),
  person: personRef.exactOptional().describe('The person whom the box recognised.'),
  stranger: z.object({ id: strangerId, visit: z.int().positive() }).exactOptional(),
  events: z.array(z.string()).readonly().describe('The ids of the events that the passage caused.'),
});
export type ReadablePassage = z.infer<typeof readablePassage>;

/** A passage whose content the box cannot open. */
export const unreadablePassage = z
  .object({ number, id: passageId, unreadable: z.literal(true) })
  .describe(
    'A passage whose content the box cannot open: its key is gone, as after the restore of an older backup, or the row was damaged.',
  );

export const passageItem = z.union([readablePassage, unreadablePassage]);
export type PassageItem = z.infer<typeof passageItem>;

export const measures = z.object({
  score: z.number().describe('0 (cannot be used) to 1.'),
  widthPx: z.number().describe('Width of the face in the full picture.'),
  yawDeg: z.number(),
  pitchDeg: z.number(),
  meanLuma: z.number().describe('Mean brightness of the face, 0 to 255.'),
  sharpness: z.number(),
});

const afterS = z.number().describe('Seconds from the first time the face was seen.');
const eyeOpenness = z
  .number()
  .describe('Height by width, the mean of both eyes: about 0.3 where they are open.');

export const openness = z.object({
  samples: z
    .array(
      z.object({
        afterS,
        openness: eyeOpenness.exactOptional(),
        fault: z
          .enum(eyeFaults)
          .exactOptional()
          .describe('Why the eyes could not be judged in this view, in place of `openness`.'),
      }),
    )
    .readonly()
    .describe('The views in the order of time.'),
  openEyes: eyeOpenness
    .exactOptional()
    .describe('The openness of the open eyes. Absent where they were seen too briefly.'),
  closedUnder: eyeOpenness
    .exactOptional()
    .describe('A dip that comes down to it is a blink, however long it lasts. A quick one needs less.'),
});

/** A passage with everything that was measured. */
export const passageDetails = readablePassage.extend({
  recogniser: z.string(),
  views: z.object({
    count: count.describe('Views in which the landmarks were found.'),
    embedded: count.describe('Views that were compared with the gallery.'),
    faults: z
      .record(z.string(), count)
      .readonly()
      .describe('Number of views with each fault. A view can have several.'),
    best: measures.exactOptional().describe('The best view. Absent without any.'),
  }),
  threshold: z.number().describe('The similarity from which two faces count as one person.'),
  margin: z.number().describe('How much nearer than the second the nearest person must be.'),
  nearest: z
    .array(z.object({ person: personRef, similarity, threshold: z.number() }))
    .readonly()
    .describe('The nearest persons, the most similar first, with the threshold of each.'),
  liveness: z.object({
    require: z.string().describe('What the camera demands: `liveness.require`.'),
    verdict: z.enum(livenessVerdicts),
    reason: z.string(),
    blinkCount: count,
    blinks: z
      .array(
        z.object({
          afterS: z
            .number()
            .describe('Seconds from the first time the face was seen to the middle of the blink.'),
          durationS: z.number(),
        }),
      )
      .readonly()
      .exactOptional()
      .describe('The first blinks. Absent in passages of earlier versions, and of an attack.'),
    openness: openness
      .exactOptional()
      .describe(
        'How far the eyes were open: the last 300 views before the verdict, or before the end where there was none. Absent where neither came, and in passages of earlier versions.',
      ),
    observedS: z.number().describe('Seconds in which a blink would have been detected.'),
    frameCount: count.describe('Frames in which the eyes were measured.'),
    passiveScore: z.number().exactOptional().describe('0 (attack) to 1 (live). Absent without a model.'),
  }),
  cooldown: z
    .object({ elapsedS: z.number(), cooldownS: z.number(), passage: passageId.exactOptional() })
    .exactOptional()
    .describe('The rule that kept an event back, and the earlier passage.'),
  hasPicture: z.boolean(),
  mark: z
    .object({ was: z.enum(markedAs), person: personRef.exactOptional(), at: z.iso.datetime() })
    .exactOptional()
    .describe('What an operator said of the passage last.'),
  reference: z
    .object({
      photograph: z
        .string()
        .exactOptional()
        .describe('The photograph of the person that was taken from the passage.'),
      refusal: z
        .enum(earlyRefusals)
        .exactOptional()
        .describe('Why none can be taken. Absent where `passages.add-reference` may be called.'),
    })
    .exactOptional()
    .describe('Only for callers with the scope `persons:write`.'),
});
export type PassageDetails = z.infer<typeof passageDetails>;

const position = count.describe(
  'Give it as `after` to continue later. A reader can get passages again, and misses none.',
);

/** An item of the stream of passages. */
export const followedPassage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passage'), passage: passageItem, position }),
  z
    .object({ kind: z.literal('up-to-date'), position })
    .describe(
      'Comes once at the beginning, after the passages that ended before, and whenever no passage ended for 30 seconds.',
    ),
]);
export type FollowedPassage = z.infer<typeof followedPassage>;

/** Where a reader goes on who has this item. */
const positionOf = (item: FollowedPassage): number => item.position;

const filters = {
  camera: filteredCamera.optional().describe('Only passages at this camera.'),
  person: personId
    .optional()
    .describe(
      'Only passages in which the box recognised this person, and those of a stranger who was assigned to them.',
    ),
  stranger: strangerId.optional().describe('Only passages of this stranger.'),
  outcome: outcome.optional(),
  reason: reason.optional(),
};

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

const missedRequest = z.strictObject({
  camera: cameraId,
  person: personId.describe('Who was there.'),
  at: instant.describe('When.'),
  note,
});
export type MissedRequest = z.infer<typeof missedRequest>;

export const markOutcome = z.object({
  event: z.string().describe('The id of the event that tells the centre.'),
  corrections: count.describe('Attendances that were added or cancelled.'),
});
export type MarkOutcome = z.infer<typeof markOutcome>;

const markEffect = z.object({
  thresholds: z
    .array(
      z.object({
        person: personRef,
        before: z.number().describe('The threshold now.'),
        after: z.number().describe('The threshold with the mark.'),
        comparisons: count.describe("Comparisons of the person's own photographs with each other."),
        lost: count.describe('Those of them that match now, and would not then.'),
      }),
    )
    .readonly()
    .describe('The persons whose threshold would change: at most two. Empty while thresholds are unknown.'),
});
export type MarkEffect = z.infer<typeof markEffect>;

export const referenceRemoved = z.object({
  person: personId,
  photograph: z.string().describe('The id of the photograph.'),
});
export type ReferenceRemoved = z.infer<typeof referenceRemoved>;

export const referenceAdded = referenceRemoved.extend({
  retired: z
    .string()
    .exactOptional()
    .describe(
      'The photograph of another passage that was deleted for it, because the others show nearly the same.',
    ),
});
export type ReferenceAdded = z.infer<typeof referenceAdded>;

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
      until: instant.optional().describe('Began before this time.'),
      marked: z.enum(['only']).optional().describe('Only passages of which an operator said who it was.'),
    }),
    answer: { kind: 'page', item: passageItem },
    errors: ['gallery-sealed'],
    scope: 'passages:read',
    audit: 'personal',
    centre: { scope: 'passages', command: 'list-passages', answerAs: 'page' },
    rate: 'default',
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
  'passages.mark': operation({
    method: 'POST',
    path: '/passages/{passage}/marks',
    summary: 'Say who a passage was.',
    description:
      'The last mark of a passage counts. It corrects the attendance of everybody concerned if the caller also has `attendance:write`, goes to the centre as an event, and raises the threshold of a person for whom another person was taken.',
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
  'passages.mark-effect': operation({
    method: 'GET',
    path: '/passages/{passage}/mark-effect',
    summary: 'Tell what a mark would do to the thresholds of persons.',
    description:
      "Stores nothing. However many marks there are, at most a quarter of the comparisons of a person's own photographs come to lie below the threshold.",
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
    input: z.strictObject({ passage: which }),
    answer: { kind: 'json', schema: markOutcome },
    errors: ['no-such-passage', 'passage-unreadable', 'ambiguous', 'mark-refused', 'gallery-sealed'],
    scope: 'passages:write',
    audit: 'write',
    rate: 'default',
  }),
  'passages.add-reference': operation({
    method: 'POST',
    path: '/passages/{passage}/reference',
    summary: 'Add the picture of a passage to the photographs of the recognised person.',
    description: `The box never does this by itself. Needs \`passages:pictures\`, too. The passage must have ended as an attendance with a passed liveness check, must not be marked as another person, and the consent of the person must be in force. The picture must be good enough for an enrolment, match the enrolled photographs of the person by the margin more than the threshold in force, and resemble nobody else nearly as much. A person has at most ${mostPassageReferences} such photographs: beyond that, the one that is most similar to another photograph goes. Enrolled photographs stay. \`details.reason\` of \`reference-refused\` says what is in the way.`,
    input: z.strictObject({ passage: which }),
    answer: { kind: 'json', schema: referenceAdded },
    creates: { id: 'photograph', foundBy: 'passages.show' },
    errors: [...referenceErrors, 'reference-refused', 'too-many-photographs', 'person-not-active'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'enrolment',
    isLong: true,
  }),
  'passages.remove-reference': operation({
    method: 'DELETE',
    path: '/passages/{passage}/reference',
    summary: 'Delete the photograph of a person that was taken from a passage.',
    description: 'When retention has deleted the passage, `persons.photographs.remove` does the same.',
    input: z.strictObject({ passage: which }),
    answer: { kind: 'json', schema: referenceRemoved },
    errors: [...referenceErrors, 'no-such-reference', 'person-not-active', 'last-photograph'],
    scope: 'persons:write',
    audit: 'write',
    rate: 'default',
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
  }),
} as const;
