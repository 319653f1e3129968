import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtInRoles } from '../../daemon/contract/scopes.js';
import { dateOfDay, dayNumberOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import { makeLocalBox } from '../../scripts/local-box.js';
import { demoSections, seedDemo } from '../../scripts/seeding/seed.js';
import { paris } from '../support/attendance-plan.js';
import { runProgram, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const port = 8443;

test('a demo box has accounts, persons and two weeks of attendance, passages and strangers, and nothing of it leaves', {
  skip: withoutBuild,
}, async () => {
  await using folder = await temporaryDirectory();
  const directory = join(folder.path, 'box');
  await using box = await makeLocalBox({ directory, comment: 'A test.', sections: demoSections(port) });
  await box.start();
  const { client } = box;
  const { logins, persons, events } = await seedDemo(box);

  const users = await client.call('users.list');
  assert.deepEqual(users.items.map(({ role }) => role).sort(), Object.keys(builtInRoles).sort());
  const [admin] = logins;
  assert.ok(admin?.role === 'admin' && !admin.mustChange);
  const login = await client.call('auth.login', { userName: admin.userName, password: admin.password });
  assert.equal(login.user.userName, admin.userName);
  assert.ok(users.items.every(({ role, mustChangePassword }) => mustChangePassword === (role !== 'admin')));

  const listed = await client.call('persons.list');
  assert.deepEqual(listed.items.map(({ id }) => id).sort(), persons.map(({ id }) => id).sort());

  const today = paris.at(Date.now()).date;
  const from = dateOfDay(dayNumberOf(today) - 14);
  const to = dateOfDay(dayNumberOf(today) - 1);
  const rows: { readonly person: string; readonly date: string; readonly statuses: readonly string[] }[] = [];
  for await (const item of await client.call('attendance.report', { from, to })) {
    if (item.kind === 'row') rows.push(item.row);
  }
  assert.equal(rows.length, persons.length * 10, 'each person has a row on each of ten working days');
  const statuses = new Set(rows.flatMap((row) => row.statuses));
  for (const status of ['on-time', 'late', 'incomplete', 'overtime', 'seen-not-proven'] as const) {
    assert.ok(statuses.has(status), status);
  }

  const kinds = ['attendance', 'recognised-unproven', 'recognised-ambiguous', 'unknown', 'attack'] as const;
  for (const kind of kinds) {
    const { items } = await client.call('events.list', { kind });
    assert.ok(items.length > 0, kind);
  }
  const shown = await client.call('passages.list', { limit: 500 });
  const outcomes = new Set(
    shown.items.map((passage) => ('unreadable' in passage ? 'none' : passage.outcome)),
  );
  for (const outcome of ['attended', 'stranger', 'undecided'] as const) {
    assert.ok(outcomes.has(outcome), [...outcomes].join());
  }
  const strangers = await client.call('strangers.list');
  const [newest] = strangers.items;
  assert.ok(newest !== undefined && strangers.items.length > 3, `${strangers.items.length} strangers`);
  const { history } = await client.call('strangers.show', { stranger: newest.id });
  assert.ok(history.every(({ hasPicture }) => hasPicture));

  // What else only the console shows has a command, too.
  assert.match(
    await box.command('report', 'accuracy'),
    /^8 persons, recogniser [\s\S]*56 of different persons/,
  );
  const added = await box.command('screen', 'add', 'front-door', '--label', 'Main door');
  assert.match(added, /^\S{20,}\nOpen \/kiosk# with this secret/);
  const screens = await box.command('screen', 'list');
  const [, screen = ''] = /^(\S+) +front-door +Main door/m.exec(screens) ?? [];
  await box.command('screen', 'remove', screen, '--yes');
  assert.match(await box.command('screen', 'list'), /There are no screens/);

  const outbox = await client.call('outbox.show');
  assert.ok(events > 100 && outbox.count < 20, `${outbox.count} events wait, ${events} were made up`);
  const waiting = outbox.kinds.filter(({ count }) => count > 0).map(({ kind }) => kind);
  assert.ok(!kinds.some((kind) => waiting.includes(kind)), waiting.join());

  await assert.rejects(seedDemo(box), { code: 'box-not-fresh' });
  await box.configure(`${demoSections(port)}mqtt: { url: mqtt://127.0.0.1:1 }\n`);
  await until('the broker to be configured', async () => {
    const { broker } = await client.call('status.show');
    return broker.state !== 'not configured';
  });
  await assert.rejects(seedDemo(box), { code: 'box-has-broker' });
});

test('scripts/seed-demo leaves a directory alone that it did not make', async () => {
  await using folder = await temporaryDirectory();
  await writeFile(join(folder.path, 'rollcall.yaml'), 'site: { id: plant-1 }\n');
  const script = ['--import', 'tsx', join(root, 'scripts/seed-demo.ts')];
  const refused = await runProgram(process.execPath, [...script, '--directory', folder.path]);
  assert.equal(refused.exitCode, 1, refused.stdout);
  assert.match(refused.stderr, /this script did not make it\n {2}what to do: .*--directory/);
  const help = await runProgram(process.execPath, [...script, '--help']);
  assert.match(help.stdout, /never another one/);
});
