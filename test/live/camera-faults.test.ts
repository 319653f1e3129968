import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { CameraStatus } from '../../daemon/contract/cameras.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { corruptClip, resolutionChangeClip, testClip, uniformClip } from '../support/clips.js';
import { called, descendantsOf, isRunning } from '../support/processes.js';
import { startRtspServer, type TestRtspServer } from '../support/rtsp-server.js';
import { until } from '../support/until.js';

const login = { user: 'viewer', password: 'correct horse' };
const small = { widthPx: 320, heightPx: 180, framesPerS: 10 } as const;

interface Servers {
  readonly steady: TestRtspServer;
  readonly late: TestRtspServer;
  readonly killed: TestRtspServer;
  readonly frozen: TestRtspServer;
}

test('cameras that fail', { skip: withoutBuild, concurrency: true }, async (t) => {
  const clip = await testClip(small);
  const resized = await resolutionChangeClip(small, { ...small, widthPx: 480, heightPx: 270 });
  const damaged = await corruptClip({ ...small, framesPerS: 25 });
  const green = await uniformClip('green', { seconds: 2 });
  const one = { mounts: { '/live': clip } };
  await using steady = await startRtspServer({
    mounts: { '/live': clip, '/off': clip, '/resized': resized, '/damaged': damaged, '/green': green },
    auth: login,
  });
  await using late = await startRtspServer(one);
  await late.kill();
  await using killed = await startRtspServer(one);
  await using frozen = await startRtspServer(one);
  const servers: Servers = { steady, late, killed, frozen };
  await using box = await makeBox({ secrets: secrets(), config: { cameras: cameras(servers) } });
  await box.start();
  await Promise.all([
    t.test('a wrong password is reported', () => wrongPassword(box)),
    t.test('a wrong path is reported', () => wrongPath(box)),
    t.test('a missing credential is reported, and other cameras keep running', () => credentialMissing(box)),
    t.test('a camera that is switched on after the start streams', () => offAtStart(box, late)),
    t.test('a camera that dies and returns with another codec streams again', () =>
      killedInStream(box, killed),
    ),
    t.test('a camera that keeps the connection but sends no pictures is reported', () =>
      frozenCamera(box, frozen),
    ),
    t.test('a camera that changes its resolution keeps streaming', () => resolutionChange(box)),
    t.test('damaged and blank pictures are reported', () => damagedStreams(box)),
    t.test('a killed FFmpeg is reported and replaced', () => ffmpegKilled(box)),
  ]);
  await t.test('rollcall camera test', (inner) => cameraTests(box, inner));
  await t.test('the daemon stops while a camera is tested', () => endDuringTest(box, steady));
});

function secrets(): Readonly<Record<string, string>> {
  return {
    right: `${login.user}:${login.password}\n`,
    wrong: `${login.user}:battery staple\n`,
  };
}

function cameras({ steady, late, killed, frozen }: Servers): readonly unknown[] {
  const quick = { rates: { idleFps: 1, trackingFps: 5, provingFps: 5 }, stallAfterS: 2 };
  const camera = (id: string, url: string, more: object = {}) => ({ id, name: id, url, ...quick, ...more });
  return [
    camera('good', steady.url('/live'), { credential: 'right' }),
    camera('wrong-password', steady.url('/live'), { credential: 'wrong' }),
    camera('wrong-path', steady.url('/nothing'), { credential: 'right' }),
    camera('no-credential', steady.url('/live'), { credential: 'not-there' }),
    camera('late', late.url('/live')),
    camera('killed', killed.url('/live')),
    camera('frozen', frozen.url('/live')),
    camera('resized', steady.url('/resized'), { credential: 'right' }),
    camera('damaged', steady.url('/damaged'), { credential: 'right' }),
    camera('green', steady.url('/green'), { credential: 'right' }),
    camera('switched-off', steady.url('/off'), { credential: 'right', enabled: false }),
  ];
}

const isStreaming = ({ state }: CameraStatus): boolean => state === 'streaming';
const analysed = ({ counters }: CameraStatus): number => counters['analysed'] ?? 0;

/** Waits until the camera has failed with `code`, and checks message and remedy. */
async function failsWith(box: TestBox, id: string, code: string, message: RegExp, remedy: RegExp) {
  const camera = await box.untilCamera(id, `to fail with ${code}`, (now) => now.code === code);
  assert.equal(camera.state, 'failed');
  assert.match(camera.message ?? '', message);
  assert.match(camera.remedy ?? '', remedy);
}

/** Waits until the camera has more analysed frames than before. */
async function goesOn(box: TestBox, id: string): Promise<CameraStatus> {
  const before = analysed(await box.camera(id));
  const isOn = (now: CameraStatus): boolean => isStreaming(now) && analysed(now) > before;
  return box.untilCamera(id, 'to stream and be analysed', isOn);
}

async function wrongPassword(box: TestBox) {
  await failsWith(box, 'wrong-password', 'unauthorised', /password.*401/, /Correct the credential/);
}

async function wrongPath(box: TestBox) {
  await failsWith(box, 'wrong-path', 'not-found', /no stream under this path.*404/, /path of the URL/);
}

async function credentialMissing(box: TestBox) {
  await failsWith(box, 'no-credential', 'credential-missing', /"not-there" does not exist/, /mode 0600/);
  await goesOn(box, 'good');
}

async function offAtStart(box: TestBox, server: TestRtspServer) {
  await failsWith(box, 'late', 'refused', /connection refused/, /Check that the camera is on/);
  await server.restart();
  await box.untilCamera('late', 'to stream', isStreaming);
  await goesOn(box, 'late');
}

async function killedInStream(box: TestBox, server: TestRtspServer) {
  await goesOn(box, 'killed');
  await server.kill('SIGKILL');
  // On a busy machine the camera may also have been behind just before.
  const isGone = ({ state, code }: CameraStatus): boolean =>
    state === 'failed' && ['ended', 'refused'].includes(code ?? '');
  const camera = await box.untilCamera('killed', 'to fail', isGone);
  assert.notEqual(camera.remedy, '');
  const clip = await testClip({ ...small, codec: 'hevc' });
  await using _back = await startRtspServer({ mounts: { '/live': clip }, port: server.port });
  const isBack = (now: CameraStatus): boolean => isStreaming(now) && now.stream?.codec === 'hevc';
  await box.untilCamera('killed', 'to stream again', isBack);
  await goesOn(box, 'killed');
}

async function frozenCamera(box: TestBox, server: TestRtspServer) {
  await goesOn(box, 'frozen');
  server.freeze();
  try {
    // A frozen camera accepts connections until the queue of its port is full. Then it is unreachable.
    const codes = ['stalled', 'unreachable'];
    const camera = await box.untilCamera('frozen', `to fail with ${codes.join(' or ')}`, ({ code = '' }) =>
      codes.includes(code),
    );
    assert.equal(camera.state, 'failed');
    assert.match(camera.message ?? '', /stopped sending pictures|cannot be reached/);
    assert.match(camera.remedy ?? '', /Check the address, the cable/);
  } finally {
    server.thaw();
  }
  await box.untilCamera('frozen', 'to stream again', isStreaming);
  await goesOn(box, 'frozen');
}

async function resolutionChange(box: TestBox) {
  const hasWidth = (widthPx: number) => (now: CameraStatus) => now.stream?.widthPx === widthPx;
  await box.untilCamera('resized', 'to show the larger picture', hasWidth(480));
  await box.untilCamera('resized', 'to show the smaller picture', hasWidth(320));
  await goesOn(box, 'resized');
}

/** Checks that status and doctor show the fault, and that the camera keeps running. */
async function damagedStreams(box: TestBox) {
  for (const check of ['damaged', 'uniform']) {
    const id = check === 'damaged' ? 'damaged' : 'green';
    const code = `pictures-${check}`;
    const isTold = ({ damage }: CameraStatus): boolean => damage?.code === code;
    const { state, damage } = await box.untilCamera(id, `to have ${code}`, isTold);
    assert.equal(state, 'streaming');
    const status = await box.command('status');
    assert.match(status.stdout, new RegExp(`${id} +streaming, PICTURES DAMAGED`));
    assert.ok(
      status.stdout.includes(`ATTENTION: camera ${id}: ${damage?.message}\n  what to do: `),
      status.stdout,
    );
    const doctor = await box.command('doctor');
    assert.equal(doctor.exitCode, 1);
    assert.ok(doctor.stdout.includes(`failed   camera ${id}: `), doctor.stdout);
    await goesOn(box, id);
  }
}

async function ffmpegKilled(box: TestBox) {
  const camera = await goesOn(box, 'good');
  const [victim] = called('ffmpeg', descendantsOf(box.daemon.pid ?? 0));
  assert.ok(victim !== undefined);
  process.kill(victim, 'SIGKILL');
  await until('the killed FFmpeg to be gone', () => !isRunning(victim));
  // The test does not know which camera the FFmpeg belonged to, so it accepts the log line of any.
  await until('the log line about the killed FFmpeg', () =>
    /"code":"ffmpeg-killed".*journalctl -k/.test(box.log()),
  );
  await goesOn(box, camera.id);
}

async function cameraTests(box: TestBox, t: TestContext) {
  const look = (id: string, ...more: string[]) => box.command('camera', 'test', id, ...more);
  await t.test('measures a working camera', async () => {
    const { exitCode, stdout } = await look('good');
    // Only problems of a busy test machine are allowed, not of the camera.
    assert.doesNotMatch(stdout, /PROBLEM: .*\((?!box-|network-)/);
    assert.equal(exitCode, stdout.includes('PROBLEM: ') ? 1 : 0, stdout);
    assert.match(stdout, /good: h264 320x180, .*\d+\.\d fps measured, FFmpeg uses \d+ % of a core/);
    assert.match(stdout, /first frame after \d+\.\d\d s/);
    assert.match(stdout, /faces found: 0/);
  });
  await t.test('measures a disabled camera', async () => {
    const { exitCode, stdout } = await look('switched-off', '--json');
    const { outcome, problems } = JSON.parse(stdout) as { outcome: string; problems: readonly unknown[] };
    assert.equal(outcome, 'ok');
    assert.equal(exitCode, problems.length === 0 ? 0 : 1, stdout);
  });
  await t.test('reports a blank picture', async () => {
    const { exitCode, stdout } = await look('green');
    assert.equal(exitCode, 1, stdout);
    assert.match(stdout, /PROBLEM: .*single colour.*\(pictures-uniform\)\n {2}what to do: /);
  });
  for (const [id, message] of [
    ['wrong-password', /the camera refuses the user or the password \(401\) \(unauthorised\)\n +what to do:/],
    ['wrong-path', /no stream under this path \(404\) \(not-found\)\n +what to do:/],
  ] as const) {
    await t.test(`reports the ${id.replace('-', ' ')} of a camera`, async () => {
      const { exitCode, stdout } = await look(id);
      assert.equal(exitCode, 1);
      assert.match(stdout, message);
    });
  }
  await t.test('reports a missing credential', async () => {
    const { exitCode, stderr } = await look('no-credential');
    assert.equal(exitCode, 2);
    assert.match(stderr, /"not-there" does not exist\n +what to do: .*mode 0600/);
  });
  await t.test('refuses an unknown camera', async () => {
    const { exitCode, stderr } = await look('no-such-id');
    assert.equal(exitCode, 2);
    assert.match(stderr, /no camera with id 'no-such-id'\n +what to do: Run 'rollcall camera list'/);
  });
}

async function endDuringTest(box: TestBox, { events }: TestRtspServer) {
  // Only tests open this camera; other cameras fail and are opened again meanwhile.
  const openings = () => events.filter(({ event, mount }) => event === 'play' && mount === '/off').length;
  const before = openings();
  const testing = box.command('camera', 'test', 'switched-off');
  await until('the test to open the camera', () => openings() > before);
  assert.equal(await box.stop('SIGTERM'), 0);
  const { exitCode, stderr } = await testing;
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /what to do: /);
  assert.doesNotMatch(box.log(), /"level":"error".*(the vision process failed|control request failed)/);
}
