import { z } from 'zod';

/**
 * What leaves the box, as integrators may rely on it: the single source of docs/events.md's fields and of every check
 * of a published message. Strict, so that a field nobody described cannot slip out.
 */

const time = z.iso.datetime({ precision: 3 });
const slug = z.string().regex(/^[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?$/);
const similarity = z.number().min(-1).max(1);
const opaqueId = z.string().min(1).max(128);

const livenessSchema = z.strictObject({
  verdict: z.enum(['live', 'attack', 'undetermined']),
  reason: z.enum([
    'blinked',
    'no-blink-for-too-long',
    'passive-model',
    'observed-too-briefly',
    'eyes-not-seen-well',
  ]),
  blinks: z.array(z.strictObject({ time, durationS: z.number().positive() })),
  observedS: z.number().nonnegative(),
  frameCount: z.int().nonnegative(),
  passiveScore: z.number().min(0).max(1).optional(),
});

const common = {
  version: z.literal(1),
  id: z.uuidv7(),
  sequence: z.int().positive(),
  time,
  recordedAt: time,
  site: slug,
  box: slug,
  camera: slug,
  track: opaqueId,
  liveness: livenessSchema,
  recogniser: z.string().min(1),
};

/** One message on `<prefix>/<site>/<box>/event/<kind>`. */
export const eventSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('attendance'),
    ...common,
    person: opaqueId,
    similarity,
    threshold: similarity,
    direction: z.enum(['in', 'out', 'both']),
  }),
  z.strictObject({
    type: z.literal('unknown'),
    ...common,
    person: z.null(),
    similarity: similarity.nullable(),
    threshold: similarity,
  }),
  z.strictObject({
    type: z.literal('attack'),
    ...common,
    person: opaqueId.nullable(),
    similarity: similarity.nullable(),
  }),
]);

/** One message on `<prefix>/<site>/<box>/state`. */
export const stateSchema = z.strictObject({
  version: z.literal(1),
  state: z.enum(['online', 'offline']),
  reason: z.enum(['connected', 'gallery-changed', 'stopped', 'connection-lost']),
  /** Greater than in every state message before it. */
  sequence: z.int().positive(),
  /** When the box said so; for `connection-lost`, when the connection that was lost had begun. */
  time,
  site: slug,
  box: slug,
  /** `sealed`: the box sees people and recognises nobody, until somebody gives it the gallery's key. */
  gallery: z.enum(['open', 'sealed']),
});

export type StateMessage = z.infer<typeof stateSchema>;
