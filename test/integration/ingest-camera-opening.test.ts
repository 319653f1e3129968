import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { codedUnits, testClip } from '../support/clips.js';
import { startRtspServer, type TestRtspServer } from '../support/rtsp-server.js';
import { type ScriptedRtspOptions, startScriptedRtspServer } from '../support/scripted-rtsp-server.js';
import { watchCamera } from '../support/watched-camera.js';

const auth = { user: 'us er', password: `p@ss:w/ö"'%41`, method: 'digest' } as const;
const credential = { user: auth.user, password: auth.password };

const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
const withoutIpv6 = addresses.every(({ address }) => address !== '::1') && 'this machine has no IPv6';

/** A server that takes connections and says `greeting` to whatever comes. */
async function strangeServer(greeting: string): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(greeting);
    if (greeting !== '') socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/live`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('opening a camera', () => {
  let server: TestRtspServer;
  let tcpOnly: TestRtspServer;
  let overIpv6: TestRtspServer;

  before(async () => {
    const clip = await testClip({ seconds: 6 });
    const large = await testClip({ seconds: 2, widthPx: 1280, heightPx: 720 });
    server = await startRtspServer({ mounts: { '/live': clip, '/large': large }, auth });
    tcpOnly = await startRtspServer({ mounts: { '/live': clip }, transport: 'tcp' });
    if (!withoutIpv6) overIpv6 = await startRtspServer({ mounts: { '/live': clip }, address: '::1' });
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    await tcpOnly[Symbol.asyncDispose]();
    await overIpv6?.[Symbol.asyncDispose]();
  });

  for (const transport of ['tcp', 'udp'] as const) {
    test(`streams over ${transport} with digest authentication, a nasty password, and a token in the URL`, async () => {
      const url = `${server.url('/live')}?channel=1&token=a%2Fb+c==`;
      await using camera = await watchCamera({ url, address: { url, credential, transport } });
      await camera.moreFrames(30);
      assert.deepEqual(camera.states, [
        {
          state: 'streaming',
          stream: { codec: 'h264', widthPx: 640, heightPx: 360, fps: 25, decoder: 'software' },
        },
      ]);
      assert.deepEqual(
        camera.frames.map(({ sequence }) => sequence),
        camera.frames.map((_, index) => index),
      );
    });
  }

  for (const transport of ['tcp', 'udp'] as const) {
    test(`streams over IPv6 and ${transport}`, { skip: withoutIpv6 }, async () => {
      await using camera = await watchCamera({
        url: overIpv6.url('/live'),
        address: { url: overIpv6.url('/live'), credential: null, transport },
      });
      await camera.moreFrames(2);
    });
  }

  test('takes 15 of 25 frames a second, at times a multiple of 40 ms apart', async () => {
    const url = server.url('/live');
    await using camera = await watchCamera({ url, address: { url, credential, transport: 'tcp' } });
    await camera.moreFrames(60);
    const times = camera.frames.slice(-31).map(({ capturedAtMs }) => capturedAtMs);
    const steps = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / 40);
    assert.ok(
      steps.every((step) => [1, 2].includes(Math.round(step)) && Math.abs(step - Math.round(step)) < 0.25),
      `steps of ${steps.join(', ')} frames`,
    );
    assert.equal(Math.round(steps.reduce((sum, step) => sum + step, 0)), 50);
  });

  test('scales wide pictures down, keeps their proportions and reports the size of the stream', async () => {
    const url = server.url('/large');
    const address = { url, credential, transport: 'tcp' } as const;
    await using camera = await watchCamera({ url, address, maxAnalysisWidthPx: 640 });
    await camera.moreFrames(2);
    const { widthPx, heightPx } = camera.frames[0] ?? {};
    assert.deepEqual([widthPx, heightPx], [640, 360]);
    const { state } = camera.runner;
    assert.deepEqual(state.state === 'streaming' && state.stream.widthPx, 1280);
  });

  test('names a wrong password, and does not print the right one', async () => {
    const url = server.url('/live');
    const wrong = { user: auth.user, password: 'hunter2 is wrong' };
    await using camera = await watchCamera({ url, address: { url, credential: wrong, transport: 'tcp' } });
    await camera.failure('unauthorised');
    assert.ok(!/hunter2/.test(camera.log.join('\n') + JSON.stringify(camera.states)));
  });

  test('names a missing password', async () => {
    await using camera = await watchCamera({ url: server.url('/live') });
    await camera.failure('unauthorised');
  });

  test('names a wrong path', async () => {
    const url = server.url('/nothing-here');
    await using camera = await watchCamera({ url, address: { url, credential, transport: 'tcp' } });
    await camera.failure('not-found');
  });

  test('names a transport that the camera does not offer', async () => {
    const url = tcpOnly.url('/live');
    await using camera = await watchCamera({ url, address: { url, credential: null, transport: 'udp' } });
    await camera.failure('transport-refused');
  });

  test('names a port without a listener', async () => {
    await using strange = await strangeServer('');
    await using camera = await watchCamera({ url: strange.url, stallAfterS: 0.1 });
    await camera.failure('no-answer');
  });

  test('names a port where something else answers', async () => {
    await using strange = await strangeServer('HTTP/1.1 400 Bad Request\r\n\r\n');
    await using camera = await watchCamera({ url: strange.url });
    await camera.failure('not-rtsp');
  });

  test('names an unknown host', async () => {
    await using camera = await watchCamera({ url: 'rtsp://no-such-camera.invalid/live' });
    await camera.failure('unknown-host');
  });
});

describe('a session that shows nothing', () => {
  test('is reported with its cause', async () => {
    const units = await codedUnits(await testClip(), 'h264');
    const typeOf = (unit: Buffer): number => (unit[0] ?? 0) & 31;
    const video = (codec: string) => ['m=video 0 RTP/AVP 96', `a=rtpmap:96 ${codec}/90000`, 'a=control:1'];
    const audio = ['m=audio 0 RTP/AVP 8', 'a=control:1'];
    const metadata = ['m=application 0 RTP/AVP 107', 'a=rtpmap:107 vnd.onvif.metadata/90000', 'a=control:1'];
    const cases: readonly (readonly [code: string, message: RegExp, server: ScriptedRtspOptions])[] = [
      ['no-video', /only audio$/, { media: audio }],
      ['no-video', /only audio$/, { media: audio, withoutSession: '400 Bad Request' }],
      ['no-video', /only audio$/, { media: audio, withoutSession: '200 OK' }],
      ['no-video', /only application$/, { media: metadata, withoutSession: '455 Method Not Valid' }],
      ['no-video', /no video/, { media: [] }],
      ['bad-request', /\(400\)/, { media: video('H264'), answers: { DESCRIBE: '400 Bad Request' } }],
      ['codec-unsupported', /cannot decode/, { media: video('X-FOO'), payloads: units }],
      ['no-first-frame', /no video/, { media: video('H264') }],
      [
        'no-key-frame',
        /no key frame/,
        { media: video('H264'), payloads: units.filter((unit) => typeOf(unit) !== 5) },
      ],
      [
        'no-parameter-sets',
        /SPS, PPS/,
        { media: video('H264'), payloads: units.filter((unit) => typeOf(unit) < 7) },
      ],
    ];
    await Promise.all(
      cases.map(async ([code, message, options]) => {
        await using server = await startScriptedRtspServer(options);
        await using camera = await watchCamera({ url: server.url, stallAfterS: 2, firstFrameWithinS: 9 });
        await camera.waitFor(code, () => camera.runner.state.state === 'failed');
        const { state } = camera.runner;
        assert.ok(state.state === 'failed');
        assert.equal(state.code, code, JSON.stringify([options.media, state]));
        assert.match(state.message, message);
      }),
    );
  });

  test('is reported whichever request the camera does not answer', async () => {
    const steps = {
      OPTIONS: 'no-answer',
      DESCRIBE: 'no-answer',
      SETUP: 'no-first-frame',
      PLAY: 'no-first-frame',
    };
    await Promise.all(
      Object.entries(steps).map(async ([method, code]) => {
        await using server = await startScriptedRtspServer({
          media: ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:1'],
          answers: { [method]: null },
        });
        await using camera = await watchCamera({ url: server.url, stallAfterS: 0.5 });
        await camera.waitFor(method, () => camera.runner.state.state === 'failed');
        const { state } = camera.runner;
        assert.equal(state.state === 'failed' && state.code, code, method);
      }),
    );
  });

  test('a missing login is reported when the camera asks for it', async () => {
    const options = { media: [], answers: { DESCRIBE: '401 Unauthorized' } };
    await using server = await startScriptedRtspServer(options);
    await using camera = await watchCamera({ url: server.url });
    const state = await camera.failure('unauthorised');
    assert.match(state.state === 'failed' ? state.message : '', /asks for a login, and none is configured/);
  });
});
