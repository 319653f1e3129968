import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { openMessageChannel } from '../../daemon/contract/vision/vision-channel.js';
import {
  type CameraPlan,
  type LineAccess,
  type Order,
  orderLimits,
  orderSchema,
} from '../../daemon/contract/vision/vision-orders.js';
import { VisionSlot } from '../../daemon/core/cameras/vision-slot.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { requireEndpoint } from '../../daemon/vision/ingest/camera-address.js';
import { connectCamera } from '../../daemon/vision/ingest/camera-connection.js';
import { CameraLines } from '../../daemon/vision/lines/camera-lines.js';
import { readFirstLine } from '../../daemon/vision/lines/first-line.js';
import type { LineGrant } from '../../daemon/vision/lines/line-grant.js';
import { type LineAnswer, type LineRequest, lineText } from '../../daemon/vision/lines/line-messages.js';
import { lineNetwork } from '../../daemon/vision/lines/line-network.js';
import { networkPlan } from '../../daemon/vision/plan.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { runProgram } from '../support/box.js';
import { cameraPlan } from '../support/camera-plan.js';
import { testClip } from '../support/clips.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { makeCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';
import { watchCamera } from '../support/watched-camera.js';

const { signal } = new AbortController();
const nobody = 65_534;

const opened = (camera: CameraPlan): Order => ({ type: 'open-camera', camera });

/** A server in the place of a camera, which sends back what it gets. */
async function startCamera(onConnection = (socket: Socket): unknown => socket.pipe(socket)) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `rtsp://127.0.0.1:${port}/live`,
    [Symbol.dispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Connects as a vision process does; resolves with what came back, or with the code of the refusal. */
async function reach(grant: Pick<LineGrant, 'access'>, port: number, host = '127.0.0.1'): Promise<string> {
  try {
    const { socket } = await lineNetwork(grant.access).connect({ host, port, extraNetworks: null }, signal);
    socket.write('asked');
    socket.resume();
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return answer.toString();
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

/** Asks as a vision process that was taken over may do: nothing else happens to the connection. */
async function ask(
  { access: { socketPath, token } }: LineGrant,
  request: { kind: 'stream'; host: string; port: number } | { kind: 'datagrams'; stream: number },
): Promise<{ readonly socket: Socket; readonly answer: LineAnswer }> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.on('error', () => undefined).write(lineText({ token, ...request } satisfies LineRequest));
  return { socket, answer: JSON.parse(await readFirstLine(socket, 1024)) as LineAnswer };
}

const config = configSchema.parse({ site: { id: 'site', timeZone: 'UTC' }, box: { id: 'box' }, cameras: [] });

/** A vision process that says that it is ready, and then nothing. */
function silentProcess() {
  const [channel, ofProcess] = duplexPair();
  const ended = once(channel, 'close').then(() => 'it ended');
  const isolation = { level: 'full', gaps: [] } as const;
  const launched = { channel, log: [], pid: undefined, ended, kill: () => void channel.destroy() };
  return {
    launcher: { isolation, launch: () => launched } satisfies VisionLauncher,
    /** Resolves with what its first orders bring. */
    ready: () =>
      new Promise<LineAccess>((resolve) => {
        const provider = { requested: 'cpu', actual: 'cpu' };
        const channelOfProcess = openMessageChannel(ofProcess, orderLimits, {
          onMessage(message) {
            const order = orderSchema.parse(message);
            if (order.type !== 'start') return;
            const ready = { recogniser: 'dlib-resnet', ffmpegVersion: '7', hasNetwork: false };
            channelOfProcess.send({ type: 'ready', provider, ...ready });
            resolve(order.lines ?? assert.fail('no lines'));
          },
          onEnd: () => undefined,
        });
      }),
    end: () => void channel.destroy(),
  };
}

const refused = (code: string): LineAnswer => ({ outcome: 'failed', code });

describe('lines to cameras', () => {
  test('lead to the cameras of the process that asks, and nowhere else', async () => {
    using camera = await startCamera();
    using elsewhere = await startCamera();
    await using lines = await CameraLines.open({ clock: systemClock });
    using grant = lines.grant();
    using another = lines.grant();
    assert.equal(await reach(grant, camera.port), 'EACCES', 'before the order');
    grant.ordered(opened(cameraPlan(camera.url)));
    another.ordered(opened(cameraPlan(elsewhere.url)));
    assert.equal(await reach(grant, camera.port), 'asked');
    assert.equal(await reach(grant, elsewhere.port), 'EACCES', 'the camera of another process');
    assert.equal(await reach(grant, camera.port, 'localhost'), 'EACCES', 'another name');
    const { access } = grant;
    const forged = Object.assign(Object.create(grant) as LineGrant, { access: { ...access, token: 'x' } });
    assert.equal(await reach(forged, camera.port), 'EACCES', 'another token');
  });

  test('end with the camera, with its test, with the question to a device, and with the process', async () => {
    using camera = await startCamera();
    await using lines = await CameraLines.open({ clock: systemClock });
    const grant = lines.grant();
    const target = { host: '127.0.0.1', port: camera.port, extraNetworks: null };
    const hold = async () => {
      const { socket } = await lineNetwork(grant.access).connect(target, signal);
      return { closed: once(socket.resume(), 'close') };
    };
    const plan = cameraPlan(camera.url);
    grant.ordered(opened(plan));
    const line = await hold();
    grant.ordered({ type: 'close-camera', request: 7, cameraId: plan.id });
    assert.equal(await reach(grant, camera.port), 'asked', 'the last request of FFmpeg');
    grant.reported({ type: 'camera-closed', request: 7 });
    await line.closed;
    assert.equal(await reach(grant, camera.port), 'EACCES');

    grant.ordered({ type: 'test-camera', request: 8, camera: plan });
    const testedLine = await hold();
    const result = { outcome: 'failed', code: 'ended', message: 'it ended', remedy: 'none' } as const;
    grant.reported({ type: 'camera-test', request: 8, result });
    await testedLine.closed;

    const device = { address: `http://127.0.0.1:${camera.port}`, credential: null, fingerprint: null };
    grant.ordered({ type: 'ask-device', request: 9, device: { ...device, extraNetworks: null } });
    const askedLine = await hold();
    grant.reported({ type: 'device-asked', request: 9, result });
    await askedLine.closed;
    assert.equal(await reach(grant, camera.port), 'EACCES');

    grant.ordered(opened(plan));
    const endedLine = await hold();
    grant[Symbol.dispose]();
    await endedLine.closed;
    assert.equal(await reach(grant, camera.port), 'EACCES');
  });

  test('end with a test that the process does not answer in time', async () => {
    using camera = await startCamera();
    const clock = new VirtualClock();
    await using lines = await CameraLines.open({ clock: systemClock });
    const process = silentProcess();
    await using slot = new VisionSlot({
      ...{ index: 0, plan: networkPlan(config, 'dlib-resnet'), purpose: 'cameras', logLevel: 'info' },
      ...{ clock, random: systemRandom, logger: silentLogger, launcher: process.launcher, lines },
      onReport: () => undefined,
      onDown: () => undefined,
    }).start();
    const access = await process.ready();
    await until('the core takes the process for ready', () => slot.isRunning);
    const asked = slot.ask((request) => ({ type: 'test-camera', request, camera: cameraPlan(camera.url) }));
    const grant = { access };
    assert.equal(await reach(grant, camera.port), 'asked');
    clock.advanceBy(60_000);
    await assert.rejects(asked, { code: 'vision-unavailable' });
    assert.equal(await reach(grant, camera.port), 'EACCES');
    process.end();
  });

  test('leave what another user has put into their folder, which root must not follow', {
    skip: process.getuid?.() === 0 ? false : 'only root gives its folder to another user',
  }, async () => {
    const lines = await CameraLines.open({ clock: systemClock, user: nobody });
    const { folder } = lines;
    const owned = [folder, join(folder, 'lines.sock')].map((path) => statSync(path).uid);
    mkdirSync(join(folder, 'strange'));
    await lines[Symbol.asyncDispose]();
    const left = readdirSync(folder);
    rmSync(folder, { recursive: true });
    assert.deepEqual({ owned, left }, { owned: [nobody, nobody], left: ['strange'] });
  });

  test('say why a camera cannot be reached, and keep to its bounds', async () => {
    const { port, url, ...gone } = await startCamera();
    gone[Symbol.dispose]();
    await using lines = await CameraLines.open({ clock: systemClock });
    using grant = lines.grant();
    grant.ordered(opened(cameraPlan(url)));
    assert.equal(await reach(grant, port), 'ECONNREFUSED');
    grant.ordered(opened(cameraPlan(url, { extraNetworks: [] })));
    assert.equal(await reach(grant, port), 'ERR_ADDRESS_REFUSED');
  });

  test('end at a request that is none', async () => {
    await using lines = await CameraLines.open({ clock: systemClock });
    using grant = lines.grant();
    for (const text of ['no JSON\n', '{}\n', 'x'.repeat(5000)]) {
      const socket = connect(grant.access.socketPath).resume();
      socket.write(text);
      await once(socket, 'close');
    }
  });

  test('pass on datagrams of the camera only, both ways', async () => {
    using server = await startCamera();
    await using lines = await CameraLines.open({ clock: systemClock });
    using grant = lines.grant();
    grant.ordered(opened(cameraPlan(server.url, { transport: 'udp' })));
    const target = { host: '127.0.0.1', port: server.port, extraNetworks: null };
    const { socket, openDatagrams } = await lineNetwork(grant.access).connect(target, signal);
    const pair = await openDatagrams(signal);
    const [first, second] = pair.ports;
    assert.equal(first % 2, 0);
    assert.equal(second, first + 1);
    const camera = createSocket('udp4').bind(0, '127.0.0.1');
    const stranger = createSocket('udp4').bind(0, '127.0.0.2');
    await Promise.all([once(camera, 'listening'), once(stranger, 'listening')]);
    const received = new Promise((resolve) => {
      pair.receive((kind, port, bytes) => resolve([kind, port, bytes.toString()]));
    });
    // The first is on its way before the second is sent, and stays out.
    await new Promise((resolve) => stranger.send('of a stranger', first, '127.0.0.1', resolve));
    const { port } = camera.address();
    camera.send('of the camera', second, '127.0.0.1');
    assert.deepEqual(await received, [1, port, 'of the camera']);
    const answered = once(camera, 'message');
    pair.send(0, port, Buffer.from('to the camera'));
    const [bytes, from] = (await answered) as [Buffer, { readonly port: number }];
    assert.deepEqual([bytes.toString(), from.port], ['to the camera', first]);
    pair.close();
    socket.destroy();
    camera.close();
    stranger.close();
  });

  test('bring datagrams only for a stream of the process, while it is open, of a camera that sends its media so', async () => {
    using server = await startCamera();
    const { port } = server;
    await using lines = await CameraLines.open({ clock: systemClock });
    using grant = lines.grant();
    using another = lines.grant();
    grant.ordered(opened(cameraPlan(server.url, { transport: 'udp' })));
    another.ordered(opened(cameraPlan(server.url, { transport: 'tcp' })));
    const inConnection = await ask(another, { kind: 'stream', host: '127.0.0.1', port });
    assert.deepEqual(inConnection.answer, { outcome: 'stream', stream: 1 });
    assert.deepEqual((await ask(another, { kind: 'datagrams', stream: 1 })).answer, refused('EACCES'));
    assert.deepEqual((await ask(grant, { kind: 'datagrams', stream: 1 })).answer, refused('EACCES'));
    const stream = await ask(grant, { kind: 'stream', host: '127.0.0.1', port });
    const datagrams = await ask(grant, { kind: 'datagrams', stream: 1 });
    assert.equal(datagrams.answer.outcome, 'datagrams');
    const ended = once(datagrams.socket.resume(), 'end');
    stream.socket.destroy();
    await ended;
    assert.deepEqual((await ask(grant, { kind: 'datagrams', stream: 1 })).answer, refused('EACCES'));
  });

  test('are as many as the cameras of the process need', async () => {
    using server = await startCamera();
    await using lines = await CameraLines.open({ clock: systemClock });
    using grant = lines.grant();
    grant.ordered(opened(cameraPlan(server.url)));
    const request = { kind: 'stream', host: '127.0.0.1', port: server.port } as const;
    const asked = await Promise.all(Array.from({ length: 17 }, () => ask(grant, request)));
    const late = asked.filter(({ answer }) => answer.outcome === 'failed');
    assert.deepEqual(
      late.map(({ answer }) => answer),
      [refused('EAGAIN')],
    );
    for (const { socket } of asked) socket.destroy();
  });

  test('end when they are refused, although the process keeps its side open', async () => {
    await using lines = await CameraLines.open({ clock: new VirtualClock() });
    using grant = lines.grant();
    const { socket, answer } = await ask(grant, { kind: 'stream', host: '127.0.0.1', port: 554 });
    assert.deepEqual(answer, refused('EACCES'));
    await until('the core has closed the connection', () => {
      socket.write('more');
      return socket.destroyed;
    });
  });

  test('that ask for nothing end before they fill the memory, and do not keep others out', async () => {
    using camera = await startCamera();
    await using lines = await CameraLines.open({ clock: new VirtualClock() });
    using grant = lines.grant();
    grant.ordered(opened(cameraPlan(camera.url)));
    const silent = Array.from({ length: 65 }, () => connect(grant.access.socketPath).resume());
    await once(silent[0] as Socket, 'close');
    assert.equal(await reach(grant, camera.port), 'asked');
    for (const socket of silent) socket.destroy();
  });

  test('that ask for nothing end none of another user, as units are', {
    skip: process.getuid?.() === 0 ? false : 'running a program as another user needs root',
  }, async () => {
    await using directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
    await using lines = await CameraLines.open({ clock: new VirtualClock(), folder: directory.path });
    using grant = lines.grant();
    await chmod(grant.access.socketPath, 0o666);
    const own = connect(grant.access.socketPath).resume();
    await once(own, 'connect');
    // Ends when the first of its own ends.
    const many = `
      for (let count = 0; count < 65; count += 1)
        require('node:net').connect(process.argv[1]).resume().on('close', () => process.exit());`;
    const asNobody = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', process.execPath];
    const { stderr } = await runProgram('setpriv', [...asNobody, '-e', many, grant.access.socketPath]);
    assert.equal(stderr, '');
    assert.equal(await reach(grant, 1), 'EACCES');
    assert.equal(own.destroyed, false);
    own.destroy();
  });

  test('end at a camera that reads nothing, soon after the process has ended its side', async () => {
    const accepted: Socket[] = [];
    using camera = await startCamera((socket) => accepted.push(socket.pause()));
    const clock = new VirtualClock();
    await using lines = await CameraLines.open({ clock });
    using grant = lines.grant();
    grant.ordered(opened(cameraPlan(camera.url)));
    const { socket } = await ask(grant, { kind: 'stream', host: '127.0.0.1', port: camera.port });
    let taken = 0;
    const fill = (): void =>
      void socket.write(Buffer.alloc(64 * 1024), (error) => {
        if (error) return;
        taken += 1;
        fill();
      });
    fill();
    let before = 0;
    await until('neither the camera nor the core takes more', () => {
      const isFull = taken > 0 && taken === before;
      before = taken;
      return isFull;
    });
    socket.destroy();
    await until('the core has closed the connection', () => {
      clock.advanceBy(2_000);
      accepted[0]?.write('is anybody there?');
      return accepted[0]?.destroyed === true;
    });
  });

  test('leave nothing behind', async () => {
    const lines = await CameraLines.open({ clock: systemClock });
    assert.ok(existsSync(lines.folder));
    await lines[Symbol.asyncDispose]();
    assert.ok(!existsSync(lines.folder));
  });
});

test('a camera streams over a line, with media in the connection and over UDP', async () => {
  await using server = await startRtspServer({ mounts: { '/live': await testClip({ seconds: 6 }) } });
  await using lines = await CameraLines.open({ clock: systemClock });
  using grant = lines.grant();
  const url = server.url('/live');
  const network = lineNetwork(grant.access);
  for (const transport of ['tcp', 'udp'] as const) {
    grant.ordered(opened(cameraPlan(url, { transport })));
    await using camera = await watchCamera({ url, network, address: { url, credential: null, transport } });
    await camera.moreFrames(20);
    assert.equal(camera.counters.restarts, 0, transport);
  }
});

test('a camera with TLS is verified by the process at the other end of a line', {
  skip: withoutOpenssl,
}, async () => {
  const { certificate: cert, key } = makeCertificate('camera.example');
  const server = createTlsServer({ cert, key }, (socket) => socket.on('error', () => undefined).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using lines = await CameraLines.open({ clock: systemClock });
  using grant = lines.grant();
  const url = `rtsps://127.0.0.1:${(server.address() as AddressInfo).port}/live`;
  grant.ordered(opened(cameraPlan(url)));
  const network = lineNetwork(grant.access);
  const fingerprint = `sha256:${new X509Certificate(cert).fingerprint256}`;
  const reached = async (pinned: string) => {
    const address = { url, credential: null, transport: 'tcp', fingerprint: pinned } as const;
    const endpoint = requireEndpoint(address);
    return connectCamera({ clock: systemClock, address, endpoint, timeoutMs: 20_000, signal, network });
  };
  const refusal = await reached('sha256:another');
  assert.equal('failure' in refusal && refusal.failure.code, 'certificate-changed');
  const connection = await reached(fingerprint);
  assert.ok('socket' in connection && connection.certificate?.fingerprint === fingerprint);
  connection.socket.write('in secret');
  connection.socket.resume();
  assert.equal(String((await once(connection.socket, 'data'))[0]), 'in secret');
  connection.socket.destroy();
  server.close();
});
