import { type Box, boxCentre } from '../faces/geometry.js';

/** Who measured a box. The two draw a face differently, so a velocity is only taken between boxes of one kind. */
export type BoxOrigin = 'detector' | 'mesh';

/** Where a face was measured to be in one frame. */
export interface Observation {
  readonly atMs: number;
  /** Full-resolution pixels. */
  readonly box: Box;
  readonly origin: BoxOrigin;
}

/** How a face moves in the picture: its latest box and a constant-velocity estimate. */
export interface Motion extends Observation {
  /** False until two boxes of one kind were measured: the velocity is then 0 for want of anything better. */
  readonly hasVelocity: boolean;
  /** Velocity of the box centre, pixels per second. */
  readonly xPerS: number;
  readonly yPerS: number;
}

/** Weight of the newest velocity measurement; the rest is memory. Half: walking people change speed in steps. */
const newestWeight = 0.5;

/** A velocity says little about what happens later than this after it was measured, seconds. */
const longestExtrapolationS = 0.6;

export function motionFrom(observation: Observation): Motion {
  return { ...observation, hasVelocity: false, xPerS: 0, yPerS: 0 };
}

/** Takes one more measurement into account. Measurements out of order only replace the box. */
export function observeMotion(motion: Motion, observation: Observation): Motion {
  const elapsedS = (observation.atMs - motion.atMs) / 1000;
  if (elapsedS <= 0 || observation.origin !== motion.origin) return { ...motion, ...observation };
  const from = boxCentre(motion.box);
  const to = boxCentre(observation.box);
  const weight = motion.hasVelocity ? newestWeight : 1;
  return {
    ...observation,
    hasVelocity: true,
    xPerS: weight * ((to.x - from.x) / elapsedS) + (1 - weight) * motion.xPerS,
    yPerS: weight * ((to.y - from.y) / elapsedS) + (1 - weight) * motion.yPerS,
  };
}

/** Where the face should be at `atMs`, by constant velocity; its size is kept. */
export function predictBox(motion: Motion, atMs: number): Box {
  const elapsedS = Math.min(Math.max((atMs - motion.atMs) / 1000, 0), longestExtrapolationS);
  return {
    ...motion.box,
    x: motion.box.x + motion.xPerS * elapsedS,
    y: motion.box.y + motion.yPerS * elapsedS,
  };
}
