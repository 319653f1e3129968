import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FadingCondition } from '../../daemon/core/conditions/fading-condition.js';
import type { BoxCondition } from '../../daemon/kernel/events/notice.js';
import { present } from '../../daemon/kernel/present.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const lastsMs = 600_000;

function openCondition(
  condition: BoxCondition,
  remembered?: Map<string, string>,
  clock = new VirtualClock(),
) {
  const heard: string[] = [];
  const conditions = {
    begin: () => void heard.push('begin'),
    end: () => void heard.push('end'),
    change: (_: string, __: object, { active = [] }: { readonly active?: readonly string[] }) =>
      void heard.push(`begin ${active.join()}`),
  };
  const states = remembered && {
    of: (source: string) => remembered.get(source),
    set: (source: string, state: string) => void remembered.set(source, state),
  };
  const options = { condition, lastsMs, conditions, clock, ...present({ states }) };
  return { clock, heard, fading: new FadingCondition(options) };
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

  test('outlives a restart where its end is remembered, and ends at the time that was left', async () => {
    const remembered = new Map<string, string>();
    const first = openCondition('intrusion-suspected', remembered);
    first.fading.report('gate');
    first.clock.advanceBy(lastsMs - 10_000);
    await first.fading[Symbol.asyncDispose]();
    const second = openCondition('intrusion-suspected', remembered, first.clock);
    second.clock.advanceBy(9_999);
    assert.deepEqual(second.heard, []);
    second.clock.advanceBy(1);
    assert.deepEqual(second.heard, ['end']);
    const third = openCondition('intrusion-suspected', remembered, first.clock);
    assert.deepEqual(third.heard, ['end'], 'it is over for good');
  });

  test('lasts no longer than usual after the clock was set back', () => {
    const clock = new VirtualClock();
    const remembered = new Map([['intrusion-suspected', String(clock.wallMs() + 100 * lastsMs)]]);
    const { heard } = openCondition('intrusion-suspected', remembered, clock);
    clock.advanceBy(lastsMs);
    assert.deepEqual(heard, ['end']);
  });

  test('does not write its end at every report', () => {
    const remembered = new Map<string, string>();
    const { clock, fading } = openCondition('intrusion-suspected', remembered);
    fading.report('gate');
    const written = remembered.get('intrusion-suspected');
    clock.advanceBy(59_999);
    fading.report('gate');
    assert.equal(remembered.get('intrusion-suspected'), written);
    clock.advanceBy(1);
    fading.report('gate');
    assert.notEqual(remembered.get('intrusion-suspected'), written);
  });
});
