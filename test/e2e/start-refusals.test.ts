import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeBox, withoutBuild } from '../support/box.js';
import { until } from '../support/until.js';

/** What only a programmer could read. */
const stackLine = /\n +at .*:\d+:\d+/;

describe('a daemon that cannot start says why, what to do, and ends', { skip: withoutBuild }, () => {
  test('configuration with several problems: all of them, with lines, in one go', async () => {
    await using box = await makeBox();
    await writeFile(
      box.configPath,
      'site: { id: Main Office, timeZone: Mars/Base }\ncameras:\n  - id: door\n    nmae: Door\n    url: http://camera/\n',
    );
    const { exitCode, stderr } = await box.startAndEnd();
    assert.equal(exitCode, 2);
    for (const place of [/:1:.*site\.id/, /:1:.*site\.timeZone/, /:4:.*nmae.*name/, /:5:.*rtsp:\/\//]) {
      assert.match(stderr, place);
    }
    assert.match(stderr, /rollcall check-config/);
    const checked = await box.command('check-config', '--json');
    assert.equal(checked.exitCode, 1);
    assert.ok((JSON.parse(checked.stdout) as { problems: unknown[] }).problems.length >= 4);
  });

  test('configuration file missing', async () => {
    await using box = await makeBox();
    await rm(box.configPath);
    const { exitCode, stderr } = await box.startAndEnd();
    assert.equal(exitCode, 2);
    assert.match(stderr, /does not exist/);
  });

  test('a required execution provider that this machine lacks', async () => {
    await using box = await makeBox({ config: { vision: { provider: 'cuda' } } });
    const { exitCode, stderr } = await box.startAndEnd();
    assert.equal(exitCode, 1);
    assert.match(stderr, /cuda/i);
    assert.match(stderr, /what to do/);
  });

  for (const [what, config, reason, remedy] of [
    ['a data directory that cannot be made', { dataDir: '/dev/null/data' }, /\/dev\/null/, /dataDir/],
    [
      'a directory for the socket that cannot be made',
      { control: { socketPath: '/dev/null/run/control.sock' } },
      /\/dev\/null\/run.*there is no directory \/dev\/null/,
      /correct control\.socketPath/,
    ],
    [
      'a path too long for a socket',
      { control: { socketPath: `/tmp/${'x'.repeat(120)}.sock` } },
      /control\.socketPath must be shorter/,
      /correct the file/,
    ],
    ['no models', { models: { dir: '/nonexistent/models' } }, /model/, /rollcall models/],
    [
      'a certificate file that is not there',
      { mqtt: { url: 'mqtts://127.0.0.1', caFile: '/nonexistent/ca.pem' } },
      /ca\.pem/,
      /PEM file/,
    ],
  ] as const) {
    test(what, async () => {
      await using box = await makeBox({ config });
      const { exitCode, stderr } = await box.startAndEnd();
      assert.ok(exitCode === 1 || exitCode === 2, `${exitCode}\n${stderr}`);
      assert.match(stderr, reason);
      assert.match(stderr, new RegExp(`what to do: .*${remedy.source}`));
      assert.doesNotMatch(stderr, stackLine);
    });
  }

  test('FFmpeg is not installed', async () => {
    await using box = await makeBox();
    const { exitCode, stderr } = await box.startAndEnd({ PATH: '/nonexistent' });
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /FFmpeg.*\n +what to do: .*apt-get install ffmpeg/);
  });

  test('a second daemon on the same data', async () => {
    await using box = await makeBox();
    await box.start();
    const { exitCode, stdout } = await box.command('status');
    assert.equal(exitCode, 0);
    assert.match(stdout, /vision 0: running, cpu/);
    const second = await makeBox({
      config: { dataDir: join(box.directory, 'data'), secretsDir: join(box.directory, 'secrets') },
      hasNoKey: true,
    });
    await using _second = second;
    const ended = await second.startAndEnd();
    assert.equal(ended.exitCode, 1);
    assert.match(ended.stderr, /gallery/);
    assert.equal((await box.client.status()).vision[0]?.state, 'running');
  });

  test('commands tell that the daemon does not answer', async () => {
    await using box = await makeBox();
    const { exitCode, stderr } = await box.command('status');
    assert.equal(exitCode, 3);
    assert.match(stderr, /does not answer/);
    assert.match(stderr, /what to do/);
  });
});

describe('a daemon without its records or its key', { skip: withoutBuild }, () => {
  test('starts where records.db is damaged or missing and the box key is empty, and says so everywhere', async () => {
    await using box = await makeBox();
    const path = join(box.directory, 'data', 'records.db');
    await mkdir(join(box.directory, 'data'));
    await writeFile(path, 'not a database, but long'.repeat(200));
    await box.start();
    const status = await box.client.status();
    assert.deepEqual(status.conditionsAbout?.['records-lost'], ['damaged']);
    assert.match(box.log(), /"level":"error".*records\.db\.damaged-.*records\.db was damaged/);
    await box.stop();
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true });
    const keyPath = join(box.directory, 'data', 'keys', 'box-key');
    await writeFile(keyPath, '');
    await box.start();
    assert.deepEqual((await box.client.status()).conditionsAbout?.['key-damaged'], ['box-key']);
    const identity = await box.command('identity', 'show');
    assert.equal(identity.exitCode, 2, identity.stdout);
    assert.match(identity.stderr, /the secret "box-key" is empty.*\n +what to do: put back/);
    assert.equal((await readFile(keyPath)).length, 0, 'no other key was made in its place');
    const about = (await box.client.status()).conditionsAbout?.['records-lost'];
    assert.deepEqual(about, ['missing']);
    assert.match(
      (await box.command('doctor')).stdout,
      /records\.db was lost, damaged or replaced.*\(missing\)/,
    );
    const events = (await box.command('events', 'list')).stdout;
    assert.match(events, /lost/);
    const audit = (await box.command('audit', 'list', '--action', 'records')).stdout;
    assert.equal(audit.match(/records\.lost/g)?.length, 2, audit);
  });
});

describe('signals during the start', { skip: withoutBuild }, () => {
  const isStarting = (log: string): boolean => log.includes('"message":"starting"');

  test('SIGTERM ends the daemon in order before it was ready', async () => {
    await using box = await makeBox();
    const ended = box.startAndEnd();
    await until('the daemon to begin', () => isStarting(box.log()));
    box.daemon.kill('SIGTERM');
    assert.equal((await ended).exitCode, 0);
    assert.doesNotMatch(box.log(), /"message":"ready"|"level":"error"/);
  });

  test('SIGHUP does not end it, and is obeyed once it is ready', async () => {
    await using box = await makeBox();
    const ended = box.startAndEnd();
    await until('the daemon to begin', () => isStarting(box.log()));
    box.daemon.kill('SIGHUP');
    await until('the reload', () => box.log().includes('the configuration has not changed'));
    assert.match(box.log(), /"message":"ready".*the configuration has not changed/s);
    box.daemon.kill('SIGTERM');
    assert.equal((await ended).exitCode, 0);
  });
});
