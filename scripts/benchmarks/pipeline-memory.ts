import { memoryUsage } from 'node:process';

/** Minutes that do not count for the slope: code is still compiled and pools still grow. */
const warmUpMinutes = 2;

/** Does `work` over and over for so many minutes and prints resident memory each minute and how it changes. */
export async function watchMemory(minutes: number, work: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  const samples: { readonly minute: number; readonly mib: number }[] = [];
  let passes = 0;
  console.log('minute  resident MiB  passes');
  while (samples.length < minutes) {
    await work();
    passes += 1;
    const minute = (performance.now() - startedMs) / 60_000;
    if (minute < samples.length + 1) continue;
    const mib = memoryUsage.rss() / 2 ** 20;
    samples.push({ minute, mib });
    console.log(
      `${minute.toFixed(1).padStart(6)}${mib.toFixed(1).padStart(14)}${String(passes).padStart(8)}`,
    );
  }
  const settled = samples.filter(({ minute }) => minute > warmUpMinutes);
  if (settled.length < 2) return;
  console.log(`slope after ${warmUpMinutes} minutes: ${slope(settled).toFixed(2)} MiB a minute`);
}

/** Least squares. */
export function slope(samples: readonly { readonly minute: number; readonly mib: number }[]): number {
  const mean = (pick: (sample: { minute: number; mib: number }) => number): number =>
    samples.reduce((sum, sample) => sum + pick(sample), 0) / samples.length;
  const minute = mean((sample) => sample.minute);
  const mib = mean((sample) => sample.mib);
  const covariance = mean((sample) => (sample.minute - minute) * (sample.mib - mib));
  return covariance / mean((sample) => (sample.minute - minute) ** 2);
}
