import type { BoxIdentity } from '../domain/events/box-identity.js';
import { isoTime } from '../domain/iso-time.js';
import type { CameraStateMessage } from './contract/camera-state-schema.js';
import type { RetainedDocument } from './retained-documents.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

/** A configured camera and what it delivers at the moment. */
export interface KnownCamera {
  readonly id: string;
  /** From the configuration. */
  readonly name: string;
  readonly state: CameraStateMessage['state'];
  /** Of `failed`. */
  readonly code?: string;
  /** Of `streaming`: why its pictures are of no use. */
  readonly damage?: string;
  /** Since when, wall clock in milliseconds. */
  readonly sinceMs: number;
}

export interface CameraDocumentOptions {
  readonly topics: Topics;
  readonly from: BoxIdentity;
  readonly signer: Signer;
  /** Numbers for messages, each greater than those before, over restarts too. */
  readonly nextSequence: () => number;
}

/** What is to stand on the state topics of `cameras`: see `cameraStateSchema`. */
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
          ...(code === undefined ? {} : { code }),
          ...(damage === undefined ? {} : { damage }),
          time,
          sequence: nextSequence(),
        };
        return [await signer.sign(JSON.stringify(message))];
      },
    };
  });
}
