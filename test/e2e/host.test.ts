import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';

const credential = 'yard-login';
const login = 'viewer:not-for-the-log';

test('what the daemon says of itself over the API', { skip: withoutBuild }, async (t) => {
  const yard = { id: 'yard', name: 'Yard', url: 'rtsp://127.0.0.1:1/', credential };
  await using box = await makeBox({
    config: { cameras: [yard], logging: { level: 'debug' } },
    secrets: { [credential]: login },
  });
  await box.start();
  await t.test('doctor finds what the command finds', () => doctor(box));
  await t.test('what the box does is noted and checked again', () => update(box));
  await t.test('the log of the last hour is found by camera, without secrets', () => logs(box));
  await t.test('a check of the broker needs one, and names the step that fails', () => broker(box));
});

async function doctor(box: TestBox) {
  const isChanging = /^(?:camera|vision process|condition)/;
  const told = await box.command('doctor', '--json');
  const ofCommand: readonly { readonly check: string; readonly outcome: string }[] = JSON.parse(told.stdout);
  const { findings } = await box.client.call('host.doctor');
  const steady = (list: typeof ofCommand) =>
    list.filter(({ check }) => !isChanging.test(check)).map(({ check, outcome }) => [check, outcome]);
  assert.ok(findings.length > 10);
  assert.deepEqual(steady(findings), steady(ofCommand));
}

async function update(box: TestBox) {
  const noted = await box.command('update', 'note');
  const note = JSON.parse(noted.stdout);
  assert.deepEqual(note, { isGalleryOpen: true, cameras: [], isBrokerReached: false, doesGateAnswer: false });
  const [before, report] = [join(box.directory, 'before.json'), join(box.directory, 'report.json')];
  const check = (...more: readonly string[]) =>
    box.command('update', 'check', '--before', before, '--report', report, ...more);
  await writeFile(before, noted.stdout);
  const same = await check('--stopped-at', '0');
  assert.equal(same.exitCode, 0, same.stdout + same.stderr);
  assert.match(same.stdout, /^ok {7}events: recorded/m);
  // As if the camera had delivered frames before.
  await writeFile(before, JSON.stringify({ ...note, cameras: ['yard'] }));
  const less = await check('--within', '0');
  assert.equal(less.exitCode, 1);
  assert.match(less.stdout, /^failed {3}camera yard: .*\n +what to do: /m);
  const { isProven, findings } = JSON.parse(await readFile(report, 'utf8'));
  assert.deepEqual([isProven, findings.length], [false, 3]);
  await writeFile(before, 'no note');
  const unusable = await check();
  assert.equal(unusable.exitCode, 2);
  assert.match(unusable.stderr, /is not what "rollcall update note" prints/);
}

async function logs(box: TestBox) {
  await box.untilCamera('yard', 'to fail', ({ state }) => state === 'failed' || state === 'waiting');
  const { items } = await box.client.call('host.logs', { limit: 1000, level: 'debug' });
  assert.ok(items.some(({ message }) => message === 'starting'));
  const ofYard = await box.client.call('host.logs', { limit: 1000, level: 'debug', camera: 'yard' });
  assert.ok(ofYard.items.length > 0);
  assert.ok(ofYard.items.every(({ camera }) => camera === 'yard'));
  assert.ok(!JSON.stringify(items).includes('not-for-the-log'));
}

async function broker(box: TestBox) {
  await assert.rejects(steps(box), { code: 'no-broker', remedy: /section mqtt/ });
  await box.reload({ mqtt: { url: 'mqtt://127.0.0.1:1' } });
  const found = await steps(box);
  assert.deepEqual(
    found.map(({ check, outcome }) => [check, outcome]),
    [
      ['name', 'ok'],
      ['port', 'failed'],
    ],
  );
  const { items } = await box.client.call('audit.list', { action: 'broker.checked', limit: 10 });
  assert.deepEqual(
    items.map(({ details }) => details),
    [{ triesEvents: false }],
  );
}

async function steps(box: TestBox) {
  const found = [];
  for await (const step of await box.client.call('host.check-broker')) found.push(step);
  return found;
}
