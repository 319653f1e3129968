import assert from 'node:assert/strict';
import { checkBroker } from '../../daemon/core/delivery/broker/broker-check.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { attendanceFact } from '../../test/support/facts.js';
import { openTcpGate } from '../../test/support/tcp-gate.js';
import type { TestCertificate } from '../../test/support/test-certificate.js';
import { until } from '../../test/support/until.js';
import type { Cell, Tried } from './cell.js';
import { accessOf, startBox, subscribeAsCentre, topics, withRecords } from './site.js';

/** The steps of `rollcall mqtt check` that did not pass, with their codes. */
async function complaints({ broker, certificates }: Tried, client: TestCertificate | undefined) {
  const access = accessOf(broker.port, certificates, client);
  const found: string[] = [];
  for await (const step of checkBroker({ access, topics, clock: systemClock, timeoutMs: 20_000 }))
    if (step.outcome !== 'ok') found.push(step.code ?? step.check);
  return found;
}

const states = (
  messages: readonly { readonly topic: string; readonly payload: Buffer }[],
): readonly string[] =>
  messages
    .filter(({ topic }) => topic === topics.state)
    .map(({ payload }) => {
      const { state, reason } = JSON.parse(payload.toString('utf8')) as { state: string; reason: string };
      return `${state} (${reason})`;
    });

export const connectionCells: readonly Cell[] = [
  {
    name: 'MQTT 5 over TLS',
    on: 'example',
    async run(tried) {
      const found = await complaints(tried, tried.certificates.box);
      if (found.length === 0) return undefined;
      assert.deepEqual(found, ['mqtt'], 'nothing but the version is worth a warning');
      return 'MQTT 3.1.1';
    },
  },
  {
    name: 'client certificates',
    on: 'example',
    async run(tried) {
      const { untrusted, unknown } = tried.certificates;
      assert.deepEqual(await complaints(tried, undefined), ['broker-client-certificate-required']);
      const refusedRules = await complaints(tried, unknown);
      assert.ok(
        refusedRules.some((code) =>
          /^broker-(not-authorised|auth-refused|publish-refused|subscribe-refused)$/.test(code),
        ),
        `${refusedRules}`,
      );
      const [code] = await complaints(tried, untrusted);
      if (code === 'broker-client-certificate-untrusted') return undefined;
      assert.equal(code, 'broker-client-certificate-refused');
      return 'does not tell why it refuses a certificate';
    },
  },
  {
    name: 'last will',
    on: 'example',
    async run({ broker, certificates }) {
      await using gate = await openTcpGate(broker.port);
      await using centre = await subscribeAsCentre(broker.port, certificates);
      await withRecords(async (records) => {
        await using _box = startBox(gate.port, certificates, { records });
        await centre.until(() => states(centre.messages).includes('online (connected)'));
        gate.close();
        gate.cut();
        await centre.until(() => states(centre.messages).at(-1) === 'offline (connection-lost)');
        await gate.open();
        await centre.until(() => states(centre.messages).at(-1) === 'online (connected)');
      });
      await centre.until(() => states(centre.messages).at(-1) === 'offline (stopped)');
      return undefined;
    },
  },
  {
    name: 'retained state',
    on: 'example',
    async run({ broker, certificates }) {
      return await withRecords(async (records) => {
        await using box = startBox(broker.port, certificates, { records });
        await until('the box to be online', () => box.status().connection === 'connected');
        await using exact = await subscribeAsCentre(broker.port, certificates, {}, [topics.state]);
        await exact.until(() => exact.messages.some(({ isRetained }) => isRetained));
        await using all = await subscribeAsCentre(broker.port, certificates);
        for (let sent = 1; sent <= 20; sent += 1) {
          records.record(attendanceFact());
          await all.until(() => all.eventIds.length === sent);
        }
        const isState = all.messages.some(({ topic, isRetained }) => isRetained && topic === topics.state);
        return isState ? undefined : 'no retained message for a wildcard';
      });
    },
  },
];
