import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRollcallError } from '../base/errors.js';
import { cameraId, type TrackId } from '../domain/ids.js';
import type { LivenessPolicy } from '../domain/liveness/liveness-verdict.js';
import type { Sighting } from '../domain/tracks/sighting.js';
import { systemClock as clock } from '../host/system-clock.js';
import type { FaceAnalyser } from './face-analyser.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { decodePhoto } from './photo-decoding.js';
import { openClipSession, replayClip } from './replay-clip.js';
import type { StageEvent } from './stage-event.js';

/** Fewer photographs show no face that can be followed. */
export const fewestFrames = 3;
/** What comes later in a clip is not looked at, seconds. */
export const longestClipS = 30;

/** What was seen of the face of a clip. */
export type ClipLiveness =
  | { readonly outcome: 'ok'; readonly sighting: Sighting; readonly faceCount: number }
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string; readonly remedy: string };

export interface ClipLivenessParts {
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly liveness: LivenessPolicy;
  readonly sameFaceThreshold: number;
}

/** As a camera with the defaults of the configuration has it. */
const camera = {
  id: cameraId('clip'),
  rates: { idleFps: 15, trackingFps: 15, provingFps: 30 },
  smallestFacePx: 40,
  maxAnalysisWidthPx: 1920,
} as const;

/**
 * Runs the stages of a camera on one clip, or on photographs that were taken one after the other at `fps`. Of several faces the
 * one counts that was seen for longest. Never throws on what the bytes are.
 */
export async function lookAtClip(
  files: readonly Uint8Array[],
  fps: number,
  parts: ClipLivenessParts,
): Promise<ClipLiveness> {
  const latest = new Map<TrackId, Sighting>();
  const hear = (event: StageEvent): void => {
    if (event.type === 'sighting') latest.set(event.sighting.trackId, event.sighting);
  };
  const [clip, ...others] = files;
  const refusal =
    others.length > 0 || clip === undefined
      ? await lookAtPhotographs(files, fps, parts, hear)
      : await lookAtFile(clip, parts, hear);
  if (refusal !== undefined) return refusal;
  const [longest] = [...latest.values()].sort((a, b) => seenMs(b) - seenMs(a));
  if (longest !== undefined) return { outcome: 'ok', sighting: longest, faceCount: latest.size };
  return {
    outcome: 'refused',
    code: 'no-face',
    message: 'no face could be followed in it',
    remedy: `Send a clip of some seconds, or ${fewestFrames} photographs or more, that show one face from the front.`,
  };
}

const seenMs = ({ firstSeenMs, lastSeenMs }: Sighting): number => lastSeenMs - firstSeenMs;

type Refusal = Extract<ClipLiveness, { outcome: 'refused' }>;

/** FFmpeg reads files that it may seek in: the clip lies in a folder of its own for as long as it is looked at. */
async function lookAtFile(
  clip: Uint8Array,
  parts: ClipLivenessParts,
  hear: (event: StageEvent) => void,
): Promise<Refusal | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-clip-'));
  const forget = (): void => rmSync(folder, { recursive: true, force: true });
  // The process may be ended while it looks.
  process.once('exit', forget);
  try {
    const path = join(folder, 'clip');
    await writeFile(path, clip, { mode: 0o600 });
    const untilMs = longestClipS * 1000;
    for await (const { events } of replayClip({ ...parts, path, camera, clock, speed: 'max', untilMs }))
      events.forEach(hear);
    return undefined;
  } catch (error) {
    if (!isRollcallError(error, 'clip-unreadable')) throw error;
    // The message names a file that is nobody's.
    const remedy = 'Send a clip that FFmpeg can read, such as MP4 with H.264.';
    return { outcome: 'refused', code: error.code, message: 'the clip cannot be read', remedy };
  } finally {
    process.off('exit', forget);
    forget();
  }
}

async function lookAtPhotographs(
  files: readonly Uint8Array[],
  fps: number,
  parts: ClipLivenessParts,
  hear: (event: StageEvent) => void,
): Promise<Refusal | undefined> {
  const session = openClipSession({ ...parts, camera }, hear);
  for (const [sequence, bytes] of files.entries()) {
    const decoded = await decodePhoto(bytes);
    if (decoded.outcome !== 'ok') {
      const { reason, remedy } = decoded;
      const message = `photograph ${sequence + 1} cannot be read: ${reason}`;
      return { outcome: 'refused', code: 'not-a-picture', message, remedy };
    }
    const capturedAtMs = (sequence * 1000) / fps;
    if (capturedAtMs > longestClipS * 1000) break;
    const { picture } = decoded;
    await session.analyse({
      ...{ cameraId: camera.id, sequence, capturedAtMs, picture },
      release: () => undefined,
    });
  }
  session.end();
  return undefined;
}
