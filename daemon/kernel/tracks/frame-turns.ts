/**
 * How much the next frame of a camera is worth:
 * - `open`: whether a face in sight is live, or whose face it is, is still being found out.
 * - `settled`: the faces in sight are only followed.
 * - `empty`: no face is in sight.
 */
export type FrameValue = 'open' | 'settled' | 'empty';

/** A camera of which a frame waits to be analysed. */
export interface WaitingCamera {
  readonly value: FrameValue;
  /** The time between two of its due frames. */
  readonly intervalMs: number;
  /** When its last frame began to be analysed, or when the camera was opened. */
  readonly servedAtMs: number;
}

/**
 * Under overload a camera with an open face is analysed at up to four times the share of its rate that an empty one gets. More
 * would hide people who come into sight of the others.
 */
const weights: Readonly<Record<FrameValue, number>> = { open: 4, settled: 2, empty: 1 };

/**
 * Picks the camera whose frame is analysed next, as an index; undefined if none waits. The one that is the most of its own
 * intervals behind comes first, and a valuable frame counts several times. So equal cameras lose equal shares of their rates, the
 * least valuable frames are lost first, and none waits for ever: every wait grows until it is the longest.
 */
export function chooseTurn(waiting: readonly WaitingCamera[], nowMs: number): number | undefined {
  let chosen: number | undefined;
  let most = Number.NEGATIVE_INFINITY;
  waiting.forEach(({ value, intervalMs, servedAtMs }, index) => {
    const urgency = (weights[value] * (nowMs - servedAtMs)) / intervalMs;
    if (urgency <= most) return;
    chosen = index;
    most = urgency;
  });
  return chosen;
}
