import type { AttackFact, AttendanceFact, Fact, UnknownFact } from '../../daemon/domain/event.js';
import { cameraId, personId, recogniserId, trackId } from '../../daemon/domain/ids.js';

const about = {
  occurredAtMs: Date.UTC(2026, 2, 1, 8, 0, 0),
  cameraId: cameraId('gate'),
  trackId: trackId('track-1'),
  recogniser: recogniserId('test-recogniser'),
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
    liveness: live,
    ...changes,
  };
}

export function unknownFact(changes: Partial<UnknownFact> = {}): UnknownFact {
  return { kind: 'unknown', ...about, bestSimilarity: 0.21, threshold: 0.5, liveness: live, ...changes };
}

export function attackFact(changes: Partial<AttackFact> = {}): AttackFact {
  const liveness = {
    verdict: 'attack',
    reason: 'no-blink-for-too-long',
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
