import type { PassageId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import { askedAtVisits } from '../../kernel/review/review-kind.js';
import type { Gallery } from '../gallery/gallery.js';
import { shownStranger } from '../strangers/shown-stranger.js';
import { fewItems, type ReviewSource } from './review-source.js';

export interface UnknownPeopleToReviewOptions {
  /** @throws `gallery-sealed` */
  readonly gallery: () => { readonly strangers: Pick<Gallery['strangers'], 'list'> };
  /** Whether the box keeps a picture of a passage. */
  readonly hasPicture: (id: PassageId) => boolean;
}

/** Unknown people who come often. One who was set aside comes back under another id when they have come twice as often. */
export function unknownPeopleToReview({ gallery, hasPicture }: UnknownPeopleToReviewOptions): ReviewSource {
  return {
    kind: 'unknown-person',
    scopes: ['strangers:read', 'strangers:write'],
    isOfAllCameras: true,
    ...fewItems(({ cameraIds }) =>
      gallery()
        .strangers.list()
        .flatMap((entry) => {
          const { id, state, visits, lastSeenMs, appearances } = entry;
          const asked = askedAtVisits(visits);
          const isElsewhere =
            cameraIds !== undefined && !appearances.some(({ cameraId }) => cameraIds.includes(cameraId));
          if (state !== 'active' || asked === undefined || isElsewhere) return [];
          const itemId = `unknown-person.${id}.${asked}`;
          const item = () => ({
            ...{ id: itemId, kind: 'unknown-person' as const, at: isoTime(lastSeenMs) },
            stranger: shownStranger(entry, hasPicture),
          });
          return [{ id: itemId, rank: Math.floor(lastSeenMs), atMs: lastSeenMs, item }];
        }),
    ),
  };
}
