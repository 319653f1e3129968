import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newEventId, newPassageId } from '../../daemon/core/records/event-id.js';
import { copyBestViews, wipeViews } from '../../daemon/core/sightings/face-views.js';
import { searchedProbes } from '../../daemon/core/sightings/gallery-search.js';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import { PassageEndings } from '../../daemon/core/sightings/passage-endings.js';
import { RecentStrangers } from '../../daemon/core/sightings/recent-strangers.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { Fact } from '../../daemon/kernel/events/event.js';
import type { Probe } from '../../daemon/kernel/identification/match.js';
import { cameraId, eventId, passageId, personId, recogniserId } from '../../daemon/kernel/ids.js';
import type { Passage } from '../../daemon/kernel/passages/passage.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type { StrangerSight } from '../../daemon/kernel/strangers/stranger-book.js';
import { CountedTimers } from '../support/counted-timers.js';
import {
  ambiguousFact,
  attackFact,
  attendanceFact,
  refusedFact,
  unprovenFact,
  watchedFact,
} from '../support/facts.js';
import { aPassage } from '../support/passages.js';
import { sightingOf } from '../support/sightings.js';

const gate = cameraId('gate');
const yard = cameraId('yard');
const ada = personId('person-1');
const grace = personId('person-2');

const view = (quality: number, capturedAtMs = 0): Probe => ({
  ...{ quality, capturedAtMs },
  embedding: Float32Array.of(quality, capturedAtMs),
});
const named = (number: number, changes: Partial<Passage> = {}): Passage =>
  aPassage({ id: passageId(`passage-${number}`), ...changes });

describe('the views of a face', () => {
  test('that are kept are the five best, the best first, and of equals the earliest', () => {
    const all = [view(0.5), view(0.9, 30), view(0.1), view(0.9, 10), view(0.7), view(0.8), view(0.2)];
    assert.deepEqual(
      copyBestViews(all).map(({ quality, capturedAtMs }) => [quality, capturedAtMs]),
      [
        [0.9, 10],
        [0.9, 30],
        [0.8, 0],
        [0.7, 0],
        [0.5, 0],
      ],
    );
    assert.equal(all[0]?.quality, 0.5, 'what was given keeps its order');
  });

  test('that are kept are copies, which are overwritten at the end', () => {
    const given = view(0.5, 2);
    const kept = copyBestViews([given]);
    wipeViews(kept);
    assert.deepEqual(kept[0]?.embedding, Float32Array.of(0, 0));
    assert.deepEqual(given.embedding, Float32Array.of(0.5, 2));
  });
});

describe('ids', () => {
  test('are UUIDs of version 7 with their time and chance', () => {
    const atMs = Date.UTC(2026, 2, 2, 7, 0, 0);
    const made = [newEventId, newPassageId].map((make) => make(atMs + 0.75, seededRandom(1)));
    assert.equal(made[0], made[1]);
    for (const id of made) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(Number.parseInt(id.replace('-', '').slice(0, 12), 16), atMs);
    }
    assert.notEqual(newEventId(atMs, seededRandom(1)), newEventId(atMs, seededRandom(2)));
    const most = newEventId(atMs, { unit: () => 1 - 2 ** -32 });
    assert.match(most, /ff-bfff-f{12}$/, 'every bit is drawn');
  });
});

describe('a search for a sighting', () => {
  test('asks for five persons for each probe, and keeps what the probe was', async () => {
    const asked: unknown[] = [];
    const sighting = sightingOf({ probes: [view(0.5, 3), view(0.6, 4)], recogniser: recogniserId('r') });
    const found = await searchedProbes(sighting, async (embedding, options) => {
      asked.push([...embedding.map((value) => Math.round(value * 10)), options]);
      return [{ personId: ada, similarity: 0.5 }];
    });
    assert.deepEqual(asked, [
      [5, 30, { count: 5, recogniser: 'r' }],
      [6, 40, { count: 5, recogniser: 'r' }],
    ]);
    const candidates = [{ personId: ada, similarity: 0.5 }];
    assert.deepEqual(found, [
      { capturedAtMs: 3, quality: 0.5, candidates },
      { capturedAtMs: 4, quality: 0.6, candidates },
    ]);
  });
});

describe('passages that ended without a last sighting', () => {
  function start() {
    const written: string[] = [];
    const failures: Error[] = [];
    const endings = new PassageEndings({
      write({ id }) {
        const [failure] = failures;
        if (failure !== undefined) {
          failures.shift();
          throw failure;
        }
        written.push(id);
      },
    });
    for (const number of [1, 2, 3]) endings.add(named(number));
    return { endings, written, failures };
  }
  const all = ['passage-1', 'passage-2', 'passage-3'];

  test('are written once, in their order', () => {
    const { endings, written } = start();
    endings.write();
    endings.write();
    assert.deepEqual(written, all);
  });

  test('wait where the store fails for now', () => {
    const { endings, written, failures } = start();
    failures.push(operational('disk-full', 'no room', { retryable: true }));
    assert.throws(() => endings.write(), /no room/);
    assert.deepEqual(written, []);
    endings.write();
    assert.deepEqual(written, all);
  });

  test('are dropped one by one where they can never be written', () => {
    const { endings, written, failures } = start();
    failures.push(operational('gallery-sealed', 'no key'));
    endings.write();
    assert.deepEqual(written, ['passage-2', 'passage-3']);
    endings.write();
    assert.equal(written.length, 2);
  });

  test('are dropped at a mistake of the program, which is told', () => {
    const { endings, written, failures } = start();
    failures.push(new TypeError('a mistake'));
    assert.throws(() => endings.write(), /a mistake/);
    endings.write();
    assert.deepEqual(written, ['passage-2', 'passage-3']);
  });

  test('may stay unwritten for now without a word, but a mistake is told', () => {
    const { endings, written, failures } = start();
    failures.push(operational('disk-full', 'no room', { retryable: true }));
    endings.tryToWrite();
    assert.deepEqual(written, []);
    failures.push(new TypeError('a mistake'));
    assert.throws(() => endings.tryToWrite(), /a mistake/);
    endings.tryToWrite();
    assert.deepEqual(written, ['passage-2', 'passage-3']);
  });

  test('name nobody who was removed meanwhile', () => {
    const written: Passage[] = [];
    const endings = new PassageEndings({ write: (passage) => void written.push(passage) });
    for (const [number, person] of [
      [1, ada],
      [2, grace],
      [3, ada],
    ] as const)
      endings.add(named(number, { personId: person, outcome: 'attended', reason: 'attended' }));
    endings.forgetPerson(ada);
    endings.write();
    assert.deepEqual(
      written.map(({ id, personId: of, reason }) => [id, of, reason]),
      [
        ['passage-1', undefined, 'withdrawn'],
        ['passage-2', grace, 'attended'],
        ['passage-3', undefined, 'withdrawn'],
      ],
    );
  });
});

describe('facts in memory', () => {
  const passage = named(1);

  test('have ids of their own, and a passage is replaced where it stands', () => {
    const facts = memoryFacts();
    const ids = [attendanceFact(), attackFact()].map((fact) =>
      facts.record(fact, (id) => ({ ...passage, events: [id] })),
    );
    facts.write(named(2));
    facts.write({ ...passage, reason: 'no-blink' });
    assert.deepEqual(ids, [{ id: eventId('memory-1') }, { id: eventId('memory-2') }]);
    assert.deepEqual(
      facts.passages.map(({ id, reason }) => [id, reason]),
      [
        ['passage-1', 'no-blink'],
        ['passage-2', 'stranger'],
      ],
    );
    assert.equal(facts.all.length, 2);
  });

  test('tell the last of a kind, of a person at a camera', () => {
    const facts = memoryFacts();
    const record = (fact: Fact): void => void facts.record(fact, () => passage);
    for (const occurredAtMs of [1, 2]) {
      record(attendanceFact({ occurredAtMs }));
      record(unprovenFact({ occurredAtMs: occurredAtMs + 10 }));
      record(watchedFact({ occurredAtMs: occurredAtMs + 20 }));
      record(attackFact({ occurredAtMs: occurredAtMs + 30 }));
      record(ambiguousFact({ occurredAtMs: occurredAtMs + 40 }));
    }
    const asked = (person: typeof ada, camera: typeof gate) => [
      facts.lastAttendanceMs(person, camera),
      facts.lastUnprovenMs(person, camera),
      facts.lastWatchedMs(person, camera),
      facts.lastAttackMs(camera),
      facts.lastAmbiguousMs([person, grace], camera),
    ];
    assert.deepEqual(asked(ada, gate), [2, 12, 22, 32, 42]);
    assert.deepEqual(asked(ada, yard), [undefined, undefined, undefined, undefined, undefined]);
    assert.deepEqual(asked(personId('person-3'), gate), [undefined, undefined, undefined, 32, undefined]);
    assert.equal(facts.lastAmbiguousMs([grace, ada], gate), 42, 'in either order');
  });

  test('tell the last refusal, and for a barred person only one of that reason', () => {
    const facts = memoryFacts();
    const record = (reason: 'expired' | 'barred', occurredAtMs: number): void =>
      void facts.record(refusedFact({ reason, occurredAtMs }), () => passage);
    assert.equal(facts.lastRefusedMs(ada, gate, false), undefined);
    record('barred', 1);
    assert.deepEqual(
      [false, true].map((isBarred) => facts.lastRefusedMs(ada, gate, isBarred)),
      [1, 1],
    );
    record('expired', 2);
    assert.deepEqual(
      [false, true].map((isBarred) => facts.lastRefusedMs(ada, gate, isBarred)),
      [2, undefined],
    );
    assert.equal(facts.lastRefusedMs(grace, gate, false), undefined);
    assert.equal(facts.lastRefusedMs(ada, yard, false), undefined);
  });

  test('lead to their passage by kind, camera and time', () => {
    const facts = memoryFacts();
    for (const number of [1, 2])
      facts.record(attendanceFact({ occurredAtMs: 5, passageId: passageId(`p-${number}`) }), () => passage);
    assert.equal(facts.passageOfFact('attendance', gate, 5), 'p-2');
    assert.equal(facts.passageOfFact('attendance', gate, 6), undefined);
    assert.equal(facts.passageOfFact('attendance', yard, 5), undefined);
    assert.equal(facts.passageOfFact('attack', gate, 5), undefined);
  });
});

describe('strangers of the cooldown', () => {
  /** A face of its own for each number: no two resemble one another. */
  const faceOf = (number: number): Float32Array => {
    const embedding = new Float32Array(64);
    embedding[number] = 1;
    return embedding;
  };

  function start(cooldownS = 60) {
    const clock = new CountedTimers();
    const rules = { cooldownS };
    const strangers = new RecentStrangers({ clock, cooldownS: () => rules.cooldownS });
    const sightOf = (passage: string, face: number, changes: Partial<StrangerSight> = {}): StrangerSight => ({
      ...{ passageId: passageId(passage), cameraId: gate, recogniser: recogniserId('r') },
      ...{ firstSeenMs: 0, lastSeenMs: 1, threshold: 0.5 },
      views: [{ embedding: faceOf(face), quality: 0.8 }],
      ...changes,
    });
    return {
      ...{ clock, rules, strangers },
      see: (passage: string, face: number, changes?: Partial<StrangerSight>) =>
        strangers.see(sightOf(passage, face, changes)),
      record: (passage: string, atMs: number) => strangers.noteRecorded(passageId(passage), atMs),
      end: (passage: string) => strangers.end(passageId(passage)),
      withdraw: (passage: string) => strangers.withdraw(passageId(passage)),
    };
  }

  test('are told by their last event at the camera, and have no name', () => {
    const { see, record, end, strangers } = start();
    assert.deepEqual(see('a', 1), { isIgnored: false });
    record('a', 1_000);
    end('a');
    assert.deepEqual(see('b', 1), { isIgnored: false, lastRecordedMs: 1_000 });
    assert.deepEqual(see('c', 2), { isIgnored: false });
    assert.equal(strangers.ownerOf(), undefined);
  });

  test('are forgotten at the end of the cooldown after the last event, each for itself', () => {
    const { clock, see, record, end, strangers } = start();
    for (const [passage, face] of [
      ['a', 1],
      ['b', 2],
    ] as const) {
      see(passage, face);
      record(passage, clock.monotonicMs());
      end(passage);
      clock.advanceBy(20_000);
    }
    assert.equal(strangers.count, 2);
    see('c', 1);
    record('c', 40_000);
    end('c');
    clock.advanceTo(79_999);
    assert.equal(strangers.count, 2);
    clock.advanceTo(80_000);
    assert.equal(strangers.count, 1);
    assert.equal(see('d', 1).lastRecordedMs, 40_000, 'the one who came again stays');
    end('d');
    clock.advanceTo(99_999);
    assert.equal(strangers.count, 1);
    clock.advanceTo(100_000);
    assert.equal(strangers.count, 0);
  });

  test('are looked for once a minute where the cooldown is longer, so that a shorter one applies soon', () => {
    const { clock, rules, see, record, end, strangers } = start(3_600);
    see('a', 1);
    record('a', 0);
    end('a');
    clock.advanceTo(59_999);
    rules.cooldownS = 1;
    assert.equal(strangers.count, 1);
    clock.advanceTo(60_000);
    assert.equal(strangers.count, 0);
    rules.cooldownS = 90;
    see('b', 2);
    record('b', 0);
    end('b');
    clock.advanceTo(149_999);
    assert.equal(strangers.count, 1);
    clock.advanceTo(150_000);
    assert.equal(strangers.count, 0);
  });

  test('leave with the passage that showed them without an event', () => {
    const { see, record, end, strangers } = start();
    see('a', 1);
    see('b', 2);
    record('b', 1);
    end('a');
    assert.equal(strangers.count, 1);
    end('b');
    assert.equal(strangers.count, 1);
    end('unknown');
    record('unknown', 2);
    assert.equal(strangers.count, 1);
  });

  test('leave with their only passage when it is withdrawn, and stay without it otherwise', () => {
    const { clock, see, record, end, withdraw, strangers } = start();
    see('a', 1);
    record('a', 1_000);
    withdraw('a');
    assert.equal(strangers.count, 0);
    clock.advanceBy(100);
    see('b', 2);
    record('b', 2_000);
    end('b');
    see('c', 2);
    record('c', 3_000);
    withdraw('c');
    assert.equal(strangers.count, 1);
    assert.equal(see('d', 2).lastRecordedMs, 2_000);
    withdraw('unknown');
    assert.equal(strangers.count, 1);
  });

  test('have nothing more to do with a passage that was withdrawn', () => {
    const { see, record, end, withdraw, strangers } = start();
    see('a', 1);
    record('a', 1_000);
    end('a');
    see('b', 1);
    withdraw('b');
    assert.equal(see('b', 2).lastRecordedMs, undefined, 'it shows somebody else now');
    assert.equal(strangers.count, 2);
  });

  test('cost one look at the end of the cooldown, and none once they are forgotten', () => {
    const { clock, see, record, end, withdraw, strangers } = start();
    clock.advanceBy(5_000);
    see('a', 1);
    record('a', 1);
    end('a');
    clock.advanceBy(30_000);
    see('b', 2);
    record('b', 2);
    end('b');
    clock.advanceBy(60_000);
    assert.equal(strangers.count, 0);
    assert.deepEqual([clock.everSet, clock.timers], [2, 0]);
    see('c', 3);
    record('c', 3);
    withdraw('c');
    clock.advanceBy(60_000);
    assert.equal(clock.timers, 0);
  });

  test('are at most 256, of whom the one whose event is oldest is forgotten', () => {
    const { see, record, end, strangers } = start(3_600);
    const embedding = (number: number): Float32Array => {
      const face = new Float32Array(300);
      face[number] = 1;
      return face;
    };
    const views = (number: number) => [{ embedding: embedding(number), quality: 0.8 }];
    const visit = (passage: string, number: number) => {
      const known = see(passage, 0, { views: views(number) });
      record(passage, number);
      end(passage);
      return known.lastRecordedMs;
    };
    for (let number = 0; number < 256; number += 1) visit(`first-${number}`, number);
    assert.equal(strangers.count, 256);
    assert.equal(visit('again-0', 0), 0, 'who came again is no longer the oldest');
    visit('first-256', 256);
    assert.equal(strangers.count, 256);
    assert.equal(visit('again-1', 1), undefined);
    assert.equal(visit('once-more-0', 0), 0);
  });

  test('are all forgotten at the end, and no timer stays', () => {
    const { clock, see, record, strangers } = start();
    see('a', 1);
    record('a', 0);
    strangers[Symbol.dispose]();
    assert.equal(strangers.count, 0);
    assert.equal(clock.timers, 0);
  });

  test('are not remembered where there is no cooldown', () => {
    const { see, record, end, strangers, clock } = start(0);
    see('a', 1);
    record('a', 0);
    end('a');
    assert.equal(strangers.count, 0);
    clock.advanceBy(1);
  });
});
