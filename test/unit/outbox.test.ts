import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outboxEntranceOf, outboxOf } from '../../daemon/core/records/outbox/outbox.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { openMemoryDatabase } from '../support/memory-database.js';

/** An outbox with events of these kinds, numbered from 1, each recorded at a hundred times its number. */
function start(...kinds: readonly EventKind[]) {
  const database = openMemoryDatabase(recordsMigrations);
  const outbox = outboxOf(database, { ageMs: (sequence, recordedAtMs) => sequence * 1_000 + recordedAtMs });
  const entrance = outboxEntranceOf(database);
  const event = database.db.prepare(`
    INSERT INTO event (sequence, id, kind, command_id, occurred_at_ms, recorded_at_ms, payload)
    VALUES (?, ?, ?, ?, 1, ?, ?)`);
  for (const [index, kind] of kinds.entries()) {
    const sequence = index + 1;
    const recordedAtMs = sequence * 100;
    const commandId = kind === 'reply' ? 'command-1' : null;
    event.run(sequence, `e-${sequence}`, kind, commandId, recordedAtMs, Uint8Array.of(sequence, 0));
    entrance.add({ sequence, kind, recordedAtMs: recordedAtMs + 0.75, sizeBytes: 2 });
  }
  database.db.prepare("UPDATE counter SET value = ? WHERE name = 'event'").run(kinds.length);
  const sequences = (rows: readonly { readonly sequence: number }[]) => rows.map(({ sequence }) => sequence);
  return {
    ...{ database, outbox },
    pending: () => sequences(outbox.pending(0, 100, [])),
    pendingForCentre: () => sequences(outbox.forCentre.pending(0, 100, [])),
  };
}

describe('the outbox', () => {
  test('gives what waits in its order, as it was recorded', () => {
    const { outbox } = start('attack', 'reply', 'camera');
    const row = { isAgain: false, commandId: null };
    assert.deepEqual(
      outbox.pending(0, 100, []).map((each) => ({ ...each, payload: each.payload[0] })),
      [
        { ...row, sequence: 1, kind: 'attack', payload: 1, ageMs: 1_100 },
        { ...row, sequence: 2, kind: 'reply', payload: 2, ageMs: 2_200, commandId: 'command-1' },
        { ...row, sequence: 3, kind: 'camera', payload: 3, ageMs: 3_300 },
      ],
    );
    const sequences = (...asked: Parameters<typeof outbox.pending>) =>
      outbox.pending(...asked).map(({ sequence }) => sequence);
    assert.deepEqual(sequences(1, 100, []), [2, 3]);
    assert.deepEqual(sequences(0, 2, []), [1, 2]);
    assert.deepEqual(sequences(0, 100, ['reply', 'attack']), [3]);
  });

  test('counts what waits, of each kind and together, and since when', () => {
    const { outbox } = start('attack', 'camera', 'camera');
    assert.deepEqual(outbox.counts(), [
      { kind: 'attack', count: 1, sizeBytes: 2, givenUp: 0 },
      { kind: 'camera', count: 2, sizeBytes: 4, givenUp: 0 },
    ]);
    assert.deepEqual(outbox.oldest(), [
      { kind: 'attack', sinceMs: 100 },
      { kind: 'camera', sinceMs: 200 },
    ]);
    assert.deepEqual([outbox.depth(), outbox.forCentre.depth()], [3, 3]);
    assert.deepEqual([outbox.newestSequence(), outbox.forCentre.newestSequence()], [3, 3]);
    outbox.acknowledge([1]);
    assert.deepEqual(outbox.oldest(), [{ kind: 'camera', sinceMs: 200 }]);
    assert.equal(outbox.depth(), 2);
    assert.equal(start().outbox.depth(), 0);
  });

  test('forgets what a broker has taken, also over a new connection', () => {
    const { outbox, pending } = start('attack', 'camera', 'camera');
    outbox.begin();
    outbox.acknowledge([2, 2]);
    assert.deepEqual(pending(), [1, 3]);
    assert.deepEqual([1, 2].map(outbox.deliveryOf), ['waiting', 'delivered']);
    outbox.begin();
    assert.deepEqual(pending(), [1, 3]);
    outbox.acknowledge([]);
    assert.deepEqual(pending(), [1, 3]);
  });
});

describe('the outbox for a centre', () => {
  test('keeps what the broker has taken, and sends it again over a new connection', () => {
    const { outbox, pending, pendingForCentre } = start('attack', 'camera', 'camera');
    const { forCentre } = outbox;
    forCentre.begin();
    forCentre.acknowledge([1, 2]);
    assert.deepEqual(pendingForCentre(), [3]);
    assert.deepEqual(pending(), [1, 2, 3], 'a broker alone would get all of them');
    assert.equal(outbox.keptForCentreCount(), 2);
    assert.deepEqual([1, 3].map(outbox.deliveryOf), ['kept-for-centre', 'waiting']);
    forCentre.begin();
    assert.deepEqual(pendingForCentre(), [1, 2, 3]);
    forCentre.acknowledge([1]);
    assert.deepEqual(pendingForCentre(), [2, 3]);
  });

  test('tells connections apart over restarts', () => {
    const { database, outbox } = start('attack');
    outbox.forCentre.begin();
    outbox.forCentre.acknowledge([1]);
    const again = outboxOf(database, { ageMs: () => 0 });
    assert.equal(again.forCentre.pending(0, 10, []).length, 1);
    again.forCentre.begin();
    assert.equal(again.forCentre.pending(0, 10, []).length, 1);
  });

  test('forgets what the centre has stored of what was sent', () => {
    const { outbox, pending } = start('attack', 'camera', 'camera', 'camera');
    const { forCentre, centre } = outbox;
    forCentre.begin();
    assert.equal(centre.confirmUpTo(4, []), 0, 'nothing was sent');
    assert.equal(centre.confirmed(), 0);
    forCentre.acknowledge([1, 3]);
    assert.equal(centre.confirmUpTo(2, []), 1);
    assert.equal(centre.confirmed(), 2);
    assert.deepEqual(pending(), [2, 3, 4], 'the second was not sent');
    assert.equal(centre.confirmUpTo(100, []), 1);
    assert.equal(centre.confirmed(), 3, 'no further than what was sent');
    assert.equal(centre.confirmUpTo(1, []), 0);
    assert.equal(centre.confirmed(), 3, 'it never decreases');
    assert.equal(centre.confirmUpTo(4, [4]), 1, 'the centre may be faster than the broker');
    assert.equal(centre.confirmed(), 4);
    assert.deepEqual(pending(), [2]);
  });

  test('counts as sent what a broker took before there was a centre', () => {
    const { outbox } = start('attack', 'camera');
    outbox.acknowledge([]);
    outbox.centre.confirmUpTo(9, []);
    assert.equal(outbox.centre.confirmed(), 0);
    outbox.acknowledge([2]);
    outbox.acknowledge([1]);
    outbox.acknowledge([]);
    assert.equal(outbox.centre.confirmUpTo(9, []), 0);
    assert.equal(outbox.centre.confirmed(), 2);
  });

  test('begins from nothing where somebody has removed the counters of the file', () => {
    const { database, outbox } = start('attack');
    database.db.exec('DELETE FROM counter');
    assert.equal(outbox.newestSequence(), 0);
    assert.equal(outbox.centre.confirmed(), 0);
    outbox.centre.keep([1], 7);
    assert.equal(outbox.centre.confirmUpTo(1, []), 0);
    assert.equal(outbox.keptForCentreCount(), 1);
  });
});

describe('events that are put back', () => {
  test('are sent again, whether they were delivered, kept or given up, and others stay as they wait', () => {
    const { database, outbox, pendingForCentre } = start('attack', 'camera', 'camera', 'camera');
    outbox.forCentre.begin();
    outbox.forCentre.acknowledge([2]);
    outbox.acknowledge([1]);
    database.db.exec('DELETE FROM outbox WHERE sequence = 3; INSERT INTO given_up VALUES (3)');
    assert.equal(outbox.deliveryOf(3), 'given-up');
    assert.deepEqual(outbox.putBack({ first: 1, last: 4 }, { nowMs: 5_000.5, limit: 10 }), {
      count: 3,
      through: 4,
    });
    assert.deepEqual(pendingForCentre(), [1, 2, 3, 4]);
    assert.deepEqual(
      outbox.pending(0, 10, []).map(({ isAgain }) => isAgain),
      [true, true, true, false],
    );
    assert.deepEqual(
      database.db.prepare('SELECT since_ms FROM outbox ORDER BY sequence').pluck().all(),
      [5_000, 5_000, 5_000, 400],
    );
    outbox.acknowledge([3]);
    assert.equal(outbox.deliveryOf(3), 'delivered', 'it counts no longer as given up');
  });

  test('are as many at a time as are asked for', () => {
    const { outbox } = start('attack', 'camera', 'camera', 'camera');
    outbox.acknowledge([1, 2, 3, 4]);
    assert.deepEqual(outbox.putBack({ first: 2, last: 9 }, { nowMs: 1, limit: 2 }), { count: 2, through: 3 });
    assert.deepEqual(outbox.putBack({ first: 4, last: 9 }, { nowMs: 1, limit: 2 }), { count: 1, through: 4 });
    assert.deepEqual(outbox.putBack({ first: 5, last: 9 }, { nowMs: 1, limit: 2 }), { count: 0, through: 9 });
  });

  test('are missing where the records have them no more, in ranges', () => {
    const { database, outbox } = start(...Array.from({ length: 9 }, (): EventKind => 'camera'));
    database.db.exec('DELETE FROM outbox; DELETE FROM event WHERE sequence IN (1, 4, 5, 9)');
    assert.deepEqual(outbox.missing({ first: 1, last: 9 }, 10), {
      count: 4,
      ranges: [
        { first: 1, last: 1 },
        { first: 4, last: 5 },
        { first: 9, last: 9 },
      ],
    });
    assert.deepEqual(outbox.missing({ first: 2, last: 8 }, 10), {
      count: 2,
      ranges: [{ first: 4, last: 5 }],
    });
    assert.deepEqual(outbox.missing({ first: 1, last: 9 }, 1), { count: 4, ranges: [{ first: 1, last: 1 }] });
    assert.deepEqual(outbox.missing({ first: 2, last: 3 }, 10), { count: 0, ranges: [] });
  });
});
