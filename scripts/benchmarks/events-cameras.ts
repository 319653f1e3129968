import { fileURLToPath } from 'node:url';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { startBox, until } from './cameras-box.js';
import { startBroker } from './cameras-broker.js';
import { scenarioOf, startAtS } from './cameras-clip.js';
import { noisyClip } from './pipeline-clip.js';

/** A daemon that watches virtual cameras, for whatever else is measured meanwhile. */
export interface WatchedCameras extends AsyncDisposable {
  /** Pictures analysed since they all stream. */
  analysed(): Promise<number>;
}

/** Starts the built daemon with `count` virtual cameras, before which people come and go, and a broker of its own. */
export async function watchCameras(count: number): Promise<WatchedCameras> {
  if (count === 0) return { analysed: async () => 0, [Symbol.asyncDispose]: async () => undefined };
  const ids = Array.from({ length: count }, (_, index) => `camera-${index + 1}`);
  const scenario = scenarioOf('walk');
  const file = await noisyClip(scenario);
  const mounts = ids.map((id, index) => [`/${id}`, { file, startAtS: startAtS(index, scenario) }] as const);
  const broker = await startBroker();
  const rtsp = await startRtspServerProcess({ mounts: Object.fromEntries(mounts), transport: 'tcp' });
  const box = await startBox({
    directory: fileURLToPath(new URL('../../var/bench-events', import.meta.url)),
    program: fileURLToPath(new URL('../../dist', import.meta.url)),
    brokerUrl: broker.url,
    settings: {},
  });
  await box.setCameras(ids.map((id) => ({ id, name: id, url: rtspUrl(rtsp.port, `/${id}`) })));
  await until('all cameras to stream', async () => {
    const { cameras } = await box.client.status();
    return cameras.length === count && cameras.every(({ state }) => state === 'streaming');
  });
  const total = async (): Promise<number> =>
    (await box.client.status()).cameras.reduce((sum, { counters }) => sum + (counters['analysed'] ?? 0), 0);
  const before = await total();
  return {
    analysed: async () => (await total()) - before,
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await rtsp[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}
