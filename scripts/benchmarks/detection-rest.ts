import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { table } from '../../daemon/kernel/text-table.js';
import { CachingFaceAnalyser } from '../../daemon/vision/caching-face-analyser.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import { detectFfmpeg, type FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import type { StageEvent } from '../../daemon/vision/stage-event.js';
import { plainCamera } from './pipeline-pass.js';

/** One way to look at a clip: the stages of a camera, and the events that they gave. */
interface Side {
  readonly pipeline: CameraPipeline;
  readonly events: StageEvent[];
}

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

async function compare(path: string, real: FaceAnalyser, ffmpeg: FfmpegBinary): Promise<readonly string[]> {
  // A frame is decoded once, and the networks answer each question about it once.
  const analyser = new CachingFaceAnalyser(real, 'exact');
  const [always, rested] = [openSide(analyser, true), openSide(analyser, false)];
  const { maxAnalysisWidthPx } = plainCamera;
  await using clip = await openClip({
    ...{ path, cameraId: cameraId('bench'), ffmpeg, clock: systemClock, maxAnalysisWidthPx },
  });
  let lengthMs = 0;
  for await (const frame of clip) {
    analyser.show(frame.sequence);
    await always.pipeline.analyse(frame);
    await rested.pipeline.analyse(frame);
    analyser.forget();
    lengthMs = frame.capturedAtMs;
    frame.release();
  }
  always.pipeline.end();
  rested.pipeline.end();
  const isSame = textOf(always.events) === textOf(rested.events);
  const looks = ({ pipeline: { counters } }: Side): string => {
    const { detectCount = 0, fullLooks = 0, partLooks = 0 } = counters;
    return [fullLooks, partLooks, detectCount - fullLooks - partLooks].join(' + ');
  };
  return [
    path.split('/').slice(-2).join('/'),
    (lengthMs / 1000).toFixed(0),
    String(always.events.length),
    isSame ? 'same' : `${beginnings(always.events)} / ${beginnings(rested.events)}`,
    looks(always),
    looks(rested),
  ];
}

/**
 * Runs every clip in a folder twice, with a detector that looks only where somebody may be and with one that always looks at the whole picture, and compares all
 * events.
 */
export async function compareRest(folder: string, analyser: FaceAnalyser): Promise<void> {
  const ffmpeg = await detectFfmpeg();
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    /\.(mkv|mov|mp4|mpg)$/.test(name),
  );
  const rows = [];
  for (const name of names.sort()) rows.push(await compare(join(folder, name), analyser, ffmpeg));
  const heads = ['clip', 's', 'events', 'with less', 'full + part + other looks', 'with less'];
  console.log(table(heads, rows));
}
