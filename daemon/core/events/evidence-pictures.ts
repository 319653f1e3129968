import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MqttConfig } from '../../contract/settings/schema.js';
import { sealTo } from '../../host/sealed-box.js';
import { isRollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';
import type { PictureOf } from '../delivery/sender.js';
import type { Gallery } from '../gallery/gallery.js';

/** Which events carry pictures of faces, and the key that seals them. */
export type PicturePlan = NonNullable<MqttConfig['evidence']>;

/** @throws `evidence-key-unusable` for a weak key that would reveal what is sealed to it */
export function checkPicturePlan(plan: PicturePlan | undefined): void {
  if (plan === undefined || sealTo(keyOf(plan), new Uint8Array(1)) !== undefined) return;
  throw failure('evidence-key-unusable');
}

/**
 * Reads the picture of an event when the event is sent, and seals it to the centre. Undefined without a picture and while the
 * gallery is sealed: an event does not wait for its picture.
 */
export function evidencePictures(options: {
  readonly open: () => Gallery | undefined;
  /** Waits for the pictures that are on their way to the gallery. */
  readonly settled: () => Promise<void>;
}): (plan: PicturePlan) => PictureOf {
  return (plan) =>
    async ({ kind, eventId, occurredAtMs }) => {
      if (!plan.kinds.includes(kind)) return undefined;
      // The event is sent right after it was recorded, and the picture reaches the gallery a little later.
      await nextTurn();
      await options.settled();
      const jpeg = readPicture(options.open(), [kind, eventId, occurredAtMs]);
      const sealed = jpeg && sealTo(keyOf(plan), jpeg);
      if (sealed === undefined) return undefined;
      return { sealedTo: plan.sealTo, jpeg: Buffer.from(sealed).toString('base64url') };
    };
}

function readPicture(
  gallery: Gallery | undefined,
  about: Parameters<Gallery['evidenceOfEvent']>,
): Uint8Array | undefined {
  try {
    return gallery?.evidenceOfEvent(...about);
  } catch (error) {
    if (isRollcallError(error) && error.kind === 'operational') return undefined;
    throw error;
  }
}

function keyOf({ sealTo: text }: Pick<PicturePlan, 'sealTo'>): Uint8Array {
  return Buffer.from(text, 'base64url');
}
