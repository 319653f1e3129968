import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { AlertDeliverer } from '../../daemon/core/alerts/alert-deliverer.js';
import { openWebhook } from '../../daemon/core/alerts/webhook.js';
import { openCredential } from '../../daemon/host/credentials.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type { AlertTask } from '../support/alert-child.js';
import { openHttpSink } from '../support/alert-sinks.js';
import { runAndKill } from '../support/killed-child.js';
import { openTestRecords } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const kills = 12;

interface Posted {
  readonly id: string;
  readonly parts: readonly [
    { readonly count: number; readonly firstSequence: number; readonly lastSequence: number },
  ];
}

test('kills at any moment lose no alert and repeat none, and each alert is delivered', {}, async (t) => {
  await using folder = await temporaryDirectory();
  await using web = await openHttpSink();
  const task: AlertTask = { folder: folder.path, port: web.port };
  const random = seededRandom(7);
  let recorded = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    // Every fourth time the receiver does not answer: alerts on the way are then sent again.
    web.answer = () => (kill % 4 === 3 ? 'hang' : 200);
    const lines = await runAndKill('alert-child.ts', [JSON.stringify(task)], random.unit() * 250);
    recorded = Math.max(recorded, ...lines.filter((line) => line !== 'open').map(Number));
  }
  web.answer = () => 200;

  await using records = openTestRecords(join(folder.path, 'records.db'));
  const alerts = records.alerts.deliveries.history({ limit: 100_000 }).toReversed();
  const parts = alerts.map(({ message }) => message.parts[0]);
  // The number of events before the kills depends on the speed of the machine.
  assert.ok(alerts.length > 0, `${alerts.length} alerts`);
  // Three events for each alert, none left out and none counted twice, over all lives.
  assert.deepEqual(
    parts.map((part) => part && [part.count, part.firstSequence, part.lastSequence]),
    parts.map((_part, index) => [3, index * 3 + 1, index * 3 + 3]),
  );
  // The next life follows the events of the last life, and perhaps the end of the life before.
  const newest = records.alerts.journal.newestSequence();
  assert.ok(newest >= recorded);

  const context = {
    identity: { siteId: 'site', boxId: 'box' },
    openSecret: (name: string) => openCredential(name, { secretsDirectory: folder.path }),
    bounds: 'anywhere',
    version: '0.0.0',
  } as const;
  const config = { id: 'ops', url: `http://127.0.0.1:${web.port}/`, secret: 'ops-secret' };
  const channel = openWebhook(config, context, systemClock);
  await using lifetime = new Lifetime(systemClock);
  const { deliveries } = records.alerts;
  const options = { deliveries, channel: () => channel, clock: systemClock, random: systemRandom };
  lifetime.use('deliverer', new AlertDeliverer({ ...options, logger: silentLogger }).start());
  await until('every delivery', () => deliveries.counts().pending === 0);
  const arrived = new Set(web.requests.map(({ body }) => (JSON.parse(body) as Posted).id));
  assert.deepEqual(
    alerts.map(({ message }) => message.id).filter((id) => !arrived.has(id)),
    [],
  );
  t.diagnostic(`${kills} kills, ${newest} events, ${alerts.length} alerts, ${web.requests.length} requests`);
});
