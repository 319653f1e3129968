import assert from 'node:assert/strict';
import type { BrokerAccess } from '../../daemon/core/delivery/broker/broker-access.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { checkBroker } from '../../daemon/core/delivery/broker/broker-check.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { attendanceFact } from '../../test/support/facts.js';
import { openTcpGate } from '../../test/support/tcp-gate.js';
import { until } from '../../test/support/until.js';
import type { Cell } from './cell.js';
import { accessOf, bytes, startBox, subscribeAsCentre, topics, withRecords } from './site.js';

/** The steps of `rollcall mqtt check` that did not pass, with their codes. */
export async function complaints(access: BrokerAccess, timeoutMs = 20_000): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const step of checkBroker({ access, topics, clock: systemClock, timeoutMs }))
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
    async run({ broker, certificates }) {
      const found = await complaints(accessOf(broker.port, certificates, certificates.box));
      if (found.length === 0) return undefined;
      assert.deepEqual(found, ['mqtt'], 'nothing but the version is worth a warning');
      return 'MQTT 3.1.1';
    },
  },
  {
    name: 'client certificates',
    on: 'example',
    async run({ broker, certificates }) {
      const { untrusted, unknown } = certificates;
      const complaintsTo = (client: typeof unknown | undefined) =>
        complaints(accessOf(broker.port, certificates, client));
      assert.deepEqual(await complaintsTo(undefined), ['broker-client-certificate-required']);
      const refusedRules = await complaintsTo(unknown);
      assert.ok(
        refusedRules.some((code) =>
          /^broker-(not-authorised|auth-refused|publish-refused|subscribe-refused)$/.test(code),
        ),
        `${refusedRules}`,
      );
      const [code] = await complaintsTo(untrusted);
      if (code === 'broker-client-certificate-untrusted') return undefined;
      assert.equal(code, 'broker-client-certificate-refused');
      return 'does not tell why it refuses a certificate';
    },
  },
  {
    name: 'wrong settings',
    on: 'strict',
    async run({ broker, certificates }) {
      const right = accessOf(broker.port, certificates, certificates.box);
      const complaint = async (wrong: Partial<BrokerAccess>) =>
        (await complaints({ ...right, ...wrong })).at(-1);
      const at = (url: string) => complaint({ address: brokerAddress(url) });
      assert.equal(await complaint({ ca: bytes(certificates.otherAuthority) }), 'broker-tls-untrusted');
      assert.equal(await at(`mqtt://localhost:${broker.port}`), 'broker-speaks-tls');
      assert.equal(await at(`mqtts://localhost:${broker.plainPort}`), 'broker-speaks-no-tls');
      const refusal = await complaint({ credential: { user: 'box-1', password: bytes('wrong') } });
      // Some brokers ask for no password where a certificate tells who it is. `mqtt`: the warning about MQTT 3.1.1.
      assert.match(refusal ?? 'mqtt', /^(mqtt|broker-auth-refused|broker-not-authorised)$/);
      return undefined;
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
