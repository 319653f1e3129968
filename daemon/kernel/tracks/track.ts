import type { TrackId } from '../ids.js';
import { type Motion, motionFrom, type Observation, observeMotion } from './motion.js';

/** Why a track ended; stable names for logs and transcripts. */
export const trackEndReasons = [
  /** The mesh never fitted often enough: a false detection, or a person who left immediately. */
  'never-confirmed',
  /** Not seen for longer than a lost track is kept. */
  'left',
  /** Another face took over the track. */
  'another-face',
  /** The camera stopped delivering. */
  'source-ended',
  /** The camera was closed here: the daemon stops, or its configuration changed. */
  'vision-stopped',
] as const;
export type TrackEndReason = (typeof trackEndReasons)[number];

interface Followed {
  readonly id: TrackId;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly motion: Motion;
}

/** Detections of one face joined over time in one camera. */
export type Track =
  /** Seen, but not yet confirmed as a face. */
  | (Followed & { readonly phase: 'tentative'; readonly meshCount: number })
  | (Followed & { readonly phase: 'confirmed' })
  /** Confirmed and out of sight; it continues if the face is found near its expected place. */
  | (Followed & { readonly phase: 'lost' })
  | (Followed & { readonly phase: 'ended'; readonly endedMs: number; readonly reason: TrackEndReason });

type LiveTrack = Exclude<Track, { phase: 'ended' }>;

export type TrackInput =
  | { readonly kind: 'observed'; readonly observation: Observation }
  /** Not found in the frame of `atMs`. */
  | { readonly kind: 'missed'; readonly atMs: number }
  | { readonly kind: 'finished'; readonly atMs: number; readonly reason: TrackEndReason };

interface TrackPolicy {
  /** Number of mesh fits that confirm a track: one fit can be chance, three in a row are a face. */
  readonly confirmAfterMeshes: number;
  /** How long a tentative track may be out of sight, milliseconds. */
  readonly tentativeForMs: number;
  /**
   * How long a confirmed track may be out of sight, milliseconds: long enough for a person who walks past in front of another
   * (about a second), too short for one person to leave and another to take the place.
   */
  readonly lostForMs: number;
}

export const defaultTrackPolicy: TrackPolicy = {
  confirmAfterMeshes: 3,
  tentativeForMs: 500,
  lostForMs: 1500,
};

/** A new track, from one observation. */
export function beginTrack(id: TrackId, observation: Observation): LiveTrack {
  return {
    phase: 'tentative',
    id,
    firstSeenMs: observation.atMs,
    lastSeenMs: observation.atMs,
    motion: motionFrom(observation),
    meshCount: observation.origin === 'mesh' ? 1 : 0,
  };
}

/** The life of a track: tentative → confirmed ⇄ lost → ended. An ended track stays as it is. */
export function nextTrack(track: Track, input: TrackInput, policy: TrackPolicy): Track {
  if (track.phase === 'ended') return track;
  if (input.kind === 'finished') return end(track, input.atMs, input.reason);
  return input.kind === 'observed'
    ? observed(track, input.observation, policy)
    : missed(track, input.atMs, policy);
}

function observed(track: LiveTrack, observation: Observation, policy: TrackPolicy): Track {
  const followed: Followed = {
    id: track.id,
    firstSeenMs: track.firstSeenMs,
    lastSeenMs: Math.max(track.lastSeenMs, observation.atMs),
    motion: observeMotion(track.motion, observation),
  };
  if (track.phase !== 'tentative') return { ...followed, phase: 'confirmed' };
  const meshCount = track.meshCount + (observation.origin === 'mesh' ? 1 : 0);
  return meshCount >= policy.confirmAfterMeshes
    ? { ...followed, phase: 'confirmed' }
    : { ...followed, phase: 'tentative', meshCount };
}

function missed(track: LiveTrack, atMs: number, policy: TrackPolicy): Track {
  const unseenMs = atMs - track.lastSeenMs;
  if (track.phase === 'tentative') {
    return unseenMs > policy.tentativeForMs ? end(track, atMs, 'never-confirmed') : track;
  }
  if (unseenMs > policy.lostForMs) return end(track, atMs, 'left');
  return { ...followedPart(track), phase: 'lost' };
}

function end(track: LiveTrack, endedMs: number, reason: TrackEndReason): Track {
  const endReason = track.phase === 'tentative' ? 'never-confirmed' : reason;
  return { ...followedPart(track), phase: 'ended', endedMs, reason: endReason };
}

function followedPart({ id, firstSeenMs, lastSeenMs, motion }: LiveTrack): Followed {
  return { id, firstSeenMs, lastSeenMs, motion };
}
