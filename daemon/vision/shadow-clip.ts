import type { LivenessPolicy } from '../domain/liveness/liveness-verdict.js';
import { ClipMemory } from './clip-memory.js';
import { openClip } from './ingest/clip-source.js';
import { type ClipReplayOptions, openClipSession } from './replay-clip.js';
import type { StageEvent } from './stage-event.js';

/** What the stages said about one frame under each policy, in the order of the policies. */
export interface ShadowStep {
  /** Capture time of the frame, milliseconds since the first. */
  readonly atMs: number;
  readonly events: readonly (readonly StageEvent[])[];
}

/**
 * Runs the stages of a camera on a clip once for each liveness policy, side by side. A frame is decoded once, and the
 * networks answer a question about it once: the stages differ only in what they conclude. Throws what `openClip` throws.
 */
export async function* shadowClip(
  options: Omit<ClipReplayOptions, 'liveness' | 'speed' | 'takeShot'>,
  policies: readonly LivenessPolicy[],
): AsyncGenerator<ShadowStep, void, void> {
  const { path, camera, ffmpeg, clock } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const analyser = new ClipMemory(options.analyser, 'exact');
  const sides = policies.map((liveness) => {
    const events: StageEvent[] = [];
    return {
      events,
      session: openClipSession({ ...options, analyser, liveness }, (event) => events.push(event)),
    };
  });
  await using clip = await openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  let atMs = 0;
  const step = (): ShadowStep => ({ atMs, events: sides.map(({ events }) => events.splice(0)) });
  for await (const frame of clip) {
    atMs = frame.capturedAtMs;
    try {
      analyser.show(frame.sequence);
      for (const { session } of sides) await session.analyse(frame);
    } finally {
      analyser.forget();
      frame.release();
    }
    if (sides.some(({ events }) => events.length > 0)) yield step();
  }
  for (const { session } of sides) session.end();
  yield step();
}
