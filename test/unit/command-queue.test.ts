import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandScopes } from '../../daemon/contract/command-scopes.js';
import type { CommandContext, CommandHandlers } from '../../daemon/core/commands/command-handlers.js';
import type { AcceptedCommand, CommandMemory } from '../../daemon/core/commands/command-memory.js';
import { CommandQueue } from '../../daemon/core/commands/command-queue.js';
import type { TrustedKey } from '../../daemon/core/commands/issuer-keys.js';
import { defect, operational } from '../../daemon/kernel/errors.js';
import { memoryOfCommands } from '../support/command-memory.js';
import {
  acceptedCommand,
  CountedClock,
  commandEpochMs,
  keptWords,
  playedHandlers,
  turns,
} from '../support/played-commands.js';

const noLimits = { commands: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
const resent = { outcome: 'done', result: { count: 1, missing: 0 } } as const;

/** A queue with a trusted issuer, and all its answers. `executed` has the numbers of resent events. */
function queueOf(changes: Partial<CommandHandlers> = {}, memory: CommandMemory = memoryOfCommands()) {
  const clock = new CountedClock();
  const said = keptWords();
  const { record, audit } = said;
  const executed: number[] = [];
  const publicKey = { kty: 'OKP', crv: 'Ed25519', x: 'x' } as const;
  const key = {
    issuerId: 'head-office',
    keyId: 'key',
    scopes: commandScopes,
    algorithm: 'EdDSA',
    publicKey,
  } as const;
  const trusted: readonly TrustedKey[] = [
    key,
    { ...key, keyId: 'less', scopes: ['cameras'] },
    { ...key, keyId: 'ended', notAfterMs: commandEpochMs },
  ];
  const queue = new CommandQueue({
    ...{ memory, record, audit, clock, logger: said.log.logger },
    keys: { find: (wanted) => trusted.find(({ keyId }) => keyId === wanted) },
  });
  const handlers = playedHandlers({
    'resend-events': async ({ from }) => {
      executed.push(from);
      return resent;
    },
    ...changes,
  });
  const add = (...commands: readonly AcceptedCommand[]): void => {
    for (const command of commands) memory.accept(command, noLimits);
    queue.pump();
  };
  const start = async (): Promise<void> => {
    queue.start(handlers);
    await turns();
  };
  const outcomes = () => said.replies().map(({ commandId, outcome, code }) => [commandId, code ?? outcome]);
  return { ...said, clock, queue, memory, executed, add, start, outcomes };
}

/** A handler that the test ends. */
function held<Name extends 'request-snapshot' | 'rotate-keys'>() {
  const contexts: CommandContext[] = [];
  const ends: (() => void)[] = [];
  const failure = { outcome: 'failed', code: 'ended', message: 'the test ended it' } as const;
  const handler = ((_given: unknown, context: CommandContext) => {
    contexts.push(context);
    return new Promise((resolve) => ends.push(() => resolve(failure)));
  }) as CommandHandlers[Name];
  return { contexts, ends, handler };
}

const snapshot = (number: number): AcceptedCommand =>
  acceptedCommand(number, 'request-snapshot', { camera: 'gate', sealTo: 'A'.repeat(43) });
const rotation = (number: number): AcceptedCommand =>
  acceptedCommand(number, 'rotate-keys', { key: 'gallery', depth: 'wrap' });

describe('the queue of commands', () => {
  test('executes nothing before its start, and then answers interrupted commands first', async () => {
    const { add, start, memory, executed, outcomes, queue, replies } = queueOf();
    add(acceptedCommand(1), acceptedCommand(2), acceptedCommand(3));
    memory.begin(1);
    memory.begin(2);
    await turns();
    assert.deepEqual([executed, outcomes()], [[], []]);
    await start();
    assert.deepEqual(outcomes(), [
      ['command-1', 'interrupted'],
      ['command-2', 'interrupted'],
      ['command-3', 'done'],
    ]);
    assert.equal(replies()[0]?.outcome, 'failed');
    assert.deepEqual([executed, queue.executedCount], [[3], 1]);
    assert.deepEqual([memory.waitingCount(), memory.begun()], [0, []]);
  });

  test('executes in order of arrival, each in its own turn, so that new commands are accepted first', async () => {
    const seen: string[] = [];
    const { add, start, queue } = queueOf({
      'resend-events': async ({ from }) => {
        seen.push(`command ${from}`);
        setImmediate(() => seen.push('another turn'));
        return resent;
      },
    });
    await start();
    add(acceptedCommand(1), acceptedCommand(2));
    queue.pump();
    assert.deepEqual(seen, [], 'nothing is executed while it is taken in');
    await turns();
    assert.deepEqual(seen, ['command 1', 'another turn', 'command 2', 'another turn']);
  });

  test('waits for a running command, but executes others during a rotation of keys', async () => {
    const [slow, rotating] = [held<'request-snapshot'>(), held<'rotate-keys'>()];
    const handlers = { 'request-snapshot': slow.handler, 'rotate-keys': rotating.handler };
    const { add, start, executed, outcomes } = queueOf(handlers);
    await start();
    add(rotation(1), acceptedCommand(2), snapshot(3), acceptedCommand(4));
    await turns();
    assert.deepEqual(executed, [2]);
    slow.ends[0]?.();
    await turns();
    assert.deepEqual(executed, [2, 4]);
    rotating.ends[0]?.();
    await turns();
    assert.deepEqual(outcomes(), [
      ['command-2', 'done'],
      ['command-3', 'ended'],
      ['command-4', 'done'],
      ['command-1', 'ended'],
    ]);
  });

  test('does not miss a command that arrives in the moment in which it finds none', async () => {
    const memory = memoryOfCommands();
    let late: AcceptedCommand | undefined = acceptedCommand(1);
    const { add, start, executed } = queueOf(
      {},
      {
        ...memory,
        nextWaiting() {
          const next = memory.nextWaiting();
          const arriving = late;
          late = undefined;
          if (arriving !== undefined) queueMicrotask(() => add(arriving));
          return next;
        },
      },
    );
    await start();
    assert.deepEqual(executed, [1]);
  });

  test('ignores a command that does not wait any more', async () => {
    const memory = memoryOfCommands();
    const { add, start, executed, outcomes } = queueOf(
      {},
      {
        ...memory,
        begin(number) {
          memory.begin(number);
          memory.answered(number, null);
          return false;
        },
      },
    );
    await start();
    add(acceptedCommand(1));
    await turns();
    assert.deepEqual([executed, outcomes()], [[], []]);
  });
});

describe('a command that waited', () => {
  const cases: readonly (readonly [what: string, changes: Partial<AcceptedCommand>, code: string])[] = [
    ['is in time a millisecond before the skew of clocks is over', { expiresAtMs: -59_999 }, 'done'],
    ['is out of date with the skew of clocks', { expiresAtMs: -60_000 }, 'expired'],
    ['has an issuer who was removed', { keyId: 'gone' }, 'unknown-issuer'],
    ['has a key that belongs to another issuer now', { issuerId: 'branch-office' }, 'unknown-issuer'],
    ['has a key that has fewer scopes now', { keyId: 'less' }, 'out-of-scope'],
    ['has a key whose time is over', { keyId: 'ended' }, 'key-expired'],
    ['is of another release of the program', { name: 'open-door' }, 'unknown-command'],
  ];
  for (const [what, { expiresAtMs = 60_000, ...changes }, code] of cases) {
    test(`${what}: ${code}`, async () => {
      const { add, start, outcomes, replies, executed, entries, queue } = queueOf();
      const of = { ...changes, expiresAtMs: commandEpochMs + expiresAtMs };
      add(acceptedCommand(1, 'resend-events', { from: 1 }, of));
      await start();
      assert.deepEqual(outcomes(), [['command-1', code]]);
      const isDone = code === 'done';
      assert.equal(replies()[0]?.command, code === 'unknown-command' ? 'unknown' : 'resend-events');
      assert.deepEqual([executed, queue.executedCount], isDone ? [[1], 1] : [[], 0]);
      assert.equal(entries.length, isDone ? 1 : 0, 'only what was executed is audited so');
    });
  }
});

describe('a record of the queue', () => {
  test('is first the audit entry, with ids and codes only, and then the answer', async () => {
    const { add, start, order, entries } = queueOf({
      'set-camera': async ({ camera }) => ({ outcome: 'done', result: { camera, enabled: true } }),
    });
    await start();
    add(
      acceptedCommand(1, 'set-camera', { camera: 'gate', enabled: true }),
      snapshot(2),
      acceptedCommand(3),
      acceptedCommand(4, 'reload-configuration', {}),
      acceptedCommand(5, 'set-camera', { camera: 'gate', enabled: 'maybe' }),
      acceptedCommand(6, 'acknowledge-events', { upTo: 3 }),
    );
    await turns();
    assert.deepEqual(order, [...Array(5).fill(['entry', 'reply']).flat(), 'reply']);
    assert.deepEqual(
      entries.map(({ action, subject, details }) => [action, subject, details]),
      [
        [1, { command: 'set-camera', outcome: 'done', camera: 'gate' }],
        [2, { command: 'request-snapshot', outcome: 'failed', code: 'unused', camera: 'gate' }],
        [3, { command: 'resend-events', outcome: 'done' }],
        [4, { command: 'reload-configuration', outcome: 'failed', code: 'unused' }],
        [5, { command: 'set-camera', outcome: 'failed', code: 'internal' }],
      ].map(([number, details]) => [
        'command.executed',
        `command-${number}`,
        { ...(details as object), keyId: 'key' },
      ]),
    );
    assert.deepEqual(entries[0]?.by, { actor: 'issuer:head-office', origin: 'command command-1' });
  });

  test('is tried again every ten seconds; until then no command is executed, and nothing is written twice', async () => {
    const { add, start, fail, clock, executed, entries, outcomes, errors } = queueOf();
    await start();
    fail('audit', operational('disk-full', 'the disk is full'));
    add(acceptedCommand(1), acceptedCommand(2));
    await turns();
    assert.deepEqual([executed, entries, outcomes(), clock.timerCount], [[1], [], [], 1]);
    fail('record');
    clock.advanceBy(9_999);
    await turns();
    assert.deepEqual([entries.length, errors().length], [0, 1], 'not yet');
    clock.advanceBy(1);
    await turns();
    assert.deepEqual([entries.length, outcomes(), errors().length, executed], [1, [], 2, [1]]);
    fail();
    clock.advanceBy(10_000);
    await turns();
    assert.deepEqual(outcomes(), [
      ['command-1', 'done'],
      ['command-2', 'done'],
    ]);
    assert.deepEqual([entries.length, executed, clock.timerCount], [2, [1, 2], 0]);
  });

  test('is tried again immediately when another command comes', async () => {
    const { add, start, fail, clock, executed } = queueOf();
    await start();
    fail('record');
    add(acceptedCommand(1));
    await turns();
    fail();
    add(acceptedCommand(2));
    await turns();
    assert.deepEqual([executed, clock.timerCount], [[1, 2], 0]);
  });

  test('of a rotation that ends on a full disk is also tried again, all of it in one attempt', async () => {
    const rotating = held<'rotate-keys'>();
    const { add, start, fail, clock, outcomes, errors } = queueOf({ 'rotate-keys': rotating.handler });
    await start();
    add(rotation(1));
    await turns();
    fail('record');
    add(acceptedCommand(2));
    await turns();
    clock.advanceBy(5_000);
    rotating.ends[0]?.();
    await turns();
    assert.deepEqual(errors(), Array(2).fill('commands cannot be executed or answered now; they wait'));
    assert.equal(clock.timerCount, 1);
    fail();
    clock.advanceBy(10_000);
    await turns();
    assert.deepEqual(outcomes(), [
      ['command-2', 'done'],
      ['command-1', 'ended'],
    ]);
  });

  test('is the answer alone if the entry has a form that the log never accepts', async () => {
    const { add, start, fail, outcomes, errors } = queueOf();
    await start();
    fail('audit', defect('audit-entry', 'a blank'));
    add(acceptedCommand(1));
    await turns();
    assert.deepEqual(outcomes(), [['command-1', 'done']]);
    assert.deepEqual(errors(), ['a command cannot be audited']);
  });

  for (const [characters, isKept] of [
    [32_768, true],
    [32_769, false],
  ] as const) {
    test(`is an answer of ${characters} characters, which is ${isKept ? '' : 'not '}kept for a repetition`, async () => {
      const answerOf = (message: string) =>
        JSON.stringify({
          commandId: 'command-1',
          command: 'list-persons',
          outcome: 'failed',
          code: 'a',
          message,
        });
      const message = 'x'.repeat(characters - answerOf('').length);
      const { add, start, memory } = queueOf({
        'list-persons': async () => ({ outcome: 'failed', code: 'a', message }),
      });
      const command = acceptedCommand(1, 'list-persons', {
        ...{ digestKey: 'AAAA', buckets: [0], sealTo: 'A'.repeat(43) },
      });
      add(command);
      await start();
      const reply = isKept ? answerOf(message) : undefined;
      assert.deepEqual(memory.accept(command, noLimits), { outcome: 'answered', reply });
    });
  }
});

describe('the end of the queue', () => {
  test('aborts running commands, waits three seconds for them, and starts no others', async () => {
    const [slow, rotating] = [held<'request-snapshot'>(), held<'rotate-keys'>()];
    const handlers = { 'request-snapshot': slow.handler, 'rotate-keys': rotating.handler };
    const { add, start, queue, clock, executed, memory } = queueOf(handlers);
    await start();
    add(rotation(1), snapshot(2), acceptedCommand(3));
    await turns();
    const signals = [...slow.contexts, ...rotating.contexts].map(({ signal }) => signal);
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false, false],
    );
    let hasEnded = false;
    const ended = queue[Symbol.asyncDispose]().then(() => {
      hasEnded = true;
    });
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, true],
    );
    clock.advanceBy(2_999);
    await turns();
    assert.equal(hasEnded, false);
    clock.advanceBy(1);
    await ended;
    slow.ends[0]?.();
    queue.pump();
    await turns();
    assert.deepEqual([executed, memory.waitingCount(), clock.timerCount], [[], 1, 0]);
  });

  for (const first of ['the rotation', 'the snapshot'] as const) {
    test(`comes as soon as all running work has ended, ${first} first`, async () => {
      const [slow, rotating] = [held<'request-snapshot'>(), held<'rotate-keys'>()];
      const handlers = { 'request-snapshot': slow.handler, 'rotate-keys': rotating.handler };
      const { add, start, queue, outcomes } = queueOf(handlers);
      await start();
      add(rotation(1), snapshot(2));
      await turns();
      let hasEnded = false;
      const ended = queue[Symbol.asyncDispose]().then(() => {
        hasEnded = true;
      });
      const [sooner, later] = first === 'the rotation' ? [rotating, slow] : [slow, rotating];
      sooner.ends[0]?.();
      await turns();
      assert.equal(hasEnded, false, 'the other has not ended');
      later.ends[0]?.();
      await ended;
      assert.equal(outcomes().length, 2);
    });
  }

  test('leaves no waiting attempt behind', async () => {
    const { add, start, fail, queue, clock, outcomes } = queueOf();
    await start();
    fail('record');
    add(acceptedCommand(1));
    await turns();
    assert.equal(clock.timerCount, 1);
    await queue[Symbol.asyncDispose]();
    assert.equal(clock.timerCount, 0);
    fail();
    clock.advanceBy(60_000);
    await turns();
    assert.deepEqual(outcomes(), []);
  });

  test('plans no other attempt if one fails during it', async () => {
    const rotating = held<'rotate-keys'>();
    const { add, start, fail, queue, clock, errors } = queueOf({ 'rotate-keys': rotating.handler });
    await start();
    add(rotation(1));
    await turns();
    const ended = queue[Symbol.asyncDispose]();
    fail('record');
    rotating.ends[0]?.();
    await ended;
    await turns();
    assert.deepEqual([errors(), clock.timerCount], [[], 0]);
  });

  test('also waits for a command that was answered as late and has not ended, and delays its kind', async () => {
    const slow = held<'request-snapshot'>();
    const { add, start, queue, clock, outcomes } = queueOf({ 'request-snapshot': slow.handler });
    await start();
    add(snapshot(1));
    await turns();
    clock.advanceBy(120_000);
    await turns();
    clock.advanceBy(1_000);
    await turns();
    add(snapshot(2));
    await turns();
    assert.deepEqual(outcomes(), [
      ['command-1', 'timed-out'],
      ['command-2', 'held-up'],
    ]);
    let hasEnded = false;
    const ended = queue[Symbol.asyncDispose]().then(() => {
      hasEnded = true;
    });
    await turns();
    assert.equal(hasEnded, false);
    slow.ends[0]?.();
    await ended;
  });
});
