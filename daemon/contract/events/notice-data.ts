import { z } from 'zod';
import { noticedCameraStates } from '../../kernel/camera-state.js';
import {
  boxConditions,
  galleryChanges,
  gapReasons,
  noticedMarks,
  replyOutcomes,
  strangerChanges,
} from '../../kernel/events/notice.js';
import { passageOutcomes } from '../../kernel/passage-outcome.js';
import { code, keyId, opaqueId, slug, subject, time } from './message-fields.js';

/** The `data` of events that are not about a person in front of a camera. */

const counts = z.record(z.string(), z.int().nonnegative());

export const personData = z.strictObject({ person: opaqueId });

export const strangerData = z.strictObject({
  change: z.enum(strangerChanges),
  stranger: opaqueId.describe('opaque id of the unknown person; of merged: the id that is used no more'),
  other: opaqueId
    .optional()
    .describe('of merged: the id that stays; of split: the unknown person to whom the passages belonged'),
  person: opaqueId.optional().describe('of assigned: who the unknown person is, an enrolled person'),
});

export const loiteringData = z.strictObject({
  stranger: opaqueId.describe('opaque id of the unknown person'),
  camera: slug.describe('where the unknown person is now'),
  passage: opaqueId.describe('the latest passage of the stay'),
  cameras: z.array(slug).min(1).describe('the cameras of the stay, in the order of their first passage'),
  since: time.describe('when the stay began'),
  stayedS: z.int().nonnegative().describe('seconds from the beginning of the stay until the event'),
});

export const markData = z.strictObject({
  camera: slug,
  seenAt: time.describe('when the person was there'),
  was: z
    .enum(noticedMarks)
    .describe(
      'who it was: an enrolled person, an unknown person, or nobody (no living face); taken-back: an earlier correction of the passage was undone',
    ),
  person: opaqueId.optional().describe('of person: who it was'),
  passage: opaqueId.optional().describe('the passage; absent for a person whom the box missed altogether'),
  decided: z
    .strictObject({
      outcome: z.enum(passageOutcomes),
      person: opaqueId.optional().describe('the person whom the box had recognised'),
      similarity: z.number().min(-1).max(1).optional().describe('of the face to this person'),
      recogniser: z.string(),
    })
    .optional()
    .describe('what the box had decided about the passage'),
});

export const cameraData = z.strictObject({
  camera: slug,
  state: z.enum(noticedCameraStates),
  code: code.optional().describe('why it failed'),
  damage: code.optional().describe('only of a streaming camera: why its pictures are unusable'),
});

export const galleryData = z.strictObject({
  change: z.enum(galleryChanges),
  code: code.optional().describe('why it is sealed'),
});

export const boxData = z.strictObject({
  condition: z.enum(boxConditions),
  active: z
    .boolean()
    .describe('true: the condition begins; false: it ends. clock-jumped does both at the same time'),
  change: z
    .enum(['worsened', 'eased'])
    .optional()
    .describe('only of a condition that stays active: whether subjects were added or ended'),
  about: z
    .array(subject)
    .optional()
    .describe('all present subjects of the condition, where it can have several'),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const auditData = z.strictObject({
  entry: z.int().positive().describe('number of the newest entry of the audit log'),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  keyId: z.string().min(1).describe('which key the log is sealed with'),
});

export const summaryData = z.strictObject({
  date: z.iso
    .date()
    .describe(
      'in the time zone of the site; a later summary of a date replaces an earlier one with all its parts',
    ),
  part: z.int().positive(),
  parts: z.int().positive(),
  counts: counts.describe('of the whole day: persons by status'),
  persons: z
    .array(
      z.strictObject({
        person: opaqueId,
        shift: z.string().nullable(),
        statuses: z.array(z.string()),
        firstIn: time.nullable(),
        lastOut: time.nullable(),
        workedMin: z.number().nonnegative().nullable(),
      }),
    )
    .describe('the persons in this part'),
});

export const gapData = z.strictObject({
  firstSequence: z.int().positive(),
  lastSequence: z.int().positive(),
  counts: counts.describe('events given up, by kind; `lost`: events whose kind is unknown'),
  reason: z
    .enum(gapReasons)
    .describe(
      '`lost`: the records of the box were lost or damaged, and the events of the range with them. `replaced`: the box was replaced from a backup; what the former box recorded after the backup has numbers in the range, most of which no box has used',
    ),
});

export const identityData = z.strictObject({ keyId, formerKeyId: keyId, formerUntil: time });

export const replyData = z.strictObject({
  id: z.string().min(1).describe('the `jti` of the command'),
  command: z.string().min(1),
  outcome: z.enum(replyOutcomes),
  code: code.optional(),
  message: z.string().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});
