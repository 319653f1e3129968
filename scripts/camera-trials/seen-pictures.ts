import { countedPictures } from './counted-clip.js';
import type { Shape } from './shape.js';

/** A picture as the analysis got it. Times in milliseconds. */
export interface SeenPicture {
  /** The number that it shows; undefined where it shows something else. */
  readonly number: number | undefined;
  /** Its time stamp in the stream; NaN where it has none. */
  readonly stampMs: number;
  /** By the clock of the box. */
  readonly capturedAtMs: number;
  readonly arrivedAtMs: number;
  /** As `WxH`. */
  readonly size: string;
}

/** Time stamps may differ from the times of the clip by this much, milliseconds: containers and RTP round them. */
const stampToleranceMs = 5;
/** Times of capture may differ from the time stamps by this much, milliseconds. */
const captureToleranceMs = 2;
/** Pictures that arrive at once are given times one millisecond apart, to keep their order: the last of them may be so much ahead. */
const burstMs = 20;
/** A larger step of the time stamps is none of a clip, milliseconds. */
const longestStepMs = 5000;

/**
 * Compares pictures with what was sent: in words, what differs. When they arrived does not matter, so that nothing depends on how busy the
 * machine is.
 */
export function pictureFaults(
  pictures: readonly SeenPicture[],
  { widthPx, heightPx, fps, isIrregular = false, analysed = [widthPx, heightPx] }: Shape,
  { isJumping, isLossy }: { readonly isJumping: boolean; readonly isLossy: boolean },
): readonly string[] {
  const sizes = [...new Set(pictures.map(({ size }) => size))];
  const wrongSizes =
    sizes.length === 1 && sizes[0] === analysed.join('x') ? [] : [`frames of ${sizes.join(', ')}`];
  // Lost packets tear pictures, numbers included.
  if (isLossy) return wrongSizes;

  const stamped = pictures.filter(({ stampMs }) => !Number.isNaN(stampMs));
  // FFmpeg gives the first picture of a stream the time of the second.
  const steps = stepsOf(stamped.slice(1));
  const within = stepsOf(pictures).filter(({ isSeam }) => !isSeam);
  const missing = within.reduce((sum, { count }) => sum + Math.max(0, count - 1), 0);
  const strayMs = Math.max(
    0,
    ...steps.map(({ isJump, capturedMs, stampMs }) => (isJump ? 0 : capturedMs - stampMs)),
  );
  const offMs = largestDeviationMs(steps, 1000 / fps);
  const counts: readonly (readonly [count: number, text: string])[] = [
    [pictures.filter(({ number }) => number === undefined).length, 'frames show something else'],
    [within.filter(({ count }) => count <= 0).length, 'frames out of order'],
    [isIrregular ? 0 : missing, 'frames missing'],
    [pictures.length - stamped.length, 'frames without a time stamp'],
    [
      pictures.filter(({ capturedAtMs, arrivedAtMs }) => capturedAtMs > arrivedAtMs + burstMs).length,
      'frames captured after they arrived',
    ],
  ];
  const jumps = steps.filter(({ isJump }) => isJump).length;
  return [
    ...wrongSizes,
    ...counts.filter(([count]) => count > 0).map(([count, text]) => `${count} of ${pictures.length} ${text}`),
    ...(jumps === (isJumping ? 1 : 0) ? [] : [`${jumps} jumps of the time stamps`]),
    ...(offMs <= stampToleranceMs ? [] : [`times off by ${Math.round(offMs)} ms`]),
    ...(strayMs <= captureToleranceMs ? [] : [`times of capture off by ${Math.round(strayMs)} ms`]),
  ];
}

/**
 * By how much the box has set back the times of capture, milliseconds. It takes the picture that is least late for one in time, and so
 * corrects itself where those before were later. That says something about the machine, and nothing about the stream.
 */
export const correctedMs = (pictures: readonly SeenPicture[]): number =>
  stepsOf(pictures).reduce(
    (sum, { isJump, capturedMs, stampMs }) => sum + (isJump ? 0 : Math.max(0, stampMs - capturedMs)),
    0,
  );

/** From one picture to the next. */
interface Step {
  /** How many pictures of the clip further. */
  readonly count: number;
  readonly stampMs: number;
  readonly capturedMs: number;
  /** The clip begins again. */
  readonly isSeam: boolean;
  /** The time stamps go back, or much too far ahead. */
  readonly isJump: boolean;
}

function stepsOf(pictures: readonly SeenPicture[]): readonly Step[] {
  const steps: Step[] = [];
  for (const [index, next] of pictures.slice(1).entries()) {
    const last = pictures[index];
    if (last?.number === undefined || next.number === undefined) continue;
    const count = next.number - last.number;
    const stampMs = next.stampMs - last.stampMs;
    steps.push({
      ...{ count, stampMs, capturedMs: next.capturedAtMs - last.capturedAtMs },
      isSeam: count < -countedPictures / 20,
      isJump: stampMs < 0 || stampMs > longestStepMs,
    });
  }
  return steps;
}

/** The most by which two time stamps differ from the times of their pictures, milliseconds. Seams and jumps begin anew. */
function largestDeviationMs(steps: readonly Step[], intervalMs: number): number {
  let largest = 0;
  let [deviation, least, most] = [0, 0, 0];
  for (const { count, stampMs, isSeam, isJump } of steps) {
    if (isSeam || isJump) [deviation, least, most] = [0, 0, 0];
    else deviation += stampMs - count * intervalMs;
    [least, most] = [Math.min(least, deviation), Math.max(most, deviation)];
    largest = Math.max(largest, most - least);
  }
  return largest;
}
