import { z } from 'zod';
import { asideFor, reviewKinds } from '../kernel/review/review-kind.js';
import { filteredCamera } from './cameras.js';
import { operation, pageFields } from './operation.js';
import { personRef, readablePassage } from './passages.js';
import { similarity } from './person.js';
import { strangerSummary } from './strangers.js';

const count = z.int().nonnegative();
const kind = z
  .enum(reviewKinds)
  .describe(
    '`camera`: a camera fails. `unproven`: a recognised person whose liveness was not confirmed. `near-match`: a face close to an enrolled person, or to two. `unknown-person`: an unknown person who comes often. `look-alikes`: two enrolled persons look alike to this box.',
  );
const itemId = z
  .string()
  .regex(/^(?:camera|passage|unknown-person|look-alikes)\.[\w.-]{1,180}$/, {
    error: 'give the id of an item of the review queue',
  })
  .describe('The id of the item. It stays the same while the item waits.');
const common = {
  id: itemId,
  at: z.iso.datetime().describe('When it happened, or last happened.'),
};

export const reviewedPerson = z.object({
  person: personRef,
  photograph: z
    .string()
    .exactOptional()
    .describe(
      'The best stored photo, as `persons.photographs.read` takes it. Absent without one, and for callers without `persons:read`.',
    ),
});
export type ReviewedPerson = z.infer<typeof reviewedPerson>;

const reviewedPassage = z.object({
  ...common,
  passage: readablePassage,
  hasPicture: z.boolean(),
  candidates: z
    .array(reviewedPerson.extend({ similarity }))
    .readonly()
    .describe(
      'Who it may be, the most similar first: the recognised person, or the enrolled persons nearby.',
    ),
});

/** Something that waits for a person. */
export const reviewItem = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('camera'),
    camera: z.string(),
    name: z.string(),
    code: z.string().describe('Why the camera fails, as `cameras.list` says it.'),
    message: z.string(),
    remedy: z.string(),
  }),
  reviewedPassage.extend({ kind: z.literal('unproven') }),
  reviewedPassage.extend({ kind: z.literal('near-match') }),
  z.object({ ...common, kind: z.literal('unknown-person'), stranger: strangerSummary }),
  z.object({
    ...common,
    kind: z.literal('look-alikes'),
    persons: z.array(reviewedPerson).length(2).readonly(),
    similarity,
    isSeparable: z.boolean().describe('False if the recogniser cannot tell them apart with any threshold.'),
  }),
]);
export type ReviewItem = z.infer<typeof reviewItem>;

export const reviewCounts = z.object({
  waiting: count.describe('Items that wait for the caller.'),
  kinds: z
    .array(z.object({ kind, waiting: count }))
    .readonly()
    .describe('The kinds that the caller may answer.'),
  lastAt: z.iso
    .datetime()
    .exactOptional()
    .describe('When the newest item of these kinds came, whatever became of it. Absent if none came lately.'),
});
export type ReviewCounts = z.infer<typeof reviewCounts>;

export const reviewAside = z.object({ item: itemId, for: z.enum(asideFor), until: z.iso.datetime() });
export type ReviewAside = z.infer<typeof reviewAside>;

const scope = 'passages:read';
const one = z.strictObject({ item: itemId });

export const reviewOperations = {
  'review.list': operation({
    method: 'GET',
    path: '/review',
    summary: 'List what waits for a person: the review queue.',
    description:
      'One kind after the other, each with the newest first. A caller gets the kinds that they may answer: `camera` with `cameras:read` and `cameras:write`, `unproven` and `near-match` with `passages:write`, `unknown-person` with `strangers:read` and `strangers:write`, `look-alikes` with `persons:read` and `persons:write`. The last two concern all cameras, so a caller who is limited to cameras does not get them. A passage waits for 7 days, until `passages.mark`. An unknown person waits until `strangers.ignore`, `strangers.discard`, `strangers.assign`, or `strangers.enrol`.',
    input: z.strictObject({
      ...pageFields,
      kind: kind.optional().describe('Only items of this kind.'),
      camera: filteredCamera.optional().describe('Only what happened at this camera.'),
    }),
    answer: { kind: 'page', item: reviewItem },
    errors: ['gallery-sealed'],
    scope,
    audit: 'personal',
    rate: 'default',
  }),
  'review.counts': operation({
    method: 'GET',
    path: '/review/counts',
    summary: 'Count what waits for a person, by kind.',
    input: z.strictObject({}),
    answer: { kind: 'json', schema: reviewCounts },
    errors: ['gallery-sealed'],
    scope,
    rate: 'default',
  }),
  'review.set-aside': operation({
    method: 'PUT',
    path: '/review/{item}/aside',
    summary: 'Take an item out of the review queue for 30 days without answering it.',
    description:
      'With `me`, the item stays in the queues of others: it was skipped. With `everyone`, it needs nothing. An unknown person comes back sooner, when they have come twice as often. Only what is set aside for everyone leaves an entry in the audit log.',
    input: one.extend({ for: z.enum(asideFor) }),
    answer: { kind: 'json', schema: reviewAside },
    errors: ['gallery-sealed', 'no-such-review-item'],
    scope,
    audit: 'write',
    rate: 'default',
  }),
  'review.restore': operation({
    method: 'DELETE',
    path: '/review/{item}/aside',
    summary: 'Put an item back into the review queue.',
    description:
      'With `me`, takes back what the caller set aside for themselves; with `everyone`, what anyone set aside for everyone. Each leaves the other as it is. Answers are taken back where they were given, such as with `passages.unmark`.',
    input: one.extend({ for: z.enum(asideFor) }),
    answer: { kind: 'json', schema: one },
    errors: ['gallery-sealed', 'no-such-review-item'],
    scope,
    audit: 'write',
    rate: 'default',
  }),
} as const;
