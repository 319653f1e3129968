import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { previewDays } from '../../daemon/core/attendance/attendance-preview.js';
import { personId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { paris } from '../support/attendance-plan.js';
import { countTurns } from '../support/turn-count.js';

const period = { from: '2026-03-02', to: '2026-03-02' };

describe('the preview of attendance rules', () => {
  test('lets other work go on after every five milliseconds, not after every person', async () => {
    const clock = new VirtualClock();
    const daysAfterTwoMs = () => {
      clock.advanceBy(1);
      return [];
    };
    using count = countTurns();
    const { persons } = await previewDays({
      ...{ period, before: daysAfterTwoMs, after: daysAfterTwoMs, localTime: paris, clock },
      ids: Array.from({ length: 30 }, (_, index) => personId(`p${index}`)),
      nameOf: () => undefined,
      signal: new AbortController().signal,
    });
    assert.equal(persons, 30);
    assert.equal(count.turns, 10, 'a turn after every third person');
  });
});
