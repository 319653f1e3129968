import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isChangeable } from '../../daemon/contract/settings/changeable-settings.js';
import { wholeSettings } from '../../daemon/contract/settings/diff.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { changedSettings } from '../../daemon/core/settings/settings-text.js';

const path = '/data/settings.yaml';
const file = `site: { id: office, timeZone: UTC }
rules:
  unknownAfterS: 4
  loiteringAfterS: 900
attendance:
  holidays: ["2026-01-01"]
`;
const parse = (text: string) => parseConfig(file, [], { path, content: { text } });

describe('the settings that the box keeps itself', () => {
  test('have 100 problems at most: a long text that is wrong costs little time', () => {
    const unknown = Array.from({ length: 500 }, (_, index) => `k${index}: 1\n`).join('');
    for (const text of [unknown, `rules: {\n${unknown}`, `attendance:\n  holidays: [${'x,'.repeat(500)}]`]) {
      const loaded = parse(text);
      assert.ok(!loaded.ok && loaded.problems.length <= 100, text.slice(0, 20));
    }
  });

  test('take the place of those in the file, one by one; a list is one setting', () => {
    const loaded = parse('rules: { unknownAfterS: 7 }\nattendance: { holidays: ["2026-12-25"] }\n');
    assert.ok(loaded.ok);
    const { rules, attendance, ownSettings } = loaded.config;
    assert.deepEqual([rules.unknownAfterS, rules.loiteringAfterS], [7, 900]);
    assert.deepEqual(attendance.holidays, ['2026-12-25']);
    assert.deepEqual(ownSettings, ['rules.unknownAfterS', 'attendance.holidays']);
    for (const nothing of ['', '# none\n']) {
      const same = parse(nothing);
      assert.ok(same.ok);
      assert.deepEqual([same.config.rules.unknownAfterS, same.config.ownSettings], [4, []]);
    }
  });

  test('are refused with the line of the file that is wrong', () => {
    const problemsOf = (text: string) => {
      const loaded = parse(text);
      if (loaded.ok) assert.fail('expected the settings to be refused');
      return loaded.problems.map((each) => [each.file, each.line, each.path, each.message]);
    };
    assert.deepEqual(problemsOf('rules:\n  unknownAfterS: -1\n'), [
      [path, 2, 'rules.unknownAfterS', 'must be a number from 0 to 300'],
    ]);
    assert.deepEqual(problemsOf('rules:\n  unknownAfter: 1\n')[0]?.slice(0, 3), [
      ...[path, 2, 'rules.unknownAfter'],
    ]);
    assert.equal(problemsOf('- rules\n')[0]?.[0], path);
    assert.equal(problemsOf('rules: {\n')[0]?.[0], path);
    const conflict = parseConfig(file.replace('4', '-4'), [], {
      path,
      content: { text: 'rules: { loiteringAfterS: 60 }\n' },
    });
    assert.deepEqual(!conflict.ok && conflict.problems.map((each) => [each.file, each.line]), [
      [undefined, 3],
    ]);
  });

  test('cannot say where data goes, who gets in, and what proves that', () => {
    for (const text of [
      'dataDir: /tmp\n',
      'cameras: []\n',
      'mqtt: { url: "mqtt://198.51.100.1" }\n',
      'gate: { address: "0.0.0.0" }\n',
      'alerts: { webhooks: [] }\n',
      'liveness: { promptWebhook: { url: "https://198.51.100.1" } }\n',
      'retention: { auditEntries: 1 }\n',
      'api: { secondPerson: [] }\n',
    ]) {
      const loaded = parse(text);
      assert.ok(!loaded.ok, text);
      assert.match(loaded.problems[0]?.message ?? '', /cannot be set here/, text);
      assert.equal(loaded.problems[0]?.file, path);
    }
  });

  test('name no secret, no file and no address, and need no restart', () => {
    const settings = wholeSettings().filter((setting) => isChangeable(setting.path.join('.')));
    assert.ok(settings.length > 30);
    for (const setting of settings) {
      const name = setting.path.at(-1) ?? '';
      assert.doesNotMatch(
        name,
        /(?:credential|secret|key|url|path|file|dir|folder|host|port|address|socket)$/i,
      );
      assert.notEqual(setting.reload, 'restart', name);
    }
  });
});

describe('the console', () => {
  const folder = new URL('../../daemon/console/messages/', import.meta.url);

  for (const language of readdirSync(folder)) {
    test(`has a name for every setting that it can change: ${language}`, () => {
      const names: unknown = JSON.parse(readFileSync(new URL(`${language}/settings.json`, folder), 'utf8'));
      const changed = wholeSettings()
        .map((setting) => setting.path)
        .filter((steps) => isChangeable(steps.join('.')));
      const keys = changed.flatMap((steps) => [`set-${steps.join('.')}`, `section-${steps[0]}`]);
      assert.deepEqual(
        keys.filter((key) => !Object.hasOwn(Object(names), key)),
        [],
      );
    });
  }
});

describe('the text of a settings file', () => {
  test('keeps comments, and loses what goes back to the configuration file', () => {
    const first = changedSettings('', { 'rules.unknownAfterS': 7, 'attendance.holidays': ['2026-12-25'] });
    assert.match(first, /^# The box keeps these settings itself/);
    const commented = first.replace('unknownAfterS: 7', 'unknownAfterS: 7 # as agreed');
    const second = changedSettings(commented, { 'attendance.holidays': null, 'rules.loiteringAfterS': 60 });
    assert.match(second, /unknownAfterS: 7 # as agreed\n {2}loiteringAfterS: 60\n/);
    assert.doesNotMatch(second, /attendance/);
    const loaded = parse(second);
    assert.deepEqual(loaded.ok && loaded.config.ownSettings, [
      'rules.loiteringAfterS',
      'rules.unknownAfterS',
    ]);
    const none = changedSettings(second, { 'rules.unknownAfterS': null, 'rules.loiteringAfterS': null });
    assert.equal(none, '');
  });
});
