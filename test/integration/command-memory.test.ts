import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { AcceptedCommand } from '../../daemon/records/commands/command-memory.js';
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
