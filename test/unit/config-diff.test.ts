import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diffConfig, keepRestartSettings } from '../../daemon/contract/settings/diff.js';
import { allSettings } from '../../daemon/contract/settings/json-schema.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';

const site = 'site: { id: office, timeZone: UTC }';
const camera = (id: string, more = ''): string =>
  `  - { id: ${id}, name: ${id}, url: "rtsp://192.0.2.1/"${more} }`;

function config(...lines: readonly string[]): Config {
  const loaded = parseConfig([site, ...lines].join('\n'));
  assert.ok(loaded.ok);
  return loaded.config;
}

describe('the plan of a reload', () => {
  test('is empty after a change of the order of cameras or of explicit defaults', () => {
    const before = config('cameras:', camera('a'), camera('b'));
    const after = config('cameras:', camera('b', ', transport: tcp'), camera('a'), 'rules: {}');
    assert.deepEqual(diffConfig(before, after), []);
  });

  test('identifies cameras by id', () => {
    const before = config('cameras:', camera('a'), camera('b'), camera('c'));
    const after = config(
      'cameras:',
      camera('b', ', direction: in, rates: { idleFps: 2 }'),
      camera('d'),
      camera('c'),
    );
    assert.deepEqual(diffConfig(before, after), [
      { kind: 'camera-removed', camera: 'a' },
      { kind: 'camera-changed', camera: 'b', path: 'direction', reload: 'live' },
      { kind: 'camera-changed', camera: 'b', path: 'rates.idleFps', reload: 'replace' },
      { kind: 'camera-added', camera: 'd' },
    ]);
  });

  test('lists every other changed setting with its reload class', () => {
    const before = config('mqtt: { url: "mqtt://h/", clientId: one }');
    const after = config('rules: { unknownAfterS: 9 }', 'dataDir: /data');
    assert.deepEqual(diffConfig(before, after), [
      { kind: 'setting-changed', path: 'rules.unknownAfterS', reload: 'live' },
      { kind: 'setting-changed', path: 'mqtt.url', reload: 'replace' },
      { kind: 'setting-changed', path: 'mqtt.topicPrefix', reload: 'replace' },
      { kind: 'setting-changed', path: 'mqtt.clientId', reload: 'replace' },
      { kind: 'setting-changed', path: 'mqtt.acknowledgement', reload: 'replace' },
      { kind: 'setting-changed', path: 'mqtt.personNames', reload: 'replace' },
      { kind: 'setting-changed', path: 'gallery.path', reload: 'restart' },
      { kind: 'setting-changed', path: 'records.path', reload: 'restart' },
      { kind: 'setting-changed', path: 'backups.directory', reload: 'restart' },
      { kind: 'setting-changed', path: 'dataDir', reload: 'restart' },
    ]);
  });
});

describe('settings that need a restart', () => {
  const restartSettings = allSettings().filter(({ reload }) => reload === 'restart');

  test('keep their old values after a reload; all others change', () => {
    const before = config('cameras:', camera('a'));
    const after = config(
      'cameras:',
      camera('b'),
      'dataDir: /data',
      'secretsDir: /secrets',
      'models: { dir: /models }',
      'control: { socketPath: /tmp/socket }',
      'vision: { recogniser: faceres, threads: 3 }',
      'rules: { unknownAfterS: 9 }',
    );
    const kept = keepRestartSettings(before, after);
    const left = diffConfig(before, kept);
    assert.deepEqual(
      left.filter((change) => 'reload' in change && change.reload === 'restart'),
      [],
    );
    assert.deepEqual(
      left.map((change) => ('path' in change ? change.path : change.kind)),
      ['camera-removed', 'camera-added', 'vision.threads', 'rules.unknownAfterS'],
    );
    assert.deepEqual(kept, {
      ...before,
      cameras: after.cameras,
      rules: after.rules,
      vision: { ...before.vision, threads: 3 },
    });
  });

  test('keep their old values when the new file omits them', () => {
    const before = config('models: { dir: /models }');
    assert.deepEqual(keepRestartSettings(before, config()).models, { dir: '/models' });
  });

  test('are, of a camera, only its id, and a new id makes a new camera', () => {
    assert.ok(restartSettings.length > 5);
    assert.deepEqual(
      restartSettings.filter(({ path }) => path[0] === 'cameras').map(({ path }) => path.join('.')),
      ['cameras.[].id'],
    );
  });
});
