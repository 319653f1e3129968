import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { startAlerts } from '../../daemon/core/alerts/alerts-part.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { noDevices } from './alert-messages.js';
import { unknownFact } from './facts.js';
import { openTestRecords } from './published-box.js';

/** What the parent asks for, as the one argument: JSON. */
export interface AlertTask {
  readonly folder: string;
  readonly port: number;
}

/**
 * Records unknown persons until it is killed, one in each turn of the event loop, and sends alerts as the daemon does. Prints
 * `open`, and the sequence of every event after it was recorded.
 */
async function main({ folder, port }: AlertTask): Promise<void> {
  writeFileSync(join(folder, 'ops-secret'), 'a long secret that nobody guesses', { mode: 0o600 });
  const loaded = parseConfig(
    [
      'site: { id: site, timeZone: UTC }',
      'cameras: [{ id: gate, name: Gate, url: "rtsp://192.0.2.1/" }]',
      `secretsDir: ${folder}`,
      'alerts:',
      `  webhooks: [{ id: ops, url: "http://127.0.0.1:${port}/", secret: ops-secret }]`,
      '  rules: [{ id: strangers, on: unknown, threshold: { count: 3 }, cooldownMinutes: 0, channels: [ops] }]',
    ].join('\n'),
  );
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  const lifetime = new Lifetime(clock);
  const records = openTestRecords(join(folder, 'records.db'));
  const identity = { siteId: 'site', boxId: 'box' };
  startAlerts({
    accounts: { devices: noDevices },
    ...{ current: () => config, identity, records, lifetime, clock, random, logger: silentLogger },
    vault: { audit: { append: () => undefined } },
  });
  process.stdout.write('open\n');
  for (;;) {
    const event = unknownFact({ occurredAtMs: clock.wallMs(), cameraId: cameraId('gate') });
    process.stdout.write(`${records.record(event).sequence}\n`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const [argument] = process.argv.slice(2);
if (argument !== undefined) await main(JSON.parse(argument));
