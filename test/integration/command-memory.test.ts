import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Database from 'better-sqlite3';
import type { AcceptedCommand } from '../../daemon/records/commands/command-memory.js';
import type { CommandRecords } from '../../daemon/records/commands/command-records.js';
import { openTestRecords } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const limits = { commands: 32, bytes: 1024 };
const claimsHash = new Uint8Array(32);

/** The command of a number: out of date that many milliseconds after the epoch. */
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

/** Writes down that the commands 1 to `count` were answered, as if each had been executed. */
function answerAll(path: string, count: number): void {
  const db = new Database(path);
  db.prepare(
    `INSERT INTO command (issuer_id, command_id, key_id, name, claims_hash, state, reply, expires_at_ms)
     WITH RECURSIVE each(number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM each WHERE number < ?)
     SELECT 'head-office', 'command-' || number, 'key', 'enrol-person', ?, 'answered', '{}', number FROM each`,
  ).run(count, claimsHash);
  db.close();
}

/** Hands what new records keep for commands to `work`. */
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

describe('what the box remembers of commands', () => {
  test('is which came, and how far each is; the ids of one issuer are not those of another', () =>
    withCommandRecords(({ memory }) => {
      const { claimsHash: _hash, issuedAtMs: _issued, ...shown } = command(1);
      const outcomeOf = (changes: Partial<AcceptedCommand>) =>
        memory.accept({ ...command(1), ...changes }, limits).outcome;
      assert.equal(outcomeOf({}), 'accepted');
      assert.equal(outcomeOf({}), 'under-way');
      assert.equal(outcomeOf({ claimsHash: new Uint8Array(32).fill(1) }), 'id-taken');
      assert.equal(outcomeOf({ issuerId: 'branch-office', arguments: '{"a":1}' }), 'accepted');
      assert.equal(memory.waitingCount(), 2);
      assert.deepEqual(memory.nextWaiting(), { ...shown, number: 1 }, 'the oldest');
      assert.equal(memory.begin(1), true);
      assert.equal(memory.begin(1), false, 'once');
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
        'what began is not executed again, and its arguments are gone',
      );
      memory.answered(1, '{"outcome":"done"}');
      memory.answered(2, null);
      const answered = (issuerId: string) => memory.accept({ ...command(1), issuerId }, limits);
      assert.deepEqual(answered('head-office'), { outcome: 'answered', reply: '{"outcome":"done"}' });
      assert.deepEqual(answered('branch-office'), { outcome: 'answered', reply: undefined });
      assert.deepEqual([memory.begun(), memory.waitingCount(), memory.nextWaiting()], [[], 0, undefined]);
    }));

  test('is as many and as large as may wait, and one of any size', () =>
    withCommandRecords(({ memory }) => {
      const accept = (number: number, bytes: number, most: Partial<typeof limits> = {}) =>
        memory.accept({ ...command(number), arguments: 'x'.repeat(bytes) }, { ...limits, ...most }).outcome;
      assert.equal(accept(1, 5_000), 'accepted', 'one alone always fits');
      assert.equal(accept(2, 1), 'full');
      memory.begin(1);
      assert.equal(accept(2, 24), 'accepted');
      assert.equal(accept(3, 1_001), 'full');
      assert.equal(accept(3, 1_000), 'accepted');
      assert.equal(accept(4, 0, { commands: 2 }), 'full');
      assert.equal(accept(4, 0, { commands: 3 }), 'accepted');
      assert.equal(memory.waitingCount(), 3);
    }));

  test('is known to whoever asks by id as long as its issuer is trusted', () =>
    withCommandRecords(({ memory, trust }) => {
      memory.accept(command(1), limits);
      assert.equal(memory.knows('command-1'), false);
      trust.add(keyOf('head-office', 'k-1'), nothing);
      assert.equal(memory.knows('command-1'), true);
      assert.equal(memory.knows('command-2'), false);
    }));

  test('is forgotten once it is answered and out of date, 200 at a time, for its issuer alone', () =>
    withCommandRecords(({ memory }, path) => {
      memory.accept({ ...command(5), commandId: 'waiting' }, limits);
      memory.accept({ ...command(5), commandId: 'begun' }, limits);
      memory.begin(2);
      answerAll(path, 250);
      memory.forget(1);
      const outcomeOf = (number: number, issuerId = 'head-office') =>
        memory.accept({ ...command(number), issuerId }, limits).outcome;
      assert.equal(outcomeOf(1), 'answered', 'what ends at that moment is not over yet');
      memory.forget(251);
      assert.equal(outcomeOf(200), 'too-old');
      assert.equal(outcomeOf(201), 'answered');
      const other = { ...command(200), commandId: 'never seen' };
      assert.equal(memory.accept(other, limits).outcome, 'too-old', 'it may have been among them');
      assert.equal(memory.accept({ ...other, expiresAtMs: 201 }, limits).outcome, 'accepted');
      assert.equal(outcomeOf(1, 'branch-office'), 'accepted', 'nothing of that issuer was forgotten');
      assert.equal(memory.waitingCount(), 3, 'what waits stays');
      assert.equal(memory.begun().length, 1);
    }));
});

describe('what the box keeps for a centre beside its commands', () => {
  test('are the keys that it trusts: each once, by issuer and age', () =>
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
      assert.deepEqual(told.slice(3), [1, 1], 'told only of what was there');
      assert.throws(() => trust.remove('b', undefined, () => assert.fail('no room')));
      assert.deepEqual(
        trust.list().map(({ keyId }) => keyId),
        ['k-3'],
      );
    }));

  test('are cameras that it switched, and hashes of photographs', () =>
    withCommandRecords(({ cameras, photographs }) => {
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
      for (const [id, hashes] of [
        ['p-1', ['b', 'a']],
        ['p-2', ['c']],
        ['p-3', ['d']],
        ['p-2', ['e']],
      ] as const)
        photographs.set(id, hashes);
      assert.deepEqual(
        photographs.of(['p-1', 'p-2', 'p-9']),
        new Map([
          ['p-1', ['a', 'b']],
          ['p-2', ['e']],
        ]),
      );
      assert.deepEqual(photographs.personIdsAfter('p-1', 1), ['p-2']);
      photographs.forget([]);
      photographs.forget(['p-2', 'p-9']);
      assert.deepEqual(photographs.personIdsAfter('', 9), ['p-1', 'p-3']);
    }));
});

test('thousands of old commands are forgotten part by part, the oldest first, and none is taken for new', async () => {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'records.db');
  await openTestRecords(path)[Symbol.asyncDispose]();
  answerAll(path, 1_000);
  await using records = openTestRecords(path);
  const { memory } = records.commands;
  const outcomeOf = (number: number) => memory.accept(command(number), limits).outcome;

  memory.forget(901);
  assert.equal(outcomeOf(1), 'too-old', 'the oldest is forgotten, and that it was');
  assert.equal(outcomeOf(900), 'answered', 'what is left is known still');
  for (let time = 0; time < 10; time += 1) memory.forget(901);
  assert.equal(outcomeOf(900), 'too-old');
  assert.equal(outcomeOf(901), 'answered', 'nothing younger is forgotten');
});
