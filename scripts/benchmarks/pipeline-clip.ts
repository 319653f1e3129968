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

/** The same place with nobody in it. */
export function nobodyScenario(): Scenario {
  return scenarioSchema.parse({ seed: 7, scenes: [{ kind: 'empty', seconds: oneFaceS }] });
}

/** The clip of a scenario as a common camera would send it: H.264, see `encoded`. */
export async function noisyClip(scenario: Scenario): Promise<string> {
  const { widthPx, heightPx, framesPerS } = scenario;
  return encoded(await renderedClip(scenario), { widthPx, heightPx, framesPerS, codec: 'h264' });
}

/** Bit rate of a common CCTV setting for 1080p25, bits a second; other sizes and rates get their share. */
const usualBitRate = 4_000_000;

/**
 * A rendered clip as a camera would send it. A rendered picture is free of noise and costs next to nothing to decode (1.3 ms a frame at
 * 1080p, measured); with the noise of a sensor and the bit rate of a common CCTV setting, it costs three times that, like a real stream.
 * H.264 High or H.265 Main with a key frame every two seconds and without B-frames, or JPEG pictures. Left to itself, the encoder takes
 * noise for new scenes, and most frames become key frames.
 */
export async function encoded(clean: string, target: EncodedAs): Promise<string> {
  const { widthPx, heightPx, framesPerS, codec } = target;
  const pixels = (widthPx * heightPx * framesPerS) / (1920 * 1080 * 25);
  const kbps = Math.round((usualBitRate * pixels) / 1000 / (codec === 'hevc' ? 1.5 : 1));
  const file = clean.replace(/\.mp4$/, `-camera-${codec}-${kbps}k.${codec === 'mjpeg' ? 'mkv' : 'mp4'}`);
  if (existsSync(file)) return file;
  const fitted = `scale=${widthPx}:${heightPx}:flags=area,fps=${framesPerS}`;
  const rate = ['-b:v', `${kbps}k`, '-maxrate', `${Math.round(kbps * 1.25)}k`, '-bufsize', `${kbps}k`];
  const key = ['-bf', '0', '-g', String(2 * framesPerS), '-pix_fmt', 'yuv420p'];
  const encoders: Readonly<Record<EncodedAs['codec'], readonly string[]>> = {
    h264: [
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-profile:v',
      'high',
      '-sc_threshold',
      '0',
      ...key,
      ...rate,
    ],
    hevc: [
      '-c:v',
      'libx265',
      '-preset',
      'veryfast',
      '-x265-params',
      'log-level=error:scenecut=0',
      ...key,
      ...rate,
    ],
    mjpeg: ['-c:v', 'mjpeg', '-q:v', '5', '-pix_fmt', 'yuvj420p'],
  };
  const partial = `${file}.${process.pid}.part`;
  try {
    await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-y', '-i', clean, '-vf', `${fitted},noise=alls=7:allf=t:all_seed=1`],
      ...encoders[codec],
      ...['-color_range', codec === 'mjpeg' ? 'pc' : 'tv'],
      ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
      ...['-f', codec === 'mjpeg' ? 'matroska' : 'mp4', partial],
    ]);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return file;
}

export interface EncodedAs {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly framesPerS: number;
  readonly codec: 'h264' | 'hevc' | 'mjpeg';
}
