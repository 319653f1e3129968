import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';

const settingsFile = (box: TestBox): string => join(box.directory, 'data/settings.yaml');
const show = (box: TestBox) => box.client.call('config.show');
const revision = async (box: TestBox): Promise<number> => (await show(box)).revision;

async function settingOf(box: TestBox, path: string) {
  const { settings } = await show(box);
  const found = settings.find((each) => each.path === path);
  return found === undefined ? [] : [found.value, found.configured, found.origin];
}

test('settings that the box keeps itself', { skip: withoutBuild }, async (t) => {
  await using box = await makeBox({ config: { rules: { unknownAfterS: 4 } } });
  await box.start();
  await t.test('are checked with what they would change', () => check(box));
  await t.test('are put in force, and go back to the configuration file', () => apply(box));
  await t.test('change once where two callers have read the same', () => twoCallers(box));
  await t.test('are refused where they cannot be used, and everything stays', () => refuse(box));
  await t.test('are shown, set and reset by commands', () => commands(box));
  await t.test('survive a restart, and a mistake in them is named with its line', () => restart(box));
});

async function check(box: TestBox) {
  const settings = { 'rules.unknownAfterS': 9, 'attendance.holidays': ['2026-12-25'] };
  assert.deepEqual(await box.client.call('config.check', { settings }), {
    problems: [],
    differences: [
      { path: 'rules.unknownAfterS', before: 4, after: 9, reload: 'live' },
      { path: 'attendance.holidays', before: [], after: ['2026-12-25'], reload: 'live' },
    ],
  });
  const wrong = await box.client.call('config.check', { text: 'rules:\n  unknownAfterS: -1\n' });
  assert.deepEqual(
    wrong.problems.map(({ file, line, path }) => [file, line, path]),
    [[settingsFile(box), 2, 'rules.unknownAfterS']],
  );
  assert.deepEqual(wrong.differences, []);
  assert.ok(!existsSync(settingsFile(box)), 'a check writes nothing');
}

async function apply(box: TestBox) {
  assert.deepEqual(await settingOf(box, 'rules.unknownAfterS'), [4, 4, 'file']);
  const settings = { 'rules.unknownAfterS': 9 };
  const applied = await box.client.call('config.apply', { settings, ifRevision: await revision(box) });
  assert.deepEqual(
    applied.differences.map(({ path }) => path),
    ['rules.unknownAfterS'],
  );
  assert.equal(applied.revision, await revision(box));
  assert.deepEqual(await settingOf(box, 'rules.unknownAfterS'), [9, 4, 'console']);
  assert.equal((await stat(settingsFile(box))).mode & 0o777, 0o600);
  assert.match(await readFile(box.configPath, 'utf8'), /unknownAfterS: 4/);
  const { items } = await box.client.call('audit.list', { action: 'configuration.edited', limit: 10 });
  assert.deepEqual(
    items.map(({ details: { change: _, ...details } }) => details),
    [{ changes: 'rules.unknownAfterS', changesCount: 1 }],
  );
  await box.client.call('config.apply', {
    settings: { 'rules.unknownAfterS': null },
    ifRevision: await revision(box),
  });
  assert.deepEqual(await settingOf(box, 'rules.unknownAfterS'), [4, 4, 'file']);
  assert.ok(!existsSync(settingsFile(box)));
}

async function twoCallers(box: TestBox) {
  const ifRevision = await revision(box);
  const results = await Promise.allSettled(
    [5, 6].map((value) =>
      box.client.call('config.apply', { settings: { 'rules.unknownAfterS': value }, ifRevision }),
    ),
  );
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const refused = results.find((each) => each.status === 'rejected');
  assert.equal(refused?.status === 'rejected' && Object(refused.reason).code, 'changed-meanwhile');
}

async function refuse(box: TestBox) {
  const before = await show(box);
  const ifRevision = before.revision;
  const change = (settings: Readonly<Record<string, unknown>>) =>
    box.client.call('config.apply', { settings, ifRevision });
  await assert.rejects(change({ 'rules.unknownAfterS': 'soon' }), { code: 'settings-refused' });
  await assert.rejects(change({ 'rules.unknownAfter': 5 }), {
    code: 'setting-unknown',
    remedy: /rules\.unknownAfterS/,
  });
  for (const path of ['dataDir', 'mqtt.url', 'retention.auditEntries', 'gate.address']) {
    await assert.rejects(change({ [path]: '/tmp' }), { code: 'setting-of-configuration' }, path);
  }
  const both = { settings: {}, text: '', ifRevision };
  await assert.rejects(box.client.call('config.apply', both), { code: 'change-refused' });
  await assert.rejects(box.client.call('config.apply', { text: 'dataDir: /tmp\n', ifRevision }), {
    code: 'settings-refused',
    message: /dataDir cannot be set here/,
  });
  // A detector that is not installed keeps vision from starting: the reload refuses it.
  await assert.rejects(change({ 'vision.detector': 'yunet' }), { code: 'configuration-refused' });
  assert.deepEqual(await show(box), before);
  assert.notEqual((await box.client.call('status.show')).lastReload?.outcome, 'refused');
}

async function commands(box: TestBox) {
  const { exitCode, stdout } = await box.command('config', 'set', 'rules.unknownAfterS', '8', '--yes');
  assert.equal(exitCode, 0);
  assert.match(stdout, /1 setting changed/);
  const [shown, all] = [await box.command('config', 'show'), await box.command('config', 'show', '--all')];
  assert.match(shown.stdout, /rules\.unknownAfterS +8 +the box/);
  assert.doesNotMatch(shown.stdout, / default$/m);
  assert.match(all.stdout, / default$/m);
  const holidays = ['attendance.holidays', '["2026-12-25"]'];
  assert.equal((await box.command('config', 'set', ...holidays, '--yes')).exitCode, 0);
  assert.deepEqual(await settingOf(box, 'attendance.holidays'), [['2026-12-25'], [], 'console']);
  const refused = await box.command('config', 'set', 'rules.unknownAfterS', 'soon', '--yes');
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stdout, /settings\.yaml:\d+:\d+: rules\.unknownAfterS must be a number/);
  for (const [setting = ''] of [holidays, ['rules.unknownAfterS']]) {
    assert.equal((await box.command('config', 'reset', setting, '--yes')).exitCode, 0);
  }
  assert.deepEqual(await settingOf(box, 'rules.unknownAfterS'), [4, 4, 'file']);
}

async function restart(box: TestBox) {
  const text = '# Agreed with the works council.\nrules:\n  loiteringAfterS: 120\n';
  await box.client.call('config.apply', { text, ifRevision: await revision(box) });
  await box.stop();
  await box.start();
  assert.deepEqual(await settingOf(box, 'rules.loiteringAfterS'), [120, 600, 'console']);
  assert.equal((await show(box)).ownFile.text, text);
  const checked = await box.command('check-config');
  assert.match(checked.stdout, /1 setting of the box's own/);
  await writeFile(settingsFile(box), text.replace('120', '1'));
  const { problems } = await show(box);
  assert.deepEqual(
    problems.map(({ line, path }) => [line, path]),
    [[3, 'rules.loiteringAfterS']],
  );
  const told = await box.command('check-config');
  assert.equal(told.exitCode, 1);
  assert.match(told.stdout, /settings\.yaml:3:\d+: rules\.loiteringAfterS must be/);
}
