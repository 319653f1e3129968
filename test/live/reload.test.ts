import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stateSchema } from '../../daemon/contract/events/state-schema.js';
import { type Appliance, applianceCamera, cameraLogin, startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { called, descendantsOf } from '../support/processes.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

const hourS = 3600;

test('SIGHUP reads the configuration again', { skip: withoutBuild || withoutMosquitto }, async (t) => {
  await using appliance = await startAppliance({
    clip: await visitorClip('stranger'),
    cameraIds: ['door'],
    config: { rules: { unknownCooldownS: hourS } },
  });
  await t.test('rules change while tracks continue', () => rulesChange(appliance));
  await t.test('the log level changes, in the vision processes too', () => logLevel(appliance));
  await t.test('cameras are added, then a secret, while another one keeps running', () =>
    cameraAdded(appliance),
  );
  await t.test('cameras are removed while another one keeps running', () => cameraRemoved(appliance));
  await t.test('a changed camera is reopened, and no other', () => cameraChanged(appliance));
  await t.test('a broken file is refused, and the old configuration stays active', () =>
    brokenFile(appliance),
  );
  await t.test('a missing broker secret is refused', () => brokerSecretMissing(appliance));
  await t.test('settings that keep vision from starting are refused', () => visionFails(appliance));
  await t.test('changes that need a restart are reported', () => needsRestart(appliance));
  await t.test('a new name takes the broker with it, at the restart', () => renamed(appliance));
  await t.test('the broker connection is replaced, and the box stays online', () => brokerChange(appliance));
});

async function rulesChange({ box, config, events, untilEvent }: Appliance) {
  await untilEvent('an unknown person', ({ kind }) => kind === 'unknown');
  await until(
    'a repetition to be suppressed',
    async () => (await box.client.call('status.show')).intake.suppressed > 0,
  );
  assert.equal(events().length, 1);
  const [before] = (await box.client.call('status.show')).vision;
  const reload = await box.reload({ ...config, rules: { unknownCooldownS: 0 } });
  assert.equal(reload.outcome, 'applied');
  assert.deepEqual(reload.outcome === 'applied' && [reload.changes, reload.replaced], [
    ['rules.unknownCooldownS'],
    [],
  ]);
  await until('the next unknown person', () => events().length >= 2);
  const [after] = (await box.client.call('status.show')).vision;
  assert.equal(after?.pid, before?.pid);
  assert.equal(after?.restarts, 0);
}

async function logLevel({ box, config }: Appliance) {
  const withLevel = (level: string) => ({ ...config, rules: { unknownCooldownS: 0 }, logging: { level } });
  const lines = (pattern: RegExp): number =>
    box
      .log()
      .split('\n')
      .filter((line) => pattern.test(line)).length;
  const fromVision = /"level":"debug".*"process":"vision"/;
  await until('vision to log details', () => lines(fromVision) > 0);
  const quiet = await box.reload(withLevel('error'));
  assert.deepEqual(quiet.outcome === 'applied' && [quiet.changes, quiet.replaced], [['logging.level'], []]);
  const seen = async (): Promise<number> => (await box.camera('door')).counters['tracksConfirmed'] ?? 0;
  const tracks = await seen();
  // After another reply of the box, its earlier log lines have arrived.
  const before = lines(/"level":"info"/);
  await until('another visit', async () => (await seen()) > tracks);
  assert.equal(lines(/"level":"info"/), before);
  await box.reload(withLevel('debug'));
}

async function cameraAdded({ box, cameras, config }: Appliance) {
  const door = applianceCamera('door', cameras);
  const [gate, yard] = [applianceCamera('gate', cameras), applianceCamera('yard', cameras, 'yard-login')];
  const withBoth = { ...config, cameras: [door, gate, yard] };
  const vision = (await box.client.call('status.show')).vision;
  const before = await box.camera('door');
  // A busy machine may lose frames and log it; a session that a reload ends is not logged.
  const failures = () =>
    box.log().match(/"camera":"door".*"the camera (?:failed|keeps failing)"/g)?.length ?? 0;
  const failed = failures();
  const added = await box.reload(withBoth);
  assert.deepEqual(added.outcome === 'applied' && [added.changes, added.replaced], [
    ['camera gate added', 'camera yard added', 'rules.unknownCooldownS'],
    ['camera gate'],
  ]);
  const lacking = await box.untilCamera('yard', 'to lack its secret', ({ state }) => state === 'failed');
  assert.match(lacking.message ?? '', /"yard-login" does not exist/);
  await writeFile(
    join(box.directory, 'secrets', 'yard-login'),
    `${cameraLogin.user}:${cameraLogin.password}`,
    { mode: 0o600 },
  );
  const healed = await box.reload(withBoth);
  assert.deepEqual(healed.outcome === 'applied' && healed.replaced, ['camera yard']);
  for (const id of ['gate', 'yard']) {
    await box.untilCamera(id, 'to stream', ({ state }) => state === 'streaming');
  }
  const after = await box.client.call('status.show');
  assert.deepEqual(
    after.vision.map(({ pid }) => pid),
    vision.map(({ pid }) => pid),
    'the running process takes them',
  );
  const { counters } = await box.camera('door');
  const reopened = (counters['restarts'] ?? 0) - (before.counters['restarts'] ?? 0);
  assert.ok(reopened <= failures() - failed, 'the session of the camera continues');
  assert.ok((counters['delivered'] ?? 0) > (before.counters['delivered'] ?? 0));
}

async function cameraRemoved({ box, config }: Appliance) {
  const [before] = (await box.client.call('status.show')).vision;
  const counted = (await box.camera('door')).counters;
  const removed = await box.reload(config);
  assert.deepEqual(removed.outcome === 'applied' && [removed.changes, removed.replaced], [
    ['camera gate removed', 'camera yard removed'],
    [],
  ]);
  const { cameras, vision } = await box.client.call('status.show');
  assert.deepEqual(
    cameras.map(({ id, state }) => [id, state]),
    [['door', 'streaming']],
  );
  assert.deepEqual(
    vision.map(({ index, pid }) => [index, pid]),
    [[0, before?.pid]],
  );
  assert.ok((cameras[0]?.counters['delivered'] ?? 0) >= (counted['delivered'] ?? 0));
  assert.equal(called('ffmpeg', descendantsOf(box.daemon.pid ?? 0)).length, 1);
}

async function cameraChanged({ box, config, cameras }: Appliance) {
  const [before] = (await box.client.call('status.show')).vision;
  const { counters } = await box.camera('door');
  const narrower = { ...applianceCamera('door', cameras), maxAnalysisWidthPx: 640 };
  const reload = await box.reload({ ...config, cameras: [narrower] });
  assert.deepEqual(reload.outcome === 'applied' && reload.replaced, ['camera door']);
  const door = await box.untilCamera('door', 'to stream again', ({ state }) => state === 'streaming');
  assert.ok(
    (door.counters['delivered'] ?? 0) >= (counters['delivered'] ?? 0),
    'the counters of the camera continue',
  );
  assert.ok((door.counters['restarts'] ?? 0) > (counters['restarts'] ?? 0));
  assert.equal((await box.client.call('status.show')).vision[0]?.pid, before?.pid);
  await box.reload(config);
}

async function brokenFile({ box, config }: Appliance) {
  const [before] = (await box.client.call('status.show')).vision;
  const reload = await box.reload({ ...config, rules: { unknownCooldownS: -1 }, camreas: [] });
  assert.equal(reload.outcome, 'refused');
  const { exitCode, stdout, stderr } = await box.command('status');
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /has 2 problems\. Run 'rollcall check-config/);
  assert.match(
    stdout,
    /configuration: the daemon refused the configuration at .* and runs with the earlier one:\n/,
  );
  assert.match(stdout, /rollcall\.yaml:\d+:\d+: rules\.unknownCooldownS /);
  assert.match(stdout, /rollcall\.yaml:\d+:\d+: .*camreas.*cameras/);
  assert.match(box.log(), /"level":"error".*the new configuration was refused; the old one stays in force/);
  const [after] = (await box.client.call('status.show')).vision;
  assert.equal(after?.pid, before?.pid);
  await box.reload(config);
  assert.doesNotMatch((await box.command('status')).stdout, /configuration:/);
}

async function brokerSecretMissing({ box, config }: Appliance) {
  const mqtt = { ...(config['mqtt'] as object), credential: 'not-there' };
  const reload = await box.reload({ ...config, mqtt });
  assert.equal(reload.outcome, 'refused');
  assert.match(
    reload.outcome === 'refused' ? reload.problems.join() : '',
    /"not-there" does not exist\n +what to do: .*mode 0600/,
  );
  assert.equal((await box.client.call('status.show')).broker.state, 'connected');
  assert.equal((await box.reload(config)).outcome, 'unchanged');
}

async function visionFails({ box, config }: Appliance) {
  const reload = await box.reload({ ...config, vision: { provider: 'cuda' } });
  assert.equal(reload.outcome, 'refused');
  assert.match(reload.outcome === 'refused' ? reload.problems.join() : '', /cuda.*\n +what to do: /i);
  await box.untilCamera('door', 'to stream as before', ({ state }) => state === 'streaming');
  assert.match((await box.command('status')).stdout, /vision 0: running, cpu \(asked for auto\)/);
  assert.equal((await box.reload(config)).outcome, 'unchanged');
}

async function needsRestart({ box, config }: Appliance) {
  const site = { id: 'test-site', timeZone: 'Asia/Kathmandu' };
  const reload = await box.reload({ ...config, site });
  assert.deepEqual(reload.outcome === 'applied' && reload.needRestart, ['site.timeZone']);
  assert.match(
    (await box.command('status')).stdout,
    /configuration: these changes wait for a restart: site\.timeZone/,
  );
  assert.equal((await box.client.call('status.show')).site, 'test-site');
}

async function renamed({ box, config }: Appliance) {
  const site = { id: 'new-site', timeZone: 'Asia/Kathmandu' };
  const mqtt = { ...(config['mqtt'] as object), clientId: 'another-client', topicPrefix: 'elsewhere' };
  const reload = await box.reload({ ...config, site, mqtt });
  assert.deepEqual(reload.outcome === 'applied' && [...reload.needRestart].sort(), [
    'mqtt.clientId',
    'mqtt.topicPrefix',
    'site.id',
    'site.timeZone',
  ]);
  assert.deepEqual(reload.outcome === 'applied' && reload.replaced, [], 'the connection stays as it was');
  assert.equal((await box.client.call('status.show')).broker.state, 'connected');
  const check = await box.command('mqtt', 'check');
  assert.equal(check.exitCode, 1);
  const [first = ''] = check.stdout.split('\n');
  assert.match(first, /failed +names: the daemon still runs as site "test-site".*says site "new-site"/);
  assert.match(check.stdout, /systemctl restart rollcalld/);
}

async function brokerChange({ box, config, events, subscriber }: Appliance) {
  const mqtt = { ...(config['mqtt'] as object), clientId: 'another-client' };
  const reload = await box.reload({ ...config, rules: { unknownCooldownS: 0 }, mqtt });
  assert.deepEqual(reload.outcome === 'applied' && reload.replaced, ['broker connection']);
  await until(
    'to be connected again',
    async () => (await box.client.call('status.show')).broker.state === 'connected',
  );
  const states = () =>
    subscriber.messages
      .filter(({ topic }) => topic.endsWith('/test-box/state'))
      .map(({ payload }) => stateSchema.parse(JSON.parse(payload.toString('utf8'))))
      .filter(({ reason }) => reason !== 'changed');
  // The box knows that it is connected before a subscriber does.
  await until('the box to say so', () => states().length >= 3);
  assert.deepEqual(
    states().map(({ state }) => state),
    ['online', 'offline', 'online'],
  );
  const known = events().length;
  await until('another event', () => events().length > known);
  assert.equal(subscriber.repeatCount, 0);
  assert.equal(states().at(-1)?.state, 'online');
}
