import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ChallengeTries } from '../../daemon/core/challenges/challenge-tries.js';
import { cameraId, personId } from '../../daemon/kernel/ids.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const [ada, ben] = [personId('ada'), personId('ben')];
const [door, gate] = [cameraId('door'), cameraId('gate')];

function open() {
  const clock = new VirtualClock();
  const tries = new ChallengeTries(clock);
  /** Whether the person may get another challenge now. */
  const isLocked = (person = ada, camera = door): boolean =>
    tries.lockedUntilMs(person, camera) > clock.monotonicMs();
  /** Several challenges that end without a pass, `apartMs` apart. */
  const end = (count: number, isWrongAnswer: boolean, apartMs = 0): string =>
    Array.from({ length: count }, () => {
      clock.advanceBy(apartMs);
      return tries.ended(ada, door, isWrongAnswer);
    }).join(' ');
  return { clock, tries, isLocked, end };
}

describe('challenges that are not passed', () => {
  test('are an attack at the third wrong answer, and nobody is asked for a minute', () => {
    const { clock, isLocked, end } = open();
    assert.equal(end(3, true), 'open open refused');
    assert.equal(isLocked(), true);
    clock.advanceBy(59_999);
    assert.equal(isLocked(), true);
    clock.advanceBy(1);
    assert.equal(isLocked(), false);
    assert.equal(end(3, true), 'open open refused', 'the count begins anew');
  });

  test('lock at the sixth try without an answer, which is no attack, and then at each further one', () => {
    const { clock, isLocked, end } = open();
    assert.equal(end(5, false), 'open open open open open');
    assert.equal(isLocked(), false);
    assert.equal(end(1, false), 'open');
    assert.equal(isLocked(), true);
    clock.advanceBy(60_000);
    assert.equal(isLocked(), false);
    assert.equal(end(1, false), 'open');
    assert.equal(isLocked(), true);
  });

  test('count together, whether or not an answer came', () => {
    const { isLocked, end } = open();
    end(4, false);
    end(1, true);
    assert.equal(isLocked(), false);
    assert.equal(end(1, true), 'open');
    assert.equal(isLocked(), true);
    assert.equal(end(1, true), 'refused');
  });

  test('are forgotten after five minutes each', () => {
    const minute = 60_000;
    const { isLocked, end } = open();
    assert.equal(end(6, true, 2.5 * minute), 'open open open open open open');
    assert.equal(isLocked(), false);
    const slow = open();
    assert.equal(slow.end(3, true, 2.5 * minute - 1), 'open open refused', 'the first is not yet old');
  });

  test('are forgotten when one is passed', () => {
    const { tries, isLocked, end } = open();
    end(2, true);
    tries.passed(ada, door);
    assert.equal(end(2, true), 'open open');
    assert.equal(isLocked(), false);
    assert.equal(end(1, true), 'refused');
    tries.passed(ada, door);
    assert.equal(isLocked(), false, 'the lockout, too');
  });

  test('count by person and by camera', () => {
    const { tries, isLocked, end } = open();
    end(2, true);
    assert.equal(tries.ended(ben, door, true), 'open');
    assert.equal(tries.ended(ada, gate, true), 'open');
    assert.equal(end(1, true), 'refused');
    assert.deepEqual([isLocked(ben), isLocked(ada, gate), isLocked()], [false, false, true]);
    tries.passed(ben, door);
    assert.equal(isLocked(), true);
  });
});
