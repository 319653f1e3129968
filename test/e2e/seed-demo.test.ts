import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { builtInRoles } from '../../daemon/contract/scopes.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { dateOfDay, dayNumberOf } from '../../daemon/kernel/attendance/shift-calendar.js';
import { hasEnded } from '../../scripts/child-end.js';
import type { LocalBox } from '../../scripts/local-box.js';
import { people } from '../../scripts/seeding/people.js';
import { seedDemo } from '../../scripts/seeding/seed.js';
import { paris } from '../support/attendance-plan.js';
import { rollcall, runProgram, withoutBuild } from '../support/box.js';
import { root } from '../support/built.js';
import { type HeardChild, hear } from '../support/heard-child.js';
import { freePort } from '../support/listening.js';
import { descendantsOf, isRunning, runningWith } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const script = ['--import', 'tsx', join(root, 'scripts/seed-demo.ts')];

test('scripts/seed-demo --keep makes a box of which nothing leaves, and ends when its gate is killed', {
  skip: withoutBuild,
}, async () => {
  await using folder = await temporaryDirectory();
  const [directory, port] = [join(folder.path, 'box'), await freePort()];
  const args = [...script, '--keep', '--port', String(port), '--directory', directory];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const heard = hear(child);
  const processes = (): readonly number[] => descendantsOf(child.pid ?? 0);
  try {
    const address = `https://localhost:${port}/`;
    await heard.until('the address', () => heard.lines.some((line) => line.includes(address)));
    const [response] = await once(
      get({ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false }),
      'response',
    );
    assert.equal(response.statusCode, 200, 'the gate answers once the address is there');
    response.destroy();
    await holdsMadeUpData(directory, heard);
    await isFilledOnce(directory, processes);
    const started = processes();
    for (const gate of runningWith('rollcall-gate.js', started)) process.kill(gate, 'SIGKILL');
    assert.deepEqual(await heard.ended, { code: 1, signal: null });
    assert.match(heard.lines.join('\n'), /error: rollcall-gate ended by SIGKILL\. Its last output:/);
    assert.deepEqual(started.filter(isRunning), []);
  } finally {
    if (!hasEnded(child)) child.kill('SIGINT');
    await heard.ended;
  }
});

const clientOf = (directory: string): ControlClient => new ControlClient(join(directory, 'run/control.sock'));
const configOf = (directory: string): string => join(directory, 'rollcall.yaml');

/** Accounts, persons, and two weeks of attendance, passages and strangers. */
async function holdsMadeUpData(directory: string, { lines }: HeardChild): Promise<void> {
  const client = clientOf(directory);
  const command = async (...args: readonly string[]): Promise<string> =>
    (await rollcall([...args, '--config', configOf(directory)])).stdout;
  const users = await client.call('users.list');
  assert.deepEqual(users.items.map(({ role }) => role).sort(), Object.keys(builtInRoles).sort());
  const logins = lines.flatMap((line) => {
    const [, userName, password, later] =
      /^ {3}(demo-\S+) +(\S+)( {3}the first login asks.*)?$/.exec(line) ?? [];
    return userName === undefined || password === undefined
      ? []
      : [{ userName, password, mustChange: later !== undefined }];
  });
  const [admin] = logins;
  assert.ok(admin?.userName === 'demo-admin' && !admin.mustChange, lines.join('\n'));
  assert.ok(logins.slice(1).every(({ mustChange }) => mustChange));
  const login = await client.call('auth.login', { userName: admin.userName, password: admin.password });
  assert.equal(login.user.userName, admin.userName);
  assert.ok(users.items.every(({ role, mustChangePassword }) => mustChangePassword === (role !== 'admin')));

  const listed = await client.call('persons.list');
  assert.deepEqual(listed.items.map(({ name }) => name).sort(), people.map(({ name }) => name).sort());

  const today = paris.at(Date.now()).date;
  const from = dateOfDay(dayNumberOf(today) - 14);
  const to = dateOfDay(dayNumberOf(today) - 1);
  const rows: { readonly person: string; readonly date: string; readonly statuses: readonly string[] }[] = [];
  for await (const item of await client.call('attendance.report', { from, to })) {
    if (item.kind === 'row') rows.push(item.row);
  }
  assert.equal(rows.length, people.length * 10, 'each person has a row on each of ten working days');
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
  assert.match(await command('report', 'accuracy'), /^8 persons, recogniser [\s\S]*56 of different persons/);
  const added = await command('screen', 'add', 'front-door', '--label', 'Main door');
  assert.match(added, /^\S{20,}\nOpen \/kiosk# with this secret/);
  const screens = await command('screen', 'list');
  const [, screen = ''] = /^(\S+) +front-door +Main door/m.exec(screens) ?? [];
  await command('screen', 'remove', screen, '--yes');
  assert.doesNotMatch(await command('screen', 'list'), /Main door/);

  const [, events] = /8 persons, (\d+) events/.exec(lines.join('\n')) ?? [];
  const outbox = await client.call('outbox.show');
  assert.ok(Number(events) > 100 && outbox.count < 50, `${outbox.count} events wait, ${events} were made up`);
  const waiting = outbox.kinds.filter(({ count }) => count > 0).map(({ kind }) => kind);
  assert.ok(!kinds.some((kind) => waiting.includes(kind)), waiting.join());
}

/** Neither a box with people is filled again, nor one with a broker. */
async function isFilledOnce(directory: string, processes: () => readonly number[]): Promise<void> {
  const client = clientOf(directory);
  const box = { client, directory } as LocalBox;
  await assert.rejects(seedDemo(box), { code: 'box-not-fresh' });
  await appendFile(configOf(directory), 'mqtt: { url: mqtt://127.0.0.1:1 }\n');
  for (const daemon of runningWith('rollcalld.js', processes())) process.kill(daemon, 'SIGHUP');
  await until('the broker to be configured', async () => {
    const { broker } = await client.call('status.show');
    return broker.state !== 'not configured';
  });
  await assert.rejects(seedDemo(box), { code: 'box-has-broker' });
}

test('scripts/seed-demo leaves a directory alone that it did not make', async () => {
  await using folder = await temporaryDirectory();
  await writeFile(join(folder.path, 'rollcall.yaml'), 'site: { id: plant-1 }\n');
  const refused = await runProgram(process.execPath, [...script, '--directory', folder.path]);
  assert.equal(refused.exitCode, 1, refused.stdout);
  assert.match(refused.stderr, /this script did not make it\n {2}what to do: .*--directory/);
  const help = await runProgram(process.execPath, [...script, '--help']);
  assert.match(help.stdout, /fills only a box\nthat it has made itself/);
});
