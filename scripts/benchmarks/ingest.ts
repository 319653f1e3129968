// What it costs to get full-resolution pictures and a small one for detection out of a camera's stream, in the
// ways that were considered: CPU seconds of FFmpeg and Node per 1000 source frames, the rounds interleaved.
//   scripts/bench ingest [--file CLIP] [--fps 12.5] [--rounds 5] [--json]
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { measureWay, type Usage, ways } from './ingest-ways.js';

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    file: { type: 'string' },
    fps: { type: 'string', default: '12.5' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});

/** A 1080p camera at 25 frames and 4 Mbit/s: a moving test card with the noise of a sensor. Made once. */
async function cameraLikeClip(): Promise<string> {
  const path = join(tmpdir(), 'rollcall-bench-ingest-1080p25.mp4');
  if (existsSync(path)) return path;
  console.error('making a clip of 20 seconds (once) …');
  const partial = `${path}.${process.pid}.part`;
  await run('ffmpeg', [
    ...['-v', 'error', '-nostdin', '-y', '-f', 'lavfi'],
    ...['-i', 'testsrc2=size=1920x1080:rate=25:duration=20,noise=alls=7:allf=t:all_seed=1'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-bf', '0', '-pix_fmt', 'yuv420p'],
    ...['-b:v', '4M', '-maxrate', '5M', '-bufsize', '4M', '-g', '50', '-f', 'mp4', partial],
  ]);
  await rename(partial, path);
  return path;
}

async function frameCount(path: string): Promise<number> {
  const entries = ['-show_entries', 'stream=nb_read_packets', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', [
    ...['-v', 'error', '-count_packets', '-select_streams', 'v:0'],
    ...entries,
    path,
  ]);
  return Number.parseInt(stdout, 10);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

const path = values.file ?? (await cameraLikeClip());
const fps = Number(values.fps);
const ffmpeg = await detectFfmpeg();
const frames = await frameCount(path);
const rounds: Usage[][] = ways.map(() => []);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [index, way] of ways.entries())
    rounds[index]?.push(await measureWay(way, { ffmpeg, path, fps }));
}

const perThousand = 1000 / frames;
const rows = ways.map(({ name }, index) => {
  const usages = rounds[index] ?? [];
  const ffmpegS = median(usages.map((usage) => usage.ffmpegS)) * perThousand;
  const nodeS = median(usages.map((usage) => usage.nodeS)) * perThousand;
  return { way: name, ffmpegS, nodeS, totalS: ffmpegS + nodeS, pictures: usages[0]?.pictures ?? 0 };
});
const decodeS = rows[0]?.totalS ?? Number.NaN;
if (values.json) {
  console.log(JSON.stringify({ ffmpeg: ffmpeg.version, node: process.version, frames, fps, rows }));
} else {
  console.log(
    `FFmpeg ${ffmpeg.version}, Node ${process.version}; ${frames} frames, ${fps} wanted per second`,
  );
  console.log('CPU seconds per 1000 source frames, medians');
  console.log('FFmpeg   Node  total  ratio  way');
  for (const { way, ffmpegS, nodeS, totalS } of rows) {
    const columns = [ffmpegS, nodeS, totalS, totalS / decodeS].map((value) => value.toFixed(2).padStart(6));
    console.log(`${columns.join(' ')}  ${way}`);
  }
}
