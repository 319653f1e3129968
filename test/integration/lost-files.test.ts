import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../daemon/contract/settings/load.js';
import { openAuditKey } from '../../daemon/core/audit/audit-key.js';
import { reload } from '../../daemon/core/runtime/reload.js';
import { LastGood } from '../../daemon/core/settings/last-good.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const channel = { kind: 'webhook', settings: { url: 'https://192.0.2.5/', secret: 'own' }, sealed: 'AAAA' };
const rule = { id: 'r', on: 'camera-down', cameras: ['door'], channels: ['guards'] };

/** A running box with a camera and an alert channel in files of their own, which a rule names. */
async function runBox() {
  const directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  const [configPath, dataDir, secretsDir] = [at('rollcall.yaml'), at('data'), at('secrets')];
  const files = {
    door: join(dataDir, 'cameras.d/door.yaml'),
    guards: join(dataDir, 'channels.d/guards.json'),
  };
  for (const folder of ['data/cameras.d', 'data/channels.d', 'secrets'])
    await mkdir(at(folder), { recursive: true, mode: 0o700 });
  await openAuditKey({ dataDir, secretsDirectory: secretsDir });
  await writeFile(files.door, 'id: door\nname: Door\nurl: rtsp://192.0.2.2/\n');
  await writeFile(files.guards, JSON.stringify(channel));
  const head = `site: { id: office, timeZone: UTC }\ndataDir: ${dataDir}\nsecretsDir: ${secretsDir}\n`;
  const configure = (more: string) =>
    writeFile(configPath, `${head}alerts: { rules: [${JSON.stringify(rule)}] }\n${more}`);
  await configure('');
  const loaded = await loadConfig(configPath);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const runtime = {
    config: loaded.config,
    async replace(next: typeof loaded.config) {
      runtime.config = next;
      return [];
    },
  };
  const lastGood = new LastGood(loaded.config, silentLogger);
  lastGood.keep(loaded.texts);
  await lastGood[Symbol.asyncDispose]();
  const { signal } = new AbortController();
  return {
    ...{ files, configure, runtime },
    async reload() {
      const result = await reload(configPath, runtime, { logger: silentLogger, signal, lastGood });
      await lastGood[Symbol.asyncDispose]();
      return result.outcome;
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  };
}

test('a running box goes on to take changes when the files of a camera and of a channel are deleted', async () => {
  await using box = await runBox();
  await rm(box.files.door);
  await rm(box.files.guards);
  const unusable = () => {
    const { unusableCameraFiles, unusableChannelFiles } = box.runtime.config;
    return [...unusableCameraFiles, ...unusableChannelFiles].map(({ id, why }) => [id, why]);
  };
  for (const seconds of [7, 8]) {
    await box.configure(`rules: { unknownAfterS: ${seconds} }\n`);
    assert.equal(await box.reload(), 'applied');
    assert.equal(box.runtime.config.rules.unknownAfterS, seconds);
    assert.deepEqual(unusable(), [
      ['door', 'lost'],
      ['guards', 'lost'],
    ]);
  }
});

test('a running box refuses a camera or channel file that somebody damages', async () => {
  await using box = await runBox();
  for (const path of Object.values(box.files)) {
    await writeFile(path, '{');
    assert.equal(await box.reload(), 'refused');
  }
  assert.deepEqual([box.runtime.config.cameras.length, box.runtime.config.ownChannels.length], [1, 1]);
});
