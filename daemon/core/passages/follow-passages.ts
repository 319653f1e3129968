import { Bell } from '../../kernel/bell.js';
import type { Clock } from '../../kernel/clock.js';
import type { PassageId } from '../../kernel/ids.js';
import { eachPassage } from './each-passage.js';
import type { PassageJournal, StoredPassage } from './passage-journal.js';
import type { PassageQuery } from './passage-rows.js';

/** Which passages a reader wants. */
export type PassageSelection = Pick<
  PassageQuery,
  'cameraIds' | 'personId' | 'strangerId' | 'outcome' | 'reason'
>;

/** What a reader gets. `position`: all passages up to this number have been given, and none of them is in sight. */
export type FollowedPassage =
  | { readonly kind: 'passage'; readonly stored: StoredPassage; readonly position: number }
  | { readonly kind: 'up-to-date'; readonly position: number };

/** Ended passages that wait for a slow reader. Beyond that, it reads them from the journal. */
const mostWaiting = 1000;
/** How long a reader hears nothing while nothing happens. */
const quietMs = 30_000;

/**
 * Yields passages when they have ended, until `signal` aborts. Numbers follow the beginnings of passages, so their ends come in
 * another order.
 */
export async function* followPassages(
  journal: PassageJournal,
  { selection, after }: { readonly selection: PassageSelection; readonly after: number | undefined },
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<FollowedPassage> {
  const bell = new Bell(clock, signal);
  const ends = new Ends(journal.inSight());
  const unsubscribe = journal.onWritten((stored) => {
    ends.note(stored);
    bell.ring();
  });
  let dueMs = 0;
  try {
    if (after !== undefined) {
      for await (const stored of endedSince(journal, after, selection, signal)) {
        // One that ends meanwhile is given below.
        if (ends.isWaiting(stored.id)) continue;
        yield { kind: 'passage', stored, position: Math.min(stored.number, ends.position) };
      }
    }
    while (!signal.aborted) {
      const missed = ends.takeOverflow();
      const stored =
        missed === undefined
          ? ends.take().flatMap((id) => selected(journal, id, selection))
          : endedSince(journal, missed, selection, signal);
      for await (const each of stored) {
        yield { kind: 'passage', stored: each, position: ends.position };
        dueMs = clock.monotonicMs() + quietMs;
      }
      if (signal.aborted || ends.hasWaiting) continue;
      if (clock.monotonicMs() >= dueMs) {
        yield { kind: 'up-to-date', position: ends.position };
        dueMs = clock.monotonicMs() + quietMs;
      }
      await bell.wait(dueMs - clock.monotonicMs());
    }
  } finally {
    unsubscribe();
  }
}

/** The ended passages with greater numbers, in the order of numbers. */
async function* endedSince(
  journal: PassageJournal,
  after: number,
  selection: PassageSelection,
  signal: AbortSignal,
): AsyncGenerator<StoredPassage> {
  for await (const stored of eachPassage(journal, { ...selection, afterNumber: after }, signal)) {
    if (hasEnded(stored)) yield stored;
  }
}

/** The passage as it is now, if the reader wants it. */
function selected(
  journal: PassageJournal,
  id: PassageId,
  { cameraIds, personId, strangerId, outcome, reason }: PassageSelection,
): readonly StoredPassage[] {
  const stored = journal.find(id);
  const passage = stored?.passage;
  if (stored === undefined || passage === undefined) return [];
  const owner = passage.personId ?? passage.assignedTo;
  const isWanted =
    cameraIds?.includes(passage.cameraId) !== false &&
    (personId ?? owner) === owner &&
    (strangerId ?? passage.stranger?.id) === passage.stranger?.id &&
    (outcome ?? passage.outcome) === passage.outcome &&
    (reason ?? passage.reason) === passage.reason;
  return isWanted ? [stored] : [];
}

/** One that cannot be opened counts as ended: nothing more will be known of it. */
const hasEnded = ({ passage }: StoredPassage): boolean => passage === undefined || passage.end !== undefined;

/** Which passages have ended, and which are still in sight. */
class Ends {
  readonly #inSight: Set<number>;
  #waiting: PassageId[] = [];
  #newest: number;
  #overflow: number | undefined;

  constructor({ numbers, newest }: ReturnType<PassageJournal['inSight']>) {
    this.#inSight = new Set(numbers);
    this.#newest = newest;
  }

  note(stored: StoredPassage): void {
    this.#see(stored);
    if (!hasEnded(stored)) return;
    if (this.#waiting.length < mostWaiting) this.#waiting.push(stored.id);
    else this.#overflow = Math.min(this.#overflow ?? Number.MAX_SAFE_INTEGER, stored.number - 1);
  }

  /** The number up to which all passages have ended. */
  get position(): number {
    return Math.min(this.#newest, ...[...this.#inSight].map((number) => number - 1));
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0 || this.#overflow !== undefined;
  }

  isWaiting(id: PassageId): boolean {
    return this.#waiting.includes(id);
  }

  take(): readonly PassageId[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Where to read the journal again because too many ended at once; undefined if all are known. */
  takeOverflow(): number | undefined {
    if (this.#waiting.length > 0) return undefined;
    const after = this.#overflow;
    this.#overflow = undefined;
    return after;
  }

  #see(stored: StoredPassage): void {
    this.#newest = Math.max(this.#newest, stored.number);
    if (hasEnded(stored)) this.#inSight.delete(stored.number);
    else this.#inSight.add(stored.number);
  }
}
