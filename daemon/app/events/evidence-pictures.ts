import { setImmediate as nextTurn } from 'node:timers/promises';
import { isRollcallError, operational } from '../../base/errors.js';
import type { MqttConfig } from '../../config/schema.js';
import type { Gallery } from '../../gallery/gallery.js';
import { sealTo } from '../../host/sealed-box.js';
import type { PictureOf } from '../../publish/outgoing.js';

/** What events take pictures of faces along, and whose key these are sealed to. */
export type PicturePlan = NonNullable<MqttConfig['evidence']>;

/** @throws `evidence-key-unusable` for a key that libsodium refuses: it would give away what is sealed to it */
export function checkPicturePlan(plan: PicturePlan | undefined): void {
  if (plan === undefined || sealTo(keyOf(plan), new Uint8Array(1)) !== undefined) return;
  throw operational('evidence-key-unusable', 'mqtt.evidence.sealTo is no public key of X25519', {
    remedy: 'Write the public key of the centre there, 32 bytes in base64url.',
  });
}

/**
 * The picture kept with an event, sealed to the centre, for the moment in which the event is sent. Undefined where none is
 * kept, the gallery is sealed, or the picture was forgotten since: an event does not wait for its picture.
 */
export function evidencePictures(parts: {
  readonly open: () => Gallery | undefined;
  /** Waits for the pictures that are on their way to the gallery. */
  readonly settled: () => Promise<void>;
}): (plan: PicturePlan) => PictureOf {
  return (plan) =>
    async ({ kind, eventId, occurredAtMs }) => {
      if (!plan.kinds.includes(kind)) return undefined;
      // The picture is handed over just after the event was recorded, which is when the event is sent.
      await nextTurn();
      await parts.settled();
      const jpeg = held(parts.open(), [kind, eventId, occurredAtMs]);
      const sealed = jpeg && sealTo(keyOf(plan), jpeg);
      if (sealed === undefined) return undefined;
      return { sealedTo: plan.sealTo, jpeg: Buffer.from(sealed).toString('base64url') };
    };
}

function held(
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
