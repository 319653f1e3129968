import { z } from 'zod';
import { directions, refusalReasons } from '../../kernel/events/event.js';
import { largestBestShotBytes } from '../../kernel/faces/best-shot.js';
import { ambiguityReasons } from '../../kernel/identification/match.js';
import { judgedReasons, livenessVerdicts } from '../../kernel/liveness/liveness.js';
import { opaqueId, slug, time } from './message-fields.js';

/** The `data` of events about a person in front of a camera. */

const similarity = z.number().min(-1).max(1);

const liveness = z.strictObject({
  verdict: z.enum(livenessVerdicts),
  reason: z.enum(judgedReasons),
  blinks: z
    .array(z.strictObject({ time, durationS: z.number().positive() }))
    .describe('time: the middle of the closure; durationS: its duration in seconds'),
  observedS: z.number().nonnegative().describe('seconds in which a blink would have been noticed'),
  frameCount: z.int().nonnegative().describe('frames in which the eyes were measured'),
  passiveScore: z.number().min(0).max(1).optional().describe('0 (attack) to 1 (live), of the passive model'),
});

/** The largest picture a box keeps, in a sealed box, base64url. */
const largestPicture = Math.ceil(((largestBestShotBytes + 48) * 4) / 3);

const picture = z
  .strictObject({
    sealedTo: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/)
      .describe('the X25519 public key, base64url'),
    jpeg: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/)
      .max(largestPicture)
      .describe('sealed box (libsodium crypto_box_seal) with a JPEG of the face, base64url'),
  })
  .describe('only where the configuration allows pictures to leave the box, and one was kept');

const evidence = {
  camera: slug.describe('configured id'),
  track: opaqueId.describe('one appearance of one face in front of one camera; never used again'),
  passage: opaqueId
    .optional()
    .describe('the passage that the box keeps about it; absent in events of older releases'),
  quality: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('of the best view, 1 is that of a good photo; absent in events of older releases'),
  liveness,
  models: z
    .record(z.string(), z.string())
    .describe('the networks that were used; similarities of different recognisers cannot be compared'),
  picture: picture.optional(),
};

export const attendanceData = z.strictObject({
  ...evidence,
  person: opaqueId.describe('opaque id of the enrolled person'),
  personName: z.string().optional().describe('only where the configuration allows names to leave the box'),
  direction: z.enum(directions).describe('what passing this camera means'),
  similarity: similarity.describe('to the person, mean over the views of the track'),
  threshold: similarity.describe('similarity from which two faces count as the same person'),
  margin: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe('how much closer than the second nearest person; absent in events of older releases'),
});

export const unprovenData = z.strictObject({
  ...evidence,
  person: opaqueId.describe('opaque id of the enrolled person who was recognised'),
  direction: z.enum(directions).describe('what passing this camera means'),
  similarity: similarity.describe('to the person, mean over the views of the track'),
  threshold: similarity.describe('similarity from which two faces count as the same person'),
  margin: z.number().min(0).max(2).describe('how much closer than the second nearest person'),
});

export const refusedData = z.strictObject({
  ...unprovenData.shape,
  reason: z
    .enum(refusalReasons)
    .describe(
      'expired, not-yet-valid: the person is not valid on this day at the site; barred: the person has this mark',
    ),
});

export const watchlistData = unprovenData;

const { picture: _, ...evidenceWithoutPicture } = evidence;

export const ambiguousData = z.strictObject({
  ...evidenceWithoutPicture,
  candidates: z
    .array(z.strictObject({ person: opaqueId, similarity }))
    .length(2)
    .describe(
      'the two enrolled persons who match, the more similar one first; no attendance is recorded for either',
    ),
  reason: z
    .enum(ambiguityReasons)
    .describe(
      'within-margin: both reach the threshold and are too close to each other; inseparable-pair: the recogniser of this box cannot tell these two persons apart',
    ),
  direction: z.enum(directions),
  threshold: similarity,
});

const stranger = z
  .strictObject({
    id: opaqueId.describe(
      'opaque id of the unknown person, the same at every camera until the box forgets them',
    ),
    visit: z.int().positive().describe('number of this visit, from 1'),
    firstSeen: time.describe('when the box saw the unknown person for the first time'),
    cameras: z
      .array(z.strictObject({ camera: slug, lastSeen: time }))
      .min(1)
      .describe('where the unknown person was last seen, and when, latest first'),
  })
  .describe('absent where the configuration lets the box remember no unknown people');

export const unknownData = z.strictObject({
  ...evidence,
  stranger: stranger.optional(),
  similarity: similarity.nullable().describe('to the most similar person; null when no person is enrolled'),
  threshold: similarity,
});

export const attackData = z.strictObject({
  ...evidence,
  person: opaqueId
    .nullable()
    .describe('the enrolled person whom the face resembles; null where there is none'),
  similarity: similarity.nullable(),
});
