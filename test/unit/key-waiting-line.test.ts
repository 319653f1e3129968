import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitingLine } from '../../daemon/core/gallery/keys/waiting-line.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

test('work runs one piece at a time, in order, also after a failure', async () => {
  const line = new WaitingLine(10);
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await Promise.resolve();
    log.push(`${name} ends`);
    if (name === 'b') throw new Error('b failed');
    return name;
  };
  const ended = await Promise.allSettled(['a', 'b', 'c'].map((name) => line.run(work(name))));
  assert.deepEqual(
    ended.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('a limited number of callers waits; a later one gets an error that asks for another try, which succeeds', async () => {
  const line = new WaitingLine(2);
  let finish: () => void = () => undefined;
  const first = line.run(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  const second = line.run(async () => 'second');
  await assert.rejects(
    () => line.run(async () => 'third'),
    (error) => isRollcallError(error, 'key-provider-busy') && error.retryable,
  );
  await Promise.resolve();
  finish();
  await first;
  assert.equal(await second, 'second');
  assert.equal(await line.run(async () => 'third again'), 'third again');
});
