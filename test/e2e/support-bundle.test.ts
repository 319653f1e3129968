import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PersonSummary } from '../../daemon/contract/person.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, withoutBuild } from '../support/box.js';
import { freePort } from '../support/listening.js';
import { until } from '../support/until.js';

interface Bundle {
  readonly versions: { readonly node: string };
  readonly configuration: {
    readonly cameras: readonly unknown[];
    readonly rules: { readonly unknownAfterS: number };
  };
  readonly status: { readonly conditions: readonly string[] };
  readonly doctor: readonly { readonly message: readonly string[] }[];
  readonly metrics: readonly string[];
  readonly log: readonly { readonly message: string; readonly fields: object }[];
}

test('a support bundle tells about the box, and about nobody', { skip: withoutBuild }, async (t) => {
  const port = await freePort();
  const secrets = {
    'door-login': 'camera-user:tHe-Camera-Password',
    'mq-login': 'mq-user:tHe-Broker-Password',
    'hook-secret': 'tHe-Secret-Of-The-Webhook',
  };
  await using box = await makeBox({
    secrets,
    config: {
      site: { id: 'waldheim', timeZone: 'Europe/Paris' },
      box: { id: 'pforte-sued' },
      rules: { unknownAfterS: 7 },
      mqtt: { url: `mqtt://127.0.0.1:${port}`, credential: 'mq-login' },
      cameras: [
        {
          id: 'haustuer',
          name: 'Bei Frau Holle',
          url: `rtsp://127.0.0.1:${port}/geheim`,
          credential: 'door-login',
        },
      ],
      alerts: {
        webhooks: [{ id: 'rufdienst', url: 'https://hook.rufdienst.example/abc', secret: 'hook-secret' }],
        rules: [{ id: 'nachts', on: 'unknown', channels: ['rufdienst'] }],
      },
    },
  });
  await box.start();
  await using portraits = await writeEnrolmentPhotos();
  const added = await box.command(
    'person',
    'add',
    'Ada Holle',
    '--external-id',
    'EMP-4711',
    '--image',
    portraits.files.ada,
  );
  assert.equal(added.exitCode, 0, added.stderr);
  const listed = await box.command('person', 'list', '--json');
  const [person] = JSON.parse(listed.stdout) as readonly PersonSummary[];
  assert.ok(person);
  await until('the camera to fail', async () => (await box.camera('haustuer')).state !== 'connecting');
  const private_ = [
    ...Object.values(secrets).flatMap((login) => login.split(':')),
    ...[
      'waldheim',
      'pforte-sued',
      'haustuer',
      'Holle',
      'geheim',
      'rufdienst',
      'nachts',
      'EMP-4711',
      '127.0.0.1',
    ],
    ...['door-login', 'mq-login', 'hook-secret', person.id, box.directory],
  ];
  const bundleOf = async (name: string): Promise<Bundle> => {
    const path = join(box.directory, name);
    const made = await box.command('support-bundle', path);
    assert.equal(made.exitCode, 0, made.stderr);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const text = await readFile(path, 'utf8');
    for (const each of private_) assert.ok(!text.includes(each), `the bundle has "${each}"`);
    return JSON.parse(text) as Bundle;
  };

  await t.test('of a running box', async () => {
    const { versions, configuration, status, doctor, metrics, log } = await bundleOf('running.json');
    assert.equal(versions.node, process.versions.node);
    assert.equal(configuration.cameras.length, 1);
    assert.equal(configuration.rules.unknownAfterS, 7);
    assert.ok(status.conditions.includes('running'));
    assert.ok(doctor.some(({ message }) => message.some((code) => code.startsWith('doctor/'))));
    assert.ok(metrics.some((line) => /^rollcall_\w+\{.*="text-\d+"/.test(line)));
    assert.ok(log.some(({ message }) => message === 'ready'));
  });

  await t.test('of one whose daemon does not run', async () => {
    await box.stop();
    const { configuration, doctor } = await bundleOf('stopped.json');
    assert.equal(configuration.cameras.length, 1);
    assert.ok(doctor.length > 3);
  });

  await t.test('never overwrites a file', async () => {
    const again = await box.command('support-bundle', join(box.directory, 'running.json'));
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /cannot write/);
  });
});
