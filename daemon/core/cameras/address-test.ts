import type { CameraTestOutcome } from '../../contract/vision/vision-answers.js';
import { type Clock, sleep } from '../../kernel/clock.js';

/** Answers that say only "no camera" come at multiples of this time after the question, milliseconds. */
const answerEveryMs = 10_000;

/** Failures that a camera told, or that are no secret of the network. Every other one could tell what listens where. */
const told: ReadonlySet<string> = new Set([
  ...['unauthorised', 'forbidden', 'not-found', 'bad-request', 'server-busy', 'server-error'],
  ...['transport-refused', 'login-unprotected', 'login-unsupported', 'redirected'],
  ...['certificate-unknown', 'certificate-name', 'certificate-expired', 'certificate-changed'],
  ...['no-video', 'no-key-frame', 'no-parameter-sets', 'undecodable', 'no-first-frame', 'codec-unsupported'],
  ...['hardware-decoding-failed', 'stalled', 'falling-behind', 'resolution-changed'],
  ...['address-refused', 'unknown-host', 'ffmpeg-missing', 'ffmpeg-unsupported'],
]);

const noCamera = {
  outcome: 'failed',
  code: 'no-camera',
  message: 'no camera answers at this address',
  remedy:
    'Check the address, the port (RTSP usually uses 554; write rtsps:// if the camera uses TLS on it), that RTSP is enabled in the camera, its cable and power, and that this box can reach its network.',
} as const satisfies CameraTestOutcome;

/**
 * Gives one answer for a closed port, a silent one, and one with another service, and none of them sooner than the others: the
 * test must not be a scanner of ports.
 */
export async function withoutPorts(
  test: () => Promise<CameraTestOutcome>,
  clock: Clock,
  signal: AbortSignal,
): Promise<CameraTestOutcome> {
  const askedAtMs = clock.monotonicMs();
  const found = await test();
  if (found.outcome === 'ok' || told.has(found.code)) return found;
  const passedMs = clock.monotonicMs() - askedAtMs;
  await sleep(clock, answerEveryMs - (passedMs % answerEveryMs), signal);
  return noCamera;
}
