import { defaultBlinkPolicy, initialBlinkState, nextBlink } from '../liveness/blink.js';
import { eyeSamplesIn } from '../liveness/curve-eyes.js';
import type { EyeSample } from '../liveness/liveness.js';
import { isObserved } from '../liveness/liveness-verdict.js';
import { percentile } from '../percentile.js';
import { initialSchedule, takeFrame } from '../tracks/frame-schedule.js';
import { mostBlinksKept, type Passage } from './passage.js';

/** Why the stored eyes do not tell what another rate would have shown. */
export type RateDoubt =
  | 'eyes-not-stored'
  | 'rate-not-recorded'
  | 'not-explained'
  | 'depends-on-frames'
  | 'blink-would-be-missed';

/** What another rate would have shown of the eyes of a passage. */
interface EyesAtRate {
  /** Bounds of the number of blinks. */
  readonly least: number;
  readonly most: number;
  readonly observedS: number;
  /** Why the bounds differ, if they do. */
  readonly doubt: RateDoubt;
}

/** Rates that differ by less than this share show the same. */
const sameShare = 0.1;
/** A found blink is a recorded one if they are so near, milliseconds. */
const sameBlinkMs = 200;

/**
 * What the blink detector finds in the eyes of a passage if fewer frames are analysed. More frames than recorded can only show more
 * blinks, and how many nothing tells.
 */
export function eyesAtRate(passage: Passage, fps: number): EyesAtRate {
  const { openness, liveness, startedAtMs, lastSeenMs } = passage;
  const { blinkCount, blinks = [], observedS } = liveness;
  const most = blinkCount + mostBlinksKept;
  // What the head did is not stored.
  if (openness === undefined || liveness.reason.startsWith('challenge-')) {
    return { least: 0, most, observedS, doubt: 'eyes-not-stored' };
  }
  const samples = eyeSamplesIn(openness);
  const recordedFps = rateOf(samples);
  if (fps > recordedFps * (1 + sameShare))
    return { least: blinkCount, most, observedS, doubt: 'rate-not-recorded' };
  if (fps >= recordedFps * (1 - sameShare)) {
    return { least: blinkCount, most: blinkCount, observedS, doubt: 'not-explained' };
  }
  const timesMs = blinks.map(({ afterS }) => afterS * 1000);
  const isExplained = timesMs.length === blinkCount && foundAmong(timesMs, samples) === blinkCount;
  if (!isExplained) return { least: 0, most: blinkCount, observedS, doubt: 'not-explained' };
  // The first frame of a lower rate can be any of several recorded ones.
  const slower = samples
    .slice(0, Math.ceil(recordedFps / fps))
    .map((_, first) => atRate(samples.slice(first), fps));
  const counts = slower.map((seen) => foundAmong(timesMs, seen));
  const [least, greatest] = [Math.min(...counts), Math.max(...counts)];
  const untilMs = samples.at(-1)?.atMs ?? 0;
  // In one frame more, a slow blink may be complete, or another one begin.
  const mayBlinkLater = least < blinkCount && lastSeenMs - startedAtMs - untilMs > 1000 / fps;
  const seenMs = observedMsIn(samples);
  const share = seenMs === 0 ? 1 : Math.min(...slower.map(observedMsIn)) / seenMs;
  return {
    least,
    most: mayBlinkLater ? blinkCount : greatest,
    observedS: observedS * Math.min(1, share),
    doubt: greatest < blinkCount ? 'blink-would-be-missed' : 'depends-on-frames',
  };
}

/** Frames that were analysed a second. */
function rateOf(samples: readonly EyeSample[]): number {
  const steps = samples.slice(1).map(({ atMs }, index) => atMs - (samples[index]?.atMs ?? 0));
  return 1000 / (percentile(steps, 0.5) ?? 1000);
}

/** The samples that a schedule with this rate takes; and the last one, in which the recorded blink was complete. */
function atRate(samples: readonly EyeSample[], fps: number): readonly EyeSample[] {
  let schedule = initialSchedule;
  return samples.filter(({ atMs }, index) => {
    const next = takeFrame(schedule, atMs, fps);
    schedule = next ?? schedule;
    return next !== undefined || index === samples.length - 1;
  });
}

/** How many of the blinks at these times the detector finds. */
function foundAmong(timesMs: readonly number[], samples: readonly EyeSample[]): number {
  const found: number[] = [];
  let state = initialBlinkState;
  for (const sample of samples) {
    const step = nextBlink(state, sample, defaultBlinkPolicy);
    state = step.state;
    found.push(...step.blinks.map(({ atMs }) => atMs));
  }
  return timesMs.filter((atMs) => found.some((other) => Math.abs(other - atMs) <= sameBlinkMs)).length;
}

function observedMsIn(samples: readonly EyeSample[]): number {
  const raised = samples.filter(({ areLidsRaised }) => areLidsRaised).map(({ atMs }) => atMs);
  const steps = raised.slice(1).map((atMs, index) => atMs - (raised[index] ?? atMs));
  return steps.filter(isObserved).reduce((sum, step) => sum + step, 0);
}
