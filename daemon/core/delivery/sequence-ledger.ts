/** Sequences from first to last, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What was received of the events of one box. */
export interface SequenceSummary {
  /** Number of different events. */
  readonly count: number;
  readonly repeatCount: number;
  /** The first sequence that came, and the last one that came or that the box announced; 0 where none came. */
  readonly first: number;
  readonly last: number;
  /** Missing, and explained by events about gaps: the box gave so many up there. */
  readonly givenUp: readonly Range[];
  /** Missing without an explanation. */
  readonly missing: readonly Range[];
}

/** A range of which the box gave up `count` events. */
interface StatedRange extends Range {
  readonly count: number;
}

/** Finds repetitions, contradictions and gaps among the events of one box, in any order. */
export class SequenceLedger {
  readonly #contents = new Map<number, { readonly id: string; readonly data: string }>();
  readonly #ids = new Map<string, number>();
  readonly #gaps: StatedRange[] = [];
  readonly #from: number | undefined;
  #repeatCount = 0;
  #announced = 0;

  /** `from`: the first sequence that must come; absent: the first that comes. */
  constructor(from?: number) {
    this.#from = from;
  }

  take(sequence: number, id: string, data: string): 'valid' | 'repeated' | 'contradiction' {
    const known = this.#contents.get(sequence);
    if (known !== undefined && known.id === id) {
      this.#repeatCount += 1;
      return known.data === data ? 'repeated' : 'contradiction';
    }
    if (known !== undefined || this.#ids.has(id)) return 'contradiction';
    this.#contents.set(sequence, { id, data });
    this.#ids.set(id, sequence);
    return 'valid';
  }

  /** The box has announced that it gave up `count` events of this range. */
  giveUp(range: StatedRange): void {
    this.#gaps.push(range);
  }

  /** The box has announced the sequence of its newest event. */
  announce(lastSequence: number): void {
    this.#announced = Math.max(this.#announced, lastSequence);
  }

  summary(): SequenceSummary {
    const sequences = [...this.#contents.keys()].sort((a, b) => a - b);
    const first = this.#from ?? sequences[0] ?? 0;
    const last = sequences.length === 0 ? 0 : Math.max(sequences.at(-1) ?? 0, this.#announced);
    const holes: Range[] = [];
    let expected = first;
    for (const sequence of [...sequences, last + 1]) {
      if (sequence > expected) holes.push({ first: expected, last: sequence - 1 });
      expected = sequence + 1;
    }
    const { givenUp, missing } = explain(holes, this.#gaps);
    const count = this.#contents.size;
    return { count, repeatCount: this.#repeatCount, first, last, givenUp, missing };
  }
}

const sizeOf = ({ first, last }: Range): number => last - first + 1;

/** The parts of `ranges` inside of `bounds`. */
function insideOf(ranges: readonly Range[], bounds: Range): readonly Range[] {
  return ranges
    .map(({ first, last }) => ({ first: Math.max(first, bounds.first), last: Math.min(last, bounds.last) }))
    .filter(({ first, last }) => first <= last);
}

/** The parts of `ranges` outside of `bounds`. */
function outsideOf(ranges: readonly Range[], bounds: Range): readonly Range[] {
  return [
    ...insideOf(ranges, { first: Number.MIN_SAFE_INTEGER, last: bounds.first - 1 }),
    ...insideOf(ranges, { first: bounds.last + 1, last: Number.MAX_SAFE_INTEGER }),
  ].sort((a, b) => a.first - b.first);
}

/** A gap can span events that were sent. So it explains at most as many missing events as it counts. */
function explain(
  holes: readonly Range[],
  gaps: readonly StatedRange[],
): Pick<SequenceSummary, 'givenUp' | 'missing'> {
  const givenUp: Range[] = [];
  let missing = holes;
  for (const cluster of clustersOf(gaps)) {
    const stated = insideOf(missing, cluster);
    if (stated.reduce((sum, hole) => sum + sizeOf(hole), 0) > cluster.count) continue;
    givenUp.push(...stated);
    missing = outsideOf(missing, cluster);
  }
  return { givenUp, missing };
}

/** Joins gaps that overlap and adds up their counts. */
function clustersOf(gaps: readonly StatedRange[]): readonly StatedRange[] {
  const clusters: StatedRange[] = [];
  for (const gap of [...gaps].sort((a, b) => a.first - b.first)) {
    const open = clusters.at(-1);
    if (open === undefined || open.last < gap.first) clusters.push(gap);
    else {
      const joined = {
        first: open.first,
        last: Math.max(open.last, gap.last),
        count: open.count + gap.count,
      };
      clusters.splice(-1, 1, joined);
    }
  }
  return clusters;
}
