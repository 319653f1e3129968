import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { CommandContext, CommandHandlers } from '../../daemon/core/commands/command-handlers.js';
import { deadlines } from '../../daemon/core/commands/deadlines.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { newIssuer, type TokenOptions, token, trust } from '../support/command-centre.js';
import { openCommandedBox } from '../support/commanded-box.js';
import { resend, restarted } from '../support/counting-receiver.js';
import { memoryLog } from '../support/published-box.js';
import { until } from '../support/until.js';

const snapshot: TokenOptions = {
  command: 'request-snapshot',
  arguments: { camera: 'gate', sealTo: 'A'.repeat(43) },
};
const snapshotMs = deadlines['request-snapshot'].limitMs;
/** Longer than an aborted command may take to end. */
const endingMs = 2_000;

const picture = {
  outcome: 'done',
  result: { camera: 'gate', widthPx: 1, heightPx: 1, takenAt: '2026-01-01T00:00:00.000Z', sealed: 'A' },
} as const;

/** A box whose snapshots the test ends. */
async function hangingBox(handlers: Partial<CommandHandlers> = {}) {
  const clock = new VirtualClock(Date.now());
  const log = memoryLog();
  const begun: (() => void)[] = [];
  const commanded = await openCommandedBox({
    clock,
    logger: log.logger,
    handlers: {
      'request-snapshot': () => new Promise((resolve) => begun.push(() => resolve(picture))),
      'resend-events': async () => ({ outcome: 'done', result: { count: 3, missing: 0 } }),
      ...handlers,
    },
  });
  const issuer = await newIssuer();
  await trust(commanded.records.commands.trust, issuer);
  const send = async (options: TokenOptions): Promise<string> => {
    const id = options.id ?? randomUUID();
    await commanded.receiver.receive(
      options.command,
      await token(issuer, { ...options, id, lifetimeS: 80_000 }),
    );
    return id;
  };
  const late = async (limitMs: number): Promise<void> => {
    clock.advanceBy(limitMs);
    // The command is aborted in a later turn of the event loop; from then on the receiver waits for its end.
    await until('the time to end', () => {
      clock.advanceBy(endingMs);
      return log.lines.some(({ message }) => message === 'a command missed its deadline');
    });
  };
  return { clock, log, begun, commanded, issuer, send, late };
}

describe('a command that hangs', () => {
  test('is answered once, at its deadline; other commands run, and the same command is refused until it has ended', async () => {
    const { log, begun, commanded, issuer, send, late } = await hangingBox();
    await using _box = commanded;
    const hanging = await send(snapshot);
    const behind = await send(resend);
    await until('the begin', () => begun.length === 1);
    await late(snapshotMs);
    const answer = await commanded.answer(hanging);
    assert.deepEqual([answer.outcome, answer.code], ['failed', 'timed-out']);
    assert.match(answer.message ?? '', /still runs/);
    assert.equal((await commanded.answer(behind)).outcome, 'done');

    assert.equal((await commanded.answer(await send(snapshot))).code, 'held-up');
    assert.equal(begun.length, 1);
    begun[0]?.();
    await log.line(({ message }) => message === 'a command that missed its deadline has ended');
    const next = await send(snapshot);
    await until('the begin of the next', () => begun.length === 2);
    begun[1]?.();
    assert.equal((await commanded.answer(next)).outcome, 'done');

    assert.equal(commanded.replies().filter(({ id }) => id === hanging).length, 1);
    const audited = commanded.vault.audit
      .list({ action: 'command.executed' })
      .filter(({ subject }) => subject === hanging);
    assert.deepEqual(
      audited.map(({ details }) => details),
      [
        {
          command: 'request-snapshot',
          outcome: 'failed',
          code: 'timed-out',
          camera: 'gate',
          keyId: issuer.keyId,
        },
      ],
    );
  });

  test('is not executed again after a restart, and a repetition gets the same answer', async () => {
    const { begun, clock, commanded, issuer, send, late } = await hangingBox();
    await using _box = commanded;
    const id = randomUUID();
    await send({ ...snapshot, id });
    await until('the begin', () => begun.length === 1);
    await late(snapshotMs);
    const { code, message } = await commanded.answer(id);
    const ended = commanded.receiver[Symbol.asyncDispose]();
    clock.advanceBy(3_000);
    await ended;
    await using receiver = await restarted(commanded, clock);
    await receiver.receive('request-snapshot', await token(issuer, { ...snapshot, id, lifetimeS: 80_000 }));
    await until(
      'the answer again',
      () => commanded.replies().filter((reply) => reply.id === id).length === 2,
    );
    const again = commanded.replies().find((reply) => reply.id === id);
    assert.deepEqual([again?.code, again?.message], [code, message]);
    assert.equal(begun.length, 1);
  });

  test('is aborted if it can be, and the next one of its kind is executed', async () => {
    let begun = 0;
    const { commanded, send, late } = await hangingBox({
      'request-snapshot': (_given, { signal }) => {
        begun += 1;
        if (begun > 1) return Promise.resolve(picture);
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
    });
    await using _box = commanded;
    const id = await send(snapshot);
    await until('the begin', () => begun === 1);
    await late(snapshotMs);
    const answer = await commanded.answer(id);
    assert.equal(answer.code, 'timed-out');
    assert.match(answer.message ?? '', /was ended/);
    assert.equal((await commanded.answer(await send(snapshot))).outcome, 'done');
  });

  test('gets more time when it makes progress, but not when it reports the same progress again', async () => {
    let context: CommandContext | undefined;
    let end = (): void => undefined;
    const { clock, log, commanded, send, late } = await hangingBox({
      'rotate-keys': (_given, given) => {
        context = given;
        return new Promise((_resolve, reject) => {
          end = () => reject(new Error('at last'));
        });
      },
    });
    await using _box = commanded;
    const id = await send({ command: 'rotate-keys', arguments: { key: 'gallery', depth: 'deep' } });
    await until('the begin', () => context !== undefined);
    const { limitMs } = deadlines['rotate-keys'];
    for (let done = 0; done < 5; done += 1) {
      context?.progress({ total: 9, done });
      clock.advanceBy(limitMs - 1_000);
    }
    assert.equal(context?.signal.aborted, false);
    context?.progress({ total: 9, done: 4 });
    await late(1_000);
    const answer = await commanded.answer(id);
    assert.equal(answer.code, 'timed-out');
    assert.match(answer.message ?? '', /rollcall key status/);
    const said = commanded.replies().length;
    context?.progress({ total: 9, done: 9 });
    end();
    await log.line(({ message }) => message === 'a command that missed its deadline has ended');
    assert.equal(commanded.replies().length, said);
  });
});

test('docs/reference/commands.md has the time limit of each command', () => {
  const text = readFileSync('docs/reference/commands.md', 'utf8');
  for (const [name, { limitMs }] of Object.entries(deadlines)) {
    const row = text.split('\n').find((line) => line.includes(`\`${name}\``) && / minutes/.test(line));
    assert.match(row ?? '', new RegExp(`\\| ${limitMs / 60_000} minutes`), name);
  }
});
