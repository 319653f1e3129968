import type { Clock } from './clock.js';

/** Resolves as `promise` does, or with 'late' after `limitMs`. Does not stop the work behind `promise`. */
export async function raceTimeout<T>(
  clock: Clock,
  limitMs: number,
  promise: Promise<T>,
): Promise<T | 'late'> {
  let timer: ReturnType<Clock['after']> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = clock.after(limitMs, () => resolve('late'));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer?.cancel();
  }
}
