import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { restingCameraSource } from '../../daemon/vision/ingest/resting-source.js';
import type { StreamEnd } from '../../daemon/vision/ingest/stream-end.js';
import { codedUnits, corruptClip, resolutionChangeClip, testClip, uniformClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { startScriptedRtspServer } from '../support/scripted-rtsp-server.js';
import { until } from '../support/until.js';
import { sourceOptions, type WatchedOptions } from '../support/watched-camera.js';

/** Opens a camera that rests once it has shown a frame. */
async function openResting(options: WatchedOptions) {
  const source = restingCameraSource(await sourceOptions({ framesPerS: 30, ...options }, silentLogger));
  const abort = new AbortController();
  const seen = {
    ...{ widths: [] as number[], times: [] as number[], pids: [] as number[] },
    end: undefined as StreamEnd | undefined,
  };
  const ended = source
    .open(
      {
        onStarted: (pid) => void seen.pids.push(pid),
        onOpened: () => undefined,
        onFrame(frame) {
          seen.widths.push(frame.picture.widthPx);
          seen.times.push(frame.capturedAtMs);
          frame.release();
        },
        onDropped: () => undefined,
        onDamage: () => undefined,
      },
      { signal: abort.signal },
    )
    .then((end) => {
      seen.end = end;
    });
  return {
    ...{ source, seen },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await ended;
    },
  };
}

/** On a busy machine, a decoder may take seconds for its first picture. */
const stallAfterS = 30;

const codeOf = (end: StreamEnd | undefined): string | undefined =>
  end?.kind === 'failed' ? end.failure.code : end?.kind;

describe('a stream that rests', { concurrency: true }, () => {
  test('is decoded again from its last key frame, by any codec and transport, across a change of its size', async () => {
    const mounts = {
      '/hevc': await testClip({ codec: 'hevc' }),
      '/mjpeg': await uniformClip('gray', { seconds: 4 }),
      '/change': await resolutionChangeClip({ seconds: 2 }, { widthPx: 1280, heightPx: 720, seconds: 2 }),
    };
    await using server = await startRtspServer({ mounts });
    for (const [mount, transport] of [
      ['/hevc', 'tcp'],
      ['/mjpeg', 'tcp'],
      ['/change', 'udp'],
    ] as const) {
      const url = server.url(mount);
      await using camera = await openResting({
        url,
        address: { url, credential: null, transport },
        stallAfterS,
      });
      const { source, seen } = camera;
      await until('the first frame', () => seen.widths.length > 0);
      const { wakes } = source;
      source.decode('all');
      await until('more frames', () => seen.widths.length > (mount === '/change' ? 110 : 10));
      assert.deepEqual([...new Set(seen.widths)].sort(), mount === '/change' ? [1280, 640] : [640]);
      assert.ok(seen.times.every((time, at) => at === 0 || time > (seen.times[at - 1] ?? 0)));
      assert.equal(source.wakes - wakes, 1);
      assert.equal(seen.end, undefined);
    }
  });

  test('delivers as many frames as are asked for', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await testClip({ seconds: 6 }) } });
    await using camera = await openResting({ url: server.url('/live') });
    const { source, seen } = camera;
    source.decode('all');
    /** Of the newest frames. */
    const longestStepMs = (): number => {
      const times = seen.times.slice(-5);
      return Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? 0)));
    };
    await until('every frame', () => seen.times.length >= 5 && longestStepMs() < 60);
    source.ask(5);
    await until('a fifth of them', () => longestStepMs() > 150);
    source.ask(100);
    await until('every frame again', () => longestStepMs() < 60);
    assert.ok(source.wakingMs > 0);
    assert.equal(seen.end, undefined);
  });

  test('decodes key frames alone where no more is wanted', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await testClip({ seconds: 6 }) } });
    await using camera = await openResting({ url: server.url('/live') });
    const { source, seen } = camera;
    await until('the first frame', () => seen.times.length > 0);
    source.decode('none');
    const shown = seen.times.length;
    source.decode('key-frame');
    await until('three key frames', () => seen.times.length >= shown + 3);
    const times = seen.times.slice(shown);
    // A second apart, and 40 ms between two frames; on a busy machine, the parts of a stream come late.
    assert.ok(times.slice(1).every((time, at) => time - (times[at] ?? 0) > 500));
    assert.equal(source.wantedMs, 0);
    source.decode('all');
    await until(
      'all frames',
      () =>
        seen.times.slice(-5).every((time, at, five) => time - (five[at - 1] ?? time) < 60) &&
        seen.times.length > shown + 20,
    );
    source.decode('none');
    assert.equal(seen.end, undefined);
  });

  test('says why it ends, also while nothing is decoded', async () => {
    const auth = { user: 'viewer', password: 'right' };
    await using server = await startRtspServer({ mounts: { '/live': await testClip() }, auth });
    const url = server.url('/live');
    const options = { url, stallAfterS: 1 };
    await using stranger = await openResting(options);
    await using lost = await openResting({
      url: server.url('/nowhere'),
      address: { url: server.url('/nowhere'), credential: auth, transport: 'tcp' },
    });
    await using resting = await openResting({
      ...options,
      address: { url, credential: auth, transport: 'tcp' },
    });
    await until('the refusals', () => stranger.seen.end !== undefined && lost.seen.end !== undefined);
    assert.deepEqual([codeOf(stranger.seen.end), codeOf(lost.seen.end)], ['unauthorised', 'not-found']);
    await until('the first frame', () => resting.seen.widths.length > 0);
    server.freeze();
    await until('the end', () => resting.seen.end !== undefined);
    server.thaw();
    assert.equal(codeOf(resting.seen.end), 'stalled');
  });

  test('ends where its first decoder hangs, or the camera sets its clock back by a minute', async () => {
    const payloads = await codedUnits(await testClip({ widthPx: 160, heightPx: 120 }), 'h264');
    const media = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:1'];
    const firstStamp = 90_000;
    const stampOf = (sequence: number): number => firstStamp + sequence - (sequence < 50 ? 0 : 1500);
    await using server = await startScriptedRtspServer({ media, payloads });
    await using changing = await startScriptedRtspServer({ media, payloads, stampOf });
    await using hanging = await openResting({ url: server.url, stallAfterS: 10 });
    await using jumping = await openResting({ url: changing.url });
    for (const { source } of [hanging, jumping]) source.decode('all');
    await until('frames', () => hanging.seen.widths.length > 5);
    const [, decoderPid] = hanging.seen.pids;
    assert.ok(decoderPid);
    process.kill(decoderPid, 'SIGSTOP');
    await until('both ends', () => [hanging, jumping].every(({ seen }) => seen.end !== undefined));
    assert.equal(codeOf(hanging.seen.end), 'falling-behind');
    assert.equal(codeOf(jumping.seen.end), 'stalled');
    assert.match(JSON.stringify(jumping.seen.end), /time stamps/);
  });

  test('goes on where the camera sets its clock back by more than a second', async () => {
    const payloads = await codedUnits(await testClip({ widthPx: 160, heightPx: 120 }), 'h264');
    const media = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:1'];
    const stampOf = (sequence: number): number => 1000 + sequence - (sequence < 75 ? 0 : 40);
    await using server = await startScriptedRtspServer({ media, payloads, stampOf });
    await using camera = await openResting({ url: server.url, stallAfterS });
    camera.source.decode('all');
    const { seen } = camera;
    await until(
      'frames of the new clock, or the end',
      () => seen.widths.length > 200 || seen.end !== undefined,
    );
    assert.equal(seen.end, undefined);
  });

  test('goes on where its pictures are damaged', async () => {
    await using server = await startRtspServer({ mounts: { '/live': await corruptClip() } });
    await using camera = await openResting({ url: server.url('/live') });
    camera.source.decode('all');
    await until('frames', () => camera.seen.widths.length > 30);
    assert.equal(camera.seen.end, undefined);
  });
});
