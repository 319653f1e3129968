import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../daemon/host/system-clock.js';
import { type CameraAddress, requireEndpoint } from '../../daemon/vision/ingest/camera-address.js';
import { connectCamera } from '../../daemon/vision/ingest/camera-connection.js';
import { startRtspRelay } from '../../daemon/vision/ingest/rtsp-relay.js';
import { type CertificateAuthority, makeAuthority } from '../support/certificate-authority.js';
import { codedUnits, testClip } from '../support/clips.js';
import { listenOnLoopback } from '../support/listening.js';
import {
  type ScriptedAnswer,
  type ScriptedRequest,
  type ScriptedRtspOptions,
  startScriptedRtspServer,
} from '../support/scripted-rtsp-server.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { watchCamera } from '../support/watched-camera.js';

const credential = { user: 'viewer', password: 'hunter2 in the clear' };
const inBase64 = Buffer.from(`${credential.user}:${credential.password}`).toString('base64');
const video = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:1'];
const digest = 'WWW-Authenticate: Digest realm="cam", nonce="n1"';
const basic = 'WWW-Authenticate: Basic realm="cam"';
const asks = (...headers: readonly string[]): ScriptedAnswer => ({ status: '401 Unauthorized', headers });
const addressOf = (url: string, more: Partial<CameraAddress> = {}): CameraAddress => ({
  url,
  credential,
  transport: 'tcp',
  ...more,
});

let payloads: readonly Buffer[];
before(async () => {
  payloads = await codedUnits(await testClip({ widthPx: 160, heightPx: 120 }), 'h264');
});

/** A camera that streams once `script` lets it. */
const serve = (options: Partial<ScriptedRtspOptions>) =>
  startScriptedRtspServer({ media: video, payloads, ...options });

describe('a camera that tries to get the password', () => {
  const isAsked = (request: ScriptedRequest, method: string): boolean => request.method === method;
  const hasProof = (request: ScriptedRequest): boolean =>
    request.header('Authorization').startsWith('Digest ');
  const attacks: readonly (readonly [string, () => NonNullable<ScriptedRtspOptions['script']>])[] = [
    ['offers Basic at once', () => () => asks(basic)],
    [
      'offers Basic before it describes the stream',
      () => (request) => (isAsked(request, 'DESCRIBE') ? asks(basic) : {}),
    ],
    [
      'takes Digest first and wants Basic for the stream',
      () => (request) => (hasProof(request) ? (isAsked(request, 'SETUP') ? asks(basic) : {}) : asks(digest)),
    ],
    [
      'takes Digest in the first connection and wants Basic in the next',
      () => {
        let proofs = 0;
        return (request) => {
          if (proofs > 0) return asks(basic);
          if (!hasProof(request)) return asks(digest);
          proofs += 1;
          return { status: '503 Service Unavailable' };
        };
      },
    ],
    [
      'calls Digest stale and then wants Basic',
      () => (request) => (hasProof(request) ? asks(`${digest}, stale=true`, basic) : asks(basic)),
    ],
  ];
  for (const [name, script] of attacks) {
    test(`does not get it: ${name}`, async () => {
      await using server = await serve({ script: script() });
      await using camera = await watchCamera({ url: server.url, address: addressOf(server.url) });
      const state = await camera.failure('login-unprotected');
      assert.match(state.state === 'failed' ? state.remedy : '', /digest.*allowBasicLogin/s);
      assert.ok(server.received.includes('OPTIONS '));
      assert.ok(!server.received.includes(inBase64) && !server.received.includes('hunter2'));
      assert.doesNotMatch(server.received, /Authorization: *Basic/i);
      assert.doesNotMatch(camera.log.join('\n'), /hunter2/);
    });
  }

  test('gets it if the owner allows that, and the log explains the risk once', async () => {
    let isFirst = true;
    const script = (request: ScriptedRequest): ScriptedAnswer | undefined => {
      if (request.header('Authorization') !== `Basic ${inBase64}`) return asks(basic);
      if (request.method !== 'PLAY' || !isFirst) return undefined;
      isFirst = false;
      return { status: '503 Service Unavailable' };
    };
    await using server = await serve({ script });
    const address = addressOf(server.url, { allowsBasicLogin: true });
    await using camera = await watchCamera({ url: server.url, address });
    await camera.moreFrames(2);
    assert.equal(camera.counters.restarts, 1);
    assert.equal(
      camera.log.filter((line) => /^warn .*crosses the network in readable form/.test(line)).length,
      1,
    );
  });
});

describe('a camera that points elsewhere', () => {
  test('is not followed to another server, and the message names the server', async () => {
    await using elsewhere = await serve({});
    for (const status of ['302 Found', '305 Use Proxy']) {
      const headers = [`Location: rtsp://a:b@127.0.0.1:${elsewhere.port}/other?token=1`];
      const script = (request: ScriptedRequest) =>
        request.header('Authorization') === '' ? asks(digest) : { status, headers };
      await using server = await serve({ script });
      await using camera = await watchCamera({ url: server.url, address: addressOf(server.url) });
      const state = await camera.failure('redirected');
      const shown = state.state === 'failed' ? state.message : '';
      assert.ok(shown.endsWith(`: to rtsp://127.0.0.1:${elsewhere.port}/other`), shown);
    }
    assert.equal(elsewhere.connections, 0);
  });

  test('is not followed in circles, nor by its own request', async () => {
    const circle = { status: '302 Found', headers: ['Location: /live'] };
    await using round = await startScriptedRtspServer({
      media: video,
      script: ({ uri }) => ({ ...circle, headers: [`Location: ${uri}x`] }),
    });
    await using lost = await watchCamera({ url: round.url });
    await lost.failure('redirected');
    assert.match(round.received, /\/livexxx RTSP/);
    assert.doesNotMatch(round.received, /\/livexxxx/);
    const request = 'REDIRECT rtsp://h/x RTSP/1.0\r\nCSeq: 9\r\nLocation: rtsp://192.0.2.9/x\r\n\r\n';
    await using sent = await serve({ beforePackets: request });
    await using camera = await watchCamera({ url: sent.url });
    const state = await camera.failure('redirected');
    assert.match(state.state === 'failed' ? state.message : '', /192\.0\.2\.9/);
  });

  test('is followed to another path of the same server', async () => {
    const script = ({ uri }: ScriptedRequest): ScriptedAnswer | undefined =>
      uri.endsWith('/live')
        ? { status: '302 Found', headers: [`Location: ${uri.replace('/live', '/other/')}`] }
        : undefined;
    await using server = await serve({ script });
    await using camera = await watchCamera({ url: server.url, address: addressOf(server.url) });
    await camera.moreFrames(2);
    assert.match(server.received, /SETUP rtsp:\/\/127\.0\.0\.1:\d+\/other\/1 RTSP/);
  });

  test('by its description is still asked at the configured address', async () => {
    await using elsewhere = await serve({});
    const other = `rtsp://127.0.0.1:${elsewhere.port}/base/`;
    const media = [...video.slice(0, -1), `a=control:${other}track1`];
    const script = ({ method }: ScriptedRequest): ScriptedAnswer => ({
      headers: method === 'DESCRIBE' ? [`Content-Base: ${other}`] : [],
    });
    await using server = await serve({ media, script });
    await using camera = await watchCamera({ url: server.url });
    await camera.moreFrames(2);
    assert.ok(server.received.includes(`SETUP rtsp://127.0.0.1:${server.port}/base/track1 RTSP`));
    assert.ok(server.received.includes(`PLAY rtsp://127.0.0.1:${server.port}/base/ RTSP`));
    assert.equal(elsewhere.connections, 0);
    // Nor does the camera learn the address that FFmpeg uses.
    assert.ok(
      [...server.received.matchAll(/rtsp:\/\/[^/]*/g)].every(([found]) => server.url.startsWith(found)),
    );
  });
});

test('the description of a camera cannot say what FFmpeg says about its pictures', async () => {
  const frame = (prefix: string, size: string): string =>
    `${prefix}n:   0 pts:      0 pts_time:0 pos:       -1 fmt:yuv420p sar:1/1 s:${size} i:P iskey:1 type:I `;
  const media = [
    ...video,
    'i=a door',
    '[Parsed_showinfo_3 @ 0x1] [info] config in time_base: 1/1, frame_rate: 1/1',
    frame('[Parsed_showinfo_3 @ 0x1] [info] ', '99999x99999'),
    frame('', '320x240'),
    '[info]   Stream #0:0: Video: hevc, yuv420p(pc), 9x9, 1 fps',
    'Command reply for stream 0: ret:-22 res:',
    '[error] no decoder found',
  ];
  await using server = await serve({ media });
  await using camera = await watchCamera({ url: server.url });
  await camera.moreFrames(5);
  assert.deepEqual([...new Set(camera.frames.map(({ widthPx }) => widthPx))], [160]);
  const { state } = camera.runner;
  assert.equal(state.state === 'streaming' && state.stream.codec, 'h264');
  assert.equal(camera.counters.droppedStale, 0);
  assert.doesNotMatch(camera.log.join('\n'), /keeps its frame rate/);
});

test('a camera streams although it answers in small pieces, sends requests and gives answers to no request', async () => {
  const chatter = [
    'OPTIONS * RTSP/1.0\r\nCSeq: 77\r\n\r\n',
    'SET_PARAMETER rtsp://h/x RTSP/1.0\r\nCSeq: 78\r\nContent-Length: 2\r\n\r\nab',
    'RTSP/1.0 401 Unauthorized\r\nCSeq: 999\r\nWWW-Authenticate: Basic realm="x"\r\n\r\n',
  ];
  await using server = await serve({ pieceBytes: 11, beforePackets: chatter.join('') });
  await using camera = await watchCamera({ url: server.url, address: addressOf(server.url) });
  await camera.moreFrames(5);
  assert.equal(camera.counters.restarts, 0);
  assert.match(server.received, /RTSP\/1\.0 200 OK\r\nCSeq: 77\r\n/);
  assert.match(server.received, /RTSP\/1\.0 501 Not Implemented\r\nCSeq: 78\r\n/);
});

test('the relay admits one client that knows its address, and passes on media from the camera only', async () => {
  const elsewhere =
    'Transport: RTP/AVP;unicast; source=192.0.2.9;server_port=1-2;x=/TCP, RTP/AVP;source=192.0.2.8';
  await using server = await serve({
    script: ({ method }) => ({ headers: method === 'SETUP' ? [elsewhere] : [] }),
  });
  const address = addressOf(server.url);
  const endpoint = requireEndpoint(address);
  const { signal } = new AbortController();
  const connection = await connectCamera({
    clock: systemClock,
    address,
    endpoint,
    timeoutMs: 20_000,
    signal,
  });
  assert.ok('socket' in connection);
  await using relay = await startRtspRelay({
    clock: systemClock,
    address,
    camera: connection,
    onFailure: (failure) => assert.fail(failure.code),
    onLogin: () => assert.fail('there is none'),
  });
  const port = Number(new URL(relay.url).port);
  const say = (text: string) => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(text);
    return socket.resume();
  };
  const ask = (url: string) => say(`OPTIONS ${url} RTSP/1.0\r\nCSeq: 5\r\n\r\n`);
  const stranger = ask(`rtsp://127.0.0.1:${port}/live`);
  const media = say('$\0\0\0');
  await Promise.all(
    [stranger, media].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  );
  assert.equal(server.received, '');
  const waiting = say('');
  await once(waiting, 'connect');
  const waitingIsGone = new Promise((resolve) => waiting.once('close', resolve));
  const player = ask(relay.url);
  const [answer] = await once(player, 'data');
  assert.match(String(answer), /^RTSP\/1\.0 200 OK\r\nCSeq: 5\r\nPublic: /);
  await waitingIsGone;
  const second = ask(relay.url);
  await new Promise((resolve) => second.once('close', resolve));
  assert.equal(server.received.split('OPTIONS').length, 2);
  player.write(`SETUP ${relay.url}/1 RTSP/1.0\r\nCSeq: 6\r\nTransport: RTP/AVP;unicast\r\n\r\n`);
  const [setUp] = await once(player, 'data');
  assert.match(String(setUp), /^Transport: RTP\/AVP;unicast;server_port=1-2;x=\/TCP;source=127\.0\.0\.1\r$/m);
  assert.doesNotMatch(String(setUp), /192\.0\.2/);
  assert.equal(relay.withoutRelay(`no ${relay.url}?`), `no ${endpoint.origin}/live?`);
  player.destroy();
});

describe('the certificate of a camera', { skip: withoutOpenssl }, () => {
  let authority: CertificateAuthority;
  before(() => {
    authority = makeAuthority('Cameras of the test');
  });
  after(() => authority[Symbol.dispose]());

  const look = async (url: string, more: Partial<CameraAddress> = {}) => {
    const address = addressOf(url, more);
    const endpoint = requireEndpoint(address);
    const { signal } = new AbortController();
    const found = await connectCamera({ clock: systemClock, address, endpoint, timeoutMs: 20_000, signal });
    if ('socket' in found) found.socket.destroy();
    const failure = 'failure' in found ? found.failure : undefined;
    return {
      code: failure?.code ?? 'accepted',
      detail: failure?.detail ?? '',
      certificate: found.certificate,
    };
  };
  const withTls = ({ certificate, key }: { readonly certificate: string; readonly key: string }) =>
    serve({ tls: { cert: certificate, key } });
  const here = ['IP:127.0.0.1', 'DNS:localhost'];

  test('is accepted by its authority and its name, or by its fingerprint; then the camera streams', async () => {
    const authorities = authority.certificate;
    await using server = await withTls(authority.issue({ commonName: 'door', hosts: here }));
    const known = await look(server.url, { authorities });
    assert.deepEqual([known.code, known.certificate?.subject], ['accepted', 'CN=door']);
    assert.equal(known.certificate?.issuer, 'CN=Cameras of the test');
    assert.equal(
      (await look(server.url.replace('127.0.0.1', 'localhost'), { authorities })).code,
      'accepted',
    );
    const { fingerprint = '' } = known.certificate ?? {};
    assert.match(fingerprint, /^sha256:(?:[\dA-F]{2}:){31}[\dA-F]{2}$/);
    const address = addressOf(server.url, { fingerprint, transport: 'udp' });
    await using camera = await watchCamera({ url: server.url, address });
    await camera.moreFrames(2);
    // Pictures never leave the encrypted connection.
    assert.match(server.received, /Transport: RTP\/AVP\/TCP/);
  });

  test('is refused otherwise, with the cause, before anything is sent to the camera', async () => {
    const authorities = authority.certificate;
    const expired = authority.issue({ commonName: 'old', hosts: here, fromDay: -9, untilDay: -1 });
    const early = authority.issue({ commonName: 'new', hosts: here, fromDay: 5 });
    const foreign = authority.issue({ commonName: '127.0.0.1', hosts: ['DNS:other.example'] });
    const pinned = `sha256:${Array(32).fill('00').join(':')}`;
    const cases = [
      [
        'certificate-unknown',
        makeCertificate('localhost'),
        {},
        /^CN=localhost, fingerprint sha256:(?:[\dA-F]{2}:?){32} /,
      ],
      ['certificate-expired', expired, { authorities }, /until \d{4}-/],
      ['certificate-expired', early, { authorities }, /valid from \d{4}-/],
      ['certificate-name', foreign, { authorities }, /^it is for DNS:other\.example, not for 127\.0\.0\.1$/],
      ['certificate-changed', foreign, { authorities, fingerprint: pinned }, /sha256:00:00.*shows sha256:/],
    ] as const;
    for (const [code, certificate, trust, detail] of cases) {
      await using server = await withTls(certificate);
      const found = await look(server.url, trust);
      assert.equal(found.code, code);
      assert.match(found.detail, detail);
      assert.ok(found.certificate?.fingerprint.startsWith('sha256:'));
      assert.equal(server.received, '');
    }
  });

  test('cannot be missing, and an old TLS version is refused', async () => {
    let received = '';
    const plain = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        received += chunk;
        socket.end('RTSP/1.0 400 Bad Request\r\n\r\n');
      });
    });
    const stripped = await look(`rtsps://127.0.0.1:${await listenOnLoopback(plain)}/live`);
    plain.close();
    assert.equal(stripped.code, 'secure-connection-failed');
    assert.equal(stripped.detail, 'the server at this port does not speak TLS');
    assert.doesNotMatch(received, /RTSP|viewer|hunter2/);
    const { certificate: cert, key } = makeCertificate('localhost');
    const old = {
      cert,
      key,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    await using server = await serve({ tls: old });
    const found = await look(server.url);
    assert.deepEqual(
      [found.code, found.detail],
      ['secure-connection-failed', 'the camera does not support TLS 1.2 or later'],
    );
    await using camera = await watchCamera({ url: server.url, address: addressOf(server.url) });
    const state = await camera.failure('secure-connection-failed');
    assert.match(state.state === 'failed' ? state.remedy : '', /TLS 1\.2/);
  });
});
