import type { ReviewItem } from '../../contract/review.js';
import { type PersonId, passageId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Passage } from '../../kernel/passages/passage.js';
import { present } from '../../kernel/present.js';
import type { PassageReviewKind } from '../../kernel/review/review-kind.js';
import { refusal } from '../../words/errors.js';
import type { PassageJournal, StoredPassage } from '../passages/passage-journal.js';
import { personRef, shownPassage } from '../passages/shown-passage.js';
import type { ReviewRecords } from './review-records.js';
import type { ReviewReader, ReviewSource } from './review-source.js';

export interface PassagesToReviewOptions {
  readonly kind: PassageReviewKind;
  readonly journal: Pick<PassageJournal, 'list' | 'find'>;
  readonly records: Pick<ReviewRecords, 'waiting' | 'countWaiting' | 'newestMs' | 'isReviewed'>;
  /** The picture that the box keeps of a passage. */
  readonly pictureOf: (passage: Passage) => Uint8Array | undefined;
}

const beginning = 'passage.';

/** Passages that an operator answers with feedback. */
export function passagesToReview({
  kind,
  journal,
  records,
  pictureOf,
}: PassagesToReviewOptions): ReviewSource {
  const queryOf = ({ caller, cameraIds, nowMs }: ReviewReader) => ({
    ...{ kind, actor: caller.actor, cameraIds, nowMs },
  });
  const itemOf = (stored: StoredPassage, reader: ReviewReader): ReviewItem | undefined => {
    const { passage } = stored;
    const shown = shownPassage(stored, reader.nameOf);
    if (passage === undefined || 'unreadable' in shown) return undefined;
    return {
      ...{ id: `${beginning}${passage.id}`, kind, at: isoTime(passage.startedAtMs), passage: shown },
      hasPicture: pictureOf(passage) !== undefined,
      candidates: candidatesOf(passage).map(({ personId, similarity }) => ({
        ...{ similarity, person: personRef(personId, reader.nameOf) },
        ...present({ photograph: reader.photographOf(personId) }),
      })),
    };
  };
  return {
    kind,
    scopes: ['passages:write'],
    isOfAllCameras: false,
    list(reader, limit, after) {
      const found = records.waiting(
        queryOf(reader),
        limit,
        after === undefined ? undefined : numberOf(after),
      );
      const opened = new Map(
        journal.list({ ids: found.map(({ id }) => id), limit }).map((stored) => [stored.number, stored]),
      );
      return found.map(({ number }) => {
        const stored = opened.get(number);
        return { place: String(number), item: stored && itemOf(stored, reader) };
      });
    },
    count: (reader) => records.countWaiting(queryOf(reader)),
    newestMs: (reader) => records.newestMs(queryOf(reader)),
    find(id, { cameraIds }) {
      const passage = passageId(id.slice(beginning.length));
      if (!id.startsWith(beginning) || !records.isReviewed(passage, kind)) return undefined;
      const found = journal.find(passage);
      const camera = found?.passage?.cameraId;
      if (found === undefined || camera === undefined || cameraIds?.includes(camera) === false)
        return undefined;
      return { passage: found.number };
    },
  };
}

function numberOf(place: string): number {
  if (/^\d{1,16}$/.test(place)) return Number(place);
  throw refusal('bad-request:cursor');
}

interface Candidate {
  readonly personId: PersonId;
  readonly similarity: number;
}

/** The recognised person alone; otherwise all who are near, also below the threshold. */
function candidatesOf({ personId, nearest }: Passage): readonly Candidate[] {
  return personId === undefined ? nearest : nearest.filter((near) => near.personId === personId);
}
