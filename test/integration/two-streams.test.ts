import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CameraPlan } from '../../daemon/contract/vision/vision-orders.js';
import type { CameraState } from '../../daemon/contract/vision/vision-reports.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { testCamera } from '../../daemon/vision/camera-test.js';
import { CatchUpTurns } from '../../daemon/vision/ingest/catch-up-turns.js';
import { SubstreamScene } from '../../daemon/vision/substream-scene.js';
import { TwoStreams } from '../../daemon/vision/two-streams.js';
import { passingBlockClip, testClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { ScriptedAnalyser } from '../support/scripted-analyser.js';
import { until } from '../support/until.js';
import { sourceOptions } from '../support/watched-camera.js';

interface Urls {
  readonly url: string;
  readonly substreamUrl: string;
}

/** What is black in every frame. */
const corner = [
  { x: 0, y: 0 },
  { x: 0.2, y: 0 },
  { x: 0.2, y: 0.2 },
  { x: 0, y: 0.2 },
];
const black = 16;

/** A camera of which every frame is analysed: in an analysis that looks in full and finds nobody. */
async function openStreams({ url, substreamUrl }: Urls, stallAfterS = 2, clock: Clock = systemClock) {
  const scene = new SubstreamScene(40);
  const states: CameraState[] = [];
  const widths: number[] = [];
  const corners = new Set<number | undefined>();
  const wanted = { isNeeded: false };
  const streams = new TwoStreams({
    main: await sourceOptions({ url, stallAfterS, masks: [corner] }, silentLogger),
    ...{
      substreamUrl,
      watchedFps: 6,
      scene,
      clock,
      random: { unit: () => 0 },
      catchUps: new CatchUpTurns(1, systemClock),
    },
    ...{ logger: silentLogger, pictureChecks: [], needsFrames: () => wanted.isNeeded },
    onFrame(frame) {
      widths.push(frame.picture.widthPx);
      corners.add(frame.picture.data[0]);
      scene.see(frame, []);
      scene.look('full', frame, { followed: [], isShort: false });
      frame.release();
    },
    onState: (state) => void states.push(state),
    onStarted: () => undefined,
  });
  const watched = (): number => streams.ownCounters['watched'] ?? 0;
  /** Resolves when frames of the substream came, and for so many of them none of the main stream. */
  const rest = async (): Promise<void> => {
    let since = { watched: watched(), frames: widths.length };
    await until('the main stream to rest', () => {
      if (widths.length !== since.frames) since = { watched: watched(), frames: widths.length };
      return watched() - since.watched >= 8;
    });
  };
  const lost = (): string | undefined => {
    const { state } = streams;
    return state.state === 'streaming' && state.lostStream !== undefined
      ? `${state.lostStream.which}: ${state.lostStream.code}`
      : undefined;
  };
  return {
    ...{ streams, states, widths, corners, wanted, watched, rest, lost },
    starts: () => streams.ownCounters['decoderStarts'],
    [Symbol.asyncDispose]: () => streams[Symbol.asyncDispose](),
  };
}

const large = { widthPx: 1280, heightPx: 720 };

describe('a camera with two streams', { concurrency: true }, () => {
  test('decodes the main stream only while something moves on the substream, or a frame is needed', async () => {
    const mounts = { '/main': await passingBlockClip(large), '/sub': await passingBlockClip() };
    await using server = await startRtspServer({ mounts });
    await using camera = await openStreams({ url: server.url('/main'), substreamUrl: server.url('/sub') });
    await until('the first frame', () => camera.widths.length > 0);
    assert.deepEqual(camera.streams.state, {
      state: 'streaming',
      stream: { codec: 'h264', ...large, fps: 25, decoder: 'software' },
    });
    await camera.rest();
    const [starts = 0, frames] = [camera.starts(), camera.widths.length];
    await until('the block', () => camera.widths.length > frames + 20);
    // A decoder goes on from frame to frame. On a busy machine, the stream may rest and wake in between: frames of the substream come late.
    const begun = (camera.starts() ?? 0) - starts;
    assert.ok(begun < 10, `${begun} decoders for ${camera.widths.length - frames} frames`);
    await camera.rest();
    camera.wanted.isNeeded = true;
    const before = camera.widths.length;
    await until('the needed frames', () => camera.widths.length > before + 5);
    assert.deepEqual([...new Set(camera.widths)], [1280], 'the substream is never analysed');
    assert.deepEqual([...camera.corners], [black]);
    assert.equal(server.events.filter(({ event, mount }) => event === 'play' && mount === '/main').length, 1);
  });

  test('decodes key frames of the main stream alone while the substream is opened, unless more are needed', async () => {
    await using main = await startRtspServer({
      mounts: { '/main': await testClip({ ...large, seconds: 4 }) },
    });
    await using sub = await startRtspServer({ mounts: { '/sub': await testClip({ seconds: 4 }) } });
    sub.freeze();
    const urls = { url: main.url('/main'), substreamUrl: sub.url('/sub') };
    // The substream is waited for in vain for some seconds, which a busy machine needs for a key frame.
    const clock = new VirtualClock();
    await using camera = await openStreams(urls, 1000, clock);
    const decodingMs = (): number => camera.streams.ownCounters['decodingMs'] ?? 0;
    await until('a key frame', () => camera.widths.length >= 1);
    assert.equal(decodingMs(), 0);
    camera.wanted.isNeeded = true;
    await until('the needed frames', () => decodingMs() > 0);
  });

  test('decodes all frames of the main stream when the substream has been waited for in vain', async () => {
    await using main = await startRtspServer({
      mounts: { '/main': await testClip({ ...large, seconds: 4 }) },
    });
    await using sub = await startRtspServer({ mounts: { '/sub': await testClip({ seconds: 4 }) } });
    sub.freeze();
    const clock = new VirtualClock();
    const urls = { url: main.url('/main'), substreamUrl: sub.url('/sub') };
    await using camera = await openStreams(urls, 1000, clock);
    await until('a key frame', () => camera.widths.length >= 1);
    clock.advanceBy(5000);
    await until('all frames', () => (camera.streams.ownCounters['decodingMs'] ?? 0) > 0);
  });

  test('decodes the main stream all the time while the substream fails, says why, and rests when it is back', async () => {
    await using main = await startRtspServer({ mounts: { '/main': await passingBlockClip(large) } });
    await using sub = await startRtspServer({ mounts: { '/sub': await passingBlockClip() } });
    await using camera = await openStreams({ url: main.url('/main'), substreamUrl: sub.url('/sub') });
    await camera.rest();
    sub.freeze();
    await until('the loss of the substream', () => camera.lost() === 'substream: stalled');
    const frames = camera.widths.length;
    await until('more of the main stream than moves', () => camera.widths.length > frames + 100);
    sub.thaw();
    await until('the substream', () => camera.lost() === undefined);
    await camera.rest();
    assert.ok(camera.states.every(({ state }) => state === 'streaming'));
  });

  test('decodes the main stream as soon as the substream is silent, long before it counts as dead', async () => {
    await using main = await startRtspServer({ mounts: { '/main': await passingBlockClip(large) } });
    await using sub = await startRtspServer({ mounts: { '/sub': await passingBlockClip() } });
    const urls = { url: main.url('/main'), substreamUrl: sub.url('/sub') };
    await using camera = await openStreams(urls, 1000);
    await camera.rest();
    sub.freeze();
    const frames = camera.widths.length;
    await until('more of the main stream than moves', () => camera.widths.length > frames + 100);
    assert.equal(camera.lost(), undefined);
    sub.thaw();
    await camera.rest();
  });

  test('analyses the substream while the main stream fails, and says why', async () => {
    const mounts = { '/sub': await testClip({ seconds: 6 }) };
    await using main = await startRtspServer({ mounts: { '/other': mounts['/sub'] } });
    await using sub = await startRtspServer({ mounts });
    await using camera = await openStreams({ url: main.url('/main'), substreamUrl: sub.url('/sub') });
    await until('the failure', () => camera.streams.state.state === 'failed');
    await until('the substream in its place', () => camera.lost() === 'main: not-found');
    await until('its frames', () => camera.widths.length > 20);
    assert.deepEqual([...new Set(camera.widths)], [640]);
    assert.deepEqual([...camera.corners], [black]);
  });

  test('is tested with both', async () => {
    const mounts = {
      '/main': await testClip(large),
      '/sub': await testClip({ widthPx: 640, heightPx: 480 }),
    };
    await using server = await startRtspServer({ mounts });
    const problemsOf = async (substream: string) => {
      const { ffmpeg, ...source } = await sourceOptions({ url: server.url('/main') }, silentLogger);
      const { address, hwaccel, maxAnalysisWidthPx, stallAfterS, firstFrameWithinS } = source;
      const plan: CameraPlan = {
        ...{ id: 'door', url: address.url, substreamUrl: server.url(substream), credential: null },
        ...{ allowsBasicLogin: false, authorities: null, fingerprint: null, extraNetworks: null },
        ...{ transport: 'tcp', hwaccel, maxAnalysisWidthPx, stallAfterS, firstFrameWithinS },
        ...{ smallestFacePx: 40, idleFps: 5, trackingFps: 10, provingFps: 10 },
        ...{ pictureChecks: [], zones: [], masks: [], clipS: 0 },
      };
      const analyser = new ScriptedAnalyser(() => []);
      const { signal } = new AbortController();
      const tested = await testCamera(plan, { analyser, ffmpeg, logger: silentLogger, signal });
      return tested.outcome === 'ok' ? tested.problems.map(({ code, message }) => `${code} ${message}`) : [];
    };
    const [shape = '', missing = ''] = [
      (await problemsOf('/sub')).at(-1),
      (await problemsOf('/nowhere')).at(-1),
    ];
    assert.match(shape, /^other-shape substream: /);
    assert.match(missing, /^not-found substream: /);
  });

  test('does not rely on a substream of another shape', async () => {
    const narrow = { widthPx: 640, heightPx: 480 };
    const mounts = { '/main': await passingBlockClip(large), '/sub': await passingBlockClip(narrow) };
    await using server = await startRtspServer({ mounts });
    await using camera = await openStreams({ url: server.url('/main'), substreamUrl: server.url('/sub') });
    await until('the finding', () => camera.lost() === 'substream: other-shape');
    const frames = camera.widths.length;
    await until('frames of a still scene', () => camera.widths.length > frames + 100);
  });
});
