import type { CameraId, EventId, PassageId } from '../ids.js';

/**
 * Why a passage has no clip although one was wanted. `no-frames`: the camera delivered none in that time. `too-many`: too many clips were
 * being made. `no-room`: it was deleted for newer ones. `not-stored`: another fault, which the log explains.
 */
export const clipAbsences = [
  'no-frames',
  'vision-unavailable',
  'box-stopped',
  'disk-full',
  'gallery-sealed',
  'too-many',
  'no-room',
  'not-stored',
] as const;
export type ClipAbsence = (typeof clipAbsences)[number];

/** A few seconds of frames around an event of a passage. Times are wall clock, whole milliseconds since the epoch. */
export interface PassageClip {
  readonly passageId: PassageId;
  readonly cameraId: CameraId;
  readonly eventId: EventId;
  /** Of a kept clip: the first and the last frame. Otherwise what was wanted. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** `pending`: it is being made. */
  readonly state: 'kept' | 'pending' | ClipAbsence;
  readonly frameCount: number;
  /** Of the archive, before it is sealed. */
  readonly bytes: number;
  /** The camera delivered no frames for a part of the wanted time. */
  readonly isShort: boolean;
}

/** Frames of a clip each second, at most. The camera may be analysed less often, and then has fewer. */
export const clipFps = 5;

/** The longest times before and after an event, seconds. */
export const longestClipBeforeS = 10;
export const longestClipAfterS = 10;

/** Limits of a clip when it crosses from a vision process to the core. */
export const mostClipFrames = clipFps * (longestClipBeforeS + longestClipAfterS) + clipFps;
export const largestClipFrameBytes = 128 * 1024;
export const largestClipBytes = 4 * 1024 * 1024;
