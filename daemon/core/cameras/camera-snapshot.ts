import { isJpeg } from '../../contract/vision/vision-sighting.js';
import { newKeyPair, openSealed } from '../../host/sealed-box.js';
import { wipe } from '../../host/sodium.js';
import type { RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';
import type { VisionPool } from './vision-pool.js';
import { visionUnavailable } from './vision-requests.js';

/**
 * The next analysed frame of a camera, JPEG. Vision seals every picture to the key of its reader; here the key lives as long as
 * the request.
 * @throws `camera-not-streaming`, `vision-unavailable`
 */
export async function takeSnapshot(
  id: string,
  pool: Pick<VisionPool, 'takeSnapshot'>,
  options: { readonly isMarked: boolean },
): Promise<Buffer> {
  const pair = newKeyPair();
  try {
    const taken = await pool.takeSnapshot(id, Buffer.from(pair.publicKey).toString('base64url'), options);
    if (taken.outcome === 'failed') throw notStreaming(id);
    const opened = openSealed(pair, taken.picture);
    if (opened === undefined) throw visionUnavailable('its answer is not for this request');
    const jpeg = Buffer.from(opened);
    wipe(opened);
    if (!isJpeg(jpeg)) throw visionUnavailable('its answer is not a JPEG');
    return jpeg;
  } finally {
    wipe(pair.secretKey);
  }
}

export function notStreaming(id: string): RollcallError {
  return failure('camera-not-streaming', { id }, { retryable: true });
}
