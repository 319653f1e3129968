import { z } from 'zod';
import { boxConditions, gapReasons } from '../../domain/events/notice.js';
import { code, keyId, opaqueId, slug, subject, time } from './terms.js';

/** The `data` of events that are not about somebody in front of a camera. */

const counts = z.record(z.string(), z.int().nonnegative());

export const personData = z.strictObject({ person: opaqueId });

export const cameraData = z.strictObject({
  camera: slug,
  state: z.enum(['streaming', 'failed', 'disabled']),
  code: code.optional().describe('why it failed'),
  damage: code.optional().describe('of a camera that streams: why its pictures are of no use'),
});

export const galleryData = z.strictObject({
  change: z.enum(['opened', 'sealed', 'key-rotated', 'restored', 're-embedded']),
  code: code.optional().describe('why it is sealed'),
});

export const boxData = z.strictObject({
  condition: z.enum(boxConditions),
  active: z
    .boolean()
    .describe('whether the condition holds from now on or has ended; clock-jumped does both at once'),
  change: z
    .enum(['worsened', 'eased'])
    .optional()
    .describe('of one that held before and still does: whether something came to it, or some of it is over'),
  about: z
    .array(subject)
    .optional()
    .describe('everything that it is about now, where it can be several things'),
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
    .describe('where the site is; of two summaries of a date the later one holds, with all its parts'),
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
    .describe('those of this part'),
});

export const gapData = z.strictObject({
  firstSequence: z.int().positive(),
  lastSequence: z.int().positive(),
  counts: counts.describe('events given up, by kind; `lost`: of kinds that the box does not know any more'),
  reason: z
    .enum(gapReasons)
    .describe('`lost`: the records of the box were lost or damaged, and with them what the range holds'),
});

export const identityData = z.strictObject({ keyId, formerKeyId: keyId, formerUntil: time });

export const replyData = z.strictObject({
  id: z.string().min(1).describe('the `jti` of the command'),
  command: z.string().min(1),
  outcome: z.enum(['progress', 'done', 'refused', 'failed']),
  code: code.optional(),
  message: z.string().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
});
