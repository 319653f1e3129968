import { spawn } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, operational } from '../../daemon/kernel/errors.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { closeOf } from '../child-end.js';
import { corridor } from './backdrop.js';
import { closureAt, placeScenes } from './blink-script.js';
import { type FrameBuffer, layOver } from './compose.kernel.js';
import { type FaceShapeFinder, openFaceShapeFinder } from './face-shape.js';
import { drawSway, lookAround, poseAt, type Sway, turnAt } from './motion.js';
import { openPortrait, type Portrait } from './portrait.js';
import type { PlacedScene, Scenario } from './scenario.js';

export interface RenderProgress {
  readonly framesDone: number;
  readonly framesTotal: number;
}

export interface RenderOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: RenderProgress) => void;
}

/** A scene whose pictures can be drawn one by one. */
interface Stage {
  readonly placed: PlacedScene;
  readonly portrait: Portrait | undefined;
  readonly sway: Sway;
}

/**
 * Renders a scenario to an H.264 MP4 file: BT.709, a key frame each second, no B-frames, as cameras send. The file
 * appears whole or not at all. Throws `photo-unreadable`, `no-face-there`, `pack-absent` or `encoder-failed`.
 */
export async function renderScenario(
  scenario: Scenario,
  file: string,
  options: RenderOptions = {},
): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.part`;
  try {
    await encode(scenario, frames(scenario), partial, options);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}

/** The scenario's frames in order. Each is overwritten two frames later. */
export async function* frames(scenario: Scenario): AsyncGenerator<FrameBuffer, void> {
  const { widthPx, heightPx, framesPerS } = scenario;
  const backdrop = await corridor(widthPx, heightPx);
  const buffers = [backdrop.slice(), backdrop.slice()] as const;
  await using finder = await openFaceShapeFinder();
  let frame = 0;
  for (const [index, placed] of placeScenes(scenario).entries()) {
    const stage = await openStage(placed, finder, scenario.seed * 1000 + 500 + index);
    const end = Math.round((placed.startS + placed.scene.seconds) * framesPerS);
    for (; frame < end; frame++) {
      const buffer = { widthPx, heightPx, data: buffers[frame % 2 === 0 ? 0 : 1] };
      buffer.data.set(backdrop);
      draw(buffer, stage, frame / framesPerS - placed.startS);
      yield buffer;
    }
  }
}

async function openStage(placed: PlacedScene, finder: FaceShapeFinder, seed: number): Promise<Stage> {
  return {
    placed,
    portrait: placed.scene.kind === 'face' ? await openPortrait(placed.scene, finder) : undefined,
    sway: drawSway(seededRandom(seed)),
  };
}

function draw(frame: FrameBuffer, stage: Stage, timeS: number): void {
  const { scene, blinks } = stage.placed;
  if (scene.kind !== 'face' || stage.portrait === undefined) return;
  const pose = poseAt(scene.path, stage.sway, timeS);
  const turn = turnAt(scene.gestures ?? [], timeS);
  const around = scene.looksAround === true ? lookAround(timeS) : { yawDeg: 0, pitchDeg: 0 };
  const cutout = stage.portrait.shown(closureAt(blinks, timeS), {
    yawDeg: turn.yawDeg + around.yawDeg,
    pitchDeg: turn.pitchDeg + around.pitchDeg,
  });
  layOver(frame, cutout, stage.portrait.placedAt(pose, frame));
}

async function encode(
  scenario: Scenario,
  pictures: AsyncIterable<FrameBuffer>,
  file: string,
  options: RenderOptions,
): Promise<void> {
  await using encoder = startEncoder(scenario, file);
  const framesTotal = Math.round(
    scenario.scenes.reduce((sum, scene) => sum + scene.seconds, 0) * scenario.framesPerS,
  );
  let framesDone = 0;
  for await (const picture of pictures) {
    options.signal?.throwIfAborted();
    await encoder.write(picture.data);
    framesDone++;
    options.onProgress?.({ framesDone, framesTotal });
  }
  await encoder.finish();
}

interface Encoder extends AsyncDisposable {
  /** Resolves when the buffer before this one was taken over: this one must stay as it is until the next call. */
  write(data: Uint8Array): Promise<void>;
  /** Resolves when the file is complete. */
  finish(): Promise<void>;
}

function startEncoder(scenario: Scenario, file: string): Encoder {
  const child = spawn('ffmpeg', encoderArguments(scenario, file), { stdio: ['pipe', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = `${complaint}${chunk}`.slice(-2000);
  });
  const ended = closeOf(child).then(
    () => undefined,
    (error: unknown) => {
      complaint = messageOf(error);
    },
  );
  const failure = async (): Promise<never> => {
    await ended;
    const reason = complaint.trim().split('\n').at(-1) ?? '';
    throw operational('encoder-failed', `ffmpeg could not encode the clip: ${reason}`, {
      remedy: 'Check that ffmpeg is installed with libx264 and that the disk has room.',
    });
  };
  let before: Promise<boolean> = Promise.resolve(true);
  child.stdin.on('error', () => undefined);
  return {
    async write(data) {
      if (!(await before)) return failure();
      before = new Promise((resolve) => {
        child.stdin.write(data, (error) => resolve(error === null || error === undefined));
      });
    },
    async finish() {
      if (!(await before)) return failure();
      child.stdin.end();
      await ended;
      if (child.exitCode !== 0) return failure();
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function encoderArguments(scenario: Scenario, file: string): string[] {
  const { widthPx, heightPx, framesPerS } = scenario;
  const colour = [
    '-color_range',
    'tv',
    '-colorspace',
    'bt709',
    '-color_primaries',
    'bt709',
    '-color_trc',
    'bt709',
  ];
  return [
    ...['-v', 'error', '-nostdin', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', ...colour],
    ...['-s', `${widthPx}x${heightPx}`, '-r', String(framesPerS), '-i', 'pipe:0'],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-crf',
      '20',
      '-bf',
      '0',
      '-pix_fmt',
      'yuv420p',
      ...colour,
    ],
    ...['-g', String(framesPerS), '-keyint_min', String(framesPerS), '-sc_threshold', '0'],
    ...['-movflags', '+faststart', '-f', 'mp4', file],
  ];
}
