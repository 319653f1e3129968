import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AcceptedCommand, commandMemoryOf } from '../../daemon/core/commands/command-memory.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { GrantSeal } from '../../daemon/core/records/seals/grant-seal.js';
import { openMemoryDatabase } from '../support/memory-database.js';

const limits = { commands: 32, bytes: 1024 };

/** A command that expires `number` milliseconds after the epoch. */
const command = (number: number, changes: Partial<AcceptedCommand> = {}): AcceptedCommand => ({
  ...{ issuerId: 'head-office', commandId: `command-${number}`, keyId: 'key', name: 'enrol-person' },
  ...{ arguments: '{}', claimsHash: new Uint8Array(32), issuedAtMs: 0, expiresAtMs: number },
  ...changes,
});

function start() {
  const database = openMemoryDatabase(recordsMigrations);
  const trusted = new Set<string>();
  const seal = new GrantSeal('site/box', [new Uint8Array(32).fill(1)]);
  const memory = commandMemoryOf(database, { seal, isTrusted: (issuerId) => trusted.has(issuerId) });
  const accept = (given: AcceptedCommand, most = limits) => memory.accept(given, most);
  /** Accepts, begins and answers a command. */
  const answer = (given: AcceptedCommand, reply: string | null = '{}'): void => {
    assert.equal(accept(given).outcome, 'accepted');
    const number = memory.nextWaiting()?.number ?? 0;
    memory.begin(number);
    memory.answered(number, reply);
  };
  return { database, trusted, seal, memory, accept, answer };
}

describe('the memory of commands', () => {
  test('tells a repetition from another command with its id, by the state of the first', () => {
    const { memory, accept, answer } = start();
    const other = { claimsHash: new Uint8Array(32).fill(1) };
    assert.deepEqual(accept(command(1)), { outcome: 'accepted' });
    assert.deepEqual(accept(command(1)), { outcome: 'under-way' });
    assert.deepEqual(accept(command(1, other)), { outcome: 'id-taken' });
    assert.equal(memory.begin(1), true);
    assert.deepEqual(accept(command(1)), { outcome: 'under-way' });
    memory.answered(1, '{"a":1}');
    assert.deepEqual(accept(command(1)), { outcome: 'answered', reply: '{"a":1}' });
    assert.deepEqual(accept(command(1, other)), { outcome: 'id-taken' });
    answer(command(2), null);
    assert.deepEqual(accept(command(2)), { outcome: 'answered', reply: undefined });
    assert.deepEqual(accept(command(1, { issuerId: 'branch' })), { outcome: 'accepted' });
  });

  test('gives the oldest command that waits, as it came, until its execution begins', () => {
    const { memory, accept } = start();
    assert.equal(memory.nextWaiting(), undefined);
    accept(command(9));
    accept(command(3, { arguments: '{"a":1}' }));
    const { claimsHash: _, issuedAtMs: __, ...first } = command(9);
    assert.deepEqual(memory.nextWaiting(), { number: 1, ...first });
    assert.equal(memory.begin(1), true);
    assert.equal(memory.begin(1), false);
    assert.equal(memory.begin(7), false);
    assert.deepEqual([memory.nextWaiting()?.commandId, memory.waitingCount()], ['command-3', 1]);
    assert.deepEqual(memory.begun(), [{ number: 1, ...first }]);
  });

  test('executes no row that somebody else wrote or altered, and counts them once', () => {
    const { database, memory, accept } = start();
    for (const number of [1, 2, 3]) accept(command(number));
    database.db.prepare(`UPDATE command SET arguments = '{"a":2}' WHERE number = 1`).run();
    database.db.prepare('UPDATE command SET seal = NULL WHERE number = 2').run();
    assert.equal(memory.nextWaiting()?.number, 3);
    assert.equal(memory.waitingCount(), 1);
    assert.equal(memory.takeDropped(), 2);
    assert.equal(memory.takeDropped(), 0);
    assert.deepEqual(accept(command(1)), { outcome: 'accepted' }, 'its issuer can send it again');
  });

  test('takes as many commands and bytes as it may, and one of any size where none waits', () => {
    const { memory, accept } = start();
    const outcomeOf = (number: number, bytes: number, most = limits) =>
      accept(command(number, { arguments: 'x'.repeat(bytes) }), most).outcome;
    assert.equal(outcomeOf(1, 1_025), 'accepted');
    assert.equal(outcomeOf(2, 0, { commands: 1, bytes: 1e6 }), 'full');
    assert.equal(outcomeOf(2, 0), 'full');
    memory.begin(1);
    assert.equal(outcomeOf(2, 24), 'accepted');
    assert.equal(outcomeOf(3, 1_001), 'full');
    assert.equal(outcomeOf(3, 1_000), 'accepted');
    assert.equal(outcomeOf(4, 0, { ...limits, commands: 2 }), 'full');
    assert.equal(outcomeOf(4, 0, { ...limits, commands: 3 }), 'accepted');
    assert.equal(outcomeOf(1, 0, { commands: 0, bytes: 0 }), 'under-way', 'a repetition needs no place');
  });

  test('knows an id where a trusted issuer gave it', () => {
    const { trusted, memory, accept } = start();
    accept(command(1));
    accept(command(1, { issuerId: 'branch' }));
    assert.equal(memory.knows('command-1'), false);
    trusted.add('branch');
    assert.equal(memory.knows('command-1'), true);
    assert.equal(memory.knows('command-2'), false);
  });

  test('forgets what was answered and has expired, and takes nothing of that age again', () => {
    const { memory, accept, answer } = start();
    answer(command(10));
    answer(command(20));
    answer(command(30, { issuerId: 'branch' }));
    accept(command(5));
    memory.forget(10);
    assert.equal(accept(command(10)).outcome, 'answered', 'nothing is forgotten at its very expiry');
    memory.forget(11);
    assert.equal(accept(command(10)).outcome, 'too-old');
    assert.equal(accept(command(8)).outcome, 'too-old');
    assert.equal(accept(command(10, { commandId: 'never seen' })).outcome, 'too-old');
    assert.equal(accept(command(11, { commandId: 'never seen' })).outcome, 'accepted');
    assert.equal(accept(command(1, { issuerId: 'branch' })).outcome, 'accepted', 'each issuer for itself');
    assert.equal(accept(command(5)).outcome, 'under-way', 'what waits is not forgotten');
    memory.forget(31);
    assert.equal(accept(command(19, { commandId: 'late' })).outcome, 'too-old');
    assert.equal(accept(command(29, { issuerId: 'branch', commandId: 'late' })).outcome, 'too-old');
    assert.equal(accept(command(21, { commandId: 'later' })).outcome, 'accepted');
  });

  test('takes no commands from before a loss of records', () => {
    const { database, accept } = start();
    database.db.prepare("UPDATE counter SET value = 500 WHERE name = 'commands-from'").run();
    assert.equal(accept(command(1_000, { issuedAtMs: 499 })).outcome, 'memory-lost');
    assert.equal(accept(command(1_000, { issuedAtMs: 500 })).outcome, 'accepted');
    database.db.exec('DELETE FROM counter');
    assert.equal(accept(command(1_000, { commandId: 'first' })).outcome, 'accepted', 'none is known');
  });

  test('writes nothing where nothing is to be forgotten', () => {
    const { database, seal, accept } = start();
    const transaction = () => assert.fail('it writes');
    const memory = commandMemoryOf({ ...database, transaction }, { seal, isTrusted: () => false });
    accept(command(1));
    memory.forget(1_000);
  });

  test('forgets two hundred at a time, the oldest first', () => {
    const { database, memory } = start();
    database.db
      .prepare(
        `INSERT INTO command (issuer_id, command_id, key_id, name, claims_hash, state, expires_at_ms)
         WITH RECURSIVE each(number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM each WHERE number < 250)
         SELECT 'head-office', 'command-' || number, 'key', 'enrol-person', x'00', 'answered', 251 - number FROM each`,
      )
      .run();
    memory.forget(1_000);
    const left = database.db.prepare('SELECT count(*), max(expires_at_ms), min(expires_at_ms) FROM command');
    assert.deepEqual(left.raw().get(), [50, 250, 201]);
    memory.forget(1_000);
    assert.deepEqual(left.raw().get(), [0, null, null]);
  });
});
