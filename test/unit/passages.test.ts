import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StoredPassage } from '../../daemon/core/passages/passage-journal.js';
import { PassageJournal } from '../../daemon/core/passages/passage-journal.js';
import { type PassageSeal, temporaryPassageSeal } from '../../daemon/core/passages/passage-seal.js';
import { recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { cameraId, personId, strangerId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { passageWithoutPerson } from '../../daemon/kernel/passages/passage-story.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { passageEpochMs, passageIdOf, passageOf } from '../support/passage-fixture.js';

const ada = personId('p-ada');
const grace = personId('p-grace');
const eve = personId('p-eve');
const quarterMs = 900_000;
const known = strangerId('s-1');

/** A stranger who passed the gate. */
const strangerOf = (number: number, changes: Partial<Passage> = {}): Passage => {
  const { personId: _, ...rest } = passageOf(number, {
    outcome: 'stranger',
    reason: 'stranger',
    nearest: [],
  });
  return { ...rest, stranger: { id: known, visit: number }, ...changes };
};
const openOf = (passage: Passage): Passage => {
  const { end: _, ...open } = passage;
  return open;
};

function start(changes: Partial<PassageSeal> = {}) {
  const database = openMemoryDatabase(recordsMigrations);
  database.db.pragma('foreign_keys = ON');
  const seal: PassageSeal = { ...temporaryPassageSeal(), ...changes };
  const passages = new PassageJournal(database, seal);
  const listed = (query: Partial<Parameters<typeof passages.list>[0]> = {}) =>
    passages.list({ limit: 100, ...query }).map(({ number }) => number);
  const put = (...all: readonly Passage[]): void => {
    for (const passage of all) passages.put(passage);
  };
  const found = (number: number): Passage | undefined => passages.find(passageIdOf(number))?.passage;
  return { database, seal, passages, listed, put, found };
}

describe('a passage in the records', () => {
  test('comes back as it was put, in whole milliseconds', () => {
    const { passages, put, found } = start();
    const openness = { fromMs: 40.4, packed: Uint8Array.of(0, 150, 4, 255) };
    const all = [
      passageOf(1),
      strangerOf(2),
      openOf(passageOf(3, { assignedTo: eve })),
      passageOf(4, { openness: { ...openness, fromMs: 40 } }),
    ];
    put(...all.slice(0, 3), { ...passageOf(4), openness });
    assert.deepEqual(
      passages.list({ limit: 9 }),
      all.map((passage, index) => ({ number: index + 1, id: passage.id, passage })),
    );
    const { startedAtMs, lastSeenMs } = passageOf(5);
    put(passageOf(5, { startedAtMs: startedAtMs + 0.75, lastSeenMs: lastSeenMs + 0.75 }));
    assert.deepEqual(found(5), passageOf(5));
    assert.equal(found(9), undefined);
  });

  test('is replaced by its id, with the persons whom it names', () => {
    const { listed, put, found } = start();
    put(passageOf(1), passageOf(2));
    put(passageOf(1, { personId: grace, outcome: 'unproven', reason: 'no-blink' }));
    assert.deepEqual(listed(), [1, 2]);
    assert.equal(found(1)?.personId, grace);
    assert.deepEqual([listed({ personId: ada }), listed({ personId: grace })], [[2], [1]]);
  });

  test('is found between the first and the last number of a time', () => {
    const { passages, put } = start();
    // Numbers are in the order in which passages were written, which is not that of their times.
    put(passageOf(5), passageOf(3), passageOf(1), passageOf(2), passageOf(4));
    const at = (number: number): number => passageOf(number).startedAtMs;
    assert.deepEqual(passages.numbersBetween(at(2), at(4)), { first: 2, last: 4 });
    assert.equal(passages.numbersBetween(at(6), at(9)), undefined);
  });

  test('is found by every part of a query, and by the beginning of its id', () => {
    const { passages, listed, put } = start();
    put(
      passageOf(1),
      passageOf(2, { cameraId: cameraId('yard'), outcome: 'unproven', reason: 'no-blink' }),
      strangerOf(3),
      passageOf(4, { personId: grace }),
    );
    const at = (number: number): number => passageOf(number).startedAtMs;
    for (const [query, expected] of [
      [{}, [1, 2, 3, 4]],
      [{ limit: 2 }, [3, 4]],
      [{ limit: 2, keep: 'newest' }, [3, 4]],
      [{ limit: 2, keep: 'oldest' }, [1, 2]],
      [{ cameraIds: [cameraId('yard')] }, [2]],
      [{ cameraIds: [] }, []],
      [{ personId: ada }, [1, 2]],
      [{ personId: eve }, []],
      [{ strangerId: known }, [3]],
      [{ outcome: 'unproven' }, [2]],
      [{ reason: 'attended' }, [1, 4]],
      [{ ids: [passageIdOf(4), passageIdOf(9)] }, [4]],
      [{ sinceMs: at(2), beforeMs: at(4) }, [2, 3]],
      [{ afterNumber: 1, beforeNumber: 4 }, [2, 3]],
      [{ personId: ada, reason: 'attended' }, [1]],
    ] as const)
      assert.deepEqual(listed(query), expected, JSON.stringify(query));
    const beginning = (text: string, limit: number) =>
      passages.beginningWith(text, limit).map(({ number, passage }) => [number, passage?.id]);
    assert.deepEqual(beginning('0195f000-0000-7000-8000-00000000000', 2), [
      [1, passageIdOf(1)],
      [2, passageIdOf(2)],
    ]);
    assert.deepEqual(beginning(passageIdOf(3), 9), [[3, passageIdOf(3)]]);
  });

  test('is found under each tag of its person', () => {
    const { tagsOf } = temporaryPassageSeal();
    const { listed, put } = start({
      tagsOf: (person) => [...tagsOf(person === ada ? grace : eve), ...tagsOf(person)],
    });
    put(passageOf(1, { personId: ada }));
    assert.deepEqual(listed({ personId: ada }), [1]);
    assert.deepEqual(listed({ personId: grace }), [1], 'the second tag of the one is the first of the other');
    assert.deepEqual(listed({ personId: eve }), []);
  });

  test('counts by camera, quarter of an hour, outcome and reason, once it has ended', () => {
    const { passages, put } = start();
    const at = (startedAtMs: number): Partial<Passage> => ({ startedAtMs, lastSeenMs: startedAtMs });
    put(
      passageOf(1, at(passageEpochMs)),
      passageOf(2, at(passageEpochMs + quarterMs - 1)),
      passageOf(3, at(passageEpochMs + quarterMs)),
      strangerOf(4, at(passageEpochMs + 5)),
      openOf(passageOf(5, at(passageEpochMs))),
    );
    const counts = passages.counts(passageEpochMs, passageEpochMs + quarterMs);
    const row = { cameraId: 'gate', quarterMs: passageEpochMs };
    assert.deepEqual(counts, [
      { ...row, outcome: 'attended', reason: 'attended', count: 2 },
      { ...row, outcome: 'stranger', reason: 'stranger', count: 1 },
    ]);
    assert.deepEqual(
      passages.counts(passageEpochMs + 1, passageEpochMs + quarterMs + 1).map(({ count }) => count),
      [1, 1, 1],
    );
  });

  test('is unreadable where somebody altered its row', () => {
    for (const change of [
      "camera_id = 'yard'",
      "outcome = 'stranger'",
      "reason = 'no-blink'",
      "ended_as = 'box-stopped'",
      'ended_as = NULL',
      'started_at_ms = started_at_ms + 1',
      'last_seen_ms = last_seen_ms + 1',
    ]) {
      const { database, put, found, passages } = start();
      put(passageOf(1));
      database.db.exec(`UPDATE passage SET ${change}`);
      assert.equal(found(1), undefined, change);
      assert.equal(passages.find(passageIdOf(1))?.number, 1);
    }
  });

  test('is unreadable where somebody ended it by hand, but for an end with the box', () => {
    const ended = (endedAs: string, reason = 'attended', open = openOf(passageOf(1))) => {
      const { database, put, found } = start();
      put(open);
      database.db.prepare('UPDATE passage SET ended_as = ?, reason = ?').run(endedAs, reason);
      const passage = found(1);
      return passage && [passage.end, passage.reason];
    };
    assert.deepEqual(ended('box-stopped'), ['box-stopped', 'attended']);
    assert.equal(ended('box-stopped', 'no-blink'), undefined);
    assert.equal(ended('box-stopped', 'box-stopped'), undefined);
    assert.equal(ended('left'), undefined);
    const undecided = openOf(passageOf(1, { outcome: 'undecided', reason: 'too-few-views' }));
    assert.deepEqual(ended('box-stopped', 'box-stopped', undecided), ['box-stopped', 'box-stopped']);
    assert.equal(ended('box-stopped', 'too-few-views', undecided), undefined);
  });

  test('shows no half of a stranger', () => {
    const { database, put, found } = start();
    put(strangerOf(1), strangerOf(2));
    database.db.exec('UPDATE passage SET stranger_visit = NULL WHERE number = 1');
    database.db.exec('UPDATE passage SET stranger_id = NULL WHERE number = 2');
    assert.deepEqual([found(1)?.stranger, found(2)?.stranger], [undefined, undefined]);
    assert.ok(found(1) && found(2));
  });
});

describe('passages in sight', () => {
  test('are those without an end, which the box ends at its next start', () => {
    const { passages, put, found } = start();
    assert.deepEqual(passages.inSight(), { numbers: [], newest: 0 });
    assert.equal(passages.endOpen(), 0);
    put(openOf(passageOf(1)), passageOf(2));
    put(openOf(passageOf(3, { outcome: 'undecided', reason: 'too-few-views' })), passageOf(4));
    assert.deepEqual(passages.inSight(), { numbers: [1, 3], newest: 4 });
    assert.equal(passages.endOpen(), 2);
    assert.equal(passages.endOpen(), 0);
    assert.deepEqual(
      [1, 2, 3].map((number) => [found(number)?.end, found(number)?.reason]),
      [
        ['box-stopped', 'attended'],
        ['left', 'attended'],
        ['box-stopped', 'box-stopped'],
      ],
    );
    assert.deepEqual(passages.inSight(), { numbers: [], newest: 4 });
  });

  test('are ended without a write where there are none', () => {
    const { database, seal } = start();
    const transaction = () => assert.fail('it writes');
    assert.equal(new PassageJournal({ ...database, transaction }, seal).endOpen(), 0);
  });
});

describe('a person who is forgotten', () => {
  test('is named no more by a passage in sight, which keeps whom else it names', () => {
    const { nearest } = passageOf(1);
    const assigned = strangerOf(1, { assignedTo: ada, nearest });
    const nearestOf = (passage: Passage) => passage.nearest.map((near) => near.personId);
    const withoutAda = passageWithoutPerson(assigned, ada);
    assert.deepEqual([withoutAda.assignedTo, nearestOf(withoutAda)], [undefined, [grace]]);
    const withoutGrace = passageWithoutPerson(assigned, grace);
    assert.deepEqual([withoutGrace.assignedTo, nearestOf(withoutGrace)], [ada, [ada]]);
    const recognised = passageOf(2);
    const { outcome, reason, ...unnamed } = passageWithoutPerson(recognised, ada);
    assert.deepEqual([outcome, reason, unnamed.personId], ['refused', 'withdrawn', undefined]);
    assert.deepEqual(passageWithoutPerson(recognised, grace), {
      ...recognised,
      nearest: recognised.nearest.slice(0, 1),
    });
  });

  test('takes their own passages along, and their name in those of others', () => {
    const { passages, listed, put, found } = start();
    put(passageOf(1), passageOf(2, { personId: grace }), strangerOf(3), strangerOf(4, { assignedTo: ada }));
    assert.equal(passages.forgetPerson(ada), 3);
    assert.deepEqual(listed(), [2, 3]);
    assert.deepEqual(
      found(2)?.nearest.map((near) => near.personId),
      [grace],
    );
    assert.deepEqual(listed({ personId: grace }), [2]);
    assert.equal(passages.forgetPerson(ada), 0);
  });

  test('takes along what cannot be sealed again without the name', () => {
    const change = { isOpen: false };
    const { seal, passages, put, listed, database } = start();
    put(passageOf(1, { personId: grace }), passageOf(2, { personId: grace }), strangerOf(3));
    const open = seal.open.bind(seal);
    const gone = new PassageJournal(database, {
      ...seal,
      open: (...args) => (args[0].id === passageIdOf(1) ? undefined : open(...args)),
    });
    assert.equal(gone.forgetPerson(ada), 2);
    assert.deepEqual(listed(), [2, 3], 'the first one does not open for now');
    const closed = new PassageJournal(database, {
      ...seal,
      ...change,
      open: () => assert.fail('it is sealed'),
    });
    assert.equal(closed.forgetPerson(grace), 1);
    assert.deepEqual(listed(), [3]);
    assert.equal(passages.forgetPerson(eve), 0);
  });
});

describe('the stranger of passages', () => {
  const other = strangerId('s-2');

  test('is moved to another one, in all passages or in some, and forgotten', () => {
    const { passages, put, listed, found } = start();
    put(strangerOf(1), strangerOf(2), strangerOf(3, { stranger: { id: other, visit: 7 } }));
    const owned = () => [known, other].map((id) => listed({ strangerId: id }));
    passages.moveStranger(known, other, [passageIdOf(2), passageIdOf(3)]);
    assert.deepEqual(owned(), [[1], [2, 3]]);
    passages.moveStranger(known, other, []);
    assert.deepEqual(owned(), [[1], [2, 3]]);
    passages.moveStranger(known, other);
    assert.deepEqual(owned(), [[], [1, 2, 3]]);
    assert.deepEqual(found(3)?.stranger, { id: other, visit: 7 });
    passages.forgetStranger(other);
    assert.deepEqual(owned(), [[], []]);
    assert.equal(found(3)?.stranger, undefined);
    assert.deepEqual(listed(), [1, 2, 3]);
  });

  test('may be an enrolled person, until that is taken back', () => {
    const { passages, put, listed, found } = start();
    put(strangerOf(1), strangerOf(2, { stranger: { id: other, visit: 1 } }));
    passages.assignStranger(known, ada);
    assert.deepEqual(found(1), { ...strangerOf(1), assignedTo: ada });
    assert.deepEqual(listed({ personId: ada }), [1]);
    assert.deepEqual(listed({ strangerId: known }), [1], 'it can be taken back');
    assert.deepEqual(found(2), strangerOf(2, { stranger: { id: other, visit: 1 } }));
    passages.unassignStranger(known);
    assert.deepEqual(found(1), strangerOf(1));
    assert.deepEqual(listed({ personId: ada }), []);
  });

  test('is not assigned where nothing could later say whose the passage is: it goes', () => {
    const { database, passages, put, listed } = start();
    put(strangerOf(1), strangerOf(2), strangerOf(3));
    database.db.exec('UPDATE passage SET last_seen_ms = 0 WHERE number IN (1, 2)');
    passages.unassignStranger(known);
    assert.deepEqual(listed(), [1, 2, 3]);
    passages.assignStranger(known, ada);
    assert.deepEqual(listed(), [3]);
    assert.deepEqual(listed({ personId: ada }), [3]);
  });
});

describe('who listens to passages', () => {
  test('hears of each after its commit, until they stop listening', async () => {
    const { database, passages, put } = start();
    const heard: StoredPassage[] = [];
    put(passageOf(9));
    const stop = passages.onWritten((stored) => void heard.push(stored));
    put(passageOf(1));
    assert.equal(heard.length, 0);
    await Promise.resolve();
    assert.deepEqual(heard, [{ number: 2, id: passageIdOf(1), passage: passageOf(1) }]);
    heard.length = 0;
    assert.throws(() =>
      database.transaction(() => {
        put(passageOf(2));
        throw new Error('the disk is full');
      }),
    );
    put(passageOf(3), passageOf(3, { reason: 'no-blink' }));
    await Promise.resolve();
    assert.deepEqual(
      heard.map(({ id, passage }) => [id, passage?.reason]),
      [[passageIdOf(3), 'no-blink']],
      'neither of one that was rolled back, nor twice of one',
    );
    stop();
    put(passageOf(4));
    await Promise.resolve();
    assert.equal(heard.length, 1);
  });
});

test('a seal of one process opens beside the same fields only, and in no other process', () => {
  const seal = temporaryPassageSeal();
  const place = passageOf(1);
  const content = seal.seal(place, Uint8Array.of(1, 2, 3));
  assert.equal(seal.isOpen, true);
  assert.deepEqual(Uint8Array.from(seal.open(place, content) ?? []), Uint8Array.of(1, 2, 3));
  for (const change of [
    { id: passageIdOf(2) },
    { cameraId: cameraId('yard') },
    { startedAtMs: 1 },
    { lastSeenMs: 1 },
    { outcome: 'stranger' as const },
  ])
    assert.equal(seal.open({ ...place, ...change }, content), undefined, JSON.stringify(change));
  assert.equal(temporaryPassageSeal().open(place, content), undefined);
  assert.notDeepEqual(seal.seal(place, Uint8Array.of(1, 2, 3)).sealed, content.sealed);
  assert.deepEqual(seal.tagsOf(ada), seal.tagsOf(ada));
  assert.notDeepEqual(seal.tagsOf(ada), seal.tagsOf(grace));
  assert.notDeepEqual(seal.tagsOf(ada), temporaryPassageSeal().tagsOf(ada));
});
