import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cast, sceneOf, walkThrough } from '../virtual-camera/cast.js';
import { clipCache, renderedClip } from '../virtual-camera/rendered-clip.js';
import { type Scenario, type Scene, scenarioSchema } from '../virtual-camera/scenario.js';
import { encoded } from './pipeline-clip.js';

export const codecs = ['h264', 'hevc', 'mjpeg'] as const;
export type Codec = (typeof codecs)[number];

/** What each camera of a measurement sends. */
export interface CameraClip {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly framesPerS: number;
  readonly codec: Codec;
  /** Share of the time in which somebody is in sight: 0 is an empty corridor, at 1 the same people stay. */
  readonly faceShare: number;
  /** People in sight at the same time, side by side. */
  readonly faces: number;
}

export const usualClip: CameraClip = {
  ...{ widthPx: 1920, heightPx: 1080, framesPerS: 25 },
  ...{ codec: 'h264', faceShare: 0.75, faces: 1 },
};

/** How long one person walks through the picture, seconds. */
const walkS = 7;
/** Length of a clip in which nobody comes or nobody leaves, seconds. */
const sameS = 20;
/** Key frames are two seconds apart, and cameras start at one of them. */
const keyEveryS = 2;
const goldenSection = (Math.sqrt(5) - 1) / 2;

/** Whoever walks through blinks twice in the middle, so that every passage can prove that a living person came. */
const blinks = [
  { atS: 2.2, durationS: 0.26 },
  { atS: 4.6, durationS: 0.26 },
];

/** What is seen in one column of the picture; `column` decides who comes first. */
function scenesOf({ faceShare }: CameraClip, columnPx: number, column: number): readonly unknown[] {
  const people = [cast.ada, cast.bea, cast.stranger];
  const inTurn = people.map((_, index) => people[(index + column) % people.length] ?? cast.ada);
  if (faceShare <= 0) return [{ kind: 'empty', seconds: sameS }];
  if (faceShare >= 1) {
    const face = (share: number): number => Math.round(share * columnPx);
    const path = [
      { atS: 0, x: 0.42, y: 0.5, faceWidthPx: face(0.146) },
      { atS: sameS / 2, x: 0.56, y: 0.48, faceWidthPx: face(0.161) },
      { atS: sameS, x: 0.42, y: 0.5, faceWidthPx: face(0.146) },
    ];
    const { photo, face: where } = inTurn[0] ?? cast.ada;
    return [{ kind: 'face', photo, face: where, seconds: sameS, blinks: 'natural', path }];
  }
  const pauseS = Math.max(keyEveryS, Math.round((walkS * (1 - faceShare)) / faceShare));
  return inTurn.flatMap((who) => [
    { ...sceneOf(who, walkS, blinks, columnPx), path: walkThrough(walkS, columnPx) },
    { kind: 'empty', seconds: pauseS },
  ]);
}

function scenarioOf(clip: CameraClip, column: number): Scenario {
  const { heightPx, framesPerS } = clip;
  const widthPx = 2 * Math.floor(clip.widthPx / clip.faces / 2);
  return scenarioSchema.parse({
    ...{ widthPx, heightPx, framesPerS, seed: 11 + column },
    scenes: scenesOf(clip, widthPx, column),
  });
}

const lengthOf = (scenes: readonly Scene[]): number => scenes.reduce((sum, { seconds }) => sum + seconds, 0);

/** The second stream of a camera, as most cameras have it. */
const substream = { widthPx: 640, heightPx: 360, framesPerS: 15 };

/** A file that all cameras of a measurement send, from different places on. It is made once and kept. */
export interface ServedClip {
  readonly file: string;
  /** Makes the substream: the same in small. */
  readonly small: () => Promise<string>;
  /** Where the camera of this index starts: at a key frame, at a moment that no other camera shows. */
  readonly startAtS: (index: number) => number;
}

export async function servedClip(clip: CameraClip): Promise<ServedClip> {
  const scenarios = Array.from({ length: clip.faces }, (_, column) => scenarioOf(clip, column));
  const columns: string[] = [];
  for (const scenario of scenarios) columns.push(await renderedClip(scenario));
  const clean = columns.length === 1 && columns[0] !== undefined ? columns[0] : await sideBySide(columns);
  const lengthS = lengthOf(scenarios[0]?.scenes ?? []);
  const places = Math.floor(lengthS / keyEveryS);
  return {
    file: await encoded(clean, clip),
    small: () => encoded(clean, { ...clip, ...substream }),
    // By the golden section any number of cameras is spread evenly, over the clip and over each of its visits.
    startAtS: (index) => keyEveryS * Math.floor(places * ((index * goldenSection) % 1)),
  };
}

async function sideBySide(columns: readonly string[]): Promise<string> {
  const name = createHash('sha256').update(columns.join('\n')).digest('hex').slice(0, 16);
  const file = join(clipCache(), `${name}-columns.mp4`);
  if (existsSync(file)) return file;
  const partial = `${file}.${process.pid}.part`;
  try {
    await promisify(execFile)('ffmpeg', [
      ...['-v', 'error', '-nostdin', '-y', ...columns.flatMap((column) => ['-i', column])],
      ...['-filter_complex', `hstack=inputs=${columns.length}`],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-crf',
        '14',
        '-pix_fmt',
        'yuv420p',
        '-f',
        'mp4',
        partial,
      ],
    ]);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return file;
}
