import { fileURLToPath } from 'node:url';
import { openCameras } from './cameras-box.js';
import { usualClip } from './cameras-clip.js';

/** A daemon that watches virtual cameras, for whatever else is measured meanwhile. */
export interface WatchedCameras extends AsyncDisposable {
  /** Pictures analysed since they all stream. */
  analysed(): Promise<number>;
}

/** Starts the built daemon with `count` virtual cameras, before which people come and go, and a broker of its own. */
export async function watchCameras(count: number): Promise<WatchedCameras> {
  if (count === 0) return { analysed: async () => 0, [Symbol.asyncDispose]: async () => undefined };
  const bench = await openCameras({
    cameraCount: count,
    clip: usualClip,
    settleMs: 0,
    directory: fileURLToPath(new URL('../../var/bench-events', import.meta.url)),
    program: fileURLToPath(new URL('../../dist', import.meta.url)),
    settings: {},
  });
  const { box } = bench;
  await bench.watchCameras();
  const total = async (): Promise<number> =>
    (await box.client.call('status.show')).cameras.reduce(
      (sum, { counters }) => sum + (counters['analysed'] ?? 0),
      0,
    );
  const before = await total();
  return {
    analysed: async () => (await total()) - before,
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}
