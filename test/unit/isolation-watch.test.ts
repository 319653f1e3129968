import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { IsolationWatch } from '../../daemon/core/cameras/isolation-watch.js';
import type { ConditionUpdate } from '../../daemon/kernel/events/condition-scope.js';
import type { Isolation } from '../../daemon/kernel/isolation.js';

function watch(isInstalled: boolean) {
  const heard: string[] = [];
  const isolation = new IsolationWatch(
    {
      end: (condition) => void heard.push(`end ${condition}`),
      change: (condition, _, { active = [], over = [] }: ConditionUpdate) =>
        void heard.push(`${condition} ${active.join()} over ${over.join()}`),
    },
    isInstalled,
  );
  const judged = (...of: readonly Isolation[]): readonly string[] => {
    isolation.judge(...of);
    return heard.splice(0);
  };
  return { heard, judged };
}

describe('the watch of isolation', () => {
  test('reports a service whose vision processes have no units', () => {
    const { judged } = watch(true);
    const none = { level: 'none', gaps: ['rights', 'network', 'memory', 'disk'] } as const;
    assert.deepEqual(judged(none), ['isolation-weakened units over network,disk']);
    const sandbox = { level: 'partial', gaps: ['memory', 'disk'] } as const;
    assert.deepEqual(judged(sandbox), ['isolation-weakened units over network,disk']);
  });

  test('reports single walls that are missing, but not a kernel that cannot limit memory', () => {
    const { judged } = watch(true);
    assert.deepEqual(judged({ level: 'full', gaps: ['memory', 'disk'] }), [
      'isolation-weakened disk over units,network',
    ]);
    assert.deepEqual(judged({ level: 'full', gaps: ['network'] }), [
      'isolation-weakened network over units,disk',
    ]);
    assert.deepEqual(judged({ level: 'full', gaps: [] }), ['isolation-weakened  over units,network,disk']);
  });

  test('reports what is missing to either kind of process', () => {
    const { judged } = watch(true);
    const cameras = { level: 'full', gaps: ['network'] } as const;
    const photos = { level: 'none', gaps: ['rights', 'network', 'memory', 'disk'] } as const;
    assert.deepEqual(judged(cameras, photos), ['isolation-weakened units,network over disk']);
  });

  test('ends the condition and stays silent where no units are installed', () => {
    const { heard, judged } = watch(false);
    assert.deepEqual(heard.splice(0), ['end isolation-weakened']);
    assert.deepEqual(judged({ level: 'none', gaps: [] }), []);
  });
});
