import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { table } from '../../daemon/kernel/text-table.js';
import { CachingFaceAnalyser } from '../../daemon/vision/caching-face-analyser.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import type { KeepFrame } from '../../daemon/vision/face-tracker.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { detectFfmpeg, type FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { plainCamera } from './pipeline-pass.js';

/** One way to look at a clip: the stages of a camera, and the events that they gave. */
interface Side {
  readonly pipeline: CameraPipeline;
  readonly events: StageEvent[];
  readonly late?: LateLooks;
}

/** Analysed frames beside which a late look goes on: 0.2 s while a face is followed, as on a busy box. */
const lateByFrames = 3;

/** A face analyser whose looks end some frames later where the pipeline lets them. */
class LateLooks {
  readonly analyser: FaceAnalyser;
  #reading: Promise<unknown> = Promise.resolve();
  #framesLeft = 0;
  #letGo: () => void = () => undefined;

  constructor(real: FaceAnalyser) {
    this.analyser = {
      recogniser: real.recogniser,
      provider: real.provider,
      detect: async (picture, options) => {
        const reading = real.detect(picture, options);
        if (options.around !== undefined) return reading;
        this.#reading = reading;
        const found = await reading;
        if (this.#framesLeft > 0)
          await new Promise<void>((resolve) => {
            this.#letGo = resolve;
          });
        return found;
      },
      locate: (...of) => real.locate(...of),
      assess: (...of) => real.assess(...of),
      texture: (...of) => real.texture(...of),
      surroundings: (...of) => real.surroundings(...of),
      embed: (...of) => real.embed(...of),
      passivePad: (...of) => real.passivePad(...of),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  readonly keep: KeepFrame = () => {
    this.#framesLeft = lateByFrames;
  };

  /** A frame was analysed. It is read no more when the promise resolves. */
  async passed(): Promise<void> {
    await this.#reading;
    await setImmediate();
    if (this.#framesLeft === 0) return;
    this.#framesLeft -= 1;
    if (this.#framesLeft > 0) return;
    this.#letGo();
    await setImmediate();
  }
}

/** How two sides look at the same clips: with looks that are waited for or late, and where. */
const comparisons = {
  rest: (analyser: FaceAnalyser) => [openSide(analyser, true), openSide(analyser, false)],
  beside: (analyser: FaceAnalyser) => {
    const late = new LateLooks(analyser);
    return [openSide(analyser, false), { ...openSide(late.analyser, false), late }];
  },
} satisfies Record<string, (analyser: FaceAnalyser) => readonly Side[]>;

function openSide(analyser: FaceAnalyser, looksAtStillScenes: boolean): Side {
  const events: StageEvent[] = [];
  let trackCount = 0;
  const pipeline = new CameraPipeline({
    cameraId: cameraId('bench'),
    analyser,
    sink: (event) => events.push(event),
    clock: systemClock,
    newTrackId: () => {
      trackCount += 1;
      return trackId(`t${trackCount}`);
    },
    ...plainCamera.rates,
    smallestFacePx: plainCamera.smallestFacePx,
    looksAtStillScenes,
    liveness: defaultLivenessPolicy,
    sameFaceThreshold: 0.55,
  });
  return { pipeline, events };
}

function textOf(events: readonly StageEvent[]): string {
  return JSON.stringify(events, (_, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value,
  );
}

/** How long a face waited because the detector looked less: the times at which the tracks began, side by side, seconds. */
function beginnings(events: readonly StageEvent[]): string {
  const started = events.flatMap((event) => (event.type === 'track.started' ? [event.firstSeenMs] : []));
  return started.map((ms) => (ms / 1000).toFixed(2)).join(' ');
}

/** What the core would learn: tracks, blinks, gestures, and verdicts. */
function learnt(events: readonly StageEvent[]): string {
  const count = (type: StageEvent['type']): number => events.filter((event) => event.type === type).length;
  const verdicts = events.flatMap((event) => (event.type === 'liveness' ? [event.assessment.verdict] : []));
  return [count('track.started'), count('blink'), count('gesture'), verdicts.join(' ') || '-'].join(', ');
}

async function compare(
  path: string,
  real: FaceAnalyser,
  ffmpeg: FfmpegBinary,
  kind: keyof typeof comparisons,
): Promise<readonly string[]> {
  // A frame is decoded once, and the networks answer each question about it once.
  const analyser = new CachingFaceAnalyser(real, 'exact');
  const sides = comparisons[kind](analyser);
  const { maxAnalysisWidthPx } = plainCamera;
  await using clip = await openClip({
    ...{ path, cameraId: cameraId('bench'), ffmpeg, clock: systemClock, maxAnalysisWidthPx },
  });
  let lengthMs = 0;
  for await (const frame of clip) {
    analyser.show(frame.sequence);
    for (const { pipeline, late } of sides) {
      if (await pipeline.analyse(frame, late?.keep)) await late?.passed();
    }
    analyser.forget();
    lengthMs = frame.capturedAtMs;
    frame.release();
  }
  for (const { pipeline } of sides) pipeline.end();
  const looks = ({ pipeline: { counters } }: Side): string => {
    const { detectCount = 0, fullLooks = 0, partLooks = 0 } = counters;
    return [fullLooks, partLooks, detectCount - fullLooks - partLooks].join(' + ');
  };
  const [first = [], second = []] = sides.map(({ events }) => events);
  const areSame = (of: (events: readonly StageEvent[]) => string): string =>
    of(first) === of(second) ? 'same' : `${of(first)} / ${of(second)}`;
  return [
    path.split('/').slice(-2).join('/'),
    (lengthMs / 1000).toFixed(0),
    String(first.length),
    textOf(first) === textOf(second) ? 'same' : areSame(beginnings),
    areSame(learnt),
    ...sides.map(looks),
  ];
}

/**
 * Runs every clip in a folder twice, and compares all events. `rest`: with a detector that always looks at the whole picture, and with one
 * that looks only where somebody may be. `beside`: with looks that are waited for, and with looks that go on beside the next frames.
 */
export async function compareClips(
  folder: string,
  analyser: FaceAnalyser,
  kind: keyof typeof comparisons,
): Promise<void> {
  const ffmpeg = await detectFfmpeg();
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    /\.(mkv|mov|mp4|mpg)$/.test(name),
  );
  const rows = [];
  for (const name of names.sort()) rows.push(await compare(join(folder, name), analyser, ffmpeg, kind));
  const heads = ['clip', 's', 'events', 'first seen', 'tracks, blinks, gestures, verdicts'];
  console.log(table([...heads, 'full + part + other looks', kind], rows));
}
