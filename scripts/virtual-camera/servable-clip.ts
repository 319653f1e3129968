import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { badInput, messageOf } from '../../daemon/kernel/errors.js';
import { clipCache } from './rendered-clip.js';

const run = promisify(execFile);

/** What RTP payloads exist for in the server. */
const SERVED_CODECS = ['h264', 'hevc'];

/**
 * The file itself where it holds H.264 or H.265 video, else a converted copy that is kept between runs. Throws
 * `clip-unreadable`.
 */
export async function servableClip(file: string, directory = clipCache()): Promise<string> {
  const path = resolve(file);
  try {
    const { stdout } = await run('ffprobe', [
      ...['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=codec_name'],
      ...['-of', 'default=nokey=1:noprint_wrappers=1', path],
    ]);
    if (SERVED_CODECS.includes(stdout.trim())) return path;
    return await converted(path, directory);
  } catch (error) {
    throw badInput('clip-unreadable', `cannot use ${path} as a clip: ${lastLine(messageOf(error))}`, {
      remedy: 'Give a video file that ffmpeg can decode.',
      cause: error,
    });
  }
}

async function converted(path: string, directory: string): Promise<string> {
  const { size, mtimeMs } = await stat(path);
  const key = createHash('sha256').update(`${path} ${size} ${mtimeMs}`).digest('hex').slice(0, 16);
  const target = join(directory, `${basename(path, extname(path))}-${key}.mp4`);
  if (existsSync(target)) return target;
  await mkdir(directory, { recursive: true });
  const partial = `${target}.${process.pid}.part`;
  try {
    await run('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-y', '-i', path, '-an', '-vf', 'crop=trunc(iw/2)*2:trunc(ih/2)*2'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '18', '-bf', '0', '-pix_fmt', 'yuv420p'],
      ...['-force_key_frames', 'expr:gte(t,n_forced)', '-f', 'mp4', partial],
    ]);
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
  return target;
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
