import type { CameraId, PassageId, StrangerId } from '../../kernel/ids.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';
import type { Passage, PassageEnd } from '../../kernel/passages/passage.js';
import type { PassageReason } from '../../kernel/passages/passage-reason.js';
import { present } from '../../kernel/present.js';
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
type Content = Omit<
  Passage,
  'id' | 'cameraId' | 'startedAtMs' | 'lastSeenMs' | 'outcome' | 'stranger' | 'openness'
> & { readonly openness?: { readonly fromMs: number; readonly packedBase64: string } };

export const sealedIn = ({ keyId, content: sealed }: PassageRow): SealedContent => ({ keyId, sealed });

export function encodeContent(passage: Passage): Uint8Array {
  const { id, cameraId, startedAtMs, lastSeenMs, outcome, stranger, openness, ...rest } = passage;
  const content: Content = {
    ...rest,
    ...present({
      openness: openness && {
        fromMs: Math.round(openness.fromMs),
        packedBase64: Buffer.from(openness.packed).toString('base64'),
      },
    }),
  };
  return Buffer.from(JSON.stringify(content));
}

/** The passage of a row and its opened content. Undefined if the row says something else than its content. */
export function passageOf(row: PassageRow, opened: Uint8Array): Passage | undefined {
  // A content opens only if this program sealed it.
  const content = JSON.parse(Buffer.from(opened).toString('utf8')) as Content;
  if (!isGenuine(row, content)) return undefined;
  const { openness, ...rest } = content;
  const { id, cameraId, startedAtMs, lastSeenMs, endedAs, outcome, reason, strangerId, strangerVisit } = row;
  const stranger =
    strangerId === null || strangerVisit === null ? undefined : { id: strangerId, visit: strangerVisit };
  return {
    ...rest,
    ...{ id, cameraId, startedAtMs, lastSeenMs, outcome, reason },
    ...present({
      end: endedAs ?? undefined,
      stranger,
      openness: openness && {
        fromMs: openness.fromMs,
        packed: Uint8Array.from(Buffer.from(openness.packedBase64, 'base64')),
      },
    }),
  };
}

/** Reason and end are as they were sealed, or as `endOpen` leaves them: it has no key. */
function isGenuine({ outcome, reason, endedAs }: PassageRow, sealed: Content): boolean {
  if ((sealed.end ?? null) === endedAs) return reason === sealed.reason;
  if (sealed.end !== undefined || endedAs !== 'box-stopped') return false;
  return reason === (outcome === 'undecided' ? 'box-stopped' : sealed.reason);
}
