import { z } from 'zod';
import { passageDetails } from './passages.js';
import { personDetail } from './person.js';

const jpegBase64 = z.string().describe('The picture, JPEG in base64.');

/** A template: values of an embedding as little-endian float32. Only comparable under the same recogniser. */
export const exportedTemplate = z.object({
  id: z.string(),
  recogniser: z.string(),
  quality: z.number(),
  fromPassage: z
    .object({ passage: z.string(), camera: z.string(), seenAt: z.iso.datetime() })
    .exactOptional()
    .describe('The passage whose picture it was made from. Absent for an enrolled photo.'),
  vectorBase64: z.string().describe('Values of the embedding, 32-bit floats, lowest byte first, in base64.'),
});
export type ExportedTemplate = z.infer<typeof exportedTemplate>;

export const exportedPhotograph = z.object({ id: z.string(), storedAt: z.iso.datetime(), jpegBase64 });
export const exportedEvidence = z.object({
  id: z.string(),
  storedAt: z.iso.datetime(),
  eventId: z.string().describe('The event, or the passage without a picture of an event.'),
  cameraId: z.string(),
  jpegBase64,
});

export const exportedCorrection = z.object({
  date: z.string().describe('The corrected day, `YYYY-MM-DD`.'),
  kind: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime().nullable().describe('The corrected time, if any.'),
  recordedAt: z.iso.datetime(),
});
export type ExportedCorrection = z.infer<typeof exportedCorrection>;

export const exportedAuditEntry = z.object({
  sequence: z.int(),
  at: z.iso.datetime(),
  action: z.string(),
  actor: z.string(),
  origin: z.string(),
  details: z.unknown().optional(),
});
export type ExportedAuditEntry = z.infer<typeof exportedAuditEntry>;

/**
 * Everything held on one person, one thing a line. Templates are in it themselves, not only their count: a template is
 * personal data, and GDPR Art. 15(3) gives the person a copy of the data, not a description of it (Court of Justice of the
 * European Union, C-487/21). They disclose nothing that the photographs beside them do not.
 */
export const exportedLine = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('person'), person: personDetail }),
  z.object({ kind: z.literal('template'), ...exportedTemplate.shape }),
  z.object({ kind: z.literal('photograph'), ...exportedPhotograph.shape }),
  z.object({ kind: z.literal('evidence'), ...exportedEvidence.shape }),
  z
    .object({ kind: z.literal('event'), event: z.unknown() })
    .describe('An event that names the person, as it was published.'),
  z
    .object({ kind: z.literal('passage'), passage: passageDetails })
    .describe('A passage in which the box recognised the person. Other persons are left out.'),
  z.object({ kind: z.literal('correction'), correction: exportedCorrection }),
  z.object({ kind: z.literal('audit-entry'), entry: exportedAuditEntry }),
]);
export type ExportedLine = z.infer<typeof exportedLine>;
