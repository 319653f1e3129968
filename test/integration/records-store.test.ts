import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openRecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { Decider } from '../../daemon/core/sightings/decider.js';
import { factStoreOf } from '../../daemon/core/sightings/fact-store.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import type { RecordedEvent } from '../../daemon/kernel/events/event.js';
import { cameraId, type PersonId, personId, trackId } from '../../daemon/kernel/ids.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { ambiguousFact, assortedFacts, attackFact, attendanceFact, unknownFact } from '../support/facts.js';
import type { FullDiskReport } from '../support/full-disk.js';
import { box, openTestRecords, temporaryFolder } from '../support/published-box.js';
import { proofByBlink, sightingOf, testRules } from '../support/sightings.js';

describe('records.db', () => {
  test('numbers events without gaps over restarts and keeps the bytes to publish', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    const recorded: RecordedEvent[] = [];
    for (const _restart of [1, 2, 3]) {
      await using records = openTestRecords(path);
      for (const fact of assortedFacts(4)) recorded.push(records.record(fact));
    }
    await using records = openTestRecords(path);
    const stored = records.list({ limit: 100 });
    assert.deepEqual(
      stored.map(({ sequence }) => sequence),
      Array.from({ length: 12 }, (_, index) => index + 1),
    );
    assert.equal(new Set(stored.map(({ id }) => id)).size, 12);
    assert.deepEqual(
      stored.map(({ payload }) => Buffer.from(payload)),
      recorded.map((event) => Buffer.from(encodeEvent(event, box, {}))),
    );
    assert.deepEqual(
      records.outbox.pending(0, 100, []).map(({ payload }) => payload),
      stored.map(({ payload }) => payload),
    );
  });

  test('an event that cannot be encoded leaves nothing behind, and no gap', async () => {
    using folder = temporaryFolder();
    let isBroken = false;
    await using records = openRecordStores({
      path: join(folder.path, 'records.db'),
      encode: (event) => {
        if (isBroken) throw new Error('no encoding');
        return encodeEvent(event, box, {});
      },
      clock: new VirtualClock(),
      random: seededRandom(1),
    });
    records.record(attendanceFact());
    isBroken = true;
    assert.throws(() => records.record(attendanceFact()), /no encoding/);
    isBroken = false;
    assert.equal(records.record(attendanceFact()).sequence, 2);
    assert.equal(records.outbox.depth(), 2);
  });

  test('lists the newest events, the oldest of them first, by kind and after a sequence', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    for (const fact of assortedFacts(9)) records.record(fact);
    const sequences = (query: Parameters<typeof records.list>[0]) =>
      records.list(query).map(({ sequence }) => sequence);
    assert.deepEqual(sequences({ limit: 3 }), [7, 8, 9]);
    assert.deepEqual(sequences({ limit: 2, kind: 'unknown' }), [5, 8]);
    assert.deepEqual(sequences({ limit: 100, afterSequence: 7 }), [8, 9]);
  });

  test('answers the rules from recorded events, also after a restart', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    {
      await using records = openTestRecords(path);
      records.record(attendanceFact({ occurredAtMs: 1000 }));
      records.record(attendanceFact({ occurredAtMs: 5000 }));
      records.record(attendanceFact({ occurredAtMs: 6000, cameraId: cameraId('yard') }));
      records.record(attackFact({ occurredAtMs: 8000, personId: personId('person-1') }));
    }
    await using records = openTestRecords(path);
    const [gate, yard] = [cameraId('gate'), cameraId('yard')];
    assert.equal(records.lastAttendanceMs(personId('person-1'), gate), 5000);
    assert.equal(records.lastAttendanceMs(personId('person-1'), yard), 6000);
    assert.equal(records.lastAttendanceMs(personId('person-2'), gate), undefined);
    assert.equal(records.lastAttackMs(gate), 8000);
    assert.equal(records.lastAttackMs(yard), undefined);
  });

  test('finds an ambiguous passage by both persons, also after a restart', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    const [a, b, c] = ['person-1', 'person-2', 'person-3'].map(personId) as [PersonId, PersonId, PersonId];
    const gate = cameraId('gate');
    {
      await using records = openTestRecords(path);
      records.record(attendanceFact({ personId: a }));
      records.record(ambiguousFact({ occurredAtMs: 2000 }));
      records.record(attendanceFact({ personId: b }));
      records.record(unknownFact());
      records.record(ambiguousFact({ occurredAtMs: 4000, cameraId: cameraId('yard') }));
    }
    await using records = openTestRecords(path);
    assert.equal(records.lastAmbiguousMs([a, b], gate), 2000);
    assert.equal(records.lastAmbiguousMs([b, a], gate), 2000);
    assert.equal(records.lastAmbiguousMs([a, c], gate), undefined);
    const of = (person: PersonId, limit = 100) =>
      records.list({ limit, personId: person }).map(({ sequence, personId: named }) => [sequence, named]);
    assert.deepEqual(of(a), [
      [1, a],
      [2, null],
      [5, null],
    ]);
    assert.deepEqual(of(b, 2), [
      [3, b],
      [5, null],
    ]);
    assert.deepEqual(of(c), []);
  });

  test('a restarted box does not repeat an attendance within its cooldown', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    const outcomes: (string | undefined)[] = [];
    for (const [track, atS] of [
      ['track-1', 0],
      ['track-2', 299],
      ['track-3', 300],
    ] as const) {
      await using records = openTestRecords(path);
      const decider = new Decider({
        search: async () => [{ personId: personId('person-1'), similarity: 0.8 }],
        policy: { threshold: 0.5, margin: 0.05, minimumProbes: 1 },
        rules: testRules,
        directionOf: () => 'in',
        proofAt: () => proofByBlink,
        facts: factStoreOf(records),
        clock: new VirtualClock(),
        random,
      });
      const { recorded, suppressed } = await decider.onSighting(
        sightingOf({
          trackId: trackId(track),
          liveness: {
            verdict: 'live',
            reason: 'blinked',
            evidence: { blinks: [], unboundBlinks: [], gestures: [], observedS: 3, frameCount: 40 },
          },
          probes: [{ capturedAtMs: 0, embedding: Float32Array.of(1), quality: 0.9 }],
        }),
        () => Date.UTC(2026, 2, 1, 8) + atS * 1000,
      );
      outcomes.push(recorded[0]?.fact.kind ?? suppressed[0]?.reason);
    }
    assert.deepEqual(outcomes, ['attendance', 'attendance-cooldown', 'attendance']);
  });

  test('calls listeners after the commit, outside the call that records', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    const heard: number[] = [];
    const stop = records.onRecorded(({ sequence }) => {
      assert.equal(records.list({ limit: 1 })[0]?.sequence, sequence, 'already there');
      heard.push(sequence);
    });
    records.record(attendanceFact());
    assert.deepEqual(heard, [], 'not while recording');
    assert.equal(records.recordedCount(), 1);
    await Promise.resolve();
    stop();
    records.record(attendanceFact());
    await Promise.resolve();
    assert.deepEqual(heard, [1]);
  });

  test('state numbers grow over restarts', async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'records.db');
    const numbers: number[] = [];
    for (const _restart of [1, 2]) {
      await using records = openTestRecords(path);
      numbers.push(records.takeStateSequences(1), records.takeStateSequences(1));
    }
    assert.deepEqual(numbers, [1, 2, 3, 4]);
  });
});

const script = fileURLToPath(new URL('../support/full-disk.ts', import.meta.url));

/** Runs test/support/full-disk.ts after `preparation`, a line of shell that sees the folder as $1. */
function fillDisk(wrapper: readonly string[], preparation: string, folder: string, ballastBytes: number) {
  const [command = 'sh', ...args] = [...wrapper, 'sh', '-c', `${preparation} && shift && exec "$@"`];
  const { stdout, stderr, status } = spawnSync(
    command,
    [...args, 'sh', folder, process.execPath, '--import', 'tsx', script, folder, String(ballastBytes)],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const report: FullDiskReport = JSON.parse(stdout);
  return report;
}

const cannotMount =
  spawnSync('unshare', ['--mount', 'true']).status !== 0 && 'needs the right to mount a file system';

describe('a full disk', () => {
  test('throws an error, and nothing is half-written', { skip: cannotMount }, () => {
    using folder = temporaryFolder();
    // A file system of one megabyte, which only the child sees and which goes with it.
    const mount = 'mount -t tmpfs -o size=1m tmpfs "$1"';
    const report = fillDisk(['unshare', '--mount'], mount, folder.path, 200_000);
    assert.equal(report.code, 'disk-full');
    assert.match(report.remedy ?? '', /Free space/);
    assert.ok(report.recordedCount > 0);
    assert.equal(report.storedCount, report.recordedCount);
    assert.equal(report.passageCount, report.recordedCount);
    assert.equal(report.outboxDepth, report.recordedCount);
    assert.equal(report.nextSequence, report.recordedCount + 1, 'goes on without a gap once there is room');
  });

  test('that fails in the middle of a write undoes the whole event', async () => {
    using folder = temporaryFolder();
    // No file may grow beyond a limit; writing past it is an error instead of a deadly signal.
    const report = fillDisk([], "trap '' XFSZ && ulimit -f 1000", folder.path, 0);
    assert.equal(report.code, 'disk-failed');
    assert.ok(report.recordedCount > 0);
    await using records = openTestRecords(join(folder.path, 'records.db'));
    assert.equal(records.list({ limit: 100_000 }).length, report.recordedCount);
    assert.equal(report.passageCount, report.recordedCount);
    assert.equal(records.outbox.depth(), report.recordedCount);
    assert.equal(records.record(attendanceFact()).sequence, report.recordedCount + 1);
  });
});
