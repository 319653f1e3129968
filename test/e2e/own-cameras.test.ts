import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { testClip } from '../support/clips.js';
import { deviceUser, startOnvifDevice } from '../support/onvif-device.js';
import { startRtspServer, type TestRtspServer } from '../support/rtsp-server.js';
import { until } from '../support/until.js';

const login = { user: 'viewer', password: "pa:ss w/ö%r'd-7Qz" };
const loginText = `${login.user}:${login.password}`;

interface Parts {
  readonly box: TestBox;
  readonly cameras: TestRtspServer;
}

const cameraFile = (box: TestBox, id: string): string => join(box.directory, 'data/cameras.d', `${id}.yaml`);

/** The names of the stored logins of cameras. */
async function logins({ directory }: TestBox): Promise<readonly string[]> {
  const names = await readdir(join(directory, 'data/keys')).catch(() => []);
  return names.filter((name) => name.startsWith('camera-'));
}

const streams = (box: TestBox, id: string) =>
  box.untilCamera(id, 'to stream', ({ state }) => state === 'streaming');

test('cameras that the box keeps itself', { skip: withoutBuild }, async (t) => {
  const clip = await testClip({ seconds: 20 });
  await using cameras = await startRtspServer({ mounts: { '/door': clip, '/side': clip }, auth: login });
  const gate = { id: 'gate', name: 'Gate', url: cameras.url('/door'), enabled: false };
  // The server of the test is at the host and port of the camera "gate", which the owner configured.
  const api = { cameraNetworks: ['127.0.0.2/32'] };
  await using box = await makeBox({ config: { cameras: [gate], api } });
  await box.start();
  const parts = { box, cameras };
  await t.test('are added with a login that stays secret, and stream', () => add(parts));
  await t.test('show a picture while they stream', () => look(parts));
  await t.test('are tried with a login, and nothing of it is kept', () => tryAddress(parts));
  await t.test('tell their streams, which need no typing', () => askDevice(parts));
  await t.test('are refused where they cannot be used, and leave nothing behind', () => refuse(parts));
  await t.test('are changed, but keep a login only for the device it was given for', () => change(parts));
  await t.test('survive a kill between the writing and the reload', () => kill(parts));
  await t.test('run beside a broken file, which everything names', () => broken(parts));
  await t.test('are removed with their logins', () => remove(parts));
});

async function add({ box, cameras }: Parts) {
  const args = ['camera', 'add', 'door', cameras.url('/door'), '--name', 'Front door', '--login'];
  const added = await box.commandReading(`${loginText}\n`, ...args);
  assert.equal(added.exitCode, 0, added.stderr);
  await streams(box, 'door');
  const file = cameraFile(box, 'door');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const [name = ''] = await logins(box);
  assert.equal((await stat(join(box.directory, 'data/keys', name))).mode & 0o777, 0o600);
  const text = await readFile(file, 'utf8');
  assert.match(text, new RegExp(`credential: ${name}\n`));
  const shown = JSON.stringify(await box.client.call('cameras.show', { id: 'door' }));
  for (const [where, told] of Object.entries({ text, shown, log: box.log(), ...added })) {
    assert.ok(!String(told).includes(login.password), where);
  }
  const { items } = await box.client.call('audit.list', { action: 'camera', limit: 10 });
  assert.deepEqual(
    items.map(({ action, subject }) => [action, subject]),
    [['camera.created', 'door']],
  );
}

async function look({ box }: Parts) {
  const path = join(box.directory, 'door.jpg');
  const saved = await box.command('camera', 'snapshot', 'Front door', '--save', path);
  assert.equal(saved.exitCode, 0, saved.stderr);
  const { format, width, height } = await sharp(path).metadata();
  assert.deepEqual([format, width, height], ['jpeg', 640, 360]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await assert.rejects(box.client.call('cameras.snapshot', { id: 'gate' }), {
    code: 'camera-not-streaming',
    remedy: /camera list/,
  });
  const { items } = await box.client.call('audit.list', { action: 'camera.snapshot-taken', limit: 10 });
  assert.deepEqual(
    items.map(({ subject }) => subject),
    ['door'],
  );
}

async function tryAddress({ box, cameras }: Parts) {
  const { client } = box;
  const before = await logins(box);
  const url = cameras.url('/side');
  const passed = await client.call('cameras.test-address', { url, login: Buffer.from(loginText) });
  assert.equal(passed.outcome, 'ok', JSON.stringify(passed));
  const wrong = await client.call('cameras.test-address', { url, login: Buffer.from('viewer:wrong') });
  assert.deepEqual([wrong.outcome, wrong.outcome === 'failed' && wrong.code], ['failed', 'unauthorised']);
  await assert.rejects(client.call('cameras.test-address', { url, login: Buffer.from('no colon') }), {
    code: 'login-form',
  });
  assert.deepEqual(await logins(box), before);
  assert.deepEqual(await readdir(join(box.directory, 'data/cameras.d')), ['door.yaml']);
  const { items } = await client.call('audit.list', { action: 'camera.address-tested', limit: 10 });
  const { port } = cameras;
  assert.deepEqual(
    items.map(({ details }) => details),
    [
      { host: '127.0.0.1', port },
      { host: '127.0.0.1', port },
    ],
  );
  assert.ok(!box.log().includes(login.password));
}

async function askDevice({ box, cameras }: Parts) {
  const { client } = box;
  const seen = { codec: 'H264', widthPx: 640, heightPx: 360, fps: 10 };
  const profiles = [
    { token: '1', name: 'side', ...seen, uri: cameras.url('/side') },
    { token: '2', ...seen, widthPx: 1280, heightPx: 720, uri: 'rtsp://127.0.0.2/large' },
  ];
  await using device = await startOnvifDevice({ host: '127.0.0.2', profiles, password: login.password });
  const address = device.origin.replace('http://', '');
  const told = await box.commandReading(
    `${deviceUser}:${login.password}\n`,
    'camera',
    'profiles',
    address,
    '--login',
  );
  assert.equal(told.exitCode, 0, told.stderr);
  const [, first = '', second = ''] = told.stdout.split('\n');
  assert.match(first, /^ +H264 +1280x720 +10 fps +rtsp:\/\/127\.0\.0\.2\/large$/, 'the largest first');
  assert.match(second, /^side +H264 +640x360 +10 fps +rtsp:.*\/side \(ANOTHER HOST\)$/);
  const wrong = await box.commandReading(
    `${deviceUser}:wrong\n`,
    'camera',
    'profiles',
    device.origin,
    '--login',
  );
  assert.deepEqual([wrong.exitCode, device.wrongLogins], [1, 1]);
  assert.match(wrong.stdout, /device-login-refused/);
  const own = await client.call('cameras.profiles', { device: '127.0.0.1:22' });
  assert.equal(own.outcome === 'failed' && own.code, 'address-refused');
  for (const bad of ['ftp://127.0.0.2/', 'http://u:p@127.0.0.2/', 'http://127.0.0.2/reboot', '']) {
    await assert.rejects(client.call('cameras.profiles', { device: bad }), { code: 'bad-request' });
  }
  const { items } = await client.call('audit.list', { action: 'camera.device-asked', limit: 10 });
  assert.deepEqual(items.map(({ details }) => details).slice(1), [
    { host: '127.0.0.2', port: device.port },
    { host: '127.0.0.2', port: device.port },
  ]);
  assert.ok(
    ![box.log(), JSON.stringify(items), JSON.stringify(device.got)].some((text) =>
      text.includes(login.password),
    ),
  );
}

async function refuse({ box, cameras }: Parts) {
  const { client } = box;
  const before = await logins(box);
  const create = (id: string, url: string, given: Partial<{ idleFps: number; login: Buffer }> = {}) =>
    client.call('cameras.create', { id, name: 'A camera', url, ...given });
  const url = cameras.url('/side');
  await assert.rejects(create('side', 'rtsp://127.0.0.1:22/'), { code: 'address-refused' });
  await assert.rejects(create('side', 'rtsp://[::ffff:169.254.169.254]/'), { code: 'address-refused' });
  const own = await client.call('cameras.test-address', { url: 'rtsp://localhost:22/' });
  assert.equal(own.outcome === 'failed' && own.code, 'address-refused');
  await assert.rejects(create('door', url), { code: 'camera-exists' });
  await assert.rejects(create('gate', url), { code: 'camera-exists' });
  await assert.rejects(create('../door', url), { code: 'bad-request' });
  // The commands show addresses on a terminal.
  for (const end of ['\x1b[2J', '\n', ' a']) {
    await assert.rejects(create('side', url + end), { code: 'bad-request', message: /control characters/ });
  }
  await assert.rejects(create('side', 'rtsp://viewer:secret@192.0.2.1/'), (error: Error) => {
    assert.match(error.message, /url must not contain a user name or password/);
    return !error.message.includes('secret');
  });
  await assert.rejects(create('side', url, { idleFps: 200, login: Buffer.from(loginText) }), {
    code: 'camera-refused',
    message: /rates\.idleFps must be a number from 0\.5 to 30/,
  });
  await assert.rejects(create('side', url, { login: Buffer.from('no colon') }), { code: 'login-form' });
  for (const id of ['gate', 'none'] as const) {
    const code = id === 'gate' ? 'camera-of-configuration' : 'no-such-camera';
    await assert.rejects(client.call('cameras.change', { id, name: 'Another' }), { code });
    await assert.rejects(client.call('cameras.delete', { id }), { code });
  }
  assert.deepEqual(await readdir(join(box.directory, 'data/cameras.d')), ['door.yaml']);
  assert.deepEqual(await logins(box), before);
}

async function change({ box, cameras }: Parts) {
  const { client } = box;
  const path = cameraFile(box, 'door');
  await writeFile(path, `# by the east wall\n${await readFile(path, 'utf8')}`);
  const { revision = 0 } = await client.call('cameras.show', { id: 'door' });
  const changed = await client.call('cameras.change', {
    ...{ id: 'door', ifRevision: revision, url: cameras.url('/side') },
    ...{ direction: 'in', idleFps: 4, requireLiveness: 'not-attack' },
  });
  assert.deepEqual([changed.direction, changed.settings.idleFps], ['in', 4]);
  assert.match(await readFile(path, 'utf8'), /# by the east wall/);
  await streams(box, 'door');
  const outdated = client.call('cameras.change', { id: 'door', ifRevision: revision, name: 'Mine' });
  await assert.rejects(outdated, { code: 'changed-meanwhile' });
  // The right to change an address must not give away the password that others stored.
  for (const elsewhere of [
    { url: 'rtsp://192.0.2.66/door' },
    { url: cameras.url('/side').replace('rtsp:', 'rtsps:') },
    { allowBasicLogin: true },
  ]) {
    await assert.rejects(client.call('cameras.change', { id: 'door', ...elsewhere }), {
      code: 'login-needed',
    });
  }
  const [first] = await logins(box);
  await client.call('cameras.change', { id: 'door', login: Buffer.from(loginText) });
  const [former] = await logins(box);
  assert.notEqual(former, first, 'a login alone is a change');
  await client.call('cameras.change', { id: 'door', idleFps: null, login: Buffer.from(loginText) });
  const { settings } = await client.call('cameras.show', { id: 'door' });
  assert.equal(settings.idleFps, 5);
  assert.deepEqual(await logins(box), [settings.credential]);
  assert.notEqual(settings.credential, former);
}

async function kill({ box, cameras }: Parts) {
  const input = { id: 'side', name: 'Side', url: cameras.url('/side'), login: Buffer.from(loginText) };
  const asked = box.client.call('cameras.create', input).catch(() => undefined);
  await until('the camera file to be written', () => existsSync(cameraFile(box, 'side')));
  await box.stop('SIGKILL');
  await asked;
  // What a kill at other moments leaves.
  await writeFile(`${cameraFile(box, 'side')}.former`, 'id: side\n');
  await writeFile(join(box.directory, 'data/keys', `camera-side-${'0'.repeat(26)}`), 'lost:login');
  await writeFile(cameraFile(box, 'broken'), 'id: broken\nname: Broken\nurl: http://192.0.2.1/\n');
  await box.start();
  const [found] = await Promise.all([
    box.client.call('cameras.discover', { seconds: 1 }),
    ...[streams(box, 'door'), streams(box, 'side')],
  ]);
  // What there is depends on the network of this machine.
  assert.ok(found.devices.every(({ services }) => services.length > 0));
  assert.deepEqual(await readdir(join(box.directory, 'data/cameras.d')), [
    ...['broken.yaml', 'door.yaml', 'side.yaml'],
  ]);
  assert.equal((await logins(box)).length, 2);
}

async function broken({ box }: Parts) {
  const place = `${cameraFile(box, 'broken')}:3:1: url must begin with rtsp://`;
  const { state, code, message = '' } = await box.camera('broken');
  assert.deepEqual([state, code], ['failed', 'camera-file-unusable']);
  for (const told of [message, box.log()]) assert.ok(told.includes(place), told);
  for (const command of ['check-config', 'doctor']) {
    const { exitCode, stdout } = await box.command(command);
    assert.equal(exitCode, 1);
    assert.ok(stdout.includes(place), stdout);
  }
  // Other cameras can be changed meanwhile.
  await box.client.call('cameras.change', { id: 'side', name: 'East side' });
  await assert.rejects(box.client.call('cameras.change', { id: 'broken', name: 'Whole' }), {
    code: 'camera-file-unusable',
    message: /broken\.yaml:3:1/,
  });
  await box.client.call('cameras.delete', { id: 'broken' });
  assert.equal((await box.command('check-config')).exitCode, 0);
  // An id in both places: the reload names both files, and what runs stays.
  const twice = { id: 'side', name: 'Side', url: 'rtsp://192.0.2.7/' };
  const refused = await box.reload({ cameras: [twice] });
  assert.equal(refused.outcome, 'refused');
  assert.match(JSON.stringify(refused), /side\.yaml.*the configuration file also has a camera/);
  assert.equal((await box.camera('side')).name, 'East side');
}

async function remove({ box }: Parts) {
  // The configuration file is wrong still: nothing can be put in force, and nothing may be lost.
  await assert.rejects(box.client.call('cameras.delete', { id: 'door' }), { code: 'configuration-refused' });
  assert.equal((await streams(box, 'door')).state, 'streaming');
  assert.equal((await box.reload({ cameras: [] })).outcome, 'applied');
  const removed = await box.command('camera', 'remove', 'door', '--yes');
  assert.equal(removed.exitCode, 0, removed.stderr);
  await box.client.call('cameras.delete', { id: 'side' });
  assert.deepEqual(await box.client.call('cameras.list'), []);
  const { exitCode, stderr } = await box.command('passages', 'list', '--camera', 'side');
  assert.equal(exitCode, 0, 'it may have left passages');
  assert.match(stderr, /^note: no camera is called "side" now; 'rollcall camera list'/);
  assert.deepEqual(await readdir(join(box.directory, 'data/cameras.d')), []);
  assert.deepEqual(await logins(box), []);
  assert.ok(!box.log().includes(login.password));
}
