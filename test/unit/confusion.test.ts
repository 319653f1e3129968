import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PersonLikeness } from '../../daemon/kernel/identification/calibration.js';
import { personId } from '../../daemon/kernel/ids.js';
import { type ConfusionCell, confusionSteps } from '../../daemon/kernel/passages/confusion.js';

const idOf = (number: number) => personId(`p-${number}`);
const neighbours = fc.uniqueArray(fc.record({ number: fc.nat(80), similarity: fc.nat(50) }), {
  selector: ({ number }) => number,
  maxLength: 4,
});

/** Sorts all cells at once, as one would without regard for time. */
function sortedAtOnce(persons: readonly PersonLikeness[]) {
  const cells = new Map<string, ConfusionCell>();
  for (const { personId: to, neighbours: near } of persons)
    for (const { personId: from, similarity } of near)
      cells.set(`${from} ${to}`, { from, to, similarity, marked: 0 });
  const ranked = [...cells.values()].sort((a, b) => (b.similarity ?? -1) - (a.similarity ?? -1));
  const known = new Set(persons.map((person) => person.personId));
  const chosen = new Set<string>();
  for (const { from, to } of ranked) {
    const more = [from, to].filter((id) => id !== undefined && known.has(id) && !chosen.has(id));
    if (chosen.size + more.length > 24) break;
    for (const id of more) if (id !== undefined) chosen.add(id);
  }
  const isShown = (id: string | undefined) => id === undefined || chosen.has(id);
  return { persons: [...chosen], cells: ranked.filter(({ from, to }) => isShown(from) && isShown(to)) };
}

test('the confusion matrix in small steps is the one of a sort of all', () => {
  fc.assert(
    fc.property(fc.array(neighbours, { maxLength: 80 }), (all) => {
      const persons = all.map(
        (near, number): PersonLikeness => ({
          ...{ personId: idOf(number), own: [], others: [], otherCount: 0 },
          neighbours: near
            .filter((each) => each.number !== number)
            .map(({ number: other, similarity }) => ({
              personId: idOf(other),
              similarity: similarity / 50,
              highest: 1,
            })),
        }),
      );
      const steps = confusionSteps(persons, []);
      let step = steps.next();
      let taken = 0;
      for (; step.done !== true; step = steps.next()) taken += 1;
      assert.deepEqual(step.value, sortedAtOnce(persons));
      assert.ok(taken >= persons.length);
    }),
  );
});
