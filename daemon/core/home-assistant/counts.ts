import type { CameraCountsMessage } from '../../contract/events/camera-state-schema.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { CameraDocumentOptions, KnownCamera } from '../delivery/camera-documents.js';
import type { RetainedDocument } from '../delivery/retained-documents.js';

export interface CountsOptions extends CameraDocumentOptions {
  readonly cameras: readonly Pick<KnownCamera, 'id'>[];
  /** In the time zone of the site, `YYYY-MM-DD`. */
  readonly date: string;
  /** Unknown persons recorded on that day, by camera; a missing camera means 0. */
  readonly unknown: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

/** The retained messages for the counts topics of `cameras`: see `cameraCountsSchema`. They contain numbers, never persons. */
export function countDocuments(options: CountsOptions): readonly RetainedDocument[] {
  const { cameras, topics, from, signer, nextSequence, date, unknown: counts, nowMs } = options;
  return cameras.map(({ id }) => {
    const unknown = counts.get(id) ?? 0;
    return {
      topic: topics.cameraCounts(id),
      content: JSON.stringify([date, unknown]),
      async messages() {
        const message: Omit<CameraCountsMessage, 'signature'> = {
          version: 1,
          site: from.siteId,
          box: from.boxId,
          camera: id,
          date,
          unknown,
          time: isoTime(nowMs),
          sequence: nextSequence(),
        };
        return [await signer.sign(JSON.stringify(message))];
      },
    };
  });
}
