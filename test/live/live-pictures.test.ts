import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { test } from 'node:test';
import sharp from 'sharp';
import { WebSocket } from 'ws';
import { facesInSight, type LivePicture, livePicture } from '../../daemon/contract/live.js';
import { boxCentre } from '../../daemon/kernel/faces/geometry.js';
import { closeOf } from '../../scripts/child-end.js';
import { goodPassword } from '../support/accounts-fixture.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { builtProgram } from '../support/built.js';
import { openTestAnalyser, toPicture } from '../support/inference.js';
import { freePort } from '../support/listening.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { visitorClip } from '../support/scenes.js';
import { openTerminal, terminalSkip } from '../support/terminal.js';
import { until } from '../support/until.js';

interface Shown {
  readonly about: LivePicture;
  readonly jpeg: Buffer;
}

/** A program or page that watches. */
interface Watcher {
  readonly socket: WebSocket;
  readonly shown: Shown[];
  /** Close code and reason, or the status and the error code of an answer without an upgrade. */
  readonly ended: Promise<readonly [code: number, reason: string]>;
  /** Waits for so many more pictures. */
  more(count: number): Promise<void>;
}

type Headers = Readonly<Record<string, string>>;

function takeApart(message: Buffer): Shown {
  const end = 4 + message.readUInt32BE();
  return {
    about: livePicture.parse(JSON.parse(message.toString('utf8', 4, end))),
    jpeg: message.subarray(end),
  };
}

function watch(port: number, headers: Headers, protocols: readonly string[] = []): Watcher {
  // Another test compares the certificate.
  const socket = new WebSocket(`wss://localhost:${port}/api/v1/cameras/door/live`, [...protocols], {
    ...{ headers, rejectUnauthorized: false },
  });
  const shown: Shown[] = [];
  socket.on('message', (message: Buffer) => void shown.push(takeApart(message)));
  const ended = new Promise<readonly [number, string]>((resolve) => {
    socket.once('close', (code, reason) => resolve([code, reason.toString()]));
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      void json(response).then((said) => {
        const { error } = said as { readonly error: { readonly code: string } };
        resolve([response.statusCode ?? 0, error.code]);
      });
    });
  });
  socket.on('error', () => undefined);
  const more = async (count: number): Promise<void> => {
    const wanted = shown.length + count;
    await until(`${count} more pictures`, () => shown.length >= wanted);
  };
  return { socket, shown, ended, more };
}

async function ask(port: number, method: string, path: string, headers: Headers, body?: unknown) {
  const given = body === undefined ? undefined : JSON.stringify(body);
  const sent = request({
    ...{ host: 'localhost', port, method, path: `/api/v1${path}`, rejectUnauthorized: false },
    headers: { ...headers, ...(given === undefined ? {} : { 'content-type': 'application/json' }) },
  });
  sent.end(given);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const said = (await json(response)) as { data: Record<string, unknown>; error?: { code: string } };
  const [cookie = ''] = (response.headers['set-cookie'] ?? []).map((each) => each.split(';')[0] ?? '');
  return { status: response.statusCode, cookie, said };
}

interface Box {
  readonly box: TestBox;
  readonly port: number;
  readonly folder: string;
  /** Anna's session as a page of the box has it, her session for a program, and an API key of hers. */
  readonly page: Headers;
  readonly token: string;
  readonly key: Headers;
}

async function openAccounts(box: TestBox, port: number): Promise<Pick<Box, 'page' | 'token' | 'key'>> {
  const origin = `https://localhost:${port}`;
  const [secret = ''] = (await box.command('user', 'claim')).stdout.split('\n');
  const credentials = { userName: 'anna', password: goodPassword };
  const claimed = await ask(port, 'POST', '/auth/claim', {}, { secret, ...credentials });
  assert.equal(claimed.status, 200, JSON.stringify(claimed.said));
  const login = await ask(port, 'POST', '/auth/login', { origin }, { ...credentials, kind: 'session' });
  const page = { cookie: login.cookie, origin };
  const { said } = await ask(port, 'POST', '/auth/login', {}, credentials);
  const made = await ask(port, 'POST', '/api-keys', page, { label: 'screen', scopes: ['live:watch'] });
  assert.equal(made.status, 200, JSON.stringify(made.said));
  const key = { authorization: `Bearer ${String(made.said.data['secret'])}` };
  return { page, token: String(said.data['accessToken']), key };
}

const counterOf = async (box: TestBox, name: string): Promise<number> =>
  (await box.camera('door')).counters[name] ?? 0;

test('live pictures of a box', { skip: withoutBuild }, async (t) => {
  await using cameras = await startRtspServer({ mounts: { '/door': await visitorClip('ada') } });
  const port = await freePort();
  const camera = { id: 'door', name: 'Door', url: cameras.url('/door'), direction: 'in' };
  await using box = await makeBox({
    config: { cameras: [camera], gate: { port, origins: ['https://console.example'] } },
  });
  await box.start();
  const folder = join(box.directory, 'run', 'gate');
  const startGate = (): ChildProcess =>
    spawn(process.execPath, [builtProgram('rollcall-gate.js'), '--folder', folder], { stdio: 'ignore' });
  const gate = startGate();
  try {
    await until('the gate', () =>
      ask(port, 'GET', '/auth/me', {}).then(
        ({ status }) => status === 401,
        () => false,
      ),
    );
    const all: Box = { box, port, folder, ...(await openAccounts(box, port)) };
    await box.untilCamera('door', 'to stream', ({ state }) => state === 'streaming');
    await t.test('are refused without rights, from other pages, and without a WebSocket', () => refused(all));
    const watching = watch(port, all.page);
    await t.test('show faces where they are, and are encoded once for all viewers', () =>
      shared(all, watching),
    );
    await t.test('can be saved with the boxes drawn into them', () => marked(all));
    await t.test('have numbers that can be followed on a terminal', { skip: terminalSkip }, () =>
      followed(all),
    );
    await t.test('go to the gate with a ticket that opens once', () => tickets(all));
    await t.test('end with the rights of the viewer, and a slow viewer delays no other', () =>
      revoked(all, watching),
    );
    await t.test('are not encoded while no caller watches', () => unwatched(all));
    await t.test('end when their vision process or the gate ends', () => killed(all, gate));
  } finally {
    gate.kill('SIGKILL');
    await closeOf(gate);
  }
});

async function refused({ port, page, token, folder, box }: Box): Promise<void> {
  assert.deepEqual(await watch(port, {}).ended, [401, 'unauthenticated']);
  const foreign = { ...page, origin: 'https://evil.example' };
  assert.deepEqual(await watch(port, foreign).ended, [403, 'wrong-origin']);
  // A listed page is known by its token, not by the cookie that the browser adds.
  const listed = { cookie: page['cookie'] ?? '', origin: 'https://console.example' };
  assert.deepEqual(await watch(port, listed).ended, [401, 'unauthenticated']);
  assert.equal(await counterOf(box, 'livePictures'), 0);
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.startsWith('live-')),
    [],
    'no socket before the first viewer',
  );
  // The core was asked, so that it could have said why it refuses; the gate keeps the way to the pictures.
  const plain = await ask(port, 'GET', '/cameras/door/live', page);
  assert.deepEqual([plain.status, plain.said.error?.code], [400, 'websocket-needed']);
  await until('the way to be closed', async () => (await box.camera('door')).viewers === undefined);

  const byToken = watch(port, { origin: 'https://console.example' }, [
    'rollcall.live',
    `rollcall.token.${token}`,
  ]);
  await byToken.more(1);
  assert.equal(byToken.socket.protocol, 'rollcall.live');
  byToken.socket.close(1000);
  await byToken.ended;
  assert.equal((await stat(await liveSocket(folder))).mode & 0o007, 0, 'other users are kept out');
}

async function shared({ box, port, page, key }: Box, one: Watcher): Promise<void> {
  const other = watch(port, key);
  const bySequence = (watcher: Watcher): Map<number, Shown> =>
    new Map(watcher.shown.map((each) => [each.about.sequence, each]));
  await until('a face in a picture', () => one.shown.some(({ about }) => about.faces.length > 0));
  await Promise.all([one.more(10), other.more(10)]);
  assert.equal((await box.camera('door')).viewers, 2);
  assert.match((await box.command('camera', 'list')).stdout, /door +streaming, 2 viewers/);
  assert.deepEqual(await watch(port, page).ended, [503, 'busy'], 'one stream a user and camera');

  const others = bySequence(other);
  const both = [...bySequence(one)].filter(([sequence]) => others.has(sequence));
  assert.ok(both.length > 0, 'both saw some of the same pictures');
  for (const [sequence, { jpeg }] of both) assert.ok(others.get(sequence)?.jpeg.equals(jpeg));
  const seen = one.shown.find(({ about }) => about.faces.some(({ eyes }) => eyes !== null));
  assert.ok(seen, 'a face with its landmarks');
  await assertBoxFits(seen);
  assert.ok(!JSON.stringify(one.shown.map(({ about }) => about)).includes('Ada'));
  const { stdout } = await box.command('audit', 'list', '--json');
  assert.match(stdout, /"camera\.watched"/);
  other.socket.close(1000);
  await until('one viewer to be gone', async () => (await box.camera('door')).viewers === 1);
}

/** Looks for the face in the JPEG itself. */
async function assertBoxFits({ about, jpeg }: Shown): Promise<void> {
  const picture = await toPicture(sharp(jpeg));
  assert.deepEqual([picture.widthPx, picture.heightPx], [about.widthPx, about.heightPx]);
  const [face] = about.faces;
  assert.ok(face?.quality && face.eyes);
  await using analyser = await openTestAnalyser();
  const [found] = await analyser.detect(picture, { smallestFacePx: 60 });
  assert.ok(found, 'the JPEG shows a face');
  const [here, there] = [boxCentre(found.box), boxCentre(face.box)];
  const apartPx = Math.hypot(here.x - there.x, here.y - there.y);
  assert.ok(apartPx < found.box.width / 3, `the boxes are ${apartPx} pixels apart`);
  const ratio = face.box.width / found.box.width;
  assert.ok(ratio > 0.6 && ratio < 1.7, `the width differs by ${ratio}`);
  assert.ok((face.eyes.left ?? 0.3) > 0 && face.number > 0);
  const { widthPx = 0, sharpness = 0, meanLuma = 0 } = face.measures ?? {};
  assert.ok(widthPx > 40 && sharpness > 0 && meanLuma > 20, JSON.stringify(face.measures));
}

/** The scene has fewer strong colours than the boxes. */
async function marked({ box }: Box): Promise<void> {
  const save = async (name: string, ...more: string[]): Promise<number> => {
    const path = join(box.directory, name);
    const { stderr } = await box.command('camera', 'snapshot', 'door', '--save', path, ...more);
    assert.equal(stderr, '');
    const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const strong = Array.from({ length: info.width * info.height }, (_, pixel) => {
      const colour = data.subarray(3 * pixel, 3 * pixel + 3);
      return Math.max(...colour) - Math.min(...colour) > 90;
    });
    return strong.filter(Boolean).length / strong.length;
  };
  const plain = await save('plain.jpg');
  let tries = 0;
  await until('a face with its box', async () => {
    tries += 1;
    return (await save(`marked-${tries}.jpg`, '--boxes')) > plain + 0.002;
  });
}

async function followed({ box, port, key }: Box): Promise<void> {
  const program = box.commandLine('camera', 'watch', 'door');
  await using terminal = openTerminal(program, { columns: 100, environment: { LANG: 'C.UTF-8' } });
  await terminal.shows(/#\d+ {2}width \d+ px, sharpness \d\.\d+, yaw -?\d+°, light \d+, quality/);
  await terminal.shows(/eyes [·▁▂▃▄▅▆▇█]*[▁▂▃▄▅▆▇█]/);
  await terminal.shows(/(?:undecided|stranger) \([a-z-]+\): \w+/);
  terminal.resize(30, 2);
  await terminal.shows(/more lines; enlarg/);
  terminal.type('\x03');
  assert.deepEqual(await terminal.ended, { code: 0, isRestored: true });
  const written = terminal.written.replaceAll('\x1b', '␛');
  assert.match(written, /^␛\[\?1049h/);
  assert.match(written, /␛\[\?25h␛\[\?1049l$/, 'what the terminal showed before is back');

  const lines = box.startCommand('camera', 'watch', 'door');
  await until('a line for a face', () => lines.lines().some((line) => / door #\d+: width \d+ px/.test(line)));
  assert.ok(lines.lines().every((line) => !line.includes('\x1b')));
  assert.equal(await lines.interrupt(), 0);
  const { item } = await firstLine(port, '/cameras/door/faces', key);
  const { faces } = facesInSight.parse(item);
  assert.ok(
    faces.every(({ decision }) => decision === undefined),
    'this key may not read passages',
  );
  const { stdout } = await box.command('audit', 'list', '--json');
  assert.match(stdout, /"camera\.followed"/);
}

/** The first line of an answer that goes on. */
async function firstLine(port: number, path: string, headers: Headers): Promise<{ readonly item?: unknown }> {
  const sent = request({
    ...{ host: 'localhost', port, path: `/api/v1${path}`, headers, rejectUnauthorized: false },
  }).end();
  sent.on('error', () => undefined);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  const [chunk] = (await once(response, 'data')) as [Buffer];
  sent.destroy();
  return JSON.parse(chunk.toString().split('\n')[0] ?? '');
}

/** The socket of the one vision process, whose name nobody knows before. */
async function liveSocket(folder: string): Promise<string> {
  const names = await readdir(join(folder, 'live'));
  assert.equal(names.length, 1, names.join(' '));
  return join(folder, 'live', names[0] ?? '');
}

/** What the socket of the box sends for this ticket, until it closes or has sent something. */
async function show(folder: string, ticket: string): Promise<{ socket: Socket; bytes: number }> {
  const socket = connect(await liveSocket(folder));
  socket.on('error', () => undefined);
  const closed = new Promise<number>((resolve) => socket.once('close', () => resolve(0)));
  const data = new Promise<number>((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve(chunk.length)),
  );
  socket.write(`${ticket}\n`);
  const bytes = await Promise.race([closed, data]);
  return { socket, bytes };
}

/** As a gate that was taken over: it speaks to the vision process itself. */
async function tickets({ box, folder }: Box): Promise<void> {
  assert.equal((await show(folder, 'A'.repeat(43))).bytes, 0, 'a forged ticket');
  assert.equal((await show(folder, '')).bytes, 0, 'none');
  assert.equal((await show(folder, 'A'.repeat(100_000))).bytes, 0, 'a long one');
  const watching = (await box.client.call('cameras.watch', { id: 'door' }))[Symbol.asyncIterator]();
  const { value } = await watching.next();
  const { ticket } = value as { readonly ticket: string };
  const opened = await show(folder, ticket);
  assert.ok(opened.bytes > 0, 'the ticket of the core opens');
  assert.equal((await show(folder, ticket)).bytes, 0, 'and does so once');
  const closed = new Promise((resolve) => opened.socket.resume().once('close', resolve));
  await watching.return?.();
  await closed;
}

async function revoked({ port, page, key }: Box, one: Watcher): Promise<void> {
  const slow = watch(port, key);
  await Promise.all([one.more(3), slow.more(3)]);
  slow.socket.pause();
  const before = slow.shown.length;
  const from = slow.shown.at(-1)?.about.sequence ?? 0;
  await one.more(20);
  assert.equal((await ask(port, 'POST', '/auth/logout', page)).status, 200);
  slow.socket.resume();
  await until('the slow viewer to go on', () => slow.shown.length > before + 5);
  const sequences = slow.shown.slice(before).map(({ about }) => about.sequence);
  const old = sequences.filter((sequence) => sequence < from + 15);
  assert.ok(old.length <= 4, `it got old pictures: ${sequences}`);
  assert.deepEqual(await one.ended, [1008, 'unauthenticated']);
  slow.socket.send('hello');
  assert.deepEqual(await slow.ended, [1003, 'only-listening']);
}

async function unwatched({ box }: Box): Promise<void> {
  await until('the viewers to be gone', async () => (await box.camera('door')).viewers === undefined);
  // Counters are reported each second: on a busy machine, the second report may still hold the last picture.
  for (const report of ['a report', 'another one']) {
    const settled = await counterOf(box, 'analysed');
    await until(report, async () => (await counterOf(box, 'analysed')) > settled);
  }
  const [encoded, analysed] = [await counterOf(box, 'livePictures'), await counterOf(box, 'analysed')];
  await until('more frames', async () => (await counterOf(box, 'analysed')) >= analysed + 10);
  assert.equal(await counterOf(box, 'livePictures'), encoded);
}

async function killed({ box, port, key }: Box, gate: ChildProcess): Promise<void> {
  const one = watch(port, key);
  await one.more(1);
  const [vision] = (await box.client.call('status.show')).vision;
  assert.ok(vision?.pid !== undefined);
  process.kill(vision.pid, 'SIGKILL');
  assert.deepEqual(await one.ended, [1012, 'vision-unavailable']);
  await box.untilCamera('door', 'to stream again', ({ state }) => state === 'streaming');

  const again = watch(port, key);
  await again.more(1);
  gate.kill('SIGKILL');
  await again.ended;
  await until('the core to notice', async () => (await box.camera('door')).viewers === undefined);
}
