import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { corruptClip, resolutionChangeClip, testClip, uniformClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { watchCamera } from '../support/watched-camera.js';

describe('a faulty camera', () => {
  test('streams when it is switched on after the start', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await testClip() } });
    await server.kill();
    await using camera = await watchCamera({ url: server.url('/live') });
    await camera.failure('refused');
    await server.restart();
    await camera.moreFrames(10);
    assert.equal(camera.runner.state.state, 'streaming');
  });

  test('continues frames, numbers and times after a restart in mid-stream', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await testClip() } });
    await using camera = await watchCamera({ url: server.url('/live') });
    await camera.moreFrames(10);
    await server.kill();
    await camera.waitFor('the loss', () => camera.runner.state.state === 'failed');
    await server.restart();
    await camera.moreFrames(10);
    assert.equal(camera.runner.state.state, 'streaming');
    assert.ok(camera.counters.restarts >= 1);
    for (const [index, frame] of camera.frames.entries()) {
      const before = camera.frames[index - 1];
      assert.equal(frame.sequence, index);
      assert.ok(before === undefined || frame.capturedAtMs > before.capturedAtMs);
    }
  });

  test('streams with another codec after a restart', async () => {
    const mount = '/live';
    const first = await startRtspServer({ mounts: { [mount]: await testClip() } });
    await using camera = await watchCamera({ url: first.url(mount) });
    await camera.moreFrames(5);
    await first.kill();
    await first[Symbol.asyncDispose]();
    const hevc = await testClip({ codec: 'hevc', widthPx: 320, heightPx: 240 });
    await using _second = await startRtspServer({ mounts: { [mount]: hevc }, port: first.port });
    await camera.moreFrames(5);
    assert.deepEqual(camera.states.at(-1), {
      state: 'streaming',
      stream: { codec: 'hevc', widthPx: 320, heightPx: 240, fps: 25, decoder: 'software' },
    });
  });

  test('is reported as stalled after the configured time, and streams again after a freeze', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await testClip() } });
    await using camera = await watchCamera({ url: server.url('/live'), stallAfterS: 2 });
    await camera.moreFrames(10);
    server.freeze();
    await camera.failure('stalled');
    server.thaw();
    await camera.moreFrames(10);
    assert.equal(camera.runner.state.state, 'streaming');
  });

  for (const transport of ['tcp', 'udp'] as const) {
    test(`is reported if it is alive but sends no picture over ${transport}`, async () => {
      const file = await testClip();
      await using server = await startRtspServer({ mounts: { '/live': { file, silentAfterS: 1.5 } } });
      const url = server.url('/live');
      const address = { url, credential: null, transport };
      await using camera = await watchCamera({ url, address, stallAfterS: 2 });
      await camera.moreFrames(10);
      await camera.failure('stalled');
    });
  }

  test('is reported at the end of its stream', async () => {
    const file = await testClip({ seconds: 2 });
    await using server = await startRtspServer({ mounts: { '/live': { file, loop: false } } });
    await using camera = await watchCamera({ url: server.url('/live') });
    await camera.failure('ended');
    assert.ok(camera.frames.length > 20);
  });

  test('causes a report of garbage, lost packets or one colour without a restart, and none of a good stream', async () => {
    const file = await testClip({ keyframeIntervalS: 2 });
    await using server = await startRtspServer({
      mounts: {
        '/garbage': await corruptClip({ seconds: 4, damagedShare: 0.5 }),
        '/lossy': { file, lostShare: 0.03 },
        '/green': await uniformClip('green', { seconds: 4 }),
        '/whole': file,
      },
    });
    const watch = (mount: string, transport: 'tcp' | 'udp') => {
      const url = server.url(mount);
      return watchCamera({ url, address: { url, credential: null, transport } });
    };
    await using garbage = await watch('/garbage', 'udp');
    await using lossy = await watch('/lossy', 'tcp');
    await using lossyOverUdp = await watch('/lossy', 'udp');
    await using green = await watch('/green', 'tcp');
    await using whole = await watch('/whole', 'tcp');
    for (const [camera, code, remedy] of [
      [garbage, 'pictures-damaged', /Restart the camera/],
      [lossy, 'pictures-damaged', /transport tcp/],
      [lossyOverUdp, 'pictures-damaged', /transport tcp/],
      [green, 'pictures-uniform', /lens/],
    ] as const) {
      const damage = () => {
        const { state } = camera.runner;
        return state.state === 'streaming' ? state.damage : undefined;
      };
      await camera.waitFor(code, () => damage()?.code === code);
      assert.match(damage()?.remedy ?? '', remedy);
      assert.equal(camera.counters.restarts, 0);
    }
    assert.deepEqual(
      whole.states.map((state) => state.state === 'streaming' && state.damage),
      [undefined],
    );
  });

  test('may change its resolution in mid-stream: this is reported, and no frame is lost', async () => {
    const clip = await resolutionChangeClip({ seconds: 2 }, { seconds: 2, widthPx: 1280, heightPx: 720 });
    await using server = await startRtspServer({ mounts: { '/live': clip } });
    await using camera = await watchCamera({ url: server.url('/live') });
    await camera.waitFor('the change and back', () => camera.states.length >= 3);
    await camera.moreFrames(3);
    assert.deepEqual(
      camera.states.map((state) => state.state === 'streaming' && state.stream.widthPx),
      [640, 1280, 640],
    );
    assert.deepEqual(camera.counters.restarts, 0);
    assert.ok(camera.frames.every(({ widthPx, heightPx }) => widthPx * 9 === heightPx * 16));
    const { droppedBusy, droppedStale } = camera.counters;
    assert.deepEqual([droppedBusy, droppedStale], [0, 0]);
  });

  test('may send no key frame for ten seconds', async () => {
    const file = await testClip({ seconds: 24, keyframeIntervalS: 12 });
    await using server = await startRtspServer({ mounts: { '/live': { file, startAtS: 1.5 } } });
    await using camera = await watchCamera({ url: server.url('/live') });
    await camera.moreFrames(5);
    assert.deepEqual(
      camera.states.map(({ state }) => state),
      ['streaming'],
    );
  });

  test('is reported if it sends no key frame and no parameters within the configured time', async () => {
    const file = await testClip({ seconds: 24, keyframeIntervalS: 12 });
    await using server = await startRtspServer({ mounts: { '/live': { file, startAtS: 1 } } });
    await using camera = await watchCamera({ url: server.url('/live'), firstFrameWithinS: 3 });
    await camera.failure('no-parameter-sets');
  });
});
