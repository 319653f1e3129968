import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import type { Random } from '../../daemon/kernel/random.js';

/** A made-up template: a random direction of length 1. */
export function unitVector(random: Random, dimensions: number): Embedding {
  const vector = Float32Array.from({ length: dimensions }, () => random.unit() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** The value below which `share` (0..1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}

export interface Timed<T> {
  readonly result: T;
  readonly tookMs: number;
  /** The longest time for which the event loop was blocked. */
  readonly longestBlockMs: number;
}

/** Runs `work` and measures it. */
export async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  // The monitor measures between two firings of its timer, so the first must come before the work begins.
  await sleep(20);
  const startMs = performance.now();
  const result = await work();
  const tookMs = performance.now() - startMs;
  await sleep(5);
  delay.disable();
  return { result, tookMs, longestBlockMs: delay.max / 1e6 };
}
