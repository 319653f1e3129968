import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { strFromU8, unzipSync } from 'fflate';
import type { ReadReport } from '../../daemon/cli/attendance/attendance-text.js';
import type { CorrectionResult } from '../../daemon/contract/attendance.js';
import type { ExportedCorrection } from '../../daemon/contract/exported-lines.js';
import type { PersonSummary } from '../../daemon/contract/person.js';
import { openRecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { dateOfDay, dayNumberOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import { cameraId, personId } from '../../daemon/kernel/ids.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { instant, paris } from '../support/attendance-plan.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { attendanceFact } from '../support/facts.js';

const everyDay = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const attendance = {
  shifts: [{ id: 'day', days: everyDay, from: '08:00', to: '17:00' }],
  entryCameras: ['front'],
  exitCameras: ['back'],
};
const rules = { box: { id: 'test-box' }, attendance };
const identity = { siteId: 'test-site', boxId: 'test-box' };

/** Writes attendance records, as the daemon does, into the records of a stopped box. */
async function see(
  box: TestBox,
  looks: readonly (readonly [person: string, camera: string, time: string])[],
) {
  await using records = openRecordStores({
    path: join(box.directory, 'data', 'records.db'),
    encode: (event) => encodeEvent(event, identity, {}),
    clock: systemClock,
    random: systemRandom,
    auditKeys: [await readFile(join(box.directory, 'data', 'keys', 'audit-key'))],
  });
  for (const [person, camera, time] of looks) {
    records.record(
      attendanceFact({
        personId: personId(person),
        cameraId: cameraId(camera),
        occurredAtMs: instant(time, paris),
      }),
    );
  }
}

async function json<T>(box: TestBox, ...args: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await box.command(...args, '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as T;
}

test('attendance is reported and corrected, and an erased person appears under the opaque id only', {
  skip: withoutBuild,
}, async () => {
  const today = paris.at(Date.now()).date;
  const date = dateOfDay(dayNumberOf(today) - 2);
  const period = ['--from', date, '--to', date] as const;
  await using portraits = await writeEnrolmentPhotos();
  await using box = await makeBox({ config: rules });
  await box.start();
  const added = await box.command('person', 'add', '=Ada', '--image', portraits.files.ada);
  assert.equal(added.exitCode, 0, added.stderr);
  const [ada] = await json<readonly PersonSummary[]>(box, 'person', 'list');
  assert.ok(ada !== undefined);
  await box.stop();
  await see(box, [
    [ada.id, 'front', `${date}T08:30`],
    [ada.id, 'back', `${date}T17:00`],
    ['gone', 'front', `${date}T08:00`],
  ]);
  await box.start();

  const report = (): Promise<ReadReport> => json<ReadReport>(box, 'attendance', 'report', ...period);
  const brief = async () =>
    (await report()).rows
      .map(({ person, name = '-', workedMin, statuses }) => [person, name, workedMin, statuses.join(' ')])
      .sort(([, a], [, b]) => (String(a) < String(b) ? -1 : 1));
  assert.deepEqual(await brief(), [
    ['gone', '-', 0, 'on-time incomplete'],
    [ada.id, '=Ada', 510, 'late'],
  ]);

  const correction = [
    ada.id,
    '--date',
    date,
    '--in',
    '08:00',
    '--reason',
    'the door was out of order',
  ] as const;
  const corrected = await json<CorrectionResult>(box, 'attendance', 'correct', ...correction);
  assert.deepEqual(corrected.rows[0]?.statuses, ['on-time']);
  const audit = await box.command('audit', 'list', '--action', 'attendance', '--json');
  assert.match(audit.stdout, /"attendance.corrected"/);
  assert.doesNotMatch(audit.stdout, /door was/);
  const csv = await box.command('attendance', 'report', ...period, '--csv');
  const cells = parse<Record<string, string>>(csv.stdout, { columns: true, bom: true });
  const hers = cells.find(({ person }) => person === ada.id);
  assert.deepEqual([hers?.['name'], hers?.['worked_min'], hers?.['corrected']], ["'=Ada", '540', 'yes']);
  const text = await box.command('attendance', 'report', ...period, '--person', ada.id);
  assert.match(text.stdout, /on time, corrected/);
  assert.match(text.stdout, /in 08:00 .*the door was out of order/);
  assert.equal((await box.command('attendance', 'today')).exitCode, 0);

  const shorter = { ...attendance, shifts: [{ id: 'day', days: everyDay, from: '08:00', to: '16:00' }] };
  assert.equal((await box.reload({ ...rules, attendance: shorter })).outcome, 'applied');
  assert.deepEqual((await brief())[1], [ada.id, '=Ada', 540, 'on-time overtime']);

  const archive = join(box.directory, 'ada.zip');
  assert.equal((await box.command('person', 'export', ada.id, '--out', archive)).exitCode, 0);
  const given = unzipSync(await readFile(archive))['corrections.json'] ?? new Uint8Array();
  const [told] = JSON.parse(strFromU8(given)) as readonly ExportedCorrection[];
  assert.deepEqual([told?.date, told?.kind, told?.reason], [date, 'in', 'the door was out of order']);

  assert.equal((await box.command('person', 'erase', ada.id, '--yes')).exitCode, 0);
  const { head, rows } = await json<ReadReport>(box, 'attendance', 'report', ...period, '--person', ada.id);
  assert.deepEqual(
    rows.map(({ name, workedMin }) => [name, workedMin]),
    [[undefined, 540]],
  );
  assert.deepEqual(
    head.corrections?.map(({ reason }) => reason),
    [''],
  );
});

test('invalid requests are refused with a remedy', { skip: withoutBuild }, async () => {
  await using box = await makeBox({ config: rules });
  await box.start();
  const cases = [
    [['report', '--from', '2026-02-30', '--to', '2026-03-01'], /YYYY-MM-DD/],
    [['report', '--from', '2026-03-02', '--to', '2026-03-01'], /cannot end on 2026-03-01, before it begins/],
    [
      ['report', '--from', '2026-03-01', '--to', '2026-03-02', '--csv', '--json'],
      /--json and --csv cannot be used together/,
    ],
    [['report', '--from', '2026-03-01', '--to', '2026-03-02', '--person', 'x'], /no person has the id/],
    [['correct', 'x', '--date', '2026-03-01', '--reason', 'y'], /exactly one of/],
    [['correct', 'x', '--date', '2026-03-01', '--in', '08:00', '--reason', 'y'], /no person has the id/],
  ] as const;
  for (const [args, said] of cases) {
    const { exitCode, stderr } = await box.command('attendance', ...args);
    assert.equal(exitCode, 2, stderr);
    assert.match(stderr, said);
  }
  const shifts = [{ id: 'day', from: '8:00', to: '17:00' }];
  const refused = await box.reload({ ...rules, attendance: { shifts } });
  assert.equal(refused.outcome, 'refused');
});
