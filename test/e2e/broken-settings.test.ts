import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeBox, withoutBuild } from '../support/box.js';
import { until } from '../support/until.js';

describe('a box that starts with broken settings', { skip: withoutBuild }, () => {
  test('runs with the configuration that was in force last, also if the file was broken during that start, and says so', async () => {
    await using box = await makeBox({ config: { rules: { unknownCooldownS: 77 } } });
    const kept = join(box.directory, 'data/configuration-last-good.json');
    const good = await readFile(box.configPath, 'utf8');
    const noSetting = `${good}camras: []\n`;
    const noYaml = `${good}\n  : - [`;
    const started = box.start();
    await until('the configuration to be read', () => box.log().includes('"starting"'));
    await writeFile(box.configPath, noSetting);
    await started;
    await until('the start to be over', () => box.log().includes('"ready"'));
    await until('the configuration to be kept', () => existsSync(kept));
    assert.equal((await stat(kept)).mode & 0o777, 0o600);
    assert.equal(await box.stop(), 0);
    for (const broken of [noYaml, noSetting]) {
      await writeFile(box.configPath, broken);
      await box.start();
      const { lastReload, site } = await box.client.call('status.show');
      // The box answers a moment before it records what it is like.
      await until('the condition', async () => {
        const { conditions } = await box.client.call('status.show');
        return ['running', 'configuration-refused'].every((each) => conditions.some((now) => now === each));
      });
      assert.equal(site, 'test-site');
      assert.equal(lastReload?.outcome, 'refused');
      assert.equal(JSON.parse(await readFile(kept, 'utf8')).file, good, 'the broken one is not kept');
      if (broken === noYaml) assert.equal(await box.stop(), 0);
    }
    for (const command of ['status', 'doctor'] as const) {
      const { stdout } = await box.command(command);
      assert.match(
        stdout,
        /configuration: the daemon refused the configuration .*and runs with the earlier one/,
      );
      assert.match(stdout, /the configuration file cannot be used; the box runs with the one/);
    }
    await writeFile(box.configPath, noYaml);
    assert.match(
      (await box.command('status')).stdout,
      /the daemon refused the configuration/,
      'no YAML at all',
    );
    await writeFile(box.configPath, good);
    box.daemon.kill('SIGHUP');
    await until('the condition to end', async () => {
      const { conditions } = await box.client.call('status.show');
      return !conditions.includes('configuration-refused');
    });
    await writeFile(box.configPath, noSetting);
    assert.equal(await box.stop(), 0);
    rmSync(kept);
    const { exitCode, stderr } = await box.startAndEnd();
    assert.equal(exitCode, 2);
    assert.match(stderr, /camras/);
  });

  test('makes no key where the very first configuration is broken', async () => {
    await using box = await makeBox();
    await writeFile(box.configPath, `${await readFile(box.configPath, 'utf8')}camras: []\n`);
    assert.equal((await box.startAndEnd()).exitCode, 2);
    assert.ok(!existsSync(join(box.directory, 'data')));
  });

  test('never runs with a copy of the configuration that somebody else wrote', async () => {
    await using box = await makeBox({ config: { rules: { unknownCooldownS: 77 } } });
    const inData = (name: string): string => join(box.directory, 'data', name);
    const kept = inData('configuration-last-good.json');
    await box.start();
    await until('the configuration to be kept', () => existsSync(kept));
    assert.equal(await box.stop(), 0);
    const good = await readFile(box.configPath, 'utf8');
    const sealed = await readFile(kept, 'utf8');
    const elsewhere = sealed.replace('test-site', 'another-site');
    assert.notEqual(elsewhere, sealed);
    await writeFile(kept, elsewhere);
    // Whoever writes the data of the box can break its settings, but only the owner breaks the file.
    await writeFile(inData('settings.yaml'), 'camras: []\n');
    await box.start();
    const { lastReload, site } = await box.client.call('status.show');
    assert.deepEqual([lastReload?.outcome, site], ['refused', 'test-site']);
    assert.equal(await box.stop(), 0);
    rmSync(inData('settings.yaml'));
    await writeFile(box.configPath, `${good}camras: []\n`);
    assert.equal((await box.startAndEnd()).exitCode, 2);
    // Not under another seal, and not without one.
    for (const seal of [Buffer.alloc(32).toString('base64'), '', undefined]) {
      await writeFile(kept, JSON.stringify({ ...JSON.parse(sealed), seal }));
      assert.equal((await box.startAndEnd()).exitCode, 2);
    }
  });

  test('recognises without its broker where the secret of the broker cannot be used, and connects after a reload', async () => {
    const mqtt = { url: 'mqtt://127.0.0.1:1', credential: 'broker' };
    const config = { mqtt };
    await using box = await makeBox({ config, secrets: { broker: 'user:password' } });
    const secret = join(box.directory, 'secrets/broker');
    await chmod(secret, 0o644);
    await box.start();
    const { broker, vision } = await box.client.call('status.show');
    assert.equal(vision[0]?.state, 'running');
    assert.equal(broker.state, 'waiting');
    assert.match(broker.message ?? '', /"broker"/);
    assert.match(broker.remedy ?? '', /chmod go-rwx .*reload/s);
    assert.match((await box.command('status')).stdout, /ATTENTION: broker:/);
    await chmod(secret, 0o600);
    assert.deepEqual((await box.reload(config)).outcome, 'applied');
    await until('the box to try the broker', async () =>
      /cannot be reached|refused|127\.0\.0\.1/.test(
        (await box.client.call('status.show')).broker.message ?? '',
      ),
    );
  });

  test('writes records.db back that is deleted under it, ends, and has lost nothing at the next start', async () => {
    await using box = await makeBox();
    await box.start();
    const path = join(box.directory, 'data/records.db');
    const { events } = await box.client.call('status.show');
    for (const log of ['', '-wal', '-shm']) rmSync(`${path}${log}`, { force: true });
    await until('the daemon to end', () => box.daemon.exitCode !== null);
    assert.equal(box.daemon.exitCode, 1);
    assert.match(box.log(), /records\.db was removed or replaced/);
    await box.start();
    const { items } = await box.client.call('events.list', { limit: 100 });
    assert.ok(items.length >= events.recorded);
    assert.doesNotMatch(box.log(), /later records are lost|was missing or empty/);
  });
});
