import type { Fact } from '../../kernel/events/event.js';
import { type CameraId, eventId, type PersonId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import type { FactStore } from './fact-store.js';

/** A fact store in memory, for replay and tests. */
export interface MemoryFacts extends FactStore {
  /** In the order in which they were recorded. */
  readonly all: readonly Fact[];
  /** As last written, in the order of their first row. */
  readonly passages: readonly Passage[];
}

export function memoryFacts(): MemoryFacts {
  const all: Fact[] = [];
  const passages: Passage[] = [];
  const write = (passage: Passage): void => {
    const index = passages.findIndex(({ id }) => id === passage.id);
    passages.splice(index === -1 ? passages.length : index, 1, passage);
  };
  const last = (isWanted: (fact: Fact) => boolean): number | undefined =>
    all.findLast(isWanted)?.occurredAtMs;
  const lastOfPerson = (
    kind: 'attendance' | 'recognised-unproven' | 'watchlist',
    personId: PersonId,
    cameraId: CameraId,
  ): number | undefined =>
    last((fact) => fact.kind === kind && fact.personId === personId && fact.cameraId === cameraId);
  return {
    all,
    passages,
    record(fact, passageOf) {
      const id = eventId(`memory-${all.push(fact)}`);
      write(passageOf(id));
      return { id };
    },
    passageOfFact: (kind, cameraId, atMs) =>
      all.findLast((fact) => fact.kind === kind && fact.cameraId === cameraId && fact.occurredAtMs === atMs)
        ?.passageId,
    write,
    lastAttendanceMs: (personId, cameraId) => lastOfPerson('attendance', personId, cameraId),
    lastUnprovenMs: (personId, cameraId) => lastOfPerson('recognised-unproven', personId, cameraId),
    lastRefusedMs(personId, cameraId, isBarred) {
      const refused = all.findLast(
        (fact) =>
          fact.kind === 'recognised-refused' && fact.personId === personId && fact.cameraId === cameraId,
      );
      if (refused?.kind !== 'recognised-refused') return undefined;
      return isBarred && refused.reason !== 'barred' ? undefined : refused.occurredAtMs;
    },
    lastWatchedMs: (personId, cameraId) => lastOfPerson('watchlist', personId, cameraId),
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
