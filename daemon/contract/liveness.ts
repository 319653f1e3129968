import { z } from 'zod';
import { challengeActions } from '../kernel/liveness/challenge.js';
import { headGestureKinds } from '../kernel/liveness/head-gesture.js';
import { judgedReasons, livenessVerdicts } from '../kernel/liveness/liveness.js';
import { operation } from './operation.js';

/** The most files of a clip: photographs of 30 seconds at 15 a second. */
export const maximumClipFiles = 450;
/** Largest size of all files of a clip, bytes. */
export const maximumClipBytes = 32 * 1024 * 1024;

/** Why a clip cannot be judged. */
export const refusedClips = ['no-face', 'clip-unreadable', 'not-a-picture'] as const;

const inClip = z.number().describe('Milliseconds from the start of the clip.');

/** The verdict on a clip. Among several faces, it is about the one that was visible longest. */
export const clipVerdict = z.object({
  verdict: z
    .enum(livenessVerdicts)
    .describe(
      '`undetermined`: the face was not seen well or long enough, or showed too little to tell a person from a picture.',
    ),
  reason: z.enum(judgedReasons),
  evidence: z.object({
    blinks: z.array(z.object({ atMs: inClip, durationMs: z.number() })).readonly(),
    gestures: z
      .array(z.object({ kind: z.enum(headGestureKinds), startMs: inClip, endMs: inClip }))
      .readonly()
      .describe('Head gestures, oldest first.'),
    observedS: z.number().describe('Seconds in which a blink would have been detected.'),
    frameCount: z.int().describe('Frames in which the eyes were measured.'),
    passiveScore: z
      .number()
      .exactOptional()
      .describe('Mean score of the passive model, 0 (attack) to 1 (live). Absent if there is no such model.'),
  }),
  durationS: z.number().describe('How long the face was visible, seconds.'),
  faceWidthPx: z.number(),
  faceCount: z.int(),
  challenge: z
    .object({
      doneCount: z.int().describe('Actions done in the required order, with no other action in between.'),
      wrong: z
        .enum(challengeActions)
        .exactOptional()
        .describe('The action that was done instead of the next one.'),
      isPassed: z.boolean(),
    })
    .exactOptional()
    .describe('Present if the request had a challenge.'),
});
export type ClipVerdict = z.infer<typeof clipVerdict>;

/** What a request with a clip has. */
export const clipRequest = {
  input: z.strictObject({
    fps: z.number().min(1).max(60).default(15).describe('Photos a second; ignored for a clip.'),
    challenge: z
      .array(z.enum(challengeActions))
      .min(1)
      .max(9)
      .optional()
      .describe('The actions that the clip must show, in this order.'),
  }),
  files: {
    clip: {
      minimum: 1,
      maximum: maximumClipFiles,
      maximumBytes: maximumClipBytes,
      description: 'One clip, or the photos in order. At most 32 MiB together; 640 pixels are enough.',
    },
  },
  filesBytes: maximumClipBytes,
  isLong: true,
} as const;

export const livenessOperations = {
  'liveness.judge-clip': operation({
    method: 'POST',
    path: '/liveness',
    summary: 'Tell whether a clip shows a live person.',
    description:
      'Judges one clip, or at least three photos in the order in which they were taken, by the rules for cameras. Analyses the first 30 seconds and stores nothing.',
    ...clipRequest,
    answer: { kind: 'json', schema: clipVerdict },
    errors: ['vision-unavailable', ...refusedClips],
    scope: 'recognition:use',
    rate: 'recognition',
  }),
} as const;
