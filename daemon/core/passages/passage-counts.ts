import type { PassagesOfDay } from '../../contract/passages-of-day.js';
import type { Clock } from '../../kernel/clock.js';
import { passageOutcomes } from '../../kernel/passage-outcome.js';
import type { Passage } from '../../kernel/passages/passage.js';
import type { PassageJournal } from './passage-journal.js';
import type { PassageCount } from './passage-rows.js';

type Outcome = Passage['outcome'];

const hourMs = 3_600_000;
const hoursOfDay = 24;
/** How old an answer may be while passages end: counting takes a few milliseconds. */
const freshForMs = 5_000;

/**
 * The passages of the last day by camera and outcome. The journal is counted again only when a reader asks after a passage ended,
 * and once an hour.
 */
export class RecentPassages implements Disposable {
  readonly #journal: Pick<PassageJournal, 'counts'>;
  readonly #clock: Clock;
  readonly #unsubscribe: () => void;
  #known:
    | { readonly counts: readonly PassageCount[]; readonly atMs: number; readonly hour: number }
    | undefined;
  #hasChanged = false;

  constructor(journal: Pick<PassageJournal, 'counts' | 'onWritten'>, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
    this.#unsubscribe = journal.onWritten(({ passage }) => {
      if (passage?.end !== undefined) this.#hasChanged = true;
    });
  }

  /** Ended passages that began in the current hour or in one of the 23 hours before: of one camera, or of all. */
  lastDay(cameraId?: string): PassagesOfDay {
    return tallyOf(this.#counts().filter((each) => (cameraId ?? each.cameraId) === each.cameraId));
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #counts(): readonly PassageCount[] {
    const nowMs = this.#clock.wallMs();
    const atMs = this.#clock.monotonicMs();
    const hour = Math.floor(nowMs / hourMs);
    const known = this.#known;
    const isFresh = !this.#hasChanged || (known !== undefined && atMs - known.atMs < freshForMs);
    if (known?.hour === hour && isFresh) return known.counts;
    const sinceMs = (hour - hoursOfDay + 1) * hourMs;
    const counts = this.#journal.counts(sinceMs, (hour + 1) * hourMs);
    this.#known = { counts, atMs, hour };
    this.#hasChanged = false;
    return counts;
  }
}

/** Passages of several cameras together. */
export function sumOfPassages(all: readonly PassagesOfDay[]): PassagesOfDay {
  const byOutcome: Partial<Record<Outcome, number>> = {};
  for (const outcome of passageOutcomes) {
    const count = all.reduce((total, each) => total + (each.byOutcome[outcome] ?? 0), 0);
    if (count > 0) byOutcome[outcome] = count;
  }
  return { count: all.reduce((total, { count }) => total + count, 0), byOutcome };
}

export function tallyOf(counts: readonly PassageCount[]): PassagesOfDay {
  const byOutcome: Partial<Record<Outcome, number>> = {};
  let total = 0;
  for (const { outcome, count } of counts) {
    byOutcome[outcome] = (byOutcome[outcome] ?? 0) + count;
    total += count;
  }
  return { count: total, byOutcome };
}
