import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import { badInput, operational } from '../../daemon/kernel/errors.js';
import type { LogLevel } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

function start(level: LogLevel = 'debug') {
  const lines: string[] = [];
  const clock = new VirtualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const logger = openPinoLogger({ level, clock, output: { write: (line) => void lines.push(line) } });
  const parsed = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line));
  const loggedError = (): Record<string, unknown> => {
    const error: unknown = parsed()[0]?.['error'];
    assert.ok(typeof error === 'object' && error !== null);
    return { ...error };
  };
  return { logger, clock, lines, parsed, loggedError };
}

describe('the log', () => {
  test('is one JSON object a line, with the time of the injected clock and the fields of the parents', () => {
    const { logger, clock, lines } = start();
    const camera = logger.child({ camera: 'door' });
    camera.child({ track: 't1' }).info('track confirmed', { sequence: 7 });
    clock.advanceBy(1500);
    camera.warn('stalled');
    assert.deepEqual(lines, [
      '{"level":"info","time":"2026-01-02T03:04:05.000Z","camera":"door","track":"t1","sequence":7,"message":"track confirmed"}\n',
      '{"level":"warn","time":"2026-01-02T03:04:06.500Z","camera":"door","message":"stalled"}\n',
    ]);
  });

  test('contains no control character for a terminal and no unlimited text', () => {
    const { logger, lines, parsed } = start();
    const evil = '\u009b2J\u202e\u2028\n{"level":"error"}\u007f\u001b[2J';
    logger.warn('the camera answers', { text: evil, list: [{ [evil]: evil }], long: 'x'.repeat(100_000) });
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^[\x20-\x7e…]+\n$/);
    assert.ok((lines[0] ?? '').length < 5000);
    const text = `${String.raw`\u009b2J\u202e\u2028`}\n${String.raw`{"level":"error"}\u007f\u001b[2J`}`;
    assert.deepEqual(parsed()[0]?.['text'], text);
  });

  test('shows a hundred entries of a list or an object, and six levels of what lies in one another', () => {
    const { logger, parsed } = start();
    const list = Array.from({ length: 101 }, (_, index) => index);
    const object = Object.fromEntries(list.map((index) => [`key-${index}`, index]));
    logger.info('much', { list, object, deep: { a: { b: { c: { d: { e: { f: 1 } } } } } } });
    const [line] = parsed();
    assert.deepEqual(line?.['list'], list.slice(0, 100));
    assert.deepEqual(Object.keys(line?.['object'] ?? {}), Object.keys(object).slice(0, 100));
    assert.deepEqual(line?.['deep'], { a: { b: { c: { d: { e: { f: 1 } } } } } });
    logger.info('deeper', { deep: { a: { b: { c: { d: { e: { f: {} } } } } } } });
    assert.deepEqual(parsed()[1]?.['deep'], { a: { b: { c: { d: { e: { f: '…' } } } } } });
  });

  test('changes its level for children that exist already', () => {
    const { logger, lines } = start('warn');
    const child = logger.child({ camera: 'door' });
    child.info('not written');
    logger.setLevel('debug');
    child.debug('written');
    logger.setLevel('error');
    child.warn('not written');
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /"level":"debug".*"message":"written"/);
  });

  test('describes errors: code, remedy, details and the messages of the causes', () => {
    const { logger, loggedError } = start();
    const root = new Error('connection refused');
    const error = operational('camera-unreachable', 'the camera does not answer', {
      remedy: 'check the cable',
      details: { port: 554 },
      cause: new TypeError('fetch failed', { cause: root }),
    });
    logger.error('camera lost', { error });
    const { stack, ...described } = loggedError();
    assert.deepEqual(described, {
      name: 'RollcallError',
      message: 'the camera does not answer',
      code: 'camera-unreachable',
      kind: 'operational',
      remedy: 'check the cable',
      details: { port: 554 },
      causes: ['fetch failed', 'connection refused'],
    });
    assert.match(String(stack), /pino-logger\.test/);
  });

  test('shows no stack for an error in input', () => {
    const { logger, loggedError } = start();
    logger.warn('refused', { error: badInput('no-face', 'the photograph shows no face') });
    assert.equal('stack' in loggedError(), false);
  });

  test('survives errors that hold one another, and aggregates', () => {
    const { logger, loggedError } = start();
    const circular = new Error('round');
    circular.cause = circular;
    logger.error('odd', { error: new AggregateError([circular, new Error('second')], 'several') });
    const errors = loggedError()['errors'] as { message: string; causes?: string[] }[];
    assert.deepEqual(
      errors.map((each) => each.message),
      ['round', 'second'],
    );
    assert.equal(errors[0]?.causes?.length, 5);
  });

  test('does not let a field replace what every line has', () => {
    const { logger, parsed } = start();
    logger.info('kept', { message: 'other', level: 9, time: 0 });
    assert.deepEqual(parsed()[0], {
      level: 'info',
      time: '2026-01-02T03:04:05.000Z',
      message_: 'other',
      level_: 9,
      time_: 0,
      message: 'kept',
    });
  });
});
