import type { Clock } from '../base/clock.js';

/** What `promise` gives, or 'late' when `limitMs` pass first. The promise itself goes on. */
export async function within<T>(clock: Clock, limitMs: number, promise: Promise<T>): Promise<T | 'late'> {
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
