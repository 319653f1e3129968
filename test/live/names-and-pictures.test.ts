import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attendanceData } from '../../daemon/contract/events/fact-data.js';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { personNames, startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

const centre = newKeyPair();

test('an attendance carries name and picture if configured', {
  skip: withoutBuild || withoutMosquitto,
}, async () => {
  await using appliance = await startAppliance({
    clip: await visitorClip('ada'),
    cameraIds: ['door'],
    enrolled: ['ada'],
    config: { evidence: { attendance: true } },
  });
  const { box, subscriber, config } = appliance;
  const attendances = () =>
    subscriber.messages
      .filter(({ topic }) => topic.endsWith('/event/attendance'))
      .map(({ payload }) => JSON.parse(payload.toString('utf8')) as { readonly data: unknown })
      .map(({ data }) => attendanceData.parse(data));
  await until('an attendance', () => attendances().length > 0);
  const plain = attendances()[0] ?? assert.fail();
  assert.deepEqual(
    [plain.personName, plain.picture],
    [undefined, undefined],
    'by default an event has neither name nor picture',
  );

  const sealTo = Buffer.from(centre.publicKey).toString('base64url');
  const mqtt = {
    ...(config['mqtt'] as object),
    personNames: true,
    evidence: { sealTo, kinds: ['attendance'] },
  };
  const reload = await box.reload({ ...config, mqtt });
  assert.equal(reload.outcome, 'applied');
  const told = () => attendances().find(({ picture }) => picture !== undefined);
  await until('an attendance with a picture', () => told() !== undefined);
  const { picture, personName, person } = told() ?? assert.fail();
  assert.equal(person, appliance.personIds.get('ada'));
  assert.equal(personName, personNames.ada);
  const jpeg = openSealed(centre, Buffer.from(picture?.jpeg ?? '', 'base64url'));
  assert.deepEqual([...(jpeg ?? []).slice(0, 3)], [0xff, 0xd8, 0xff], 'the picture is a JPEG');
  assert.ok(!box.log().includes(personNames.ada), 'the name is not logged');
});
