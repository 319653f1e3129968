import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeBox, withoutBuild } from '../support/box.js';
import { until } from '../support/until.js';

/** A line of a stack trace, which helps only a programmer. */
const stackLine = /\n +at .*:\d+:\d+/;

describe('a daemon that cannot start', { skip: withoutBuild }, () => {
  test('reports all problems of a configuration with their lines', async () => {
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

  test('reports a missing configuration file', async () => {
    await using box = await makeBox();
    await rm(box.configPath);
    const { exitCode, stderr } = await box.startAndEnd();
    assert.equal(exitCode, 2);
    assert.match(stderr, /does not exist/);
  });

  test('reports a required execution provider that the machine does not have', async () => {
    await using box = await makeBox({ config: { vision: { provider: 'cuda' } } });
    const { exitCode, stderr } = await box.startAndEnd();
    assert.equal(exitCode, 1);
    assert.match(stderr, /cuda/i);
    assert.match(stderr, /what to do/);
  });

  for (const [what, config, reason, remedy] of [
    ['a data directory that cannot be created', { dataDir: '/dev/null/data' }, /\/dev\/null/, /dataDir/],
    [
      'a socket directory that cannot be created',
      { control: { socketPath: '/dev/null/run/control.sock' } },
      /\/dev\/null\/run.*the directory \/dev\/null does not exist/,
      /correct control\.socketPath/,
    ],
    [
      'a socket path that is too long',
      { control: { socketPath: `/tmp/${'x'.repeat(120)}.sock` } },
      /control\.socketPath must have at most 107 bytes/,
      /Correct the file/,
    ],
    ['a missing models directory', { models: { dir: '/nonexistent/models' } }, /model/, /rollcall models/],
  ] as const) {
    test(`reports ${what} and what to do`, async () => {
      await using box = await makeBox({ config });
      const { exitCode, stderr } = await box.startAndEnd();
      assert.ok(exitCode === 1 || exitCode === 2, `${exitCode}\n${stderr}`);
      assert.match(stderr, reason);
      assert.match(stderr, new RegExp(`what to do: .*${remedy.source}`));
      assert.doesNotMatch(stderr, stackLine);
    });
  }

  test('reports that FFmpeg is not installed', async () => {
    await using box = await makeBox();
    const { exitCode, stderr } = await box.startAndEnd({ PATH: '/nonexistent' });
    assert.equal(exitCode, 1, stderr);
    assert.match(stderr, /FFmpeg.*\n +what to do: .*apt-get install ffmpeg/);
  });

  test('reports that another daemon uses the same data, and does not disturb it', async () => {
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
    assert.equal((await box.client.call('status.show')).vision[0]?.state, 'running');
  });

  test('is reported by commands: the daemon does not answer', async () => {
    await using box = await makeBox();
    const { exitCode, stderr } = await box.command('status');
    assert.equal(exitCode, 3);
    assert.match(stderr, /does not answer/);
    assert.match(stderr, /what to do/);
  });
});

describe('a daemon without its records or its key', { skip: withoutBuild }, () => {
  test('starts with a damaged or missing records.db and an empty box key, and reports that everywhere', async () => {
    await using box = await makeBox();
    const path = join(box.directory, 'data', 'records.db');
    await mkdir(join(box.directory, 'data'));
    await writeFile(path, 'not a database, but long'.repeat(200));
    await box.start();
    const status = await box.client.call('status.show');
    assert.deepEqual(status.conditionsAbout?.['records-lost'], ['damaged']);
    assert.match(box.log(), /"level":"error".*records\.db\.damaged-.*records\.db was damaged/);
    await box.stop();
    for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true });
    const keyPath = join(box.directory, 'data', 'keys', 'box-key');
    await writeFile(keyPath, '');
    await box.start();
    assert.deepEqual((await box.client.call('status.show')).conditionsAbout?.['key-damaged'], ['box-key']);
    const identity = await box.command('identity', 'show');
    assert.equal(identity.exitCode, 2, identity.stdout);
    assert.match(identity.stderr, /the secret "box-key" is empty.*\n +what to do: Restore/);
    assert.equal((await readFile(keyPath)).length, 0, 'the box makes no other key in its place');
    const about = (await box.client.call('status.show')).conditionsAbout?.['records-lost'];
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

  test('SIGTERM ends the daemon cleanly before it is ready', async () => {
    const logOfStop = async (): Promise<string> => {
      await using box = await makeBox();
      const ended = box.startAndEnd();
      await until('the daemon to begin', () => isStarting(box.log()));
      box.daemon.kill('SIGTERM');
      assert.equal((await ended).exitCode, 0);
      return box.log();
    };
    const isReady = /"message":"ready"/;
    let log = await logOfStop();
    // On a busy machine, it may be ready before the signal comes.
    for (let again = 0; again < 5 && isReady.test(log); again++) log = await logOfStop();
    assert.doesNotMatch(log, isReady);
    assert.doesNotMatch(log, /"level":"error"/);
  });

  test('SIGHUP does not end it, and takes effect when it is ready', async () => {
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
