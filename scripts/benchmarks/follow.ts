// Measures what following a camera (rollcall camera watch) costs the analysis: frames analysed a second of a camera with a
// visitor in sight, in turn without and with four callers who follow it. Needs the built program (npm run build).
//   scripts/bench follow [--windows 6] [--seconds 10]
import { setTimeout as sleep } from 'node:timers/promises';
import { makeBox, type TestBox } from '../../test/support/box.js';
import { startRtspServer } from '../../test/support/rtsp-server.js';
import { visitorClip } from '../../test/support/scenes.js';
import { readOptions } from '../options.js';
import { quantile } from './measuring.js';

const { values } = readOptions('scripts/bench follow', {
  options: {
    windows: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '10' },
  },
});
const windows = Number(values.windows);
const windowMs = Number(values.seconds) * 1000;
const callers = 4;
const pollMs = 20;

interface Count {
  readonly atMs: number;
  readonly analysed: number;
  readonly dropped: number;
}

/** The counters at the moment of a new report; vision reports once a second. */
async function nextCount(box: TestBox): Promise<Count> {
  const read = async (): Promise<Count> => {
    const { analysed = 0, dropped = 0 } = (await box.camera('door')).counters;
    return { atMs: performance.now(), analysed, dropped };
  };
  const before = await read();
  for (;;) {
    await sleep(pollMs);
    const now = await read();
    if (now.analysed !== before.analysed) return now;
  }
}

/** Frames analysed and dropped a second in one window. */
async function rates(box: TestBox) {
  const first = await nextCount(box);
  await sleep(windowMs);
  const last = await nextCount(box);
  const elapsedS = (last.atMs - first.atMs) / 1000;
  return {
    analysed: (last.analysed - first.analysed) / elapsedS,
    dropped: (last.dropped - first.dropped) / elapsedS,
  };
}

async function followed(box: TestBox) {
  const leaving = new AbortController();
  let items = 0;
  const startMs = performance.now();
  const all = Array.from({ length: callers }, async () => {
    try {
      for await (const item of await box.client.call('cameras.follow', { id: 'door' }, leaving.signal)) {
        if (item.faces.length > 0) items += 1;
      }
    } catch (error) {
      if (!leaving.signal.aborted) throw error;
    }
  });
  const measured = await rates(box);
  const perS = (items / callers / (performance.now() - startMs)) * 1000;
  leaving.abort();
  await Promise.all(all);
  return { ...measured, itemsPerS: perS };
}

await using cameras = await startRtspServer({ mounts: { '/door': await visitorClip('ada') } });
const camera = { id: 'door', name: 'Door', url: cameras.url('/door'), direction: 'in' };
await using box = await makeBox({ config: { cameras: [camera] } });
await box.start();
await box.untilCamera('door', 'to stream', ({ state }) => state === 'streaming');
await nextCount(box);
const without: Awaited<ReturnType<typeof rates>>[] = [];
const during: Awaited<ReturnType<typeof followed>>[] = [];
for (let window = 0; window < windows; window += 1) {
  without.push(await rates(box));
  during.push(await followed(box));
}
const line = (
  what: string,
  found: readonly { readonly analysed: number; readonly dropped: number }[],
): void => {
  const analysed = found.map((each) => each.analysed);
  const dropped = found.reduce((sum, each) => sum + each.dropped, 0) / found.length;
  console.log(
    `${what}: ${quantile(analysed, 0.5).toFixed(2)} frames analysed a second (median of ${found.length} windows of ${windowMs / 1000} s, ${Math.min(...analysed).toFixed(2)} to ${Math.max(...analysed).toFixed(2)}), ${dropped.toFixed(2)} dropped`,
  );
};
line('not followed', without);
line(`followed by ${callers}`, during);
console.log(
  `items with faces a second to each: ${quantile(
    during.map(({ itemsPerS }) => itemsPerS),
    0.5,
  ).toFixed(2)}`,
);
