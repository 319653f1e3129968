import type { Picture } from '../domain/faces/picture.js';
import type { LivenessPolicy } from '../domain/liveness/liveness-verdict.js';
import type { FaceAnalyser } from './face-analyser.js';
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
  const shared = rememberPicture(options.analyser);
  const sides = policies.map((liveness) => {
    const events: StageEvent[] = [];
    const { analyser } = shared;
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
      for (const { session } of sides) await session.analyse(frame);
    } finally {
      // Before the frame's buffer may hold the next picture.
      shared.forget();
      frame.release();
    }
    if (sides.some(({ events }) => events.length > 0)) yield step();
  }
  for (const { session } of sides) session.end();
  yield step();
}

/**
 * An analyser that answers the same question about the same picture from memory until `forget`. What it answers is shared:
 * the stages only read it.
 */
export function rememberPicture(analyser: FaceAnalyser): {
  readonly analyser: FaceAnalyser;
  readonly forget: () => void;
} {
  const known = new Map<string, unknown>();
  const once = <T>(question: readonly unknown[], answer: () => T): T => {
    const key = JSON.stringify(question);
    if (!known.has(key)) known.set(key, answer());
    return known.get(key) as T;
  };
  const { recogniser, provider } = analyser;
  return {
    forget: () => known.clear(),
    analyser: {
      recogniser,
      provider,
      detect: (picture, options) => once(['detect', options], () => analyser.detect(picture, options)),
      locate: (picture, regions) => once(['locate', regions], () => analyser.locate(picture, regions)),
      assess: (picture, landmarks, options) =>
        once(['assess', landmarks, options], () => analyser.assess(picture, landmarks, options)),
      embed: (picture: Picture, landmarks) =>
        once(['embed', landmarks], () => analyser.embed(picture, landmarks)),
      passivePad: (picture, box) => once(['passive', box], () => analyser.passivePad(picture, box)),
      [Symbol.asyncDispose]: () => analyser[Symbol.asyncDispose](),
    },
  };
}
