import type { Fact } from '../../kernel/events/event.js';
import type { EventId } from '../../kernel/ids.js';
import type { Passage } from '../../kernel/passages/passage.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { RecentEvents } from '../records/recent-facts.js';
import type { Records } from '../records/records.js';

/** The store of facts and passages. The next query sees a recorded fact, also after a restart. */
export interface FactStore extends RecentEvents {
  /** Records a fact together with its passage, which knows the id of the event. Throws if neither was written. */
  record(fact: Fact, passageOf: (id: EventId) => Passage): { readonly id: EventId };
  /** Writes a passage as it stands. */
  write(passage: Passage): void;
}

/** Facts and passages in records.db. */
export function factStoreOf(
  records: Records & { readonly passages: Pick<PassageJournal, 'put'> },
): FactStore {
  return {
    lastAttendanceMs: (person, camera) => records.lastAttendanceMs(person, camera),
    lastUnprovenMs: (person, camera) => records.lastUnprovenMs(person, camera),
    lastRefusedMs: (person, camera, isBarred) => records.lastRefusedMs(person, camera, isBarred),
    lastWatchedMs: (person, camera) => records.lastWatchedMs(person, camera),
    lastAmbiguousMs: (pair, camera) => records.lastAmbiguousMs(pair, camera),
    lastAttackMs: (camera) => records.lastAttackMs(camera),
    record: (fact, passageOf) => records.record(fact, ({ id }) => records.passages.put(passageOf(id))),
    passageOfFact: (kind, camera, atMs) => records.passageOfFact(kind, camera, atMs),
    write: (passage) => records.passages.put(passage),
  };
}
