import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brokerError } from '../../daemon/core/delivery/broker/broker-errors.js';
import { ClientIdWatch } from '../../daemon/core/delivery/client-id-watch.js';
import { silentLogger } from '../../daemon/kernel/logger.js';

const broker = 'mqtt://127.0.0.1:1883';
const [lost, taken, refused] = (['lost', 'takenOver', 'refused'] as const).map((problem) =>
  brokerError(problem, broker),
);
const unexplained = { isOurs: false, isExplained: false };

function start() {
  const reports: unknown[] = [];
  const watch = new ClientIdWatch({
    ...{ broker, clientId: 'box-1', logger: silentLogger },
    conditions: {
      begin: (condition, details) => void reports.push(['begin', condition, details?.['isCertain']]),
      end: (condition) => void reports.push(['end', condition]),
      change: (condition, details, { active }) =>
        void reports.push(['change', condition, details['isCertain'], active]),
    },
  });
  const ended = (error = lost, livedMs: number | null = 19_999, ending = unexplained): boolean => {
    assert.ok(error !== undefined);
    watch.ended(error, livedMs ?? undefined, ending);
    return watch.problem !== undefined;
  };
  return { watch, reports, ended };
}

describe('the watch over the client id', () => {
  test('suspects another client from the fourth short connection in a row on', () => {
    const { ended, reports, watch } = start();
    assert.deepEqual(
      [1, 2, 3, 4].map(() => ended()),
      [false, false, false, true],
    );
    assert.deepEqual(reports, [['begin', 'client-id-contested', false]]);
    watch.lasted();
    assert.equal(watch.problem, undefined);
    assert.deepEqual(reports.at(-1), ['end', 'client-id-contested']);
    assert.deepEqual(
      [1, 2, 3].map(() => ended()),
      [false, false, false],
      'it counts anew',
    );
  });

  for (const [what, end] of [
    ['lasted 20 seconds', (ended) => ended(lost, 20_000)],
    ['could not be made', (ended) => ended(lost, null)],
    ['ended for another reason', (ended) => ended(refused)],
    [
      'ended because of a message whose cause is known',
      (ended) => ended(lost, 0, { isOurs: true, isExplained: true }),
    ],
  ] as const satisfies readonly (readonly [string, (ended: ReturnType<typeof start>['ended']) => boolean])[])
    test(`starts to count anew after a connection that ${what}`, () => {
      const { ended } = start();
      for (let time = 0; time < 3; time += 1) ended();
      assert.equal(end(ended), false);
      assert.deepEqual(
        [1, 2, 3, 4].map(() => ended()),
        [false, false, false, true],
      );
    });

  test('does not count a connection that ended because of a message of this box', () => {
    const { ended } = start();
    for (let time = 0; time < 3; time += 1) ended();
    assert.equal(ended(lost, 0, { isOurs: true, isExplained: false }), false);
    assert.equal(ended(), true, 'the fourth of the others');
  });

  test('is certain as soon as the broker names another client', () => {
    const { ended, watch, reports } = start();
    assert.equal(ended(taken, null), true);
    assert.equal(watch.problem?.code, 'broker-client-id-taken');
    assert.deepEqual(reports, [['change', 'client-id-contested', true, ['named-by-the-broker']]]);
  });

  test('replaces a suspicion by what the broker names, and not the other way round', () => {
    const { ended, watch } = start();
    for (let time = 0; time < 4; time += 1) ended();
    const suspicion = watch.problem?.message;
    ended(taken, 0);
    const certainty = watch.problem?.message;
    assert.notEqual(certainty, suspicion);
    for (let time = 0; time < 4; time += 1) ended();
    assert.equal(watch.problem?.message, certainty);
  });
});
