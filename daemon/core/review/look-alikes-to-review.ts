import { isoTime } from '../../kernel/iso-time.js';
import { present } from '../../kernel/present.js';
import type { Gallery } from '../gallery/gallery.js';
import type { GalleryCalibration } from '../gallery/gallery-calibration.js';
import { personRef } from '../passages/shown-passage.js';
import { fewItems, type ReviewReader, type ReviewSource } from './review-source.js';

export interface LookAlikesToReviewOptions {
  readonly calibration: Pick<GalleryCalibration, 'alike' | 'isInseparable'>;
  /** @throws `gallery-sealed` */
  readonly gallery: () => Pick<Gallery, 'showPerson'>;
}

type Pair = GalleryCalibration['alike'][number];

/** Ranks are whole numbers. */
const steps = 1_000_000;

/** Enrolled persons who look alike to this box, the most similar first: perhaps one person who was enrolled twice. */
export function lookAlikesToReview({ calibration, gallery }: LookAlikesToReviewOptions): ReviewSource {
  const shown = ({ a, b, similarity }: Pair, id: string, { nameOf, photographOf }: ReviewReader) => {
    const enrolled = [a, b].flatMap((person) => gallery().showPerson(person)?.enrolledAtMs ?? []);
    // One of them was erased a moment ago.
    if (enrolled.length < 2) return undefined;
    return {
      ...{ id, kind: 'look-alikes' as const, at: isoTime(Math.max(...enrolled)), similarity },
      persons: [a, b].map((person) => ({
        person: personRef(person, nameOf),
        ...present({ photograph: photographOf(person) }),
      })),
      isSeparable: !calibration.isInseparable(a, b),
    };
  };
  return {
    kind: 'look-alikes',
    scopes: ['persons:read', 'persons:write'],
    isOfAllCameras: true,
    ...fewItems((reader) =>
      reader.cameraIds === undefined
        ? calibration.alike.map((pair) => {
            const id = `look-alikes.${pair.a}.${pair.b}`;
            return {
              id,
              rank: Math.max(0, Math.floor(pair.similarity * steps)),
              item: () => shown(pair, id, reader),
            };
          })
        : [],
    ),
  };
}
