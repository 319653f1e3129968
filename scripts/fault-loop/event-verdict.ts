import type { NotedFact } from './event-journal.js';

/** An event as it reached the subscriber. */
export interface Arrival {
  readonly id: string;
  readonly sequence: number;
  /** Of the fact, from its track; undefined where no loop has named it. */
  readonly number: number | undefined;
  readonly isVerified: boolean;
  readonly isRetained: boolean;
}

/**
 * - `lost`: noted as recorded, and did not arrive.
 * - `doubled`: one fact under two ids, or one id for two facts.
 * - `invented`: no note says that it was to be recorded.
 * - `disordered`: first arrivals are not 1, 2, 3, … or not as they were recorded.
 * - `forged`: does not verify with the key of the box.
 * - `retained`: the broker kept it.
 */
export interface EventViolation {
  readonly kind: 'lost' | 'doubled' | 'invented' | 'disordered' | 'forged' | 'retained';
  readonly what: string;
}

export interface EventVerdict {
  readonly violations: readonly EventViolation[];
  /** Distinct ids that arrived. */
  readonly arrived: number;
  /** Messages with an id that had arrived before. */
  readonly repeats: number;
  /** Facts on whose recording a process was killed before it could note the end, and what became of them. */
  readonly inFlight: { readonly recorded: number; readonly notRecorded: number };
}

/**
 * Compares what was noted with what arrived, in the order of arrival. `isInOrder`: whether the order of first arrivals has to
 * be that of the sequence, or only nothing may be missing in it.
 */
export function judgeArrivals(
  noted: readonly NotedFact[],
  arrivals: readonly Arrival[],
  isInOrder = true,
): EventVerdict {
  const violations: EventViolation[] = [];
  const blame = (kind: EventViolation['kind'], what: string): void => void violations.push({ kind, what });
  const firstById = new Map<string, Arrival>();
  for (const arrival of arrivals) {
    const { id, sequence, number } = arrival;
    if (!arrival.isVerified) blame('forged', `${id} does not verify`);
    if (arrival.isRetained) blame('retained', id);
    const first = firstById.get(id);
    if (first === undefined) firstById.set(id, arrival);
    else if (first.sequence !== sequence || first.number !== number)
      blame('doubled', `${id} is fact ${first.number} and fact ${number}`);
  }
  const idByNumber = new Map<number, string>();
  const intended = new Map(noted.map((fact) => [fact.number, fact]));
  let expected = 1;
  const firsts = [...firstById.values()];
  const inTurn = isInOrder ? firsts : [...firsts].sort((a, b) => a.sequence - b.sequence);
  for (const { id, sequence, number } of inTurn) {
    if (sequence !== expected) blame('disordered', `sequence ${sequence} came where ${expected} was due`);
    expected = sequence + 1;
    if (number === undefined || !intended.has(number)) blame('invented', `${id}, fact ${number}`);
    else if (idByNumber.has(number))
      blame('doubled', `fact ${number} came as ${idByNumber.get(number)} and ${id}`);
    else idByNumber.set(number, id);
    const { recorded } = intended.get(number ?? -1) ?? {};
    if (recorded !== undefined && recorded.sequence !== sequence)
      blame('disordered', `fact ${number} was recorded as ${recorded.sequence} and came as ${sequence}`);
  }
  for (const { number, recorded } of noted) {
    if (recorded !== undefined && idByNumber.get(number) !== recorded.id)
      blame('lost', `fact ${number}, ${recorded.id}, sequence ${recorded.sequence}`);
  }
  const inFlight = noted.filter(({ recorded }) => recorded === undefined);
  const found = inFlight.filter(({ number }) => idByNumber.has(number)).length;
  return {
    violations,
    arrived: firstById.size,
    repeats: arrivals.length - firstById.size,
    inFlight: { recorded: found, notRecorded: inFlight.length - found },
  };
}
