import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import type { CommandName } from '../../daemon/contract/events/command-schema.js';
import type { CommandContext } from '../../daemon/core/commands/command-handlers.js';
import { deadlines } from '../../daemon/core/commands/deadlines.js';
import { Executions, Progress } from '../../daemon/core/commands/executions.js';
import { defect, operational } from '../../daemon/kernel/errors.js';
import {
  acceptedCommand,
  CountedClock,
  keptWords,
  playedHandlers,
  turns,
} from '../support/played-commands.js';

const by = { actor: 'issuer:head-office', origin: 'command command-1' };
const resent = { outcome: 'done', result: { count: 1, missing: 0 } } as const;
type Outcome = Awaited<ReturnType<ReturnType<typeof playedHandlers>['resend-events']>>;

/** One resent event whose end the test plays; `begin` gives what it is answered, once it is. */
function playedExecution() {
  const clock = new CountedClock();
  const said = keptWords();
  const { record } = said;
  const daemon = new AbortController();
  const executions = new Executions({ clock, record, logger: said.log.logger, signal: daemon.signal });
  let context: CommandContext | undefined;
  let settle: { done: (outcome: Outcome) => void; fail: (error: unknown) => void } | undefined;
  const handlers = playedHandlers({
    'resend-events': (_given, given) => {
      context = given;
      return new Promise((resolve, reject) => {
        settle = { done: resolve, fail: reject };
      });
    },
  });
  const begin = () => {
    const answer: { code?: string; message?: string } = {};
    const command = { ...acceptedCommand(1), number: 1 };
    const over = executions.run('resend-events', command, handlers, by).then((outcome) => {
      answer.code = outcome.outcome === 'failed' ? outcome.code : outcome.outcome;
      if (outcome.outcome === 'failed') answer.message = outcome.message;
    });
    return { answer, over };
  };
  return {
    ...{ ...said, clock, daemon, executions, begin },
    context: () => context ?? assert.fail('it has not begun'),
    settle: () => settle ?? assert.fail('it has not begun'),
    isHeldUp: (name: CommandName) => executions.obstacleTo(name)?.code === 'held-up',
  };
}

const { limitMs } = deadlines['resend-events'];

describe('the execution of a command', () => {
  test('is answered with its result, and leaves neither timer nor listener behind', async () => {
    const { begin, settle, context, clock, daemon, executions, isHeldUp } = playedExecution();
    const { answer, over } = begin();
    assert.deepEqual(context().by, by);
    clock.advanceBy(limitMs - 1);
    await turns();
    settle().done(resent);
    await over;
    assert.deepEqual(answer, { code: 'done' });
    assert.deepEqual([clock.timerCount, getEventListeners(daemon.signal, 'abort').length], [0, 0]);
    assert.deepEqual([executions.overdue, isHeldUp('resend-events')], [[], false]);
  });

  const errors: readonly (readonly [what: string, error: unknown, code: string, message: RegExp])[] = [
    ['of the world', operational('disk-full', 'no room'), 'disk-full', /^no room$/],
    ['of the program that it knows', defect('no-such-step', 'secret'), 'internal', /^the command failed;/],
    ['of the program', new TypeError('secret'), 'internal', /^the command failed;/],
  ];
  for (const [what, error, code, message] of errors) {
    test(`that ends with an error ${what} is answered with the code "${code}"`, async () => {
      const { begin, settle, errors: logged } = playedExecution();
      const { answer, over } = begin();
      settle().fail(error);
      await over;
      assert.equal(answer.code, code);
      assert.match(answer.message ?? '', message);
      assert.deepEqual(logged(), code === 'internal' ? ['a command failed'] : []);
    });
  }

  test('is aborted at its deadline, and answered as late if it ends within a second', async () => {
    const { begin, settle, context, clock, isHeldUp } = playedExecution();
    const { answer, over } = begin();
    clock.advanceBy(limitMs - 1);
    await turns();
    assert.equal(context().signal.aborted, false);
    clock.advanceBy(1);
    await turns();
    assert.equal(context().signal.aborted, true);
    clock.advanceBy(999);
    await turns();
    assert.deepEqual(answer, {});
    settle().fail(context().signal.reason);
    await over;
    assert.equal(answer.code, 'timed-out');
    assert.match(
      answer.message ?? '',
      /^the command made no progress for 120 seconds and was ended. Send it again/,
    );
    assert.equal(isHeldUp('resend-events'), false);
  });

  test('is answered with its result if it finishes in that second', async () => {
    for (const [error, code] of [
      [undefined, 'done'],
      [operational('disk-full', 'no room'), 'disk-full'],
    ] as const) {
      const { begin, settle, clock } = playedExecution();
      const { answer, over } = begin();
      clock.advanceBy(limitMs);
      await turns();
      if (error === undefined) settle().done(resent);
      else settle().fail(error);
      await over;
      assert.equal(answer.code, code);
    }
  });

  test('that continues after its answer delays only commands of its kind, until it ends', async () => {
    for (const isFailure of [false, true]) {
      const { begin, settle, clock, executions, isHeldUp, log } = playedExecution();
      const { answer, over } = begin();
      clock.advanceBy(limitMs);
      await turns();
      clock.advanceBy(1_000);
      await over;
      assert.match(answer.message ?? '', /^the command made no progress for 120 seconds and still runs/);
      assert.equal(answer.code, 'timed-out');
      assert.equal(executions.overdue.length, 1);
      assert.deepEqual(
        ['resend-events', 'acknowledge-events', 'request-picture'].map((name) =>
          isHeldUp(name as CommandName),
        ),
        [true, true, false],
      );
      assert.equal(executions.obstacleTo('resend-events')?.outcome, 'failed');
      if (isFailure) settle().fail(operational('disk-full', 'no room'));
      else settle().done(resent);
      await turns();
      assert.deepEqual([executions.overdue, isHeldUp('resend-events')], [[], false]);
      const last = log.lines.at(-1);
      assert.equal(last?.['outcome'], isFailure ? 'failed' : 'done');
      assert.equal(last?.['code'], isFailure ? 'disk-full' : undefined);
    }
  });

  test('gets new time with each progress, but not for a repeated report', async () => {
    const { begin, context, clock } = playedExecution();
    begin();
    context().progress({ done: 1 });
    clock.advanceBy(limitMs - 1);
    context().progress({ done: 2 });
    clock.advanceBy(limitMs - 1);
    context().progress({ done: 2 });
    await turns();
    assert.equal(context().signal.aborted, false);
    clock.advanceBy(1);
    await turns();
    assert.equal(context().signal.aborted, true);
  });

  test('ends with the daemon, as interrupted: from then on it has no deadline', async () => {
    const { begin, settle, context, daemon, clock } = playedExecution();
    const { answer, over } = begin();
    daemon.abort('the end');
    assert.deepEqual([context().signal.aborted, context().signal.reason], [true, 'the end']);
    assert.equal(clock.timerCount, 0);
    clock.advanceBy(limitMs * 2);
    await turns();
    assert.deepEqual(answer, {});
    settle().fail(context().signal.reason);
    await over;
    assert.deepEqual(answer, { code: 'interrupted', message: 'the command was ended' });
  });

  test('that begins while the daemon stops is aborted immediately', async () => {
    const { begin, settle, context, daemon, clock } = playedExecution();
    daemon.abort('the end');
    const { over } = begin();
    assert.deepEqual([context().signal.aborted, clock.timerCount], [true, 0]);
    settle().done(resent);
    await over;
  });
});

describe('the progress of a command', () => {
  test('is reported immediately, at most once a second, and not after the answer', async () => {
    const { begin, settle, context, clock, replies } = playedExecution();
    const { over } = begin();
    const done: number[] = [];
    clock.advanceBy(5_000);
    for (const [waitMs, isTold] of [
      [0, true],
      [999, false],
      [1, true],
      [1_000, true],
    ] as const) {
      clock.advanceBy(waitMs);
      if (isTold) done.push(clock.monotonicMs());
      context().progress({ done: clock.monotonicMs() });
    }
    settle().done(resent);
    await over;
    clock.advanceBy(5_000);
    context().progress({ done: 'all' });
    assert.deepEqual(
      replies().map(({ commandId, command, outcome, result }) => ({ commandId, command, outcome, result })),
      done.map((atMs) => ({
        ...{ commandId: 'command-1', command: 'resend-events', outcome: 'progress', result: { done: atMs } },
      })),
    );
  });

  test('that cannot be recorded does not harm the command, and is tried again in a second', () => {
    const { record, fail, log, replies } = keptWords();
    const clock = new CountedClock();
    const about = { commandId: 'command-1', command: 'resend-events', clock, record, logger: log.logger };
    const progress = new Progress(about);
    fail('record');
    progress.report({ done: 1 });
    fail();
    progress.report({ done: 2 });
    clock.advanceBy(1_000);
    progress.report({ done: 3 });
    assert.deepEqual(
      replies().map(({ result }) => result),
      [{ done: 3 }],
    );
    assert.deepEqual(
      log.lines.map(({ level }) => level),
      ['warn'],
    );
  });
});
