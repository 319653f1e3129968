import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { localDate } from '../../daemon/host/local-date.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { dateOfDay, dayNumberOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { until } from '../support/until.js';

interface Told {
  readonly type: string;
  readonly sequence: string;
  readonly data: {
    readonly person?: string;
    readonly change?: string;
    readonly condition?: string;
    readonly active?: boolean;
    readonly details?: Readonly<Record<string, unknown>>;
    readonly entry?: number;
    readonly hash?: string;
    readonly date?: string;
  };
}

/** Reads the events from the records, because the daemon may be dead. */
function eventsOf(box: TestBox): readonly Told[] {
  const database = new Sqlite(join(box.directory, 'data', 'records.db'), { readonly: true });
  try {
    return database
      .prepare<[], Buffer>('SELECT payload FROM event ORDER BY sequence')
      .pluck()
      .all()
      .map((payload) => JSON.parse(payload.toString('utf8')) as Told);
  } finally {
    database.close();
  }
}

const ofKind = (box: TestBox, kind: string): readonly Told[] =>
  eventsOf(box).filter(({ type }) => type.startsWith(`rollcall.${kind}.`));

/** `begin running` and the like. Leaves out `disk-low`, because the disk of the test machine may be low. */
const lives = (box: TestBox): readonly string[] =>
  ofKind(box, 'box')
    .filter(({ data }) => data.condition === 'running')
    .map(
      ({ data }) =>
        `${data.active ? 'begin' : 'end'}${data.details?.['afterKill'] === true ? ' after a kill' : ''}`,
    );

test('a box reports its own state across kills', { skip: withoutBuild }, async (t) => {
  await using box = await makeBox({ config: { disk: { lowMiB: 1 } } });
  await using photos = await writeEnrolmentPhotos();
  await box.start();
  const added = await box.command('person', 'add', 'Ada', '-i', photos.files.ada, '--json');
  assert.equal(added.exitCode, 0, `${added.stdout}${added.stderr}`);
  const { id } = (JSON.parse(added.stdout) as { person: { id: string } }).person;
  await box.stop('SIGKILL');

  await t.test('an enrolment is reported once, and the kill is reported', async () => {
    await box.start();
    await until('Ada to be told', () => ofKind(box, 'person').length > 0);
    assert.deepEqual(
      ofKind(box, 'person').map(({ type, data }) => [type, data]),
      [['rollcall.person.enrolled.v1', { person: id }]],
    );
    await until('the start to be told', () => lives(box).length > 1);
    assert.deepEqual(lives(box), ['begin', 'begin after a kill']);
    assert.deepEqual((await box.client.call('status.show')).conditions, ['running']);
  });

  await t.test('the open gallery is reported once, not at every start', () => {
    assert.deepEqual(
      ofKind(box, 'gallery').map(({ data }) => data.change),
      ['opened'],
    );
  });

  await t.test('a clean stop is reported, and an erasure just before it', async () => {
    assert.equal((await box.command('person', 'erase', id, '--yes')).exitCode, 0);
    assert.equal(await box.stop(), 0);
    assert.deepEqual(lives(box), ['begin', 'begin after a kill', 'end']);
    await box.start();
    await until('the erasure to be told', () => ofKind(box, 'person').length > 1);
    assert.equal(ofKind(box, 'person')[1]?.type, 'rollcall.person.erased.v1');
    await until('the start to be told', () => lives(box).at(-1) === 'begin');
  });

  await t.test('each start publishes the head of the audit log, which verifies the log', async () => {
    await until('the third start to tell it', () => ofKind(box, 'audit').length > 2);
    const digests = ofKind(box, 'audit').map(({ data }) => data);
    assert.equal(digests.length, 3);
    const { entry = 0, hash = '' } = digests[0] ?? {};
    const verified = await box.command('audit', 'verify', '--noted', `${entry}:${hash}`);
    assert.equal(verified.exitCode, 0, `${verified.stdout}${verified.stderr}`);
  });

  await t.test('no sequence is missing', () => {
    const sequences = eventsOf(box).map(({ sequence }) => Number(sequence));
    assert.deepEqual(
      sequences,
      sequences.map((_, index) => index + 1),
    );
  });
});

/** A time zone in which it is noon now, so that no day ends during the test. Names of zones west of Greenwich have a plus. */
function zoneAtNoon(): string {
  const eastOfGreenwich = 12 - new Date().getUTCHours();
  return eastOfGreenwich === 0
    ? 'UTC'
    : `Etc/GMT${eastOfGreenwich > 0 ? '-' : '+'}${Math.abs(eastOfGreenwich)}`;
}

/** The date `days` before today in the time zone, `YYYY-MM-DD`. */
const daysAgo = (days: number, timeZone: string): string =>
  dateOfDay(dayNumberOf(localDate(Date.now(), timeZone)) - days);

test('a box that was off for days summarises them after its start', { skip: withoutBuild }, async () => {
  const shift = {
    id: 'day',
    from: '08:00',
    to: '15:00',
    days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  };
  const timeZone = zoneAtNoon();
  const site = { id: 'test-site', timeZone };
  await using box = await makeBox({ config: { site, attendance: { shifts: [shift] } } });
  const said = (): string | undefined => {
    const database = new Sqlite(join(box.directory, 'data', 'records.db'), { readonly: true });
    try {
      return database
        .prepare<[], string>("SELECT state FROM source_state WHERE source = 'attendance-summary'")
        .pluck()
        .get();
    } finally {
      database.close();
    }
  };
  await box.start();
  await until('the first day to be known', () => said()?.startsWith(daysAgo(1, timeZone)) === true);
  assert.deepEqual(ofKind(box, 'attendance'), [], 'days before the first start are not summarised');
  assert.equal(await box.stop(), 0);
  const database = new Sqlite(join(box.directory, 'data', 'records.db'));
  database
    .prepare('UPDATE source_state SET state = ? WHERE source = ?')
    .run(`${daysAgo(4, timeZone)} 0`, 'attendance-summary');
  database.close();

  await box.start();
  await until('the summary of yesterday', () => said()?.startsWith(daysAgo(1, timeZone)) === true);
  assert.deepEqual(
    ofKind(box, 'attendance').map(({ type, data }) => [type, data.date]),
    [3, 2, 1].map((days) => ['rollcall.attendance.summarised.v1', daysAgo(days, timeZone)]),
  );
});
