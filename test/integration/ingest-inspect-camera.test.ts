import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../../daemon/base/logger.js';
import { type CameraInspection, inspectCamera } from '../../daemon/vision/ingest/inspect-camera.js';
import { testClip, uniformClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { sourceOptions } from '../support/watched-camera.js';

/** Problems of the camera: a machine that is busy with other tests is too slow for any. */
const codesOf = (found: CameraInspection): readonly string[] =>
  found.outcome === 'failed'
    ? [found.failure.code]
    : found.problems.map(({ code }) => code).filter((code) => !/^(box|network)-/.test(code));

describe('looking at a camera once', () => {
  test('tells codec, size, rate and time to the first frame, and hands out the frames', async () => {
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
    assert.deepEqual(found.stream, { codec: 'h264', widthPx: 320, heightPx: 240, fps: 20 });
    assert.ok(Math.abs(found.measuredFps - 20) < 1, `${found.measuredFps} frames a second`);
    assert.ok(found.firstFrameMs > 0);
    assert.ok(frames > 20);
    assert.deepEqual(codesOf(found), []);
  });

  test('tells pictures of no use within seconds', async () => {
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

  test('tells a camera that sends too few pictures from a box that is too slow', async () => {
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

  test('tells the failure and does not try again', async () => {
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
