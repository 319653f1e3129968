// Measures what live pictures in the console cost and how late they are: four cameras with visitors, in turn without viewers and
// with five programs that watch each of them, once the analysed pictures and once the video, and a real browser that watches one. Needs the built program (npm run build),
// chromium and GStreamer. Processor time is that of the box alone: core, vision with FFmpeg, and gate.
//   scripts/bench console-live [--windows 5] [--seconds 14]
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { startBrowser } from '../../test/support/browser.js';
import { type ConsoleBox, startConsoleBox } from '../../test/support/console-box.js';
import { startRtspServer } from '../../test/support/rtsp-server.js';
import { visitorClip } from '../../test/support/scenes.js';
import { readOptions } from '../options.js';
import { allProcesses } from './cameras-usage.js';
import { quantile } from './measuring.js';
import { processTimes } from './pipeline-cpu.js';

const { values } = readOptions('scripts/bench console-live', {
  options: {
    windows: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '14' },
  },
});
const windows = Number(values.windows);
/** Visitors come every seven seconds: windows of whole visits compare well. */
const windowMs = Number(values.seconds) * 1000;
const cameraIds = ['one', 'two', 'three', 'four'] as const;
const viewerCount = 5;
const pollMs = 20;

const parts = ['core', 'vision', 'ffmpeg', 'gate'] as const;
type Part = (typeof parts)[number];

/** The processes of the box by its parts: the core and the gate, which this process has started, and everything below them. */
function boxProcesses(): Readonly<Record<Part, readonly number[]>> {
  const all = allProcesses();
  const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  const below = (parents: readonly number[]): readonly number[] =>
    all.filter(({ parentPid }) => parents.includes(parentPid)).map(({ pid }) => pid);
  const started = (program: string): readonly number[] =>
    below([process.pid]).filter((pid) => commandOf(pid).includes(program));
  const core = started('rollcalld.js');
  const vision = below(core);
  return { core, vision, ffmpeg: below(vision), gate: started('rollcall-gate.js') };
}

function boxCpuMs(): Readonly<Record<Part, number>> {
  const { core, vision, ffmpeg, gate } = boxProcesses();
  const sum = (pids: readonly number[]): number =>
    pids.reduce((total, pid) => total + processTimes(pid).cpuMs, 0);
  return { core: sum(core), vision: sum(vision), ffmpeg: sum(ffmpeg), gate: sum(gate) };
}

/** Waits until nothing copies a video any more: the time of processes that end during a window would be missing. */
async function copiesEnded(): Promise<void> {
  while (boxProcesses().ffmpeg.length > cameraIds.length) await sleep(pollMs);
}

interface Reading {
  readonly atMs: number;
  readonly cpuMs: Readonly<Record<Part, number>>;
  readonly analysed: number;
  readonly dropped: number;
}

/** The counters of all cameras at the moment of a new report; vision reports once a second. */
async function nextReading({ box }: ConsoleBox): Promise<Reading> {
  const read = async (): Promise<Reading> => {
    const cameras = await box.client.call('cameras.list', {});
    const sum = (name: string): number =>
      cameras.reduce((total, { counters }) => total + (counters[name] ?? 0), 0);
    const counted = { analysed: sum('analysed'), dropped: sum('dropped') };
    return { atMs: performance.now(), cpuMs: boxCpuMs(), ...counted };
  };
  const before = await read();
  for (;;) {
    await sleep(pollMs);
    const now = await read();
    if (now.analysed !== before.analysed) return now;
  }
}

interface Rates {
  /** Of one core. */
  readonly share: number;
  readonly shareOf: Readonly<Record<Part, number>>;
  readonly analysed: number;
  readonly dropped: number;
}

async function measure(box: ConsoleBox): Promise<Rates> {
  const first = await nextReading(box);
  await sleep(windowMs);
  const last = await nextReading(box);
  const elapsedMs = last.atMs - first.atMs;
  const share = (part: Part): number => (last.cpuMs[part] - first.cpuMs[part]) / elapsedMs;
  const shareOf = {
    ...{ core: share('core'), vision: share('vision') },
    ...{ ffmpeg: share('ffmpeg'), gate: share('gate') },
  };
  return {
    share: parts.reduce((sum, part) => sum + shareOf[part], 0),
    shareOf,
    analysed: ((last.analysed - first.analysed) / elapsedMs) * 1000,
    dropped: ((last.dropped - first.dropped) / elapsedMs) * 1000,
  };
}

/** Keys of an account each: a key watches a camera once at a time, as an account does. */
async function makeKeys(box: ConsoleBox): Promise<readonly string[]> {
  const { context } = await box.open('admin', '/');
  return Promise.all(
    Array.from({ length: viewerCount }, async (_, index) => {
      const data = { label: `viewer ${index + 1}`, scopes: ['live:watch'] };
      const answer = await context.request.post('/api/v1/api-keys', { headers: { origin: box.url }, data });
      if (!answer.ok()) throw new Error(await answer.text());
      const { data: made } = (await answer.json()) as { readonly data: { readonly secret: string } };
      return made.secret;
    }),
  );
}

interface Viewers extends Disposable {
  /** Messages that all of them got. */
  readonly messages: number;
}

async function openViewers(
  box: ConsoleBox,
  keys: readonly string[],
  what: 'live' | 'video',
): Promise<Viewers> {
  let messages = 0;
  const sockets = keys.flatMap((key) =>
    cameraIds.map((id) => {
      const socket = new WebSocket(`${box.url.replace('https', 'wss')}/api/v1/cameras/${id}/${what}`, {
        ...{ headers: { authorization: `Bearer ${key}` }, rejectUnauthorized: false },
      });
      socket.on('message', () => {
        messages += 1;
      });
      return socket;
    }),
  );
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          socket.once('message', () => resolve());
          socket.once('error', reject);
        }),
    ),
  );
  return {
    get messages() {
      return messages;
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

/** How late pictures are drawn in a browser: from the time in the picture to the frame of the screen after the drawing. */
async function latenciesOf(page: Page): Promise<readonly number[]> {
  await page.evaluate(`{
    const canvas = document.querySelector('.live canvas');
    globalThis.lateMs = [];
    new MutationObserver(() => {
      const capturedMs = Date.parse(canvas.dataset.capturedAt);
      requestAnimationFrame(() => globalThis.lateMs.push(Date.now() - capturedMs));
    }).observe(canvas, { attributeFilter: ['data-captured-at'] });
  }`);
  await sleep(2 * windowMs);
  return page.evaluate('globalThis.lateMs');
}

const figures = (all: readonly number[], digits: number): string =>
  `${quantile(all, 0.5).toFixed(digits)} (${Math.min(...all).toFixed(digits)} to ${Math.max(...all).toFixed(digits)})`;
function print(what: string, found: readonly Rates[]): void {
  const of = (name: 'share' | 'analysed' | 'dropped', digits: number): string =>
    figures(
      found.map((each) => each[name]),
      digits,
    );
  console.log(
    `${what}: ${of('share', 2)} of one core; ${of('analysed', 1)} frames analysed a second, ${of('dropped', 1)} dropped`,
  );
  const shares = parts.map((part) => {
    const all = found.map(({ shareOf }) => shareOf[part]);
    return `${part} ${figures(all, 2)}`;
  });
  console.log(`  ${shares.join('; ')}`);
}

await using rtsp = await startRtspServer({ mounts: { '/door': await visitorClip('ada') } });
await using browser = await startBrowser();
await using box = await startConsoleBox({
  ...{ content: 'accounts', browser },
  sections: (port) => `site: { id: bench-site, timeZone: UTC }
box: { id: bench-box }
gate: { port: ${port} }
vision: { provider: cpu }
cameras:
${cameraIds.map((id) => `  - { id: ${id}, name: ${id}, url: "${rtsp.url('/door')}", direction: in }\n`).join('')}`,
});
for (;;) {
  const cameras = await box.box.client.call('cameras.list', {});
  if (cameras.every(({ state }) => state === 'streaming')) break;
  await sleep(pollMs);
}
const keys = await makeKeys(box);
const without: Rates[] = [];
const during: Rates[] = [];
const duringVideo: Rates[] = [];
const perS: number[] = [];
for (let window = 0; window < windows; window += 1) {
  without.push(await measure(box));
  {
    using viewers = await openViewers(box, keys, 'live');
    const [beganMs, before] = [performance.now(), viewers.messages];
    during.push(await measure(box));
    const elapsedS = (performance.now() - beganMs) / 1000;
    perS.push((viewers.messages - before) / viewerCount / cameraIds.length / elapsedS);
  }
  {
    using _video = await openViewers(box, keys, 'video');
    duringVideo.push(await measure(box));
  }
  await copiesEnded();
}
console.log(
  `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; ${windows} windows of ${windowMs / 1000} s each; medians (least to most)`,
);
print('four cameras, no viewer', without);
print(`four cameras, ${viewerCount} viewers of each`, during);
print(`four cameras, ${viewerCount} viewers of the video of each`, duringVideo);
for (const [what, found] of [
  ['the viewers', during],
  ['those of the video', duringVideo],
] as const) {
  const more = found.map(({ share }, index) => share - (without[index]?.share ?? Number.NaN));
  console.log(`more with ${what}, window by window: ${figures(more, 2)} of one core`);
}
const visionMs = during.map(({ shareOf }, index) => {
  const moreOfVision = shareOf.vision - (without[index]?.shareOf.vision ?? Number.NaN);
  return (moreOfVision * 1000) / ((perS[index] ?? Number.NaN) * cameraIds.length);
});
console.log(`more of vision for each picture, ms: ${figures(visionMs, 1)}`);
console.log(`pictures a second to each viewer of each camera: ${figures(perS, 1)}`);
const { page } = await box.open('technician', '/cameras/one');
await page.locator('.live canvas[data-captured-at]').waitFor();
console.log(`from the time in the picture to the drawn picture, ms: ${figures(await latenciesOf(page), 0)}`);
