import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cameraStateSchema } from '../../daemon/contract/events/camera-state-schema.js';
import { eventSchema } from '../../daemon/contract/events/event-schema.js';
import { type Appliance, applianceCamera, brokerLogin, startAppliance } from '../support/appliance.js';
import { runProgram, withoutBuild } from '../support/box.js';
import { docBlocks } from '../support/doc-blocks.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

const discoveryTopic = 'homeassistant/device/test-site/test-box/config';
const stateTopic = (camera: string): string => `rollcall/test-site/test-box/camera/${camera}/state`;

/** The last message on a topic; undefined without one, empty after its removal. */
function last({ subscriber }: Appliance, topic: string): string | undefined {
  return subscriber.messages.findLast((message) => message.topic === topic)?.payload.toString('utf8');
}

const untilLast = (box: Appliance, topic: string, isWanted: (text: string | undefined) => boolean) =>
  until(`${topic} to change`, () => isWanted(last(box, topic)));

/** `camera state` of each event about a camera, in the order of their arrival. */
function cameraEvents({ subscriber }: Appliance): readonly string[] {
  return subscriber.messages
    .filter(({ topic }) => topic.endsWith('/event/camera'))
    .map(({ payload }) => eventSchema.parse(JSON.parse(payload.toString('utf8'))))
    .map(({ data }) => ('state' in data ? `${data.camera} ${data.state}` : ''));
}

/** A block of docs/how-to/connect-home-assistant.md for this box and its broker; `mosquitto_sub` ends after one message. */
async function runBlock({ broker }: Appliance, block: string | undefined): Promise<string> {
  const text = (block ?? '')
    .replaceAll('broker.example', '127.0.0.1')
    .replaceAll('plant-1/box-1', 'test-site/test-box');
  const login = `-p ${broker.port} -u ${brokerLogin.user} -P ${brokerLogin.password}`;
  const commands = `mosquitto_sub() { command mosquitto_sub ${login} -C 1 -W 60 "$@"; }
mosquitto_pub() { command mosquitto_pub ${login} "$@"; }`;
  const { exitCode, stdout, stderr } = await runProgram('bash', ['-euc', `${commands}\n${text}`]);
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

test('cameras and Home Assistant follow a reload', { skip: withoutBuild || withoutMosquitto }, async (t) => {
  await using appliance = await startAppliance({
    clip: await visitorClip('stranger'),
    cameraIds: ['door', 'yard'],
  });
  const { box, cameras, config } = appliance;
  await t.test('a streaming camera is published, retained and as an event', async () => {
    await untilLast(appliance, stateTopic('door'), (text) => {
      return text !== undefined && cameraStateSchema.parse(JSON.parse(text)).state === 'streaming';
    });
    await until('an event of each', () => cameraEvents(appliance).length === 2);
    assert.deepEqual(cameraEvents(appliance).toSorted(), ['door streaming', 'yard streaming']);
    assert.equal(last(appliance, discoveryTopic), undefined, 'off by default');
  });
  await t.test('Home Assistant gets its entities when it is switched on', async () => {
    await box.reload({ ...config, homeAssistant: { enabled: true } });
    await untilLast(appliance, discoveryTopic, (text) => text?.includes('camera_yard_person') === true);
  });
  const [removal, trying] = docBlocks('docs/how-to/connect-home-assistant.md').map(({ text }) => text);
  await t.test('the commands of the page show the entities and say them again', async () => {
    const announced = (): number =>
      appliance.subscriber.messages.filter(({ topic }) => topic === discoveryTopic).length;
    const before = announced();
    assert.match(await runBlock(appliance, trying), /^homeassistant\/device\/test-site\/test-box\/config \{/);
    await until('the entities to be said again', () => announced() > before);
  });
  await t.test('the entities of a removed camera disappear, and it ends as disabled', async () => {
    const door = applianceCamera('door', cameras);
    await box.reload({ ...config, cameras: [door], homeAssistant: { enabled: true } });
    await untilLast(appliance, stateTopic('yard'), (text) => text === '');
    await untilLast(appliance, discoveryTopic, (text) => text?.includes('camera_yard_person') === false);
    await until('the event', () => cameraEvents(appliance).includes('yard disabled'));
  });
  await t.test('Home Assistant forgets the box when it is switched off', async () => {
    await box.reload({ ...config, cameras: [applianceCamera('door', cameras)] });
    await untilLast(appliance, discoveryTopic, (text) => text === '');
  });
  await t.test('the command of the page takes away what a box left behind', async () => {
    await runBlock(appliance, `mosquitto_pub -h broker.example -r -t ${discoveryTopic} -m left`);
    await untilLast(appliance, discoveryTopic, (text) => text === 'left');
    await runBlock(appliance, removal);
    await untilLast(appliance, discoveryTopic, (text) => text === '');
  });
  assert.deepEqual(
    cameraEvents(appliance).filter((event) => event.startsWith('door')),
    ['door streaming'],
    'a replaced vision process causes no event about a camera',
  );
});
