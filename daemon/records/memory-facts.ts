import type { Fact } from '../domain/events/event.js';
import { eventId } from '../domain/ids.js';
import type { FactStore } from './decider.js';

/** Facts kept in memory only: for replay and tests. */
export interface MemoryFacts extends FactStore {
  /** In the order in which they were recorded. */
  readonly all: readonly Fact[];
}

export function memoryFacts(): MemoryFacts {
  const all: Fact[] = [];
  const last = (isWanted: (fact: Fact) => boolean): number | undefined =>
    all.findLast(isWanted)?.occurredAtMs;
  return {
    all,
    record: (fact) => ({ id: eventId(`memory-${all.push(fact)}`) }),
    lastAttendanceMs: (personId, cameraId) =>
      last((fact) => fact.kind === 'attendance' && fact.personId === personId && fact.cameraId === cameraId),
    lastAmbiguousMs: (pair, cameraId) =>
      last(
        (fact) =>
          fact.kind === 'recognised-ambiguous' &&
          fact.cameraId === cameraId &&
          fact.candidates.every(({ personId }) => pair.includes(personId)),
      ),
    lastAttackMs: (cameraId) => last((fact) => fact.kind === 'attack' && fact.cameraId === cameraId),
  };
}
