import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NewAuditEntry, refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { ReadingTrail, readingEntries } from '../../daemon/core/audit/reading-trail.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const root: Actor = { actor: 'uid:0', origin: 'local socket pid 1' };
const officer: Actor = { actor: 'uid:1000', origin: 'local socket pid 2' };
const { most, everyMs } = readingEntries;

function trail() {
  const entries: NewAuditEntry[] = [];
  const clock = new VirtualClock(0);
  const log = {
    failure: undefined as Error | undefined,
    append(entry: NewAuditEntry) {
      if (log.failure !== undefined) throw log.failure;
      entries.push(entry);
      return { sequence: entries.length, hash: '' };
    },
  };
  const readings = new ReadingTrail({ audit: log, clock, logger: silentLogger });
  const read = (count: number, by = root): void => {
    for (let index = 0; index < count; index += 1) {
      readings.note({ by, action: 'person.read', subject: 'p-0', details: { persons: 1 } });
    }
  };
  return { entries, clock, log, readings, read };
}

describe('the trail of readings', () => {
  test('has an entry for each reading of an ordinary day', () => {
    const { entries, read } = trail();
    read(most);
    assert.equal(entries.length, most);
    assert.ok(entries.every(({ details }) => details?.['readingsBefore'] === undefined));
  });

  test('counts the readings of a loop, and writes the newest a minute later', () => {
    const { entries, clock, read } = trail();
    read(most + 100);
    clock.advanceBy(59_999);
    assert.equal(entries.length, most);
    clock.advanceBy(1);
    assert.deepEqual(entries.slice(most), [
      {
        by: root,
        action: 'person.read',
        subject: 'p-0',
        details: { persons: 1, readingsBefore: 99 },
      },
    ]);
    clock.advanceBy(10 * everyMs);
    assert.equal(entries.length, most + 1, 'no reading is written twice');
  });

  test('names every subject when an actor reads more photos than have an entry each', () => {
    const { entries, clock, readings } = trail();
    const ids = Array.from({ length: most + 400 }, (_, index) => `p-${String(index).padStart(34, '0')}`);
    for (const subject of ids) {
      readings.note({ by: root, action: 'person.photograph-read', subject, details: { photographs: 1 } });
    }
    clock.advanceBy(everyMs);
    for (const entry of entries) refuseMisshapen(entry);
    const named = entries.flatMap(({ subject, details = {} }) => [
      subject,
      ...Object.entries(details).flatMap(([name, value]) =>
        name.startsWith('subjects') ? String(value).split(',') : [],
      ),
    ]);
    assert.deepEqual(named.toSorted(), ids);
    assert.ok(entries.length < most + 20, `${entries.length} entries`);
    const told = entries.map(({ details }) => 1 + Number(details?.['readingsBefore'] ?? 0));
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      ids.length,
    );
  });

  test('writes one entry a minute for a loop that never stops, and counts every reading', () => {
    const { entries, clock, read } = trail();
    read(most);
    for (let second = 0; second < 600; second += 1) {
      clock.advanceBy(1_000);
      read(1);
    }
    clock.advanceBy(everyMs);
    const later = entries.slice(most);
    assert.ok(later.length <= 12, `${later.length} entries in 10 minutes`);
    const told = later.map(({ details }) => 1 + Number(details?.['readingsBefore'] ?? 0));
    assert.equal(
      told.reduce((sum, count) => sum + count, 0),
      600,
    );
  });

  test('hides no reading of another actor, and none of another kind', () => {
    const { entries, readings, read } = trail();
    read(most + 1000);
    read(1, officer);
    assert.equal(entries.at(-1)?.by, officer);
    readings.note({ by: root, action: 'camera.watched', subject: 'door' });
    read(1000);
    assert.equal(entries.at(-1)?.action, 'camera.watched');
  });

  test('writes waiting entries when the daemon stops', async () => {
    const { entries, readings, read } = trail();
    read(most + 2);
    await readings[Symbol.asyncDispose]();
    assert.equal(entries.at(-1)?.details?.['readingsBefore'], 1);
  });

  test('shows no names if the entry cannot be written', () => {
    const { log, read } = trail();
    log.failure = operational('disk-full', 'the disk is full');
    assert.throws(() => read(1), { code: 'disk-full' });
  });
});
