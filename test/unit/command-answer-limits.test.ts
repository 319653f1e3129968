import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { AnswerLimits } from '../../daemon/publish/commands/answer-limits.js';
import { RecentMap } from '../../daemon/publish/commands/recent-map.js';

describe('a map of what was asked for lately', () => {
  test('forgets what was asked for longest ago', () => {
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
    assert.equal(limits.mayAnswerStranger(), true);
  });

  test('hold where many copied tokens are sent again, and leave refusals alone', () => {
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
