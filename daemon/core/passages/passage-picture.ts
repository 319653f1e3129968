import type { Passage } from '../../kernel/passages/passage.js';
import { pictureOfEvent } from '../events/event-picture.js';
import type { Gallery } from '../gallery/gallery.js';
import type { Records } from '../records/records.js';

/** Finds the picture that the box keeps of a passage: that of its last event that has one, or its own. */
export function pictureOfPassage(
  records: Pick<Records, 'find'>,
  open: () => Pick<Gallery, 'evidenceOfEvent'> | undefined,
): (passage: Passage) => Uint8Array | undefined {
  return ({ id, events, lastSeenMs }) => {
    const gallery = open();
    if (gallery === undefined) return undefined;
    for (const eventId of events.toReversed()) {
      const event = records.find(eventId);
      const picture = event && pictureOfEvent(gallery, event);
      if (picture !== undefined) return picture;
    }
    return gallery.evidenceOfEvent('passage', id, lastSeenMs);
  };
}
