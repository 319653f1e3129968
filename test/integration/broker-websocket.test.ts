import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { BrokerAccess } from '../../daemon/core/delivery/broker/broker-access.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { type CheckStep, checkBroker } from '../../daemon/core/delivery/broker/broker-check.js';
import { parseClientCertificate } from '../../daemon/core/delivery/broker/client-certificate.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { makeAuthority } from '../support/certificate-authority.js';
import { subscribeToEvents } from '../support/event-subscriber.js';
import { attendanceFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box, openTestRecords, startTestPublisher, temporaryFolder } from '../support/published-box.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { startWebSocketBridge } from '../support/web-socket-bridge.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function lastStep(url: string, access: Partial<BrokerAccess>): Promise<CheckStep | undefined> {
  const whole = { address: brokerAddress(url), clientId: 'box', ...access };
  let last: CheckStep | undefined;
  const options = { access: whole, topics: topicsOf('rollcall', box), clock: systemClock, timeoutMs: 20_000 };
  for await (const step of checkBroker(options)) last = step;
  return last;
}

/** The Debian build of mosquitto has no WebSocket; a web server in front of it adds one, as is common on port 443. */
describe('a broker behind WebSocket and TLS', {
  skip: withoutMosquitto || withoutOpenssl,
}, () => {
  test('is used under its path and name, with the certificate of the box, and not under another path', async () => {
    using authority = makeAuthority('Plant authority');
    await using broker = await startMosquitto();
    const tls = authority.issue({ commonName: 'proxy', hosts: ['DNS:broker.plant.example'] });
    using bridge = await startWebSocketBridge('/mqtt?tenant=plant', broker.port, {
      ...{ ...tls, authority: authority.certificate },
    });
    const url = `wss://localhost:${bridge.port}/mqtt?tenant=plant`;
    const own = authority.issue({ commonName: 'box' });
    const access = {
      ca: bytes(authority.certificate),
      clientCertificate: parseClientCertificate('box', Buffer.from(own.certificate + own.key)),
      serverName: 'broker.plant.example',
    };

    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'));
    await using subscriber = await subscribeToEvents(broker.url);
    await using publisher = startTestPublisher({ url, records, ...access });
    records.record(attendanceFact());
    await subscriber.until(() => subscriber.eventIds.length === 1);
    assert.deepEqual(
      publisher.status().certificates.map(({ whose, state }) => [whose, state]),
      [
        ['client', 'in force'],
        ['authority', 'in force'],
        ['broker', 'in force'],
      ],
    );
    assert.ok(bridge.serverNames.every((name) => name === 'broker.plant.example'));

    assert.deepEqual(await lastStep(url, access), {
      check: 'receive',
      outcome: 'ok',
      message: 'the message came back',
    });
    const elsewhere = await lastStep(url.replace('/mqtt?', '/other?'), access);
    assert.equal(elsewhere?.code, 'broker-websocket-refused');
    const { serverName: _unset, ...byAddress } = access;
    assert.equal((await lastStep(url, byAddress))?.code, 'broker-tls-wrong-host');
    const { clientCertificate: _none, ...anonymous } = access;
    assert.equal((await lastStep(url, anonymous))?.code, 'broker-client-certificate-required');
  });
});
