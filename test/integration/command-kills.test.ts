import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import { newIssuer, token, trust } from '../support/command-centre.js';
import { finalReplies } from '../support/final-replies.js';
import { runAndKill } from '../support/killed-child.js';
import { openTestRecords } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const commandCount = 120;
const killCount = 10;

describe('commands and kills', () => {
  test(`no command of ${commandCount} is executed twice across ${killCount} kills, and each is answered`, async () => {
    await using directory = await temporaryDirectory();
    const issuer = await newIssuer();
    const ids = Array.from({ length: commandCount }, () => randomUUID());
    const tokens: string[] = [];
    for (const [index, id] of ids.entries()) {
      const bytes = await token(issuer, {
        command: 'resend-events',
        id,
        arguments: { from: index + 1 },
        lifetimeS: 3600,
      });
      tokens.push(bytes.toString('latin1'));
    }
    writeFileSync(join(directory.path, 'tokens'), tokens.join('\n'));
    const path = join(directory.path, 'records.db');
    {
      await using records = openTestRecords(path);
      await trust(records.commands.trust, issuer);
    }
    const random = seededRandom(7);
    for (let kill = 0; kill < killCount; kill += 1) {
      const lifeMs = 20 + random.unit() * 80;
      // The first kill surely hits a command that runs; when the others come depends on the machine.
      if (kill === 0) await runAndKill('command-child.ts', [directory.path, '3'], 0, /^running$/);
      else await runAndKill('command-child.ts', [directory.path], lifeMs);
    }
    // The last process lives until all are answered, however busy the machine is.
    await runAndKill('command-child.ts', [directory.path], 0, /^answered$/);
    const file = join(directory.path, 'executed');
    const executed = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
    assert.equal(new Set(executed).size, executed.length, 'a command was executed twice');
    await using records = openTestRecords(path);
    const all = finalReplies(records);
    for (const [index, id] of ids.entries()) {
      const own = all.filter((reply) => reply.id === id);
      const outcomes = new Set(own.map(({ outcome, code = '' }) => `${outcome} ${code}`));
      assert.equal(outcomes.size, 1, `command ${index + 1} has one answer: ${[...outcomes]}`);
      const [outcome] = outcomes;
      if (outcome === 'done ') assert.ok(executed.includes(index + 1));
      else assert.equal(outcome, 'failed interrupted');
    }
    const interrupted = new Set(all.filter(({ code }) => code === 'interrupted').map(({ id }) => id)).size;
    assert.ok(interrupted > 0, 'no kill interrupted a command');
    assert.ok(interrupted <= killCount, 'a kill interrupts at most one command');
  });
});
