import { z } from 'zod';
import type { EventKind } from '../../kernel/events/event.js';
import {
  ambiguousData,
  attackData,
  attendanceData,
  refusedData,
  unknownData,
  unprovenData,
  watchlistData,
} from './fact-data.js';
import { signature, slug, time } from './message-fields.js';
import {
  auditData,
  boxData,
  cameraData,
  galleryData,
  gapData,
  identityData,
  loiteringData,
  markData,
  personData,
  replyData,
  strangerData,
  summaryData,
} from './notice-data.js';

/**
 * The events that leave the box: the single source of the generated documents and of every check of a published message. Strict,
 * so that no undocumented field can leave the box.
 */

const attributes = {
  specversion: z.literal('1.0'),
  id: z.uuidv7().describe('identity of the event: deduplicate by it'),
  source: z.string().regex(/^\/[a-z0-9_-]+\/[a-z0-9_-]+$/),
  time: time.describe('when it happened'),
  recordedtime: time.describe('when the box recorded it'),
  sequence: z
    .string()
    .regex(/^\d{16}$/)
    .describe('position in the event order of this box, without gaps; sorts as text'),
  site: slug,
  box: slug,
  datacontenttype: z.literal('application/json'),
  historical: z.literal(true).optional().describe('sent late or sent again'),
};

function schemaOf<T extends string, D extends z.ZodType>(type: T, data: D) {
  return z.strictObject({ type: z.literal(type), ...attributes, data, signature });
}

/** The event schemas by kind; the kind is the last level of the topic. */
export const eventSchemas = {
  attendance: [schemaOf('rollcall.attendance.recorded.v1', attendanceData)],
  'recognised-unproven': [schemaOf('rollcall.recognised.unproven.v1', unprovenData)],
  'recognised-refused': [schemaOf('rollcall.recognised.refused.v1', refusedData)],
  watchlist: [schemaOf('rollcall.watchlist.seen.v1', watchlistData)],
  'recognised-ambiguous': [schemaOf('rollcall.recognised.ambiguous.v1', ambiguousData)],
  unknown: [schemaOf('rollcall.unknown.seen.v1', unknownData)],
  loitering: [schemaOf('rollcall.stranger.loitering.v1', loiteringData)],
  stranger: [schemaOf('rollcall.stranger.changed.v1', strangerData)],
  mark: [schemaOf('rollcall.passage.marked.v1', markData)],
  attack: [schemaOf('rollcall.attack.suspected.v1', attackData)],
  person: [
    schemaOf('rollcall.person.enrolled.v1', personData),
    schemaOf('rollcall.person.removed.v1', personData),
    schemaOf('rollcall.person.restored.v1', personData),
    schemaOf('rollcall.person.erased.v1', personData),
  ],
  camera: [schemaOf('rollcall.camera.changed.v1', cameraData)],
  gallery: [schemaOf('rollcall.gallery.changed.v1', galleryData)],
  box: [schemaOf('rollcall.box.changed.v1', boxData)],
  audit: [schemaOf('rollcall.audit.digest.v1', auditData)],
  summary: [schemaOf('rollcall.attendance.summarised.v1', summaryData)],
  gap: [schemaOf('rollcall.events.dropped.v1', gapData)],
  identity: [schemaOf('rollcall.identity.changed.v1', identityData)],
  reply: [schemaOf('rollcall.command.answered.v1', replyData)],
} as const satisfies Record<EventKind, readonly z.ZodType[]>;

/** Any event. */
export const eventSchema = z.discriminatedUnion('type', [
  ...eventSchemas.attendance,
  ...eventSchemas['recognised-unproven'],
  ...eventSchemas['recognised-refused'],
  ...eventSchemas.watchlist,
  ...eventSchemas['recognised-ambiguous'],
  ...eventSchemas.unknown,
  ...eventSchemas.loitering,
  ...eventSchemas.stranger,
  ...eventSchemas.mark,
  ...eventSchemas.attack,
  ...eventSchemas.person,
  ...eventSchemas.camera,
  ...eventSchemas.gallery,
  ...eventSchemas.box,
  ...eventSchemas.audit,
  ...eventSchemas.summary,
  ...eventSchemas.gap,
  ...eventSchemas.identity,
  ...eventSchemas.reply,
]);

export type EventMessage = z.infer<typeof eventSchema>;
