import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { cast } from '../virtual-camera/cast.js';
import { renderedClip } from '../virtual-camera/rendered-clip.js';
import { type Scenario, scenarioSchema, type Waypoint } from '../virtual-camera/scenario.js';

/** Seconds of a clip that shows one face all the time. */
const oneFaceS = 20;

/** One person before the camera, moving a little and blinking: 1920x1080, 25 frames a second. */
export function oneFaceScenario(): Scenario {
  const path: readonly Waypoint[] = [
    { atS: 0, x: 0.42, y: 0.5, faceWidthPx: 280 },
    { atS: oneFaceS / 2, x: 0.56, y: 0.48, faceWidthPx: 310 },
    { atS: oneFaceS, x: 0.42, y: 0.5, faceWidthPx: 280 },
  ];
  const { photo, face } = cast.ada;
  const scene = { kind: 'face', photo, face, seconds: oneFaceS, blinks: 'natural', path };
  return scenarioSchema.parse({ seed: 7, scenes: [scene] });
}

/**
 * The clip of a scenario as a camera would send it. A rendered picture is free of noise and costs next to nothing to
 * decode (1.3 ms a frame at 1080p, measured); with the noise of a sensor and the 4 Mbit/s of a common CCTV setting,
 * H.264 High with a key frame every two seconds, it costs three times that, like a real stream.
 */
export async function noisyClip(scenario: Scenario): Promise<string> {
  const clean = await renderedClip(scenario);
  const file = clean.replace(/\.mp4$/, '-noisy-4M.mp4');
  if (existsSync(file)) return file;
  const partial = `${file}.${process.pid}.part`;
  try {
    await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-y', '-i', clean, '-vf', 'noise=alls=7:allf=t:all_seed=1'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-bf', '0', '-pix_fmt', 'yuv420p'],
      ...['-b:v', '4M', '-maxrate', '5M', '-bufsize', '4M', '-g', String(2 * scenario.framesPerS)],
      ...['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
      ...['-f', 'mp4', partial],
    ]);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return file;
}
