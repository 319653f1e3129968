import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { stringify } from 'yaml';
import { testAddress } from '../../daemon/cli/camera-address-test.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type CameraInspection, inspectCamera } from '../../daemon/vision/ingest/inspect-camera.js';
import { root } from '../support/built.js';
import { testClip, uniformClip } from '../support/clips.js';
import { descendantsOf } from '../support/processes.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { sourceOptions } from '../support/watched-camera.js';

/** Problems of the camera: a machine that is busy with other tests is too slow for any. */
const codesOf = (found: CameraInspection): readonly string[] =>
  found.outcome === 'failed'
    ? [found.failure.code]
    : found.problems.map(({ code }) => code).filter((code) => !/^(box|network)-/.test(code));

describe('a single inspection of a camera', () => {
  test('gives codec, size, rate, time to the first frame, and the frames', async () => {
    const clip = await testClip({ framesPerS: 20, widthPx: 320, heightPx: 240 });
    await using server = await startRtspServer({ mounts: { '/live': clip } });
    let frames = 0;
    const found = await inspectCamera({
      ...(await sourceOptions({ url: server.url('/live') }, silentLogger)),
      observeMs: 2000,
      signal: new AbortController().signal,
      onFrame(frame) {
        frames += 1;
        frame.release();
      },
    });
    assert.ok(found.outcome === 'ok');
    const size = { widthPx: 320, heightPx: 240 };
    assert.deepEqual(found.stream, { codec: 'h264', ...size, fps: 20, decoder: 'software' });
    assert.ok(Math.abs(found.measuredFps - 20) < 1, `${found.measuredFps} frames a second`);
    assert.ok(found.firstFrameMs > 0);
    assert.ok(frames > 20);
    assert.deepEqual(codesOf(found), []);
  });

  test('reports unusable pictures within seconds', async () => {
    const file = await testClip();
    await using server = await startRtspServer({
      mounts: {
        '/lossy': { file, lostShare: 0.1 },
        '/green': await uniformClip('green', { seconds: 4 }),
      },
    });
    const look = async (mount: string) =>
      inspectCamera({
        ...(await sourceOptions({ url: server.url(mount) }, silentLogger)),
        observeMs: 3200,
        signal: new AbortController().signal,
        onFrame: (frame) => frame.release(),
      });
    const found = await Promise.all(['/lossy', '/green'].map(look));
    assert.deepEqual(found.map(codesOf), [['pictures-damaged'], ['pictures-uniform']]);
  });

  test('distinguishes a camera that sends too few pictures from a box that is too slow', async () => {
    const clip = await testClip({ framesPerS: 5, widthPx: 320, heightPx: 240 });
    await using server = await startRtspServer({ mounts: { '/slow': clip } });
    const found = await inspectCamera({
      ...(await sourceOptions({ url: server.url('/slow') }, silentLogger)),
      observeMs: 2000,
      signal: new AbortController().signal,
      onFrame: (frame) => frame.release(),
    });
    assert.ok(found.outcome === 'ok');
    assert.deepEqual(codesOf(found), ['camera-too-slow']);
    assert.ok(found.decodingCores !== null && found.decodingCores < 0.8, `${found.decodingCores} cores`);
  });

  test('reports a failure and does not try again', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await testClip() } });
    const options = await sourceOptions({ url: server.url('/wrong') }, silentLogger);
    const found = await inspectCamera({
      ...options,
      observeMs: 1000,
      signal: new AbortController().signal,
      onFrame: (frame) => frame.release(),
    });
    assert.equal(found.outcome === 'failed' && found.failure.code, 'not-found');
    assert.equal(server.events.filter(({ event }) => event === 'connected').length, 1);
  });
});

describe('a test of an address that is not configured', () => {
  const auth = { user: 'viewer', password: 'correct:horse' };
  const nowhere = { config: '/nowhere/rollcall.yaml' };
  const typed = (text: string) => ({
    input: Readable.from([Buffer.from(text)]),
    output: new PassThrough(),
  });

  // Root runs the test as the user `nobody`.
  const isClosed =
    process.getuid?.() === 0 && spawnSync('ls', [root], { uid: 65_534, gid: 65_534 }).status !== 0;
  test('needs no daemon, and takes a typed login or a secret', {
    skip: isClosed ? `only root can read ${root}` : false,
  }, async () => {
    await using directory = await temporaryDirectory();
    const config = join(directory.path, 'rollcall.yaml');
    const secretsDir = join(directory.path, 'secrets');
    await mkdir(secretsDir, { mode: 0o700 });
    await writeFile(join(secretsDir, 'door'), `${auth.user}:${auth.password}\n`, { mode: 0o600 });
    await writeFile(config, stringify({ site: { id: 'test', timeZone: 'UTC' }, secretsDir, cameras: [] }));
    const clip = await testClip({ framesPerS: 20, widthPx: 320, heightPx: 240 });
    await using server = await startRtspServer({ mounts: { '/live': clip }, auth });
    const url = server.url('/live');
    const before = descendantsOf(process.pid);
    const [byHand, bySecret, without] = await Promise.all([
      testAddress(url, { ...nowhere, login: true }, typed(`${auth.user}:${auth.password}\n`)),
      testAddress(url, { config, credential: 'door' }),
      testAddress(url, nowhere),
    ]);
    for (const found of [byHand, bySecret]) {
      assert.ok(found.outcome === 'ok', JSON.stringify(found));
      assert.deepEqual([found.stream.codec, found.stream.widthPx, found.faces], ['h264', 320, []]);
      assert.deepEqual(found.connection, { isEncrypted: false, certificate: null, login: 'digest' });
    }
    assert.ok(without.outcome === 'failed');
    assert.equal(without.code, 'unauthorised');
    assert.match(without.remedy, /--login .* --credential/);
    assert.deepEqual(
      descendantsOf(process.pid).filter((pid) => !before.includes(pid)),
      [],
    );
  });

  test('refuses an invalid address without repeating a password', async () => {
    for (const [url, options, code] of [
      ['rtsp://viewer:hunter2@127.0.0.1/live', nowhere, 'camera-url-unusable'],
      ['http://127.0.0.1/hunter2', nowhere, 'camera-url-unusable'],
      ['rtsp://127.0.0.1/live', { ...nowhere, credential: 'viewer:hunter2' }, 'credential-name'],
      ['rtsp://127.0.0.1/live', { ...nowhere, credential: 'door', login: true }, 'login-twice'],
      ['rtsp://127.0.0.1/live', { ...nowhere, caFile: 'ca.pem' }, 'camera-option-unusable'],
      ['rtsps://127.0.0.1/live', { ...nowhere, fingerprint: 'hunter2' }, 'camera-option-unusable'],
      ['rtsps://127.0.0.1/live', { ...nowhere, caFile: '/nowhere/ca.pem' }, 'ca-unreadable'],
    ] as const) {
      await assert.rejects(testAddress(url, options), (error) => {
        assert.ok(isRollcallError(error, code), String(error));
        assert.doesNotMatch(`${error.message} ${error.remedy}`, /hunter2/);
        return true;
      });
    }
    const noLogin = testAddress('rtsp://127.0.0.1/live', { ...nowhere, login: true }, typed('hunter2\n'));
    await assert.rejects(noLogin, (error) => isRollcallError(error, 'login-form'));
  });
});
