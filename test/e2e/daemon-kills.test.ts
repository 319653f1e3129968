import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../daemon/base/random.js';
import { keySetSchema } from '../../daemon/publish/contract/key-set-schema.js';
import { verifySignedText } from '../../daemon/publish/identity/signed-text.js';
import { type Appliance, brokerLogin, startAppliance } from '../support/appliance.js';
import { withoutBuild } from '../support/box.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { withoutMosquitto } from '../support/mosquitto.js';
import { visitorClip } from '../support/scenes.js';
import { until } from '../support/until.js';

const KILLS = 6;
const LONGEST_LIFE_MS = 5000;

// scripts/faults events does the same to the parts that record and publish, far more often.
test('the whole daemon is killed again and again while people pass', {
  skip: withoutBuild || withoutMosquitto,
}, async (t) => {
  await using appliance = await startAppliance({
    clip: await visitorClip('ada'),
    cameraIds: ['door', 'yard'],
    enrolled: ['ada'],
  });
  const { box, subscriber, breakBroker, mendBroker, untilEvent } = appliance;
  await untilEvent('Ada', ({ kind }) => kind === 'attendance');
  const told = new Set<string>();
  const random = seededRandom(20_261_124);
  for (let kill = 0; kill < KILLS; kill += 1) {
    // Its own word for what it has recorded, told to whoever follows: neither the broker nor the database has a part in it.
    const tail = box.startCommand('events', 'tail', '--json');
    const isAway = kill % 3 === 2;
    if (isAway) await breakBroker();
    // The moment of the kill depends on nothing that the daemon does.
    await sleep(random.unit() * LONGEST_LIFE_MS);
    assert.equal(await box.stop('SIGKILL'), null);
    await tail.interrupt();
    // What it says of its own end is no event.
    const events = tail.lines().filter((line) => line.startsWith('{"specversion"'));
    for (const line of events) told.add(JSON.parse(line).id);
    if (isAway) await mendBroker();
    await box.start();
  }
  assert.ok(told.size > 0, 'it told of nothing that it recorded');
  const before = subscriber.eventIds.length;
  await until('something new', () => subscriber.eventIds.length > before, 90_000);
  await until('the outbox to drain', async () => (await box.client.status()).outbox.waiting === 0);
  assert.equal(await box.stop(), 0);
  compare(appliance, told, t);
  await verifyAll(appliance);
});

function compare({ subscriber }: Appliance, told: ReadonlySet<string>, t: TestContext): void {
  const { sequences, eventIds } = subscriber;
  assert.deepEqual(
    sequences,
    sequences.map((_sequence, index) => index + 1),
    'in order, no gap',
  );
  const arrived = new Set(eventIds);
  assert.deepEqual(
    [...told].filter((id) => !arrived.has(id)),
    [],
    'what the daemon had told has arrived',
  );
  t.diagnostic(`${KILLS} kills, ${eventIds.length} events, ${subscriber.repeatCount} came again`);
}

/** With the keys that the box has published; and nothing of its events is kept by the broker. */
async function verifyAll({ subscriber, config }: Appliance): Promise<void> {
  const messages = subscriber.messages;
  const published = messages.filter(({ topic }) => topic.endsWith('/keys')).at(-1);
  const { keys } = keySetSchema.parse(JSON.parse(String(published?.payload)));
  const byId = new Map(keys.flatMap((key) => (key.use === 'sig' ? [[key.kid, key.x] as const] : [])));
  for (const { topic, payload } of messages) {
    const verdict = await verifySignedText(payload, (keyId) => {
      const x = byId.get(keyId);
      return x === undefined ? undefined : { kty: 'OKP', crv: 'Ed25519', x };
    });
    assert.equal(verdict.outcome, 'valid', topic);
  }
  const url = (config['mqtt'] as { readonly url: string }).url;
  const { user: username, password } = brokerLogin;
  await using late = await subscribeToEvents(url, { username, password });
  await late.until(() => late.messages.some(({ topic }) => topic.endsWith('/keys')));
  assert.deepEqual(late.eventIds, []);
}
