import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AnswerLimits, RecentMap } from '../../daemon/core/commands/answer-limits.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

describe('a map of recent entries', () => {
  test('forgets the entry that was requested longest ago', () => {
    let made = 0;
    const map = new RecentMap(2, () => {
      made += 1;
      return made;
    });
    assert.deepEqual(
      ['a', 'b', 'a', 'c', 'a', 'b'].map((key) => map.at(key)),
      [1, 2, 1, 3, 1, 4],
    );
    assert.equal(map.size, 2);
  });
});

describe('the limits of answers', () => {
  test('of one issuer are not those of another, nor those of strangers', () => {
    const limits = new AnswerLimits(new VirtualClock());
    const granted = (issuerId: string) =>
      Array.from({ length: 100 }, (_, index) => ({ issuerId, commandId: `${index}` })).filter((command) =>
        limits.mayRefuse(command),
      ).length;
    assert.equal(granted('head-office'), 50);
    assert.equal(granted('branch-office'), 50);
    assert.equal(granted('head-office'), 0);
    assert.equal(limits.mayAnswerUnproven(), true);
  });

  test('hold for many copied tokens that are sent again, and do not affect refusals', () => {
    const clock = new VirtualClock();
    const limits = new AnswerLimits(clock);
    const copied = Array.from({ length: 100 }, (_, index) => ({ issuerId: 'one', commandId: `${index}` }));
    const repeated = () => copied.filter((command) => limits.mayRepeat(command)).length;
    assert.equal(repeated(), 50);
    let more = 0;
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advanceBy(60_000);
      more += repeated();
    }
    assert.equal(more, 60, 'one in ten seconds');
    assert.equal(limits.mayRefuse({ issuerId: 'one', commandId: 'new' }), true);
  });

  test('count the repetitions of each token by itself', () => {
    const limits = new AnswerLimits(new VirtualClock());
    const replays = (issuerId: string) =>
      Array.from({ length: 4 }, () => limits.isReplay({ issuerId, commandId: 'same' }));
    assert.deepEqual(replays('one'), [false, false, true, true]);
    assert.deepEqual(replays('other'), [false, false, true, true]);
  });
});

describe('how often the box answers', () => {
  /** How many of a thousand, each with a number of its own, are granted at once, just before `everyMs`, and then. */
  const granted = (everyMs: number, ask: (limits: AnswerLimits, number: number) => boolean) => {
    const clock = new VirtualClock();
    const limits = new AnswerLimits(clock);
    let last = 0;
    const count = () => {
      let grantedCount = 0;
      for (let time = 0; time < 1_000; time += 1) {
        last += 1;
        if (ask(limits, last)) grantedCount += 1;
      }
      return grantedCount;
    };
    const atOnce = count();
    clock.advanceBy(everyMs - 1);
    const before = count();
    clock.advanceBy(1);
    return [atOnce, before, count()];
  };
  const of = (number: number) => ({ issuerId: 'head-office', commandId: `${number}` });

  test('an unproven sender: 20 times, then once in half a minute', () => {
    assert.deepEqual(
      granted(30_000, (limits) => limits.mayAnswerUnproven()),
      [20, 0, 1],
    );
  });

  test('an issuer with refusals: 50 times, and once in two seconds', () => {
    assert.deepEqual(
      granted(2_000, (limits, number) => limits.mayRefuse(of(number))),
      [50, 0, 1],
    );
  });

  test('an issuer that repeats commands: 50 times, and once in ten seconds', () => {
    assert.deepEqual(
      granted(10_000, (limits, number) => limits.mayRepeat(of(number))),
      [50, 0, 1],
    );
  });

  test('one token: twice, and once in half a minute', () => {
    for (const ask of ['mayRefuse', 'mayRepeat'] as const) {
      assert.deepEqual(
        granted(30_000, (limits) => limits[ask](of(1))),
        [2, 0, 1],
      );
    }
  });
});
