import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FadingCondition } from '../../daemon/core/conditions/fading-condition.js';
import type { BoxCondition } from '../../daemon/kernel/events/notice.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const lastsMs = 600_000;

function openCondition(condition: BoxCondition) {
  const clock = new VirtualClock();
  const heard: string[] = [];
  const conditions = {
    begin: () => void heard.push('begin'),
    end: () => void heard.push('end'),
    change: (_: string, __: object, { active = [] }: { readonly active?: readonly string[] }) =>
      void heard.push(`begin ${active.join()}`),
  };
  return { clock, heard, fading: new FadingCondition({ condition, lastsMs, conditions, clock }) };
}

describe('a condition that time ends', () => {
  test('begins once, and ends a while after the last report', async () => {
    const { clock, heard, fading } = openCondition('logins-failing');
    assert.deepEqual(heard.splice(0), ['end'], 'a condition of the last run ends');
    fading.report();
    clock.advanceBy(lastsMs - 1);
    fading.report();
    clock.advanceBy(lastsMs - 1);
    assert.ok(!heard.includes('end'));
    clock.advanceBy(1);
    assert.equal(heard.at(-1), 'end');
    fading.report();
    await fading[Symbol.asyncDispose]();
    clock.advanceBy(lastsMs);
    assert.equal(heard.at(-1), 'begin', 'the condition outlives a restart');
  });

  test('names its subjects', () => {
    const { clock, heard, fading } = openCondition('intrusion-suspected');
    fading.report('vision');
    fading.report('gate');
    clock.advanceBy(lastsMs);
    assert.deepEqual(heard, ['end', 'begin vision', 'begin gate', 'end']);
  });
});
