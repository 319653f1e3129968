import type {
  AmbiguousFact,
  AttackFact,
  AttendanceFact,
  Fact,
  RefusedFact,
  UnknownFact,
  UnprovenFact,
  WatchlistFact,
} from '../../daemon/kernel/events/event.js';
import { type Notice, strangerChanges } from '../../daemon/kernel/events/notice.js';
import { cameraId, passageId, personId, recogniserId, strangerId, trackId } from '../../daemon/kernel/ids.js';

const occurredAtMs = Date.UTC(2026, 2, 1, 8, 0, 0);

const about = {
  occurredAtMs,
  cameraId: cameraId('gate'),
  trackId: trackId('track-1'),
  passageId: passageId('passage-1'),
  recogniser: recogniserId('test-recogniser'),
  quality: 0.8125,
} as const;

const live = {
  verdict: 'live',
  reason: 'blinked',
  blinks: [{ time: '2026-03-01T07:59:58.000Z', durationS: 0.2 }],
  observedS: 2.5,
  frameCount: 38,
} as const;

export function attendanceFact(changes: Partial<AttendanceFact> = {}): AttendanceFact {
  return {
    kind: 'attendance',
    ...about,
    personId: personId('person-1'),
    direction: 'in',
    similarity: 0.71234567,
    threshold: 0.5,
    margin: 0.123456,
    liveness: live,
    ...changes,
  };
}

/** What a person shows who leaves before a blink. */
export const noProof = {
  verdict: 'undetermined',
  reason: 'observed-too-briefly',
  blinks: [],
  observedS: 1.5,
  frameCount: 22,
} as const;

export function unprovenFact(changes: Partial<UnprovenFact> = {}): UnprovenFact {
  const { kind: _, ...same } = attendanceFact();
  return { kind: 'recognised-unproven', ...same, liveness: noProof, ...changes };
}

export function refusedFact(changes: Partial<RefusedFact> = {}): RefusedFact {
  const { kind: _, ...same } = attendanceFact();
  return { kind: 'recognised-refused', ...same, reason: 'expired', ...changes };
}

export function watchedFact(changes: Partial<WatchlistFact> = {}): WatchlistFact {
  const { kind: _, ...same } = attendanceFact();
  return { kind: 'watchlist', ...same, liveness: noProof, ...changes };
}

export function ambiguousFact(changes: Partial<AmbiguousFact> = {}): AmbiguousFact {
  const candidates = [
    { personId: personId('person-1'), similarity: 0.71234567 },
    { personId: personId('person-2'), similarity: 0.70123456 },
  ] as const;
  const reason = 'within-margin';
  return {
    kind: 'recognised-ambiguous',
    ...{ ...about, candidates, reason, direction: 'in', threshold: 0.5, liveness: live },
    ...changes,
  };
}

export function unknownFact(changes: Partial<UnknownFact> = {}): UnknownFact {
  return { kind: 'unknown', ...about, bestSimilarity: 0.21, threshold: 0.5, liveness: live, ...changes };
}

export function attackFact(changes: Partial<AttackFact> = {}): AttackFact {
  const liveness = {
    verdict: 'attack',
    reason: 'still-picture',
    blinks: [],
    observedS: 12,
    frameCount: 180,
  } as const;
  return { kind: 'attack', ...about, personId: null, similarity: null, liveness, ...changes };
}

/** Facts of all kinds in turn, about as many tracks. */
export function assortedFacts(count: number): readonly Fact[] {
  const make = [attendanceFact, unknownFact, attackFact] as const;
  return Array.from({ length: count }, (_, index) =>
    (make[index % 3] ?? attendanceFact)({ trackId: trackId(`track-${index}`) }),
  );
}

/** One of each kind of event that is not about a person in front of a camera, and of each form. */
export const everyNotice: readonly Notice[] = [
  ...(['enrolled', 'removed', 'restored', 'erased'] as const).map(
    (change): Notice => ({ kind: 'person', occurredAtMs, change, personId: personId('person-1') }),
  ),
  ...strangerChanges.map((change): Notice => {
    const other = change === 'merged' || change === 'split' ? { otherId: strangerId('s-2') } : {};
    const person = change === 'assigned' ? { personId: personId('person-1') } : {};
    return { kind: 'stranger', occurredAtMs, change, strangerId: strangerId('s-1'), ...other, ...person };
  }),
  {
    ...{ kind: 'loitering', occurredAtMs, strangerId: strangerId('s-1'), cameraId: cameraId('gate') },
    ...{ passageId: passageId('passage-1'), cameraIds: [cameraId('gate')], sinceMs: occurredAtMs - 600_000 },
  },
  {
    ...{ kind: 'mark', occurredAtMs, cameraId: cameraId('gate'), seenAtMs: occurredAtMs - 60_000 },
    ...{ was: 'person', personId: personId('person-1') },
    decided: {
      ...{ passageId: passageId('passage-1'), outcome: 'attended', personId: personId('person-2') },
      ...{ similarity: 0.71, recogniser: recogniserId('test-recogniser-1') },
    },
  },
  { kind: 'mark', occurredAtMs, cameraId: cameraId('gate'), seenAtMs: occurredAtMs, was: 'nobody' },
  { kind: 'camera', occurredAtMs, cameraId: cameraId('gate'), state: 'failed', code: 'camera-unreachable' },
  { kind: 'camera', occurredAtMs, cameraId: cameraId('gate'), state: 'streaming' },
  { kind: 'gallery', occurredAtMs, change: 'sealed', code: 'key-missing' },
  { kind: 'box', occurredAtMs, condition: 'disk-low', isActive: true, details: { freeMiB: 300 } },
  { kind: 'audit', occurredAtMs, entry: 12, hash: 'ab'.repeat(32), keyId: 'k1' },
  {
    kind: 'summary',
    occurredAtMs,
    date: '2026-02-28',
    ...{ part: 1, parts: 1, counts: { present: 1 } },
    persons: [
      {
        personId: personId('person-1'),
        ...{ shift: 'day', statuses: ['late'], firstIn: '2026-02-28T08:00:00.000Z', lastOut: null },
        workedMin: 480,
      },
    ],
  },
  {
    kind: 'gap',
    occurredAtMs,
    ...{ firstSequence: 3, lastSequence: 9, counts: { camera: 2 }, reason: 'too-old' },
  },
  {
    kind: 'identity',
    occurredAtMs,
    ...{ keyId: 'n'.repeat(43), formerKeyId: 'f'.repeat(43), formerUntilMs: occurredAtMs + 1 },
  },
  {
    kind: 'reply',
    occurredAtMs,
    commandId: '0190a2e0-0000-7000-8000-000000000001',
    ...{ command: 'erase-person', outcome: 'failed', code: 'no-such-person', message: 'there is none' },
  },
];
