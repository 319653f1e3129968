import type { LivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import { CachingFaceAnalyser } from './caching-face-analyser.js';
import { openClip } from './ingest/clip-source.js';
import { type ClipReplayOptions, openClipPipeline } from './replay-clip.js';
import type { StageEvent } from './stage-event.js';

/** The events of one frame under each policy, in the order of the policies. */
interface ShadowStep {
  /** Capture time of the frame, milliseconds since the first. */
  readonly atMs: number;
  readonly events: readonly (readonly StageEvent[])[];
}

/**
 * Runs one camera pipeline for each liveness policy on a clip, side by side. A frame is decoded once, and the networks answer
 * each question about it once: the pipelines differ only in their decisions. Throws what `openClip` throws.
 */
export async function* shadowClip(
  options: Omit<ClipReplayOptions, 'liveness' | 'speed' | 'takeShot'>,
  policies: readonly LivenessPolicy[],
): AsyncGenerator<ShadowStep, void, void> {
  const { path, camera, ffmpeg, clock } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const analyser = new CachingFaceAnalyser(options.analyser, 'exact');
  const sides = policies.map((liveness) => {
    const events: StageEvent[] = [];
    return {
      events,
      pipeline: openClipPipeline({ ...options, analyser, liveness }, (event) => events.push(event)),
    };
  });
  await using clip = await openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  let atMs = 0;
  const step = (): ShadowStep => ({ atMs, events: sides.map(({ events }) => events.splice(0)) });
  for await (const frame of clip) {
    atMs = frame.capturedAtMs;
    try {
      analyser.show(frame.sequence);
      for (const { pipeline } of sides) await pipeline.analyse(frame);
    } finally {
      analyser.forget();
      frame.release();
    }
    if (sides.some(({ events }) => events.length > 0)) yield step();
  }
  for (const { pipeline } of sides) pipeline.end();
  yield step();
}
