import type { PersonLikeness } from '../identification/calibration.js';
import type { PersonId } from '../ids.js';
import { falselyMatched, type Mark, missedPerson } from '../passages/mark.js';

/** Whom the box took for whom, or could take. */
export interface ConfusionCell {
  /** Who was there. Absent: a person who is not enrolled. */
  readonly from?: PersonId;
  /** For whom the box took them. Absent: for none. */
  readonly to?: PersonId;
  /** Of the two, by their photographs. */
  readonly similarity?: number;
  /** How often a user marked it. */
  readonly marked: number;
}

interface Confusion {
  readonly persons: readonly PersonId[];
  /** Of these persons, those that matter most first. */
  readonly cells: readonly ConfusionCell[];
}

const mostPersons = 24;
/** Cells looked at in a step. */
const cellsAStep = 10;

type Cell = { -readonly [Key in keyof ConfusionCell]: ConfusionCell[Key] };

/** The persons who matter most, and how they are taken for one another: by the marks of users, and by the photographs. */
export function* confusionSteps(
  persons: readonly PersonLikeness[],
  marks: readonly Mark[],
): Generator<undefined, Confusion> {
  const cells = yield* cellSteps(persons, marks);
  const known = new Set(persons.map(({ personId }) => personId));
  const chosen = new Set<PersonId>();
  const added = ({ from, to }: Cell): readonly PersonId[] =>
    [from, to].flatMap((id) => (id !== undefined && known.has(id) && !chosen.has(id) ? [id] : []));
  for (;;) {
    // All at once could be sorted only in one long step.
    let next: Cell | undefined;
    for (const [index, cell] of cells.entries()) {
      if (index % cellsAStep === 0) yield;
      if ((next === undefined || byWeight(cell, next) < 0) && added(cell).length > 0) next = cell;
    }
    const more = next === undefined ? [] : added(next);
    if (more.length === 0 || chosen.size + more.length > mostPersons) break;
    for (const id of more) chosen.add(id);
  }
  const isShown = (id: PersonId | undefined): boolean => id === undefined || chosen.has(id);
  const shown = cells.filter(({ from, to }) => isShown(from) && isShown(to)).sort(byWeight);
  return { persons: [...chosen], cells: shown };
}

const byWeight = (a: Cell, b: Cell): number =>
  b.marked - a.marked || (b.similarity ?? -1) - (a.similarity ?? -1);

function* cellSteps(
  persons: readonly PersonLikeness[],
  marks: readonly Mark[],
): Generator<undefined, readonly Cell[]> {
  const cells = new Map<string, Cell>();
  const cellOf = (from: PersonId | undefined, to: PersonId | undefined): Cell => {
    const key = `${from ?? ''} ${to ?? ''}`;
    const cell = cells.get(key) ?? { ...(from && { from }), ...(to && { to }), marked: 0 };
    cells.set(key, cell);
    return cell;
  };
  for (const mark of marks) {
    yield;
    const taken = falselyMatched(mark);
    const missed = missedPerson(mark);
    const isFace = mark.was !== 'nobody';
    if (isFace && (taken !== undefined || missed !== undefined)) cellOf(missed, taken).marked += 1;
  }
  // The neighbour is the one who would be taken for this person.
  for (const { personId, neighbours } of persons) {
    yield;
    for (const { personId: neighbour, similarity } of neighbours)
      cellOf(neighbour, personId).similarity = similarity;
  }
  return [...cells.values()];
}
