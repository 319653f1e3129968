import { evidenceKindOf } from '../../kernel/events/evidence.js';
import type { Gallery } from '../gallery/gallery.js';
import type { StoredEvent } from '../records/stored-event.js';

/** The picture that the box keeps with an event; undefined without one. */
export function pictureOfEvent(
  gallery: Pick<Gallery, 'evidenceOfEvent'>,
  { kind, id, occurredAtMs }: Pick<StoredEvent, 'kind' | 'id' | 'occurredAtMs'>,
): Uint8Array | undefined {
  const kept = evidenceKindOf(kind);
  return kept && gallery.evidenceOfEvent(kept, id, occurredAtMs);
}
