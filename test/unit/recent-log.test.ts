import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../daemon/contract/caller.js';
import { logPage } from '../../daemon/core/status/host-logs.js';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import { RecentLog, recentLogLimits } from '../../daemon/host/recent-log.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const everyone: Caller = {
  ...{ actor: 'uid:0', origin: 'test', scopes: new Set(), provedAtMs: 'always', isLimited: false },
};
const all = { limit: 100, level: 'debug' } as const;

function openLog(limits = recentLogLimits) {
  const clock = new VirtualClock();
  const log = new RecentLog(clock, limits);
  const written: string[] = [];
  const output = log.keeping({ write: (line) => void written.push(line) });
  const logger = openPinoLogger({ level: 'debug', clock, output });
  const numbers = (): readonly number[] => [...log.newestFirst()].map(({ number }) => number);
  return { clock, log, logger, written, numbers };
}

describe('the latest lines of the log', () => {
  test('are kept beside the output, the newest first', () => {
    const { logger, log, written, numbers } = openLog();
    logger.info('first');
    logger.info('second');
    assert.equal(written.length, 2);
    assert.deepEqual(numbers(), [2, 1]);
    assert.deepEqual(
      [...log.newestFirst()].map(({ text }) => `${text}\n`),
      written.toReversed(),
    );
  });

  test('stay within their number, size and age', () => {
    const few = openLog({ ...recentLogLimits, lines: 3 });
    for (let line = 0; line < 1000; line += 1) few.logger.info('line');
    assert.deepEqual(few.numbers(), [1000, 999, 998]);
    const small = openLog({ ...recentLogLimits, characters: 1000 });
    for (let line = 0; line < 100; line += 1) small.logger.info('x'.repeat(200));
    assert.ok(small.numbers().length >= 2 && small.numbers().length <= 4, String(small.numbers()));
    const old = openLog({ ...recentLogLimits, ageMs: 1000 });
    old.logger.info('early');
    old.clock.advanceBy(700);
    old.logger.info('late');
    old.clock.advanceBy(700);
    assert.deepEqual(old.numbers(), [2]);
    old.clock.advanceBy(700);
    assert.deepEqual(old.numbers(), []);
  });

  test('are found by level, camera and text, page by page', () => {
    const { logger, log } = openLog();
    logger.debug('waiting');
    logger.child({ camera: 'door' }).warn('a camera is slow', { code: 'camera-slow' });
    logger.warn('a vision process says', { visionProcess: 0, said: { camera: 'door', message: 'odd' } });
    logger.error('the disk is full', { camera: 'yard' });
    const found = (question: object, caller = everyone) =>
      logPage(log, { ...all, ...question }, caller).items.map(({ number }) => number);
    assert.deepEqual(found({}), [4, 3, 2, 1]);
    assert.deepEqual(found({ level: 'warn' }), [4, 3, 2]);
    assert.deepEqual(found({ camera: 'door' }), [3, 2]);
    assert.deepEqual(found({ text: 'CAMERA-slow' }), [2]);
    const first = logPage(log, { ...all, limit: 3 }, everyone);
    assert.equal(first.items.length, 3);
    assert.deepEqual(found({ cursor: first.nextCursor }), [1]);
    assert.equal(logPage(log, { ...all, cursor: first.nextCursor }, everyone).nextCursor, undefined);
    assert.deepEqual(found({}, { ...everyone, cameras: new Set(['door']) }), [3, 2]);
    const { level, message, camera, fields } = first.items[2] ?? {};
    assert.deepEqual(
      { level, message, camera, fields },
      {
        ...{ level: 'warn', message: 'a camera is slow', camera: 'door' },
        fields: { camera: 'door', code: 'camera-slow' },
      },
    );
  });
});
