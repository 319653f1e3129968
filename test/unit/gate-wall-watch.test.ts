import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateWallWatch } from '../../daemon/core/gate/gate-wall-watch.js';
import type { ConditionUpdate } from '../../daemon/kernel/events/condition-scope.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

/** A state of systemd, and when it began. */
type Told = readonly [state: string, sinceUs: number];

/** What the watch reports when systemd tells this about the gate and its wall. */
async function heard(gate: Told, wall: Told, attaches = true): Promise<readonly string[]> {
  const said: string[] = [];
  const facts = ([state, sinceUs]: Told) =>
    new Map([
      ['ActiveState', state],
      ['ActiveEnterTimestampMonotonic', String(sinceUs)],
    ]);
  await using watch = startGateWallWatch({
    conditions: {
      change: (condition, _, { active = [], over = [] }: ConditionUpdate) =>
        void said.push(`${condition}: ${active.join()} over ${over.join()}`),
    },
    ...{ clock: new VirtualClock(), logger: silentLogger, attaches: () => attaches },
    show: async () =>
      new Map([
        ['rollcall-gate.service', facts(gate)],
        ['rollcall-gate-wall.service', facts(wall)],
      ]),
  });
  await watch.settled();
  return said;
}

const isOver = ['isolation-weakened:  over gate'];
const isWeak = ['isolation-weakened: gate over '];

test('a gate that started after its wall is walled in', async () => {
  assert.deepEqual(await heard(['active', 20], ['active', 10]), isOver);
});

test('a gate without its wall, or with one that came later, is reported', async () => {
  assert.deepEqual(await heard(['active', 20], ['failed', 0]), isWeak);
  assert.deepEqual(await heard(['active', 20], ['inactive', 0]), isWeak);
  assert.deepEqual(await heard(['active', 20], ['active', 30]), isWeak);
});

test('a gate is reported where systemd attaches no programs to units, unless it does not run', async () => {
  assert.deepEqual(await heard(['active', 20], ['active', 10], false), isWeak);
  assert.deepEqual(await heard(['inactive', 0], ['active', 10], false), isOver);
});

test('a gate that does not run needs no wall', async () => {
  assert.deepEqual(await heard(['inactive', 0], ['failed', 0]), isOver);
});

test('where systemd does not answer, the watch reports nothing', async () => {
  const reported: string[] = [];
  await using watch = startGateWallWatch({
    conditions: { change: (condition) => void reported.push(condition) },
    ...{ clock: new VirtualClock(), logger: silentLogger, show: async () => undefined },
  });
  await watch.settled();
  assert.deepEqual(reported, []);
});
