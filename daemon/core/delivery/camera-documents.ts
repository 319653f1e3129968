import type { CameraStateMessage } from '../../contract/events/camera-state-schema.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { RetainedDocument } from './retained-documents.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

/** A configured camera and its present state. */
export interface KnownCamera {
  readonly id: string;
  /** From the configuration. */
  readonly name: string;
  readonly state: CameraStateMessage['state'];
  /** Only of `failed`: why. */
  readonly code?: string;
  /** Only of `streaming`: why the pictures are unusable. */
  readonly damage?: string;
  /** When this state began, wall clock, milliseconds. */
  readonly sinceMs: number;
}

export interface CameraDocumentOptions {
  readonly topics: Topics;
  readonly from: BoxIds;
  readonly signer: Signer;
  /** Numbers for messages. Each is greater than the one before, also over restarts. */
  readonly nextSequence: () => number;
}

/** The retained messages for the state topics of `cameras`: see `cameraStateSchema`. */
export function cameraStateDocuments(
  cameras: readonly KnownCamera[],
  { topics, from, signer, nextSequence }: CameraDocumentOptions,
): readonly RetainedDocument[] {
  return cameras.map(({ id, state, code, damage, sinceMs }) => {
    const time = isoTime(sinceMs);
    return {
      topic: topics.cameraState(id),
      content: JSON.stringify([state, code, damage, time]),
      async messages() {
        const message: Omit<CameraStateMessage, 'signature'> = {
          version: 1,
          site: from.siteId,
          box: from.boxId,
          camera: id,
          state,
          ...present({ code, damage }),
          time,
          sequence: nextSequence(),
        };
        return [await signer.sign(JSON.stringify(message))];
      },
    };
  });
}
