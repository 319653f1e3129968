import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { probeUnits } from '../../daemon/vision/unit-launcher.js';
import type {
  Launch,
  LaunchedVision,
  LauncherProbe,
  VisionLauncher,
} from '../../daemon/vision/vision-launcher.js';
import { withoutBuild } from '../support/box.js';
import { builtProgram } from '../support/built.js';
import { bindNotifySocket, notifySocketSkip } from '../support/notify-socket.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Sends back what it gets. */
const echo = "const core = new (require('node:net').Socket)({ fd: 3 }); core.pipe(core);";

/** Accepts connections and starts the main process of a unit for each, as systemd does (Accept=yes). */
async function openSockets(folder: string, program: string) {
  const instances: ChildProcess[] = [];
  const servers: Server[] = [];
  const listen = async (name: string): Promise<void> => {
    const server = createServer({ pauseOnConnect: true }, (socket: Socket) => {
      const args = [builtProgram('vision-instance.js'), '--eval', program];
      instances.push(spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'ignore', socket] }));
      socket.destroy();
    });
    servers.push(server);
    server.listen(join(folder, name));
    await once(server, 'listening');
  };
  await listen('cameras.sock');
  await listen('photos.sock');
  await mkdir(join(folder, 'lines'));
  const close = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return {
    instances,
    close,
    async [Symbol.asyncDispose]() {
      await close();
      for (const instance of instances) instance.kill('SIGKILL');
    },
  };
}

const probe = (folder: string, purpose: Launch['purpose']): LauncherProbe | undefined =>
  probeUnits(purpose, { ROLLCALL_VISION_SOCKETS: folder });

/** `controllers`: what this kernel can limit, as it lists it. `live`: the folder for live frames; that of the kernel is a file system of its own. */
async function launcherOf(
  folder: string,
  { controllers = 'cpu memory pids', live = '/proc' } = {},
  purpose: Launch['purpose'] = 'cameras',
): Promise<VisionLauncher> {
  await writeFile(join(folder, 'cgroup.controllers'), `${controllers}\n`);
  const found = probeUnits(purpose, { ROLLCALL_VISION_SOCKETS: folder }, { controlGroups: folder, live });
  return found !== undefined && 'launch' in found ? found : assert.fail('there are no units');
}

const launch = async (folder: string): Promise<LaunchedVision> =>
  (await launcherOf(folder)).launch({ purpose: 'cameras', readable: [] });

async function firstAnswer({ channel }: LaunchedVision): Promise<string> {
  channel.on('error', () => undefined);
  channel.write('order');
  const [answer] = (await once(channel, 'data')) as [Buffer];
  return answer.toString();
}

/** The main process of a unit with a watchdog, and the core that it hears. */
async function watchedInstance(folder: string, name: string) {
  const path = join(folder, name);
  const notify = await bindNotifySocket(`${path}.notify`);
  const server = createServer().listen(path);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const end = connect(path);
  await once(end, 'connect');
  const [core] = await accepted;
  server.close();
  const instance = spawn(process.execPath, [builtProgram('vision-instance.js'), '--eval', echo], {
    stdio: ['ignore', 'inherit', 'ignore', end],
    env: { ...process.env, NOTIFY_SOCKET: `${path}.notify`, WATCHDOG_USEC: '600000', WATCHDOG_PID: '' },
  });
  end.destroy();
  core.on('error', () => undefined).resume();
  const nextFeed = async (): Promise<void> => assert.equal(await notify.next(), 'WATCHDOG=1');
  // Its start.
  await nextFeed();
  return {
    say: () => void core.write('order'),
    nextFeed,
    async [Symbol.asyncDispose]() {
      core.destroy();
      if (instance.exitCode === null) await once(instance, 'exit');
      await notify[Symbol.asyncDispose]();
    },
  };
}

describe('units for vision processes', () => {
  test('are not used by a daemon that is not the installed service', () => {
    assert.equal(probeUnits('cameras', {}), undefined);
  });

  test('are missed with their names where systemd does not listen', async () => {
    await using directory = await temporaryDirectory();
    const cameras = probe(directory.path, 'cameras');
    assert.ok(cameras !== undefined && 'reason' in cameras);
    assert.match(
      cameras.reason,
      /^the unit for cameras cannot start: .*cameras\.sock and .*lines are missing$/,
    );
    assert.match(cameras.remedy, /^Run 'systemctl restart rollcalld'/);
    const photos = probe(directory.path, 'photographs');
    assert.ok(photos !== undefined && 'reason' in photos);
    assert.match(photos.reason, /^the unit for photos and clips cannot start: .*photos\.sock is missing$/);
  });

  test('of one kind are there while those of the other kind are missing', async () => {
    await using directory = await temporaryDirectory();
    await using _sockets = await openSockets(directory.path, echo);
    await rm(join(directory.path, 'photos.sock'));
    const [cameras, photos] = (['cameras', 'photographs'] as const).map((each) =>
      probe(directory.path, each),
    );
    assert.ok(cameras !== undefined && 'launch' in cameras);
    assert.ok(photos !== undefined && 'reason' in photos);
  });

  test('are missed where they could not ask for their cameras', async () => {
    await using directory = await temporaryDirectory();
    await using _sockets = await openSockets(directory.path, echo);
    await rmdir(join(directory.path, 'lines'));
    const found = probe(directory.path, 'cameras');
    assert.ok(found !== undefined && 'reason' in found);
    assert.match(found.reason, /start: [^ ]*lines is missing$/);
    const photos = probe(directory.path, 'photographs');
    assert.ok(photos !== undefined && 'launch' in photos, 'photos need no lines');
  });

  test('do not start while systemd does not listen, which names the socket and the remedy', async () => {
    await using directory = await temporaryDirectory();
    await using sockets = await openSockets(directory.path, echo);
    const launcher = await launcherOf(directory.path);
    await sockets.close();
    const reason = await launcher.launch({ purpose: 'photographs', readable: [] }).ended;
    assert.match(reason, /^systemd does not listen at .*photos\.sock; 'systemctl restart rollcalld' starts/);
  });

  test('isolate fully, and start no program of the caller', { skip: withoutBuild }, async () => {
    await using directory = await temporaryDirectory();
    await using _sockets = await openSockets(directory.path, echo);
    const launcher = await launcherOf(directory.path);
    assert.deepEqual(launcher.isolation, { level: 'full', gaps: [] });
    assert.throws(() => launcher.launch({ purpose: 'cameras', program: ['--version'], readable: [] }), {
      code: 'unit-program',
    });
  });

  test('are said to leave memory and /run open where nothing limits them', {
    skip: withoutBuild,
  }, async () => {
    await using directory = await temporaryDirectory();
    await using _sockets = await openSockets(directory.path, echo);
    const open = { controllers: 'cpu pids', live: directory.path };
    const { isolation } = await launcherOf(directory.path, open);
    assert.deepEqual(isolation.gaps, ['memory', 'disk']);
    const photos = await launcherOf(directory.path, open, 'photographs');
    assert.deepEqual(photos.isolation.gaps, ['memory'], 'photos have no folder for live frames');
  });

  test('pass messages on, and end when the core closes the connection', { skip: withoutBuild }, async () => {
    await using directory = await temporaryDirectory();
    await using sockets = await openSockets(directory.path, `${echo} setInterval(() => undefined, 1000);`);
    const launched = await launch(directory.path);
    assert.equal(await firstAnswer(launched), 'order');
    launched.kill();
    await launched.ended;
    const [instance] = sockets.instances;
    assert.ok(instance !== undefined);
    if (instance.exitCode === null) await once(instance, 'exit');
    assert.equal(instance.exitCode, 0);
  });

  test('end when the core closes the connection, even if the vision process reads nothing', {
    skip: withoutBuild,
  }, async () => {
    await using directory = await temporaryDirectory();
    const program = `new (require('node:net').Socket)({ fd: 3 }).write('up'); setInterval(() => undefined, 1000);`;
    await using sockets = await openSockets(directory.path, program);
    const launched = await launch(directory.path);
    assert.equal(await firstAnswer(launched), 'up');
    // More than all buffers on the way hold.
    await new Promise((resolve) => launched.channel.write(Buffer.alloc(16 * 1024 * 1024), resolve));
    launched.kill();
    await launched.ended;
    const [instance] = sockets.instances;
    assert.ok(instance !== undefined);
    if (instance.exitCode === null) await once(instance, 'exit');
    assert.equal(instance.exitCode, 0);
  });

  test('feed their watchdog only while the core says something', {
    skip: withoutBuild || notifySocketSkip,
  }, async () => {
    await using directory = await temporaryDirectory();
    await using heard = await watchedInstance(directory.path, 'heard');
    await using silent = await watchedInstance(directory.path, 'silent');
    silent.say();
    await silent.nextFeed();
    let isFed = false;
    void silent.nextFeed().then(
      () => (isFed = true),
      () => undefined,
    );
    for (let feeds = 0; feeds < 5; feeds += 1) {
      heard.say();
      await heard.nextFeed();
    }
    assert.equal(isFed, false);
  });

  test('end when the vision process closes its side, even if it runs on', {
    skip: withoutBuild,
  }, async () => {
    await using directory = await temporaryDirectory();
    const program = `${echo} core.once('data', () => core.end()); setInterval(() => undefined, 1000);`;
    await using sockets = await openSockets(directory.path, program);
    const launched = await launch(directory.path);
    assert.equal(await firstAnswer(launched), 'order');
    assert.match(await launched.ended, /^its unit ended; see 'journalctl/);
    const [instance] = sockets.instances;
    if (instance?.exitCode === null) await once(instance, 'exit');
  });
});
