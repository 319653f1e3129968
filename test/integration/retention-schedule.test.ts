import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lookEveryMs } from '../../daemon/core/retention/retention.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { attendanceFact } from '../support/facts.js';
import { noiseJpeg, temporaryDirectory, tester } from '../support/gallery-fixture.js';
import { dayMs, firstNoonMs, openRetentionBox, type RetentionBox } from '../support/retention-box.js';
import { until } from '../support/until.js';

const hourMs = 3_600_000;
const unconfirmed = { isClockConfirmed: false };

function keepPicture({ gallery, clock }: RetentionBox): void {
  const about = { kind: 'unknown', eventId: 'event', cameraId: 'gate' } as const;
  gallery?.addEvidence({ ...about, takenAtMs: clock.wallMs(), jpeg: noiseJpeg(1, 200) });
}

const pictures = ({ value }: RetentionBox): unknown => value('SELECT count(*) FROM evidence');
const runs = ({ file }: RetentionBox): number => file.audit.count({ action: 'retention.run' });

/** Lets the time pass in which one look is taken, and waits until it has ended: the next one is scheduled by then. */
async function look(box: RetentionBox): Promise<void> {
  box.retention.start();
  box.clock.advanceBy(lookEveryMs);
  await until('the look to end', async () => !(await box.retention.show()).isRunning);
}

describe('the daily run', () => {
  test('begins at its hour, once a day, also over restarts', async (t) => {
    const directory = temporaryDirectory(t);
    {
      await using box = await openRetentionBox(directory);
      await look(box);
      assert.equal(runs(box), 0, 'the first day only begins to count');
      assert.deepEqual(box.retention.summary, { failures: 0 });
      box.clock.advanceBy(14 * hourMs);
      await look(box);
      assert.equal(runs(box), 0, 'two in the morning');
      box.clock.advanceBy(hourMs);
      await look(box);
      assert.equal(runs(box), 1, 'three in the morning');
      await look(box);
      assert.equal(runs(box), 1);
    }
    await using again = await openRetentionBox(directory, { nowMs: firstNoonMs + dayMs });
    await look(again);
    assert.equal(runs(again), 1, 'a restart on the same day');
    assert.equal((await again.retention.show()).lastRun?.by, 'retention', 'the last run is remembered');
    again.clock.advanceBy(dayMs);
    await look(again);
    assert.equal(runs(again), 2, 'the next day');
  });

  test('of a box that was off begins soon after its start', async (t) => {
    const directory = temporaryDirectory(t);
    {
      await using box = await openRetentionBox(directory);
      await look(box);
      keepPicture(box);
    }
    await using box = await openRetentionBox(directory, { nowMs: firstNoonMs + 20 * dayMs });
    await look(box);
    assert.deepEqual([runs(box), pictures(box)], [1, 0]);
  });

  test('is not needed: a look writes nothing', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t));
    await look(box);
    const changes = () => box.value('SELECT total_changes()');
    const before = changes();
    await look(box);
    assert.equal(changes(), before);
  });

  test('ends without an error when the box stops', async (t) => {
    const directory = temporaryDirectory(t);
    {
      await using box = await openRetentionBox(directory);
      await look(box);
      for (let count = 0; count < 10; count += 1) keepPicture(box);
    }
    await using box = await openRetentionBox(directory, { nowMs: firstNoonMs + 20 * dayMs });
    box.retention.start();
    box.clock.advanceBy(lookEveryMs);
    await box.retention[Symbol.asyncDispose]();
    assert.equal(runs(box), 0);
    assert.ok(Number(pictures(box)) > 0, 'the run ended early');
    assert.deepEqual(
      box.log.filter(({ level }) => level === 'error'),
      [],
    );
  });

  test('uses the rules in force', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t), {
      rules: { atHour: 14, unknownEvidence: 0 },
    });
    keepPicture(box);
    await look(box);
    box.clock.advanceBy(2 * hourMs);
    await look(box);
    assert.deepEqual([runs(box), pictures(box)], [1, 0]);
  });
});

describe('a clock that jumps', () => {
  async function boxWithHistory(directory: string): Promise<RetentionBox> {
    const box = await openRetentionBox(directory);
    await look(box);
    keepPicture(box);
    box.records.record(attendanceFact());
    box.records.outbox.acknowledge([1]);
    return box;
  }

  test('far ahead deletes nothing, reports that once a day, and continues after a confirmation', async (t) => {
    await using box = await boxWithHistory(temporaryDirectory(t));
    box.clock.setForward(3000 * dayMs);
    // Recorded by the wrong clock: proves nothing.
    box.records.record(attendanceFact());
    for (let hour = 0; hour < 3; hour += 1) await look(box);
    assert.equal(pictures(box), 1);
    assert.equal(box.records.list({ limit: 10 }).length, 2);
    const [entry] = box.file.audit.list({ action: 'retention.run' });
    assert.deepEqual(
      [runs(box), entry?.details['outcome'], entry?.details['reason']],
      [1, 'refused', 'clock-ahead'],
    );
    assert.equal(box.log.filter(({ level }) => level === 'error').length, 1);
    assert.equal((await box.retention.show()).clockDoubt?.code, 'clock-ahead');
    await assert.rejects(box.retention.run(unconfirmed, tester), (error) => {
      assert.ok(isRollcallError(error, 'clock-doubtful'));
      assert.match(error.remedy ?? '', /--yes/);
      return true;
    });
    const { forgotten } = await box.retention.run({ isClockConfirmed: true }, tester);
    assert.deepEqual([forgotten.unknownEvidence, forgotten.attendanceRecords], [1, 1]);
    assert.equal((await box.retention.show()).clockDoubt, undefined, 'trusted from now on');
  });

  test('far ahead while the box was off deletes nothing either', async (t) => {
    const directory = temporaryDirectory(t);
    await (await boxWithHistory(directory))[Symbol.asyncDispose]();
    await using box = await openRetentionBox(directory, { nowMs: firstNoonMs + 3000 * dayMs });
    await look(box);
    assert.equal(pictures(box), 1);
    assert.equal((await box.retention.show()).clockDoubt?.code, 'clock-ahead');
  });

  test('back is doubted until it is set right', async (t) => {
    await using box = await boxWithHistory(temporaryDirectory(t));
    box.clock.setForward(-40 * dayMs);
    await look(box);
    assert.equal((await box.retention.show()).clockDoubt?.code, 'clock-behind');
    box.clock.setForward(48 * dayMs);
    await look(box);
    assert.deepEqual([(await box.retention.show()).clockDoubt, pictures(box)], [undefined, 0]);
  });

  test('to a time before the program existed does not count as the first start', async (t) => {
    await using box = await openRetentionBox(temporaryDirectory(t), { nowMs: Date.UTC(1970, 0, 2) });
    await look(box);
    assert.equal(box.value('SELECT count(*) FROM job'), 0);
    box.clock.setForward(firstNoonMs);
    await look(box);
    assert.deepEqual([(await box.retention.show()).clockDoubt, runs(box)], [undefined, 0]);
  });
});

test('the last run that a restored backup recorded does not count', async (t) => {
  await using box = await openRetentionBox(temporaryDirectory(t));
  await look(box);
  await box.retention.run(unconfirmed, tester);
  box.file.database.db.exec("UPDATE job SET state = '{not json' WHERE name = 'retention'");
  await look(box);
  assert.match(String(box.value("SELECT state FROM job WHERE name = 'retention'")), /seenAtMs/);
});

test('only one run takes place at a time', async (t) => {
  await using box = await openRetentionBox(temporaryDirectory(t));
  const first = box.retention.run(unconfirmed, tester);
  await assert.rejects(box.retention.run(unconfirmed, tester), (error) =>
    isRollcallError(error, 'retention-running'),
  );
  await first;
});
