import { present } from '../../base/present.js';
import type { CameraId, PassageId, StrangerId } from '../../domain/ids.js';
import type { Passage, PassageEnd, PassageOutcome } from '../../domain/passages/passage.js';
import type { PassageReason } from '../../domain/passages/passage-reason.js';
import type { SealedContent } from './passage-seal.js';

/** The row of a passage. Everything except `content` is readable without a key. */
export interface PassageRow {
  readonly number: number;
  readonly id: PassageId;
  readonly cameraId: CameraId;
  readonly startedAtMs: number;
  readonly lastSeenMs: number;
  readonly endedAs: PassageEnd | null;
  readonly outcome: PassageOutcome;
  readonly reason: PassageReason;
  readonly strangerId: StrangerId | null;
  readonly strangerVisit: number | null;
  readonly keyId: string;
  readonly content: Uint8Array;
}

/** The sealed part of a passage. It repeats reason and end, so that an altered column shows. */
type Content = Omit<Passage, 'id' | 'cameraId' | 'startedAtMs' | 'lastSeenMs' | 'outcome' | 'stranger'>;

export const sealedIn = ({ keyId, content: sealed }: PassageRow): SealedContent => ({ keyId, sealed });

export function encodeContent(passage: Passage): Uint8Array {
  const { id, cameraId, startedAtMs, lastSeenMs, outcome, stranger, ...content } = passage;
  return Buffer.from(JSON.stringify(content satisfies Content));
}

/** The passage of a row and its opened content. Undefined if the row says something else than its content. */
export function passageOf(row: PassageRow, opened: Uint8Array): Passage | undefined {
  // A content opens only if this program sealed it.
  const content = JSON.parse(Buffer.from(opened).toString('utf8')) as Content;
  if (!isGenuine(row, content)) return undefined;
  const { id, cameraId, startedAtMs, lastSeenMs, endedAs, outcome, reason, strangerId, strangerVisit } = row;
  const stranger =
    strangerId === null || strangerVisit === null ? undefined : { id: strangerId, visit: strangerVisit };
  return {
    ...content,
    ...{ id, cameraId, startedAtMs, lastSeenMs, outcome, reason },
    ...present({ end: endedAs ?? undefined, stranger }),
  };
}

/** Reason and end are as they were sealed, or as `endOpen` leaves them: it has no key. */
function isGenuine({ outcome, reason, endedAs }: PassageRow, sealed: Content): boolean {
  if ((sealed.end ?? null) === endedAs) return reason === sealed.reason;
  if (sealed.end !== undefined || endedAs !== 'box-stopped') return false;
  return reason === (outcome === 'undecided' ? 'box-stopped' : sealed.reason);
}
