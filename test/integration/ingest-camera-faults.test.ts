import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { numberIn } from '../../scripts/camera-trials/counted-clip.js';
import { corruptClip, countedClip, resolutionChangeClip, testClip, uniformClip } from '../support/clips.js';
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

  test('costs a good camera beside it no frame, whatever is wrong with it', async () => {
    const clip = await testClip();
    await using server = await startRtspServer({
      mounts: {
        '/good': clip,
        '/garbage': await corruptClip({ seconds: 4, damagedShare: 0.5 }),
        '/silent': { file: clip, silentAfterS: 0.5 },
      },
    });
    await using dead = await startRtspServer({ mounts: { '/live': clip } });
    await dead.kill();
    // A frame that a busy machine brings late is still one that came.
    await using good = await watchCamera({
      url: server.url('/good'),
      staleAfterMs: Number.POSITIVE_INFINITY,
    });
    await good.moreFrames(5);
    await using garbage = await watchCamera({ url: server.url('/garbage') });
    await using silent = await watchCamera({ url: server.url('/silent'), stallAfterS: 1 });
    await using lost = await watchCamera({ url: server.url('/nothing-here') });
    await using off = await watchCamera({ url: dead.url('/live') });
    const isDamaged = ({ state }: typeof garbage.runner) =>
      state.state === 'streaming' && state.damage?.code === 'pictures-damaged';
    await Promise.all([
      garbage.waitFor('damage', () => isDamaged(garbage.runner)),
      silent.failure('stalled'),
      lost.failure('not-found'),
      off.failure('refused'),
      good.moreFrames(60),
    ]);
    const { restarts, droppedBusy, droppedStale } = good.counters;
    assert.deepEqual([good.states.length, restarts, droppedBusy, droppedStale], [1, 0, 0, 0]);
    assert.deepEqual(
      good.frames.map(({ sequence }) => sequence),
      good.frames.map((_, index) => index),
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

  for (const codec of ['h264', 'hevc'] as const) {
    test(`shows nothing of ${codec} before its first key frame`, async () => {
      const file = await countedClip(codec, { seconds: 8, keyframeIntervalS: 2 });
      await using server = await startRtspServer({ mounts: { '/live': { file, startAtS: 0.6 } } });
      const numbers: (number | undefined)[] = [];
      const onFrame = (frame: Frame): void => {
        numbers.push(numberIn(frame.picture));
        frame.release();
      };
      const everyFrame = { framesPerS: 60, staleAfterMs: Number.POSITIVE_INFINITY };
      await using camera = await watchCamera({ url: server.url('/live'), ...everyFrame, onFrame });
      await camera.moreFrames(20);
      assert.equal((numbers[0] ?? -1) % 50, 0, `${numbers}`);
      assert.deepEqual(
        numbers.slice(0, 20),
        Array.from({ length: 20 }, (_, index) => (numbers[0] ?? 0) + index),
      );
    });
  }

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
