import { z } from 'zod';
import { livenessVerdicts } from '../kernel/liveness/liveness.js';
import { passageOutcomes } from '../kernel/passage-outcome.js';
import { passageReasons } from '../kernel/passages/passage-reason.js';
import { cameraId, faceQuality } from './cameras.js';
import { operation } from './operation.js';
import { says } from './said.js';

const pixels = z.number().describe('Pixels of the JPEG.');
const openness = z
  .number()
  .nullable()
  .describe('Height of the eye divided by its width. Null if the eye could not be judged.');

const track = z.string().max(128).describe('The id of the track, as in events.');
const quality = faceQuality
  .nullable()
  .describe('Quality of this view of the face. Null if its landmarks were not found in this picture.');
const measures = z
  .strictObject({
    widthPx: z.number().describe('Width of the face, pixels of the picture that the box analyses.'),
    sharpness: z.number().describe('From 0; below 0.1 the view counts as blurred.'),
    yawDeg: z.number().describe('How far the head is turned to the side, degrees; 0 looks at the camera.'),
    meanLuma: z.number().describe('Light on the face, 0 (black) to 255; below 25 the view counts as dark.'),
  })
  .nullable()
  .describe('What was measured at the face. Null if its landmarks were not found in this picture.');

/** A face in a live picture. */
export const liveFace = z.strictObject({
  track,
  number: z
    .int()
    .positive()
    .describe(
      'A short number for the track, to be shown beside its box. The same in all pictures of the camera.',
    ),
  box: z.strictObject({ x: pixels, y: pixels, width: pixels, height: pixels }),
  quality,
  measures,
  eyes: z
    .strictObject({ left: openness, right: openness })
    .nullable()
    .describe(
      'How far the eyes of the person are open. Null if the landmarks were not found in this picture.',
    ),
});
export type LiveFace = z.infer<typeof liveFace>;

/** What a live picture shows. Its JPEG follows in the same message. */
export const livePicture = z.strictObject({
  cameraId: z.string().max(128),
  capturedAt: z.iso.datetime().describe('When the camera took the picture, by the clock of the box.'),
  sequence: z.int().nonnegative().describe('Counts the pictures of the camera. Gaps are pictures left out.'),
  widthPx: z.int().positive().describe('Width of the JPEG.'),
  heightPx: z.int().positive().describe('Height of the JPEG.'),
  faces: z.array(liveFace).max(200).readonly().describe('The faces that the box follows in this picture.'),
});
export type LivePicture = z.infer<typeof livePicture>;

/** What the box has made of a track so far. */
export const decisionSoFar = z.object({
  passage: z.string().describe('The id of the passage.'),
  outcome: z.enum(passageOutcomes).describe('What the box would decide if the face left now.'),
  reason: z.enum(passageReasons).describe('Why; docs/reference/passages.md explains each.'),
  sentence: z.string().describe('The reason with its figures, for people.'),
  remedy: z.string().exactOptional().describe('What to do about it. Absent if nothing is wrong.'),
  says: says('sentence', 'remedy'),
  nearest: z
    .object({
      person: z.string().describe('The id of the person.'),
      name: z.string().exactOptional().describe('Absent for callers without `names:read`.'),
      similarity: z.number(),
      threshold: z.number().describe('The similarity from which the box takes the face for this person.'),
    })
    .exactOptional()
    .describe('The nearest person of the gallery. Absent before the first comparison.'),
});

/** A face in the sight of a camera, in numbers. */
export const followedFace = z.object({
  track,
  number: z
    .int()
    .positive()
    .describe('A short number for the track, the same in all pictures of the camera.'),
  quality,
  measures,
  openness: z
    .array(openness)
    .readonly()
    .describe('How far the eyes were open in each analysed picture since the item before, oldest first.'),
  liveness: z.object({
    verdict: z.enum(livenessVerdicts),
    reason: z.string().describe('The reason of the verdict, as in events.'),
    blinkCount: z.int().nonnegative(),
    observedS: z.number().describe('Seconds in which the box would have detected a blink.'),
  }),
  decision: decisionSoFar
    .exactOptional()
    .describe(
      'Absent for callers without `passages:read`, and until the track is confirmed: the face has been found in several pictures.',
    ),
});
export type FollowedFace = z.infer<typeof followedFace>;

/** What a camera has in sight at one moment. */
export const facesInSight = z.object({
  capturedAt: z.iso.datetime().describe('When the camera took the picture, by the clock of the box.'),
  faces: z.array(followedFace).readonly().describe('At most 32 faces.'),
});
export type FacesInSight = z.infer<typeof facesInSight>;

/** What a part of a video is. Its MP4 follows in the same message. */
export const liveVideoPart = z.strictObject({
  cameraId: z.string().max(128),
  mediaType: z
    .string()
    .max(128)
    .regex(/^video\/mp4; codecs="[.0-9A-Za-z]+"$/)
    .exactOptional()
    .describe('Only in the first message, whose MP4 is what a player needs first: type and codec.'),
});
export type LiveVideoPart = z.infer<typeof liveVideoPart>;

/** The paths of live pictures and video at the gate; the group is which of them. */
export const livePath = /^\/api\/v1\/cameras\/[^/]+\/(live|video)$/;

/** Bytes before the JSON in a message: the length of the JSON as an unsigned number, big endian. */
export const liveHeaderBytes = 4;
/** Largest message, bytes: a JPEG at most 960 pixels wide, some video and their JSON stay far below. */
export const largestLiveMessageBytes = 4 * 1024 * 1024;

/**
 * The name of the socket of a vision process. `secret`: an opaque text of 26 letters and digits, so that no other process can guess
 * the name and open a socket in its place.
 */
export const liveSocketName = (secret: string): string => `live-${secret}.sock`;

/** Whether a text is such a name, which leads to no other folder. */
export const isLiveSocketName = (text: string): boolean => /^live-[0-9a-z]{26}\.sock$/.test(text);

/** How the gate reaches the pictures. Both are useless outside the box. */
const liveTicket = z.object({
  socket: z.string().max(64).describe('The socket of the vision process, in the folder of the gate.'),
  ticket: z.string().max(64).describe('Opens that socket once, within 10 seconds.'),
});
export type LiveTicket = z.infer<typeof liveTicket>;

/** What pictures and video of a camera have in common. */
const watching = {
  method: 'GET',
  input: z.strictObject({ id: cameraId }),
  answer: { kind: 'lines', item: liveTicket },
  errors: [
    ...(['no-such-camera', 'websocket-needed', 'camera-not-streaming'] as const),
    ...(['live-unavailable', 'vision-unavailable'] as const),
  ],
  scope: 'live:watch',
  camera: 'id',
  audit: 'personal',
  rate: 'stream',
  isLong: true,
  isWebSocket: true,
} as const;

export const liveOperations = {
  'cameras.watch': operation({
    ...watching,
    path: '/cameras/{id}/live',
    summary: 'Watch what a camera sees, with the faces that the box follows.',
    description:
      'A WebSocket over HTTP/1.1. Each message is one picture: the length of the JSON (4 bytes, big endian), the JSON, and a JPEG. docs/reference/live-pictures.md describes them, and how the box ends the connection. At most 10 pictures a second, without names. A slow reader gets fewer pictures, never older ones.',
  }),
  'cameras.watch-video': operation({
    ...watching,
    path: '/cameras/{id}/video',
    errors: [...watching.errors, 'video-masked'],
    summary: 'Watch the video of a camera as it sends it.',
    description:
      'A WebSocket over HTTP/1.1, in the form of `cameras.watch` with fragmented MP4 in place of the JPEG: H.264 or H.265, not decoded by the box, at the full rate, without sound. docs/reference/live-pictures.md describes the messages. The box opens one more stream of the camera while it is watched. A slow reader is ended. A camera with masks has no such video (`video-masked`), because the camera encodes it without them.',
  }),
  'cameras.follow': operation({
    method: 'GET',
    path: '/cameras/{id}/faces',
    summary: 'Follow what a camera measures at the faces in its sight, and what the box makes of them.',
    description:
      'Numbers only; `cameras.watch` brings pictures. At most 5 items a second, one a second without faces, and fewer for a slow reader. The answer ends after 30 minutes.',
    input: z.strictObject({ id: cameraId }),
    answer: { kind: 'lines', item: facesInSight },
    errors: ['no-such-camera', 'camera-not-streaming', 'vision-unavailable'],
    scope: 'live:watch',
    camera: 'id',
    audit: 'personal',
    rate: 'stream',
    isLong: true,
  }),
} as const;
