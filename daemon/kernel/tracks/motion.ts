import { type Box, boxCentre } from '../faces/geometry.js';

/** The origin of a box. Detector and mesh draw boxes differently, so a velocity needs two boxes of the same origin. */
type BoxOrigin = 'detector' | 'mesh';

/** The measured place of a face in one frame. */
export interface Observation {
  readonly atMs: number;
  /** Full-resolution pixels. */
  readonly box: Box;
  readonly origin: BoxOrigin;
}

/** How a face moves in the picture: its latest box and a constant-velocity estimate. */
export interface Motion extends Observation {
  /** False until two successive boxes had the same origin; the velocity is 0 until then. */
  readonly hasVelocity: boolean;
  /** Velocity of the box centre, pixels per second. */
  readonly xPerS: number;
  readonly yPerS: number;
}

/** Weight of the newest velocity measurement: one half, because the speed of a walking person changes with every step. */
const newestWeight = 0.5;

/** The longest time after the last box for which a box is predicted, seconds; a later prediction stays in that place. */
const longestExtrapolationS = 0.6;

export function motionFrom(observation: Observation): Motion {
  return { ...observation, hasVelocity: false, xPerS: 0, yPerS: 0 };
}

/** The motion after a measurement. The velocity stays if the measurement is not newer, or if its box has another origin. */
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

/** The expected box at `atMs`, with constant velocity and size. */
export function predictBox(motion: Motion, atMs: number): Box {
  const elapsedS = Math.min(Math.max((atMs - motion.atMs) / 1000, 0), longestExtrapolationS);
  return {
    ...motion.box,
    x: motion.box.x + motion.xPerS * elapsedS,
    y: motion.box.y + motion.yPerS * elapsedS,
  };
}
