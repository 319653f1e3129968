import type { PersonSummary } from '../../../contract/person.js';
import type { ChangedPerson, CommonChange } from '../../../contract/persons.js';
import { call } from '../../api/call.js';

/** A change, the people it is for, and what the box said of each. */
export interface ChangePlan {
  readonly change: CommonChange;
  readonly people: readonly PersonSummary[];
  readonly outcomes: ReadonlyMap<string, ChangedPerson>;
}

export type ChangeOutcome = ChangedPerson['outcome'];

const idsOf = (people: readonly PersonSummary[]): string[] => people.map(({ id }) => id);
const byId = (persons: readonly ChangedPerson[]) => persons.map((person) => [person.id, person] as const);

/** Asks what the change would do to each. Nothing is changed. */
export async function previewChange(
  people: readonly PersonSummary[],
  change: CommonChange,
): Promise<ChangePlan> {
  const { persons } = await call('persons.change-many', { ...change, ids: idsOf(people), isPreview: true });
  return { change, people, outcomes: new Map(byId(persons)) };
}

/** Changes those whom the preview said to change. The others are not asked for again: nobody changes unseen. */
export async function applyPlan(plan: ChangePlan): Promise<ChangePlan> {
  const changing = plan.people.filter(({ id }) => plan.outcomes.get(id)?.outcome === 'changed');
  const { persons } = await call('persons.change-many', { ...plan.change, ids: idsOf(changing) });
  return { ...plan, outcomes: new Map([...plan.outcomes, ...byId(persons)]) };
}

/** Whether a plan is about exactly this change of exactly these people. */
export function isPlanOf(plan: ChangePlan, people: readonly PersonSummary[], change: CommonChange): boolean {
  const key = (those: readonly PersonSummary[], what: CommonChange): string =>
    JSON.stringify([idsOf(those), what]);
  return key(plan.people, plan.change) === key(people, change);
}

export function countsOf({ outcomes }: ChangePlan): Readonly<Record<ChangeOutcome, number>> {
  const counts = { changed: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of outcomes.values()) counts[outcome] += 1;
  return counts;
}
