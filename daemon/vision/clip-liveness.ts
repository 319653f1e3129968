import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../host/system-clock.js';
import { isRollcallError } from '../kernel/errors.js';
import type { Probe } from '../kernel/identification/match.js';
import { cameraId, type TrackId } from '../kernel/ids.js';
import type { LivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import { said } from '../kernel/said.js';
import type { Sighting } from '../kernel/tracks/sighting.js';
import { inEnglish } from '../words/language.js';
import type { FaceAnalyser } from './face-analyser.js';
import { clipContainers } from './ingest/clip-container.js';
import type { ClipLimits } from './ingest/clip-options.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import type { Refusal as PhotoRefusal } from './photo.js';
import { decodePhoto } from './photo-decoding.js';
import { openClipPipeline, replayClip } from './replay-clip.js';
import type { StageEvent } from './stage-event.js';

/** A track is confirmed after this many photographs. */
const fewestFrames = 3;
/**
 * What an uploaded clip may cost. The rest of a longer clip is ignored: 30 s at up to 120 frames a second. Reading ends before the
 * process counts as hanging, so a costly clip holds up others for a bounded time.
 */
export const uploadLimits: ClipLimits = {
  longestS: 30,
  mostFrames: 3600,
  longestReadingMs: 30_000,
  memoryBytes: 2 ** 31,
};

/** The last sighting of the face in a clip with all its probes, or why there is none. */
export type ClipLiveness =
  | {
      readonly outcome: 'ok';
      readonly sighting: Sighting;
      readonly probes: readonly Probe[];
      readonly faceCount: number;
    }
  | ({ readonly outcome: 'refused'; readonly code: string } & PhotoRefusal);

export interface ClipLivenessOptions {
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly liveness: LivenessPolicy;
  readonly sameFaceThreshold: number;
}

/** The defaults of the configuration for a camera. */
const camera = {
  id: cameraId('clip'),
  rates: { idleFps: 15, trackingFps: 15, provingFps: 30 },
  smallestFacePx: 40,
  maxAnalysisWidthPx: 1920,
} as const;

/**
 * Runs the stages of a camera on one clip, or on photographs that were taken one after the other at `fps`. With several
 * faces, the one that was seen for longest counts. Never throws because of the content of the files.
 */
export async function analyseClip(
  files: readonly Uint8Array[],
  fps: number,
  options: ClipLivenessOptions,
): Promise<ClipLiveness> {
  const latest = new Map<TrackId, Sighting>();
  const probesOf = new Map<TrackId, readonly Probe[]>();
  const sink = (event: StageEvent): void => {
    if (event.type !== 'sighting') return;
    const { trackId, probes } = event.sighting;
    latest.set(trackId, event.sighting);
    probesOf.set(trackId, [...(probesOf.get(trackId) ?? []), ...probes]);
  };
  const [clip, ...others] = files;
  const refusal =
    others.length > 0 || clip === undefined
      ? await analysePhotographs(files, fps, options, sink)
      : await analyseFile(clip, options, sink);
  if (refusal !== undefined) return refusal;
  const [longest] = [...latest.values()].sort((a, b) => seenMs(b) - seenMs(a));
  if (longest !== undefined) {
    const probes = probesOf.get(longest.trackId) ?? [];
    return { outcome: 'ok', sighting: longest, probes, faceCount: latest.size };
  }
  return {
    outcome: 'refused',
    code: 'no-face',
    ...inEnglish({
      message: said('photos/no-face-in-clip'),
      remedy: said('photos/remedy-no-face-in-clip', { fewest: fewestFrames }),
    }),
  };
}

const seenMs = ({ firstSeenMs, lastSeenMs }: Sighting): number => lastSeenMs - firstSeenMs;

type Refusal = Extract<ClipLiveness, { outcome: 'refused' }>;

/**
 * FFmpeg reads files in which it can seek, so the clip becomes a file. Its name is removed before the first byte is written:
 * the system frees the file when this process ends, also when it is killed.
 */
async function openNamelessFile(bytes: Uint8Array): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-clip-'));
  let file: FileHandle | undefined;
  try {
    file = await open(join(folder, 'clip'), 'wx+', 0o600);
    await rm(folder, { recursive: true, force: true });
    await file.writeFile(bytes);
    return file;
  } catch (error) {
    // Frees the bytes that were written, on a disk that may be full.
    await file?.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function analyseFile(
  clip: Uint8Array,
  options: ClipLivenessOptions,
  sink: (event: StageEvent) => void,
): Promise<Refusal | undefined> {
  return withClipFile(clip, async (path) => {
    const how = { path, camera, clock, speed: 'max', limits: uploadLimits } as const;
    for await (const { events } of replayClip({ ...options, ...how })) events.forEach(sink);
    return undefined;
  });
}

/** Does something with a clip as a file, or says why FFmpeg cannot read it. */
export async function withClipFile<T>(
  clip: Uint8Array,
  work: (path: string) => Promise<T>,
): Promise<T | Refusal> {
  const file = await openNamelessFile(clip);
  try {
    return await work(`/proc/self/fd/${file.fd}`);
  } catch (error) {
    if (!isRollcallError(error, 'clip-unreadable')) throw error;
    // The message of the error names a path that the sender does not know.
    const message = said('photos/clip-unreadable');
    const remedy = said('photos/remedy-clip-unreadable', { containers: clipContainers });
    return { outcome: 'refused', code: error.code, ...inEnglish({ message, remedy }) };
  } finally {
    await file.close();
  }
}

async function analysePhotographs(
  files: readonly Uint8Array[],
  fps: number,
  options: ClipLivenessOptions,
  sink: (event: StageEvent) => void,
): Promise<Refusal | undefined> {
  const pipeline = openClipPipeline({ ...options, camera }, sink);
  for (const [sequence, bytes] of files.entries()) {
    const decoded = await decodePhoto(bytes);
    if (decoded.outcome !== 'ok') {
      const { reason, remedy } = decoded.says;
      const message = said('photos/numbered-unreadable', { number: sequence + 1, reason });
      return { outcome: 'refused', code: 'not-a-picture', ...inEnglish({ message, remedy }) };
    }
    const capturedAtMs = (sequence * 1000) / fps;
    if (capturedAtMs > uploadLimits.longestS * 1000) break;
    const { picture } = decoded;
    await pipeline.analyse({
      ...{ cameraId: camera.id, sequence, capturedAtMs, picture },
      release: () => undefined,
    });
  }
  pipeline.end();
  return undefined;
}
