import type { Direction, PublishedLiveness, RecordedEvent } from './event.js';
import { isoTime } from './iso-time.js';

/** Which box of which site says it; both are slugs. */
export interface BoxIdentity {
  readonly siteId: string;
  readonly boxId: string;
}

/** Grows when a field changes its meaning or goes; new fields alone do not change it. */
export const payloadVersion = 1;

interface PayloadOfAny {
  readonly version: typeof payloadVersion;
  readonly id: string;
  readonly sequence: number;
  /** When it happened and when it was recorded, ISO 8601 in UTC. */
  readonly time: string;
  readonly recordedAt: string;
  readonly site: string;
  readonly box: string;
  readonly camera: string;
  readonly track: string;
  readonly liveness: PublishedLiveness;
  readonly recogniser: string;
}

/** An event as it leaves the box. A person is named by the opaque id only. */
export type EventPayload = PayloadOfAny &
  (
    | {
        readonly type: 'attendance';
        readonly person: string;
        readonly similarity: number;
        readonly threshold: number;
        readonly direction: Direction;
      }
    | {
        readonly type: 'unknown';
        readonly person: null;
        readonly similarity: number | null;
        readonly threshold: number;
      }
    | { readonly type: 'attack'; readonly person: string | null; readonly similarity: number | null }
  );

/** What is published of `event`. Similarities are rounded to 4 decimals, durations to milliseconds. */
export function eventPayload(event: RecordedEvent, from: BoxIdentity): EventPayload {
  const common = {
    version: payloadVersion,
    id: event.id,
    sequence: event.sequence,
    time: isoTime(event.occurredAtMs),
    recordedAt: isoTime(event.recordedAtMs),
    site: from.siteId,
    box: from.boxId,
    camera: event.cameraId,
    track: event.trackId,
    liveness: roundedLiveness(event.liveness),
    recogniser: event.recogniser,
  } as const;
  switch (event.kind) {
    case 'attendance':
      return {
        type: 'attendance',
        ...common,
        person: event.personId,
        similarity: rounded(event.similarity, 4),
        threshold: event.threshold,
        direction: event.direction,
      };
    case 'unknown':
      return {
        type: 'unknown',
        ...common,
        person: null,
        similarity: event.bestSimilarity === null ? null : rounded(event.bestSimilarity, 4),
        threshold: event.threshold,
      };
    case 'attack':
      return {
        type: 'attack',
        ...common,
        person: event.personId,
        similarity: event.similarity === null ? null : rounded(event.similarity, 4),
      };
  }
}

function roundedLiveness(liveness: PublishedLiveness): PublishedLiveness {
  const { passiveScore } = liveness;
  return {
    ...liveness,
    blinks: liveness.blinks.map(({ time, durationS }) => ({ time, durationS: rounded(durationS, 3) })),
    observedS: rounded(liveness.observedS, 3),
    ...(passiveScore === undefined ? {} : { passiveScore: rounded(passiveScore, 4) }),
  };
}

function rounded(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
