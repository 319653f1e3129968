import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stateSchema } from '../../daemon/contract/events/state-schema.js';
import type { Finding } from '../../daemon/core/doctor/finding.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';

const skip = withoutBuild || withoutMosquitto;
const passphrase = 'seven brown horses by the sea';

test('a box without its key runs sealed, reports that everywhere, and can be unlocked', {
  skip,
}, async (t) => {
  await using broker = await startMosquitto();
  await using subscriber = await subscribeToEvents(broker.url);
  const states = () =>
    subscriber.messages
      .filter(({ topic }) => topic.endsWith('/test-box/state'))
      .map(({ payload }) => stateSchema.parse(JSON.parse(payload.toString('utf8'))));
  await using box = await makeBox({ hasNoKey: true, config: { mqtt: { url: broker.url } } });
  await box.start();

  await t.test('status, doctor and key status show that it is sealed and what to do', async () => {
    await surfacesSaySealed(box, /has no key yet/);
    await subscriber.until(() => states().at(-1)?.gallery === 'sealed');
  });
  await t.test('requests that need the gallery are refused with the reason', () => refusals(box));
  await t.test('a weak passphrase is refused, a strong one makes the first key', async () => {
    const weak = await box.commandReading('short\n', 'key', 'init', '--provider', 'passphrase');
    assert.notEqual(weak.exitCode, 0);
    assert.doesNotMatch(weak.stdout + weak.stderr, /short\b/);
    const made = await box.commandReading(`${passphrase}\n`, 'key', 'init', '--provider', 'passphrase');
    assert.equal(made.exitCode, 0, made.stderr);
    assert.match((await box.command('status')).stdout, /gallery: open, 0 persons/);
    assert.equal((await box.client.call('status.show')).gallery.keyProvider, 'passphrase');
    const doctor = await box.command('doctor');
    assert.equal(doctor.exitCode, 0, doctor.stdout);
    assert.match(doctor.stdout, /ok +gallery key: comes from a passphrase/);
    assert.match(doctor.stdout, /ok +daemon: runs as user .*\(uid \d+\) and checks its own secrets/);
    assert.match(doctor.stdout, /ok +data directory: the user .* can write to /);
    await subscriber.until(() => states().at(-1)?.gallery === 'open');
  });
  await t.test('after a restart it is sealed until the passphrase is typed', async () => {
    assert.equal(await box.stop(), 0);
    await box.start();
    await surfacesSaySealed(box, /passphrase/);
    const wrong = await box.commandReading('eight brown horses by the sea\n', 'key', 'unlock');
    assert.equal(wrong.exitCode, 1);
    const right = await box.commandReading(`${passphrase}\n`, 'key', 'unlock');
    assert.equal(right.exitCode, 0, right.stderr);
    assert.match((await box.command('status')).stdout, /gallery: open/);
    await subscriber.until(() => states().at(-1)?.gallery === 'open');
  });
  await t.test('the audit log has every attempt, and no file contains the passphrase', (t) => leaks(box, t));
});

const keyPath = (box: TestBox): string => join(box.directory, 'secrets', 'gallery-key');

/** Each spoils a stopped box, and returns how to mend it. */
const spoilt = [
  {
    what: 'a key file that other users can read',
    code: 'credential-exposed',
    async spoil(box: TestBox) {
      await chmod(keyPath(box), 0o644);
      return () => chmod(keyPath(box), 0o600);
    },
    remedy: /chmod go-rwx/,
  },
  {
    what: 'the key of another gallery',
    code: 'wrong-key',
    async spoil(box: TestBox) {
      const own = await readFile(keyPath(box));
      await rm(keyPath(box));
      await box.command('key', 'init');
      return () => writeFile(keyPath(box), own);
    },
    remedy: /put back the key/i,
  },
  {
    what: 'a gallery file that is not a database',
    code: 'gallery-damaged',
    async spoil(box: TestBox) {
      await writeFile(join(box.directory, 'data', 'gallery.db'), 'no database'.repeat(900));
      return async () => undefined;
    },
    remedy: /rollcall backup restore/,
  },
] as const;

test('a gallery that cannot be opened is sealed, and the box runs', { skip: withoutBuild }, async (t) => {
  await using box = await makeBox();
  await box.start();
  assert.equal((await box.client.call('status.show')).gallery.state, 'open');
  await box.stop();
  for (const { what, code, spoil, remedy } of spoilt)
    await t.test(what, async () => {
      const mend = await spoil(box);
      await box.start();
      const { gallery } = await box.client.call('status.show');
      assert.deepEqual([gallery.state, gallery.code], ['sealed', code]);
      assert.match(gallery.remedy ?? '', remedy);
      assert.equal(await box.stop(), 0);
      await mend();
    });
});

async function surfacesSaySealed(box: TestBox, reason: RegExp): Promise<void> {
  const status = await box.command('status');
  assert.equal(status.exitCode, 0);
  assert.match(status.stdout, /gallery: SEALED, no person is recognised: .*\n {2}what to do: /);
  assert.match(status.stdout, reason);
  const doctor = await box.command('doctor', '--json');
  assert.equal(doctor.exitCode, 1);
  const findings = JSON.parse(doctor.stdout) as readonly Finding[];
  const finding = findings.find(({ check }) => check === 'gallery');
  assert.equal(finding?.outcome, 'failed');
  assert.match(finding?.message ?? '', reason);
  assert.ok(finding?.remedy);
  const { vision } = await box.client.call('status.show');
  assert.ok(
    vision.every(({ state }) => state === 'running'),
    'vision processes run while the gallery is sealed',
  );
  assert.match((await box.command('key', 'status')).stdout, /sealed/);
}

async function refusals(box: TestBox): Promise<void> {
  for (const args of [
    ['person', 'list'],
    ['person', 'show', 'p-0'],
    ['person', 'erase', 'p-0', '--yes'],
    ['key', 'rotate', '--yes'],
    ['gallery', 'calibrate'],
  ]) {
    const { exitCode, stderr } = await box.command(...args);
    assert.notEqual(exitCode, 0, args.join(' '));
    assert.match(stderr, /sealed.*\n {2}what to do: /, args.join(' '));
  }
}

async function leaks(box: TestBox, t: TestContext): Promise<void> {
  const audit = await box.command('audit', 'list', '--json');
  const actions = [...audit.stdout.matchAll(/"action": ?"([^"]+)"/g)].map(([, action]) => action);
  for (const action of ['key.initialised', 'key.unlock-refused', 'key.unlocked']) {
    assert.ok(actions.includes(action), `${action} among ${actions.join(', ')}`);
  }
  assert.equal((await box.command('audit', 'verify')).exitCode, 0);
  const files = ['gallery.db', 'gallery.db-wal', 'records.db'].map((name) =>
    join(box.directory, 'data', name),
  );
  for (const text of [box.log(), ...files.map((file) => openCredentialIfPresent(file)), audit.stdout]) {
    assert.ok(!text.includes('brown horses'));
  }
  t.diagnostic(`${actions.length} audit entries`);
}

function openCredentialIfPresent(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
