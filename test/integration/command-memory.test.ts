import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AcceptedCommand } from '../../daemon/core/commands/command-memory.js';
import type { CommandRecords } from '../../daemon/core/commands/command-records.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { openTestRecords } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const limits = { commands: 32, bytes: 1024 };
const claimsHash = new Uint8Array(32);

/** A command that expires `number` milliseconds after the epoch. */
const command = (number: number): AcceptedCommand => ({
  issuerId: 'head-office',
  commandId: `command-${number}`,
  keyId: 'key',
  name: 'enrol-person',
  arguments: '{}',
  claimsHash,
  issuedAtMs: 0,
  expiresAtMs: number,
});

/** Records the commands 1 to `count` as answered. */
function answerAll(path: string, count: number): void {
  const db = new Sqlite(path);
  db.prepare(
    `INSERT INTO command (issuer_id, command_id, key_id, name, claims_hash, state, reply, expires_at_ms)
     WITH RECURSIVE each(number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM each WHERE number < ?)
     SELECT 'head-office', 'command-' || number, 'key', 'enrol-person', ?, 'answered', '{}', number FROM each`,
  ).run(count, claimsHash);
  db.close();
}

/** Opens new records and passes their part about commands to `work`. */
async function withCommandRecords(work: (kept: CommandRecords, path: string) => void | Promise<void>) {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'records.db');
  await using records = openTestRecords(path);
  await work(records.commands, path);
}

const keyOf = (issuerId: string, keyId: string, addedAtMs = 1) => ({
  ...{ issuerId, keyId, addedAtMs, algorithm: 'EdDSA', publicKey: '{}', scopes: 'events', notAfterMs: null },
});
const nothing = (): void => undefined;

describe('the memory of commands', () => {
  test('keeps the state of each command, and separates equal ids of two issuers', () =>
    withCommandRecords(({ memory }) => {
      const { claimsHash: _hash, issuedAtMs: _issued, ...shown } = command(1);
      const outcomeOf = (changes: Partial<AcceptedCommand>) =>
        memory.accept({ ...command(1), ...changes }, limits).outcome;
      assert.equal(outcomeOf({}), 'accepted');
      assert.equal(outcomeOf({}), 'under-way');
      assert.equal(outcomeOf({ claimsHash: new Uint8Array(32).fill(1) }), 'id-taken');
      assert.equal(outcomeOf({ issuerId: 'branch-office', arguments: '{"a":1}' }), 'accepted');
      assert.equal(memory.waitingCount(), 2);
      assert.deepEqual(memory.nextWaiting(), { ...shown, number: 1 }, 'the oldest command comes first');
      assert.equal(memory.begin(1), true);
      assert.equal(memory.begin(1), false, 'a command begins once');
      assert.equal(memory.begin(9), false);
      assert.equal(outcomeOf({}), 'under-way');
      assert.equal(memory.nextWaiting()?.arguments, '{"a":1}');
      memory.begin(2);
      assert.deepEqual(
        memory.begun().map((begun) => [begun.number, begun.issuerId, begun.arguments]),
        [
          [1, 'head-office', '{}'],
          [2, 'branch-office', '{}'],
        ],
        'commands that began are listed with their arguments',
      );
      memory.answered(1, '{"outcome":"done"}');
      memory.answered(2, null);
      const answered = (issuerId: string) => memory.accept({ ...command(1), issuerId }, limits);
      assert.deepEqual(answered('head-office'), { outcome: 'answered', reply: '{"outcome":"done"}' });
      assert.deepEqual(answered('branch-office'), { outcome: 'answered', reply: undefined });
      assert.deepEqual([memory.begun(), memory.waitingCount(), memory.nextWaiting()], [[], 0, undefined]);
    }));

  test('accepts commands up to a number and a size, and a single one of any size', () =>
    withCommandRecords(({ memory }) => {
      const accept = (number: number, bytes: number, most: Partial<typeof limits> = {}) =>
        memory.accept({ ...command(number), arguments: 'x'.repeat(bytes) }, { ...limits, ...most }).outcome;
      assert.equal(accept(1, 5_000), 'accepted', 'a single command always fits');
      assert.equal(accept(2, 1), 'full');
      memory.begin(1);
      assert.equal(accept(2, 24), 'accepted');
      assert.equal(accept(3, 1_001), 'full');
      assert.equal(accept(3, 1_000), 'accepted');
      assert.equal(accept(4, 0, { commands: 2 }), 'full');
      assert.equal(accept(4, 0, { commands: 3 }), 'accepted');
      assert.equal(memory.waitingCount(), 3);
    }));

  test('knows an id only if its issuer is trusted', () =>
    withCommandRecords(({ memory, trust }) => {
      memory.accept(command(1), limits);
      assert.equal(memory.knows('command-1'), false);
      trust.add(keyOf('head-office', 'k-1'), nothing);
      assert.equal(memory.knows('command-1'), true);
      assert.equal(memory.knows('command-2'), false);
    }));

  test('forgets commands that are answered and expired, 200 at a time, separately for each issuer', () =>
    withCommandRecords(({ memory }, path) => {
      memory.accept({ ...command(5), commandId: 'waiting' }, limits);
      memory.accept({ ...command(5), commandId: 'begun' }, limits);
      memory.begin(2);
      answerAll(path, 250);
      memory.forget(1);
      const outcomeOf = (number: number, issuerId = 'head-office') =>
        memory.accept({ ...command(number), issuerId }, limits).outcome;
      assert.equal(outcomeOf(1), 'answered', 'a command has not expired at the very moment of its expiry');
      memory.forget(251);
      assert.equal(outcomeOf(200), 'too-old');
      assert.equal(outcomeOf(201), 'answered');
      const other = { ...command(200), commandId: 'never seen' };
      assert.equal(
        memory.accept(other, limits).outcome,
        'too-old',
        'an expired id may have been a forgotten one',
      );
      assert.equal(memory.accept({ ...other, expiresAtMs: 201 }, limits).outcome, 'accepted');
      assert.equal(outcomeOf(1, 'branch-office'), 'accepted', 'no command of that issuer was forgotten');
      assert.equal(memory.waitingCount(), 3, 'waiting commands stay');
      assert.equal(memory.begun().length, 1);
    }));
});

describe('the records for a centre', () => {
  test('contain each trusted key once, ordered by issuer and age', () =>
    withCommandRecords(({ trust }) => {
      const told: unknown[] = [];
      const add = (...key: Parameters<typeof keyOf>) => trust.add(keyOf(...key), () => told.push(key[1]));
      assert.deepEqual([add('b', 'k-3', 1), add('a', 'k-2', 2), add('a', 'k-1', 1)], [true, true, true]);
      assert.equal(add('c', 'k-1'), false);
      assert.throws(() => trust.add(keyOf('d', 'k-4'), () => assert.fail('no room')));
      assert.deepEqual(
        trust.list().map(({ keyId }) => keyId),
        ['k-1', 'k-2', 'k-3'],
      );
      assert.deepEqual(trust.find('k-2'), keyOf('a', 'k-2', 2));
      assert.deepEqual([trust.find('k-4'), told], [undefined, ['k-3', 'k-2', 'k-1']]);
      const remove = (issuer: string, key?: string) => trust.remove(issuer, key, (count) => told.push(count));
      assert.deepEqual([remove('a', 'k-3'), remove('c'), remove('a', 'k-2'), remove('a')], [0, 0, 1, 1]);
      assert.deepEqual(told.slice(3), [1, 1], 'only existing keys are reported as removed');
      assert.throws(() => trust.remove('b', undefined, () => assert.fail('no room')));
      assert.deepEqual(
        trust.list().map(({ keyId }) => keyId),
        ['k-3'],
      );
    }));

  test('contain switched cameras', () =>
    withCommandRecords(({ cameras }) => {
      for (const [id, isEnabled] of [
        ['gate', true],
        ['door', false],
        ['gate', false],
        ['yard', true],
        ['door', null],
      ] as const)
        cameras.set(id, isEnabled, () => undefined);
      assert.deepEqual(
        cameras.all(),
        new Map([
          ['gate', false],
          ['yard', true],
        ]),
      );
    }));
});

test('the box forgets thousands of old commands in parts, the oldest first, and accepts none of them again', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'records.db');
  await openTestRecords(path)[Symbol.asyncDispose]();
  answerAll(path, 1_000);
  await using records = openTestRecords(path);
  const { memory } = records.commands;
  const outcomeOf = (number: number) => memory.accept(command(number), limits).outcome;

  memory.forget(901);
  assert.equal(outcomeOf(1), 'too-old', 'a forgotten command is refused as too old');
  assert.equal(outcomeOf(900), 'answered', 'a command that was not forgotten is known');
  for (let time = 0; time < 10; time += 1) memory.forget(901);
  assert.equal(outcomeOf(900), 'too-old');
  assert.equal(outcomeOf(901), 'answered', 'a command that has not expired is not forgotten');
});
