import type { Box } from '../faces/geometry.js';
import type { QualityReason } from '../faces/quality.js';
import { percentile } from '../percentile.js';

/** The steps of which pictures are kept. */
export const pictureSteps = ['front', 'left', 'right'] as const;
export type PictureStep = (typeof pictureSteps)[number];

/** What a person who is guided through an enrolment does, in this order. Left and right are the person's own. */
export const enrolmentSteps = [...pictureSteps, 'blink'] as const;
export type EnrolmentStep = (typeof enrolmentSteps)[number];

/** The states of the one-time link that opens a guided enrolment on a phone. */
export const phoneLinkStates = ['waiting', 'opened', 'ended'] as const;
export type PhoneLinkState = (typeof phoneLinkStates)[number];

/** What the person should do next. */
export const guideHints = [
  ...['no-face', 'one-person-only', 'come-closer', 'move-back', 'centre-face'],
  ...['light-from-behind', 'more-light', 'less-light', 'hold-still', 'uncover-face', 'open-eyes'],
  ...['look-at-camera', 'turn-left', 'turn-right', 'turn-less', 'blink-now', 'other-person', 'done'],
] as const;
export type GuideHint = (typeof guideHints)[number];

/** The main face of a picture. */
export interface GuidedFace {
  /** Pixels of the picture. */
  readonly box: Box;
  /** Why the gates of an enrolment refuse it; empty if they do not. */
  readonly reasons: readonly QualityReason[];
  /** As in `HeadPose`. */
  readonly yawDeg: number;
  readonly pitchDeg: number;
  /** Mean of both eyes, as in `EyeContour`. */
  readonly openness: number;
  /** Mean luma of the face and of the rest of the picture, 0..255. */
  readonly meanLuma: number;
  readonly lumaAround: number;
}

/** What a picture shows. `face`: the main one, if there is one. */
export interface GuidedPicture {
  readonly widthPx: number;
  readonly faceCount: number;
  readonly face?: GuidedFace | undefined;
}

/** Cameras hang above or stand below the face. */
const frontPitchDeg = 25;
/**
 * From this yaw on, a view adds to the views from the front. Portraits of people who look into the camera measured up to 13 degrees
 * either way. The gates refuse more than 35 degrees.
 */
const leastTurnDeg = 17;
const mostTurnDeg = 33;
/** The eyes are measured well in views that are turned less. */
const eyesYawDeg = 20;

/** The step to which a view belongs; undefined for one that is turned too far. */
export function stepOf({
  yawDeg,
  pitchDeg,
}: Pick<GuidedFace, 'yawDeg' | 'pitchDeg'>): PictureStep | undefined {
  if (Math.abs(pitchDeg) > frontPitchDeg) return undefined;
  const turnDeg = Math.abs(yawDeg);
  if (turnDeg < leastTurnDeg) return 'front';
  if (turnDeg > mostTurnDeg) return undefined;
  return yawDeg > 0 ? 'left' : 'right';
}

/** What the person should do next. `open`: the steps that are not done, in their order. */
export function hintFor(picture: GuidedPicture, open: readonly EnrolmentStep[]): GuideHint {
  const { face, faceCount } = picture;
  if (faceCount === 0) return 'no-face';
  if (face === undefined) return 'one-person-only';
  const [step] = open;
  if (step === undefined) return 'done';
  const fault = faultHint(face, picture, step);
  return fault ?? (isBacklit(face) ? 'light-from-behind' : turnHint(face, step));
}

function faultHint(face: GuidedFace, { widthPx }: GuidedPicture, step: EnrolmentStep): GuideHint | undefined {
  // Closed eyes have little contrast, as covered ones do.
  const [reason] = step === 'blink' ? face.reasons.filter((each) => each !== 'occluded') : face.reasons;
  switch (reason) {
    case 'too-small':
      return 'come-closer';
    case 'cut-off':
      return face.box.width > widthPx / 2 ? 'move-back' : 'centre-face';
    case 'turned-away':
      return step === 'left' || step === 'right' ? 'turn-less' : 'look-at-camera';
    case 'dark':
      return isBacklit(face) ? 'light-from-behind' : 'more-light';
    case 'overexposed':
      return 'less-light';
    case 'blurred':
      return 'hold-still';
    case 'occluded':
      return 'uncover-face';
    default:
      return undefined;
  }
}

/** A window behind the person: the camera darkens the face, although the gates may still take it. */
function isBacklit({ meanLuma, lumaAround }: GuidedFace): boolean {
  return meanLuma < 60 && lumaAround > 2.2 * meanLuma;
}

function turnHint({ yawDeg, pitchDeg }: GuidedFace, step: EnrolmentStep): GuideHint {
  if (step === 'blink') return Math.abs(yawDeg) <= eyesYawDeg ? 'blink-now' : 'look-at-camera';
  if (step === 'front' || Math.abs(pitchDeg) > frontPitchDeg) return 'look-at-camera';
  const turnedDeg = step === 'left' ? yawDeg : -yawDeg;
  if (turnedDeg > mostTurnDeg) return 'turn-less';
  return step === 'left' ? 'turn-left' : 'turn-right';
}

/** The eyes over the pictures of one person. */
export interface GuidedEyes {
  /** The latest measures of eyes that were not closed, the oldest first. */
  readonly openness: readonly number[];
  /** When they were seen closed, since they were seen open. */
  readonly closedAtMs?: number;
}
export const noEyes: GuidedEyes = { openness: [] };

const mostMeasures = 24;
/** With fewer measures, it is not known how open these eyes are when they are open. */
const leastMeasures = 3;
/** Landmark networks lose about two thirds of the openness at a full blink. */
const closedShare = 0.6;
const openShare = 0.8;
/** Eyes that stay closed for longer have not blinked, milliseconds. */
const longestClosedMs = 4000;

export const eyesSeen = ['open', 'closed', 'unknown'] as const;
export type EyesSeen = (typeof eyesSeen)[number];

/**
 * The eyes with one more picture. Pictures come some times a second: quick blinks fall between two of them, so the person is
 * asked to close the eyes for a moment. `hasBlinked`: the eyes were open, closed and open again.
 */
export function nextEyes(
  eyes: GuidedEyes,
  face: Pick<GuidedFace, 'openness' | 'yawDeg' | 'reasons'>,
  atMs: number,
): { readonly eyes: GuidedEyes; readonly seen: EyesSeen; readonly hasBlinked: boolean } {
  const isMeasured = Math.abs(face.yawDeg) <= eyesYawDeg && face.reasons.every((each) => each === 'occluded');
  if (!isMeasured) return { eyes, seen: 'unknown', hasBlinked: false };
  const { openness: before, closedAtMs } = eyes;
  const openness = [...before, face.openness].slice(-mostMeasures);
  if (before.length < leastMeasures) return { eyes: { openness }, seen: 'unknown', hasBlinked: false };
  const usual = percentile(before, 0.75) ?? 0;
  if (face.openness < closedShare * usual) {
    const sinceMs = closedAtMs ?? atMs;
    // Measured wrongly before, perhaps at another distance: learn anew.
    if (atMs - sinceMs > longestClosedMs) return { eyes: noEyes, seen: 'unknown', hasBlinked: false };
    return { eyes: { openness: before, closedAtMs: sinceMs }, seen: 'closed', hasBlinked: false };
  }
  if (face.openness < openShare * usual) {
    return { eyes: { ...eyes, openness }, seen: 'unknown', hasBlinked: false };
  }
  const hasBlinked = closedAtMs !== undefined && atMs - closedAtMs <= longestClosedMs;
  return { eyes: { openness }, seen: 'open', hasBlinked };
}
