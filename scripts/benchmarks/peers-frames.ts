import { spawn } from 'node:child_process';
import { yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { cast } from '../virtual-camera/cast.js';
import { renderedClip } from '../virtual-camera/rendered-clip.js';
import { scenarioSchema } from '../virtual-camera/scenario.js';
import type { PeerFrame } from './peers-contender.js';

const widthPx = 1280;
const heightPx = 720;
const framesPerS = 15;

/** The first `count` frames of a clip with one face that moves a little and blinks. */
export async function decodedFrames(count: number): Promise<readonly PeerFrame[]> {
  const { photo, face } = cast.ada;
  const seconds = Math.ceil(count / framesPerS) + 1;
  const path = [
    { atS: 0, x: 0.45, y: 0.5, faceWidthPx: 200 },
    { atS: seconds, x: 0.55, y: 0.5, faceWidthPx: 220 },
  ];
  const scene = { kind: 'face', photo, face, seconds, blinks: 'natural', path };
  const scenario = scenarioSchema.parse({ widthPx, heightPx, framesPerS, seed: 9, scenes: [scene] });
  const file = await renderedClip(scenario);
  const rgb = await raw(file, 'rgb24');
  const yuv = await raw(file, 'yuv420p');
  const rgbBytes = widthPx * heightPx * 3;
  const yuvBytes = yuv420Bytes(widthPx, heightPx);
  return Array.from({ length: count }, (_, index) => ({
    widthPx,
    heightPx,
    rgb: new Uint8Array(rgb.subarray(index * rgbBytes, (index + 1) * rgbBytes)),
    yuv420: new Uint8Array(yuv.subarray(index * yuvBytes, (index + 1) * yuvBytes)),
    atMs: (index * 1000) / framesPerS,
  }));
}

async function raw(file: string, format: 'rgb24' | 'yuv420p'): Promise<Buffer> {
  const child = spawn(
    'ffmpeg',
    ['-v', 'error', '-nostdin', '-i', file, '-f', 'rawvideo', '-pix_fmt', format, '-'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
