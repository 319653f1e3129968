import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { collectRecord } from '../../daemon/cli/export/person-record.js';
import type { ImportReport } from '../../daemon/cli/import/import-report.js';
import { allPersons } from '../../daemon/cli/person/all-persons.js';
import type { PassageDetails } from '../../daemon/contract/passages.js';
import type { PersonDetail, PersonSummary } from '../../daemon/contract/person.js';
import type { ErasureCertificate } from '../../daemon/contract/persons.js';
import { personId } from '../../daemon/kernel/ids.js';
import { exitOf } from '../../scripts/child-end.js';
import { attendanceFact } from '../support/facts.js';
import { paintFace, paintWall } from '../support/painted-faces.js';
import { passageOf } from '../support/passage-fixture.js';
import { type PersonServer, startPersonServer } from '../support/person-server.js';
import { personCommands } from '../support/run-person-command.js';
import { until } from '../support/until.js';

/** A folder to import from: a table of these rows, and faces painted into files. */
async function importFolder(
  { directory }: PersonServer,
  rows: readonly string[],
  files: Readonly<Record<string, Buffer>>,
): Promise<string> {
  const folder = join(directory, 'import');
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const table = join(folder, 'persons.csv');
  await writeFile(table, rows.join('\r\n'));
  return table;
}

const heading = 'name;external_id;notes;consent_basis;consent_date;consent_reference;photographs';
const good = [
  `${heading};groups;valid_from;valid_until;watch;watch_reason`,
  'Ada;17;"night; ""late"" shift";consent;2026-01-15;form 7;"faces/ada 1.jpg; faces/ada 2.jpg";"visitors; team";2026-01-01;2026-12-31;watch;a parcel',
  'Bea;18;;;;;;;;;barred;an order',
  "'=Cyd;;;;;;faces/cyd.jpg;;;;;",
];
const files = {
  'faces/ada 1.jpg': paintFace('ada', 1),
  'faces/ada 2.jpg': paintFace('ada', 2),
  'faces/cyd.jpg': paintFace('cyd'),
  '18/1.jpg': paintFace('bea', 1),
  '18/2.jpg': paintFace('bea', 2),
};

/** Profiles without what differs from one gallery to another. */
async function profiles({ client }: PersonServer) {
  const all = await allPersons(client, 'included');
  return await Promise.all(
    all.map(async ({ id }) => {
      const lines = await client.call('persons.export', { id, scope: 'enrolment' });
      const { person, photographs } = await collectRecord(lines);
      const { name, externalId, notes, consent, groups, validFrom, validUntil, watch, state } = person;
      return {
        ...{ name, externalId, notes, consent, groups, validFrom, validUntil, watch, state },
        photographs: photographs.map(({ jpeg }) => String(jpeg)).sort(),
      };
    }),
  );
}

for (const out of ['everybody.zip', 'everybody']) {
  test(`what is exported to ${out} is imported as it was`, async () => {
    await using one = await startPersonServer();
    const from = await personCommands(one);
    const table = await importFolder(one, good, files);
    const imported = await from.run(['import', table]);
    assert.equal(imported.exitCode, 0, imported.stdout + imported.stderr);
    assert.match(imported.stdout, /^2 +Ada +accepted +2$/m);
    assert.match(imported.stdout, /3 rows accepted, 0 refused: 3 persons enrolled/);
    const removed = await one.client.call('persons.enrol', {
      name: 'Gone',
      photographs: [paintFace('gone')],
    });
    assert.ok(removed.outcome === 'enrolled');
    const before = await profiles(one);
    assert.deepEqual(
      before.map(({ name }) => name),
      ['Ada', 'Bea', '=Cyd', 'Gone'],
    );
    assert.deepEqual(before[0]?.consent, { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' });
    assert.deepEqual(before[0]?.groups, ['team', 'visitors']);
    assert.deepEqual([before[0]?.validFrom, before[0]?.validUntil], ['2026-01-01', '2026-12-31']);
    assert.deepEqual(before[1]?.watch, { mark: 'barred', reason: 'an order' });
    await one.client.call('persons.remove', { id: removed.person.id });

    const path = join(one.directory, out);
    const exported = await from.run(['export', '--all', '--out', path]);
    assert.equal(exported.exitCode, 0, exported.stderr);
    const isZip = out.endsWith('.zip');
    assert.equal((await stat(path)).mode & 0o777, isZip ? 0o600 : 0o700);
    const again = await from.run(['export', '--all', '--out', path]);
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /exists already and is not overwritten/);

    await using two = await startPersonServer();
    const to = await personCommands(two);
    const source = isZip ? path : join(path, 'persons.csv');
    const dry = await to.run(['import', source, '--dry-run', '--json']);
    assert.equal((JSON.parse(dry.stdout) as ImportReport).outcome, 'dry-run', dry.stdout);
    assert.equal(two.behind.rowCount(), 0);
    const back = await to.run(['import', source, '--json']);
    assert.equal(back.exitCode, 0, back.stdout + back.stderr);
    assert.deepEqual(await profiles(two), before.slice(0, 3));
  });
}

test('one refused row prevents the whole import, unless it may be skipped', async () => {
  await using server = await startPersonServer();
  const { run } = await personCommands(server);
  await writeFile(join(server.directory, 'secret.jpg'), paintFace('secret'));
  const table = await importFolder(
    server,
    [
      heading,
      'Ada;17;;consent;2026-01-15;form 7;faces/ada 1.jpg',
      'Twin;;;;;;faces/ada 2.jpg',
      'Wall;;;;;;wall.jpg',
      'Spy;;;;;;../secret.jpg',
      'Spy;;;;;;/etc/passwd',
      ';;;;;;faces/cyd.jpg',
      'Cyd;17;;consent;2026-13-01;;faces/cyd.jpg',
      'Cyd;17;;;;;faces/cyd.jpg',
      'Nobody;99;;;;;',
      'Short;1',
    ],
    { ...files, 'wall.jpg': paintWall() },
  );
  const { stdout, exitCode } = await run(['import', table, '--json']);
  assert.equal(exitCode, 1, stdout);
  const report = JSON.parse(stdout) as ImportReport;
  assert.deepEqual([report.outcome, report.accepted, report.refused], ['refused', 1, 9]);
  const reasons = report.rows.map(({ line, reasons: why }) => `${line}: ${why.join('; ')}`);
  for (const [index, pattern] of [
    /^2: $/,
    /^3: the face resembles Ada \(.*\), similarity 1\.000/,
    /^4: wall\.jpg: there is no face \(no-face\)\. take another/,
    /^5: the path .* leads out of its folder/,
    /^6: the path .* is not relative/,
    /^7: the name is empty/,
    /^8: .*must be a date such as 2026-03-01; the reference of the consent is empty/,
    /^9: line 2 has the same external id/,
    /^10: found no photo at "99"/,
    /^11: the row has 2 cells, the heading 7/,
  ].entries()) {
    assert.match(reasons[index] ?? '', pattern);
  }
  assert.equal(server.behind.rowCount(), 0, 'nothing is left of it');

  const skipped = await run(['import', table, '--skip-refused', '--allow-duplicates', '--json']);
  assert.equal(skipped.exitCode, 1, 'some rows were refused all the same');
  assert.deepEqual(
    (await profiles(server)).map(({ name }) => name),
    ['Ada', 'Twin'],
  );
});

test('an import that is killed leaves nothing behind', async () => {
  await using server = await startPersonServer();
  const { start } = await personCommands(server);
  const rows = Array.from({ length: 3000 }, (_, index) => `p${index};;;;;;${index}.jpg`);
  const painted = Object.fromEntries(rows.map((_, index) => [`${index}.jpg`, paintFace(`p${index}`)]));
  const table = await importFolder(server, [heading, ...rows], painted);
  const child = start(['import', table]);
  await until('some rows are staged', () => server.behind.rowCount() > 20);
  child.kill('SIGKILL');
  await exitOf(child);
  await until('what was staged is forgotten', () => server.behind.rowCount() === 0);
});

test('an export gives a person all data held on them', async () => {
  await using server = await startPersonServer();
  const { run } = await personCommands(server);
  const profile = JSON.stringify({
    name: 'Ada',
    notes: 'night',
    consent: { basis: 'contract', date: '2026-01-15', reference: 'c1' },
  });
  const image = join(server.directory, 'ada.jpg');
  await writeFile(image, paintFace('ada'));
  const added = await run(['add', '--profile', '-', '--external-id', '17', '-i', image, '--json'], profile);
  assert.equal(added.exitCode, 0, added.stdout + added.stderr);
  const { id } = (JSON.parse(added.stdout) as { person: PersonSummary }).person;
  const event = server.behind.records.record(attendanceFact({ personId: personId(id) }));
  const { nearest, personId: _, ...passage } = passageOf(1);
  const { passages } = server.behind.records;
  passages.put({
    ...passage,
    personId: personId(id),
    nearest: [{ personId: personId(id), similarity: 0.9, threshold: 0.4 }, ...nearest],
  });
  const jpeg = Buffer.from('evidence');
  const about = { eventId: 'event-1', personId: personId(id), cameraId: 'door', takenAtMs: 0, jpeg };
  server.behind.vault.gallery().addEvidence({ kind: 'attendance', ...about });
  const [picture] = server.behind.vault.gallery().readEvidence(personId(id));
  const path = join(server.directory, 'ada.zip');
  const exported = await run(['export', id, '--out', path]);
  assert.equal(exported.exitCode, 0, exported.stderr);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const held = unzipSync(await readFile(path));
  assert.deepEqual(
    Object.keys(held).sort(),
    [
      'README.txt',
      'attendance.json',
      'audit.json',
      'corrections.json',
      'evidence/evidence.json',
      `evidence/${picture?.id}.jpg`,
      'person.json',
      'passages.json',
      'persons.csv',
      `photographs/${id}/01.jpg`,
      'templates.json',
    ].sort(),
  );
  const json = (name: string): unknown => JSON.parse(strFromU8(held[name] ?? new Uint8Array()));
  const person = json('person.json') as PersonDetail;
  assert.deepEqual(
    [person.name, person.notes, person.externalId, person.consent?.basis],
    ['Ada', 'night', '17', 'contract'],
  );
  assert.equal((json('templates.json') as unknown[]).length, 1);
  assert.deepEqual(
    (json('attendance.json') as { id: string; data: object }[]).map((each) => [
      each.id,
      'person' in each.data,
    ]),
    [[event.id, true]],
  );
  const [told] = json('passages.json') as PassageDetails[];
  assert.deepEqual([told?.id, told?.person, told?.nearest.length], [passage.id, { id, name: 'Ada' }, 1]);
  assert.doesNotMatch(JSON.stringify(told), /p-grace/);
  assert.match(told?.sentence ?? '', /Ada/);
  assert.deepEqual(held[`evidence/${picture?.id}.jpg`], new Uint8Array(jpeg));
  assert.deepEqual(held[`photographs/${id}/01.jpg`], new Uint8Array(paintFace('ada')));
  const readme = strFromU8(held['README.txt'] ?? new Uint8Array());
  for (const name of Object.keys(held).filter((each) => /^[^/]+\.(json|csv)$/.test(each))) {
    assert.ok(readme.includes(name), `the text tells of ${name}`);
  }
  const nobody = await run(['export', 'p-nobody', '--out', join(server.directory, 'nobody.zip')]);
  assert.equal(nobody.exitCode, 2);
  assert.ok(!(await readdir(server.directory)).includes('nobody.zip'), 'no empty archive is left');
});

test('a person is changed, removed, restored and erased', async () => {
  await using server = await startPersonServer();
  const { run } = await personCommands(server);
  const image = join(server.directory, 'ada.jpg');
  await writeFile(image, paintFace('ada'));
  await run(['add', 'Ada', '-i', image]);
  const [{ id } = { id: '' }] = await allPersons(server.client, 'excluded');

  assert.equal((await run(['rename', id, 'Augusta'])).exitCode, 0);
  const consent = [
    '--consent-basis',
    'legitimate-interests',
    '--consent-date',
    '2026-01-15',
    '--consent-reference',
    'x',
  ];
  const set = await run(['set', id, '--notes', 'n', ...consent]);
  assert.equal(set.exitCode, 0, set.stderr);
  assert.match(set.stderr, /not a sufficient ground to process biometric data/);
  assert.match(
    (await run(['show', id])).stdout,
    /name +Augusta[\s\S]*consent +legitimate-interests of 2026-01-15, reference x/,
  );
  assert.equal(
    (await run(['set', id, '--consent-date', '2026-01-15'])).exitCode,
    2,
    'half a consent is none',
  );
  await run(['set', id, '--notes', '']);
  assert.equal((await server.client.call('persons.show', { id })).notes, undefined);

  const mark = ['--watch', 'barred', '--watch-reason', 'an order', '--group', 'visitors', 'team'];
  assert.equal((await run(['set', id, ...mark, '--valid-until', '2026-01-31'])).exitCode, 0);
  assert.match(
    (await run(['show', id])).stdout,
    /groups +team, visitors\nvalid +until 2026-01-31\nmark +barred: an order/,
  );
  for (const [filter, isListed] of [
    [['--group', 'team', '--expired'], true],
    [['--group', 'night'], false],
    [['--watch'], true],
    [['--watch', 'watch'], false],
    [['--consent', 'recorded'], true],
    [['--consent', 'none'], false],
  ] as const)
    assert.equal((await run(['list', ...filter])).stdout.includes('Augusta'), isListed, filter.join(' '));
  const [marked] = server.behind.vault.audit.list({ action: 'person.changed' }).slice(-1);
  assert.deepEqual(marked?.details, { revision: 5, basis: 'legitimate-interests', mark: 'barred' });
  await run(['set', id, '--watch', 'none', '--group', '', '--valid-until', '']);
  assert.doesNotMatch((await run(['show', id])).stdout, /groups|valid|mark/);
  await run(['set', id, '--field', 'department=Quality & Tests', 'badge=17']);
  assert.match((await run(['show', id])).stdout, /badge +17\ndepartment +Quality & Tests/);
  for (const [filter, isListed] of [
    ['department=quality', true],
    ['badge=quality', false],
  ] as const)
    assert.equal((await run(['list', '--field', filter])).stdout.includes('Augusta'), isListed, filter);
  assert.equal((await run(['list', '--field', 'quality'])).exitCode, 2);
  await run(['set', id, '--field', 'department=', 'badge=']);
  assert.doesNotMatch((await run(['show', id])).stdout, /badge|department/);

  const unsure = await run(['remove', id]);
  assert.equal(unsure.exitCode, 2);
  assert.match(unsure.stderr, /stops recognising Augusta .*\nerror: cannot ask for confirmation .*--yes/);
  assert.equal((await server.client.call('persons.show', { id })).state, 'active');
  assert.equal((await run(['remove', id, '--yes'])).exitCode, 0);
  assert.doesNotMatch((await run(['list'])).stdout, /Augusta/);
  assert.match((await run(['list', '--removed'])).stdout, /Augusta.*removed/);
  assert.equal((await run(['restore', id])).exitCode, 0);

  assert.match((await run(['show', 'augusta'])).stdout, new RegExp(`id +${id}`), 'by name');
  const nobody = await run(['erase', 'Babbage', '--yes']);
  assert.equal(nobody.exitCode, 2);
  assert.match(nobody.stderr, /no person has the id, the name or the external id "Babbage"/);

  const unasked = await run(['erase', id]);
  assert.equal(unasked.exitCode, 2, unasked.stderr);
  assert.match(unasked.stderr, /erases Augusta .*\nerror: cannot ask for confirmation .*--yes/);
  assert.equal(server.behind.rowCount(), 1);
  const path = join(server.directory, 'certificate.json');
  const erased = await run(['erase', id, '--yes', '--certificate', path]);
  assert.equal(erased.exitCode, 0, erased.stderr);
  assert.match(erased.stdout, /certificate of erasure[\s\S]*hash [0-9a-f]{64}/);
  const certificate = JSON.parse(await readFile(path, 'utf8')) as ErasureCertificate;
  assert.deepEqual([certificate.personId, certificate.scope], [id, 'person']);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.doesNotMatch(await readFile(path, 'utf8'), /Augusta|Ada/);
  assert.equal(server.behind.rowCount(), 0);
});
