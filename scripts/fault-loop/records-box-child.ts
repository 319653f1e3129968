// A process that records, delivers and executes with the parts of the daemon, to be killed: its arguments are a folder and the
// number of its life.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { attackFact, attendanceFact, unknownFact } from '../../test/support/facts.js';
import { openMarkedRecords } from '../../test/support/marked-records.js';

/** What the processes say of what they did, one line each, by one system call: outside of SQLite and of the mark. */
export const wordsPath = (folder: string): string => join(folder, 'words');

/** A line of what was done: its first word says what. */
export type Word = 'sent' | 'recorded' | 'state' | 'executed';

export const commandOf = (commandId: string, issuedAtMs: number) => ({
  ...{ issuerId: 'centre', keyId: 'key', name: 'set-camera', arguments: '{}', commandId, issuedAtMs },
  ...{ expiresAtMs: issuedAtMs + 86_400_000, claimsHash: new Uint8Array(32) },
});

export const commandLimits = { commands: 32, bytes: 1e6 };

/** Begins what waits, and says what it executed. */
function execute(records: RecordStores, say: (word: Word, text: string) => void): void {
  const { memory } = records.commands;
  const next = memory.nextWaiting();
  if (next === undefined || !memory.begin(next.number)) return;
  say('executed', next.commandId);
  const { commandId, name: command } = next;
  const reply = { kind: 'reply', commandId, command, outcome: 'done', occurredAtMs: Date.now() } as const;
  records.record(reply, () => memory.answered(next.number, '{}'));
}

/** Delivers the waiting events to the parent and acknowledges them. */
export function deliver(records: RecordStores, most: number, take: (payload: string) => void): number {
  const rows = records.outbox.pending(0, most, []);
  for (const { payload } of rows) take(Buffer.from(payload).toString());
  records.outbox.acknowledge(rows.map(({ sequence }) => sequence));
  return rows.length;
}

async function live(folder: string, life: string): Promise<void> {
  const say = (word: Word, text: string): void => appendFileSync(wordsPath(folder), `${word} ${text}\n`);
  await using records = openMarkedRecords({ folder });
  const { memory } = records.commands;
  process.send?.('open');
  const make = [attendanceFact, unknownFact, attackFact] as const;
  for (let step = 0; ; step += 1) {
    const { sequence, id } = records.record((make[step % make.length] ?? attendanceFact)());
    say('recorded', `${sequence} ${id}`);
    if (step % 3 === 1) deliver(records, 2, (payload) => say('sent', payload));
    if (step % 4 === 2) memory.accept(commandOf(`${life}-${step}`, Date.now()), commandLimits);
    if (step % 4 === 3) execute(records, say);
    if (step % 8 === 5) say('state', `${records.takeStateSequences(32)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const [folder, life] = process.argv.slice(2);
if (folder !== undefined && life !== undefined && process.send !== undefined) await live(folder, life);
