// Measures glass to glass: how late a viewer gets a picture after the camera has drawn it. The camera is a clock (clock-camera.py),
// the viewer reads the clock in the pictures that arrive. Both are on this machine, with one clock. Needs the built program
// (npm run build), chromium, and GStreamer with openh264.
//   scripts/bench glass [--seconds 30]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { startBrowser } from '../../test/support/browser.js';
import { startConsoleBox } from '../../test/support/console-box.js';
import { readOptions } from '../options.js';
import { quantile } from './measuring.js';

const { values } = readOptions('scripts/bench glass', {
  options: { seconds: { type: 'string', default: '30' } },
});
const bits = 24;
const square = 24;
const clockMs = 2 ** bits;

/** The time that a picture shows; undefined where its two rows do not agree. */
async function shownMs(jpeg: Buffer): Promise<number | undefined> {
  const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true });
  const isWhite = (bit: number, row: number): boolean =>
    (data[(2 * row + 1) * square * info.width + bit * square + square / 2] ?? 0) > 125;
  let shown = 0;
  for (let bit = 0; bit < bits; bit += 1) {
    if (isWhite(bit, 0) === isWhite(bit, 1)) return undefined;
    shown = 2 * shown + Number(isWhite(bit, 0));
  }
  return shown;
}

const camera = spawn('/usr/bin/python3', [new URL('clock-camera.py', import.meta.url).pathname], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const [line] = await once(createInterface({ input: camera.stdout }), 'line');
const { port } = z.object({ port: z.number() }).parse(JSON.parse(String(line)));

await using browser = await startBrowser();
await using box = await startConsoleBox({
  ...{ content: 'accounts', browser },
  sections: (gatePort) => `site: { id: bench-site, timeZone: UTC }
box: { id: bench-box }
gate: { port: ${gatePort} }
vision: { provider: cpu }
cameras:
  - { id: clock, name: Clock, url: "rtsp://127.0.0.1:${port}/clock", direction: in }
`,
});
for (;;) {
  const [clock] = await box.box.client.call('cameras.list', {});
  if (clock?.state === 'streaming') break;
  await sleep(50);
}
const { context } = await box.open('admin', '/');
const data = { label: 'viewer', scopes: ['live:watch'] };
const answer = await context.request.post('/api/v1/api-keys', { headers: { origin: box.url }, data });
const made = z.object({ data: z.object({ secret: z.string() }) }).parse(await answer.json());

const late: number[] = [];
let unread = 0;
const socket = new WebSocket(`${box.url.replace('https', 'wss')}/api/v1/cameras/clock/live`, {
  ...{ headers: { authorization: `Bearer ${made.data.secret}` }, rejectUnauthorized: false },
});
socket.on('message', async (message: Buffer) => {
  const arrivedMs = Date.now() % clockMs;
  const shown = await shownMs(message.subarray(4 + message.readUInt32BE(0)));
  if (shown === undefined) unread += 1;
  else late.push((arrivedMs - shown + clockMs) % clockMs);
});
await once(socket, 'open');
await sleep(Number(values.seconds) * 1000);
socket.terminate();
camera.stdin.end();
await once(camera, 'close');
console.log(
  `${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}; ${late.length} pictures, ${unread} not readable`,
);
const at = (share: number): string => quantile(late, share).toFixed(0);
console.log(
  `from the drawing in the camera to the arrival at the viewer, ms: ${at(0.5)} (median), ${at(0.95)} (95 %), ${at(1)} (most)`,
);
