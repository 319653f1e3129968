import { spawn } from 'node:child_process';
import { type Yuv420Picture, yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { exitOf } from '../../scripts/child-end.js';

/** Decodes a clip with ffmpeg, frame by frame; each picture has a buffer of its own. */
export async function* decodedFrames(
  file: string,
  widthPx: number,
  heightPx: number,
): AsyncGenerator<Yuv420Picture, void> {
  const child = spawn(
    'ffmpeg',
    [
      ...['-v', 'error', '-nostdin', '-i', file, '-fps_mode', 'passthrough'],
      ...['-s', `${widthPx}x${heightPx}`, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const bytes = yuv420Bytes(widthPx, heightPx);
    let data = new Uint8Array(bytes);
    let filled = 0;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      for (let taken = 0; taken < chunk.length; ) {
        const part = chunk.subarray(taken, taken + bytes - filled);
        data.set(part, filled);
        taken += part.length;
        filled += part.length;
        if (filled < bytes) continue;
        yield { format: 'yuv420p', range: 'limited', widthPx, heightPx, data };
        data = new Uint8Array(bytes);
        filled = 0;
      }
    }
  } finally {
    child.kill('SIGKILL');
    await exitOf(child);
  }
}
