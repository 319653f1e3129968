import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { parseClientCertificate } from '../../daemon/core/delivery/broker/client-certificate.js';
import { type CertificateAuthority, makeAuthority } from '../support/certificate-authority.js';
import { type EventSubscriber, subscribeToEvents } from '../support/event-subscriber.js';
import { attendanceFact, unknownFact } from '../support/facts.js';
import { listenOnLoopback } from '../support/listening.js';
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import {
  memoryLog,
  openTestRecords,
  startTestPublisher,
  type TestPublisherOptions,
  temporaryFolder,
} from '../support/published-box.js';
import { type TestCertificate, withoutOpenssl } from '../support/test-certificate.js';

/** Identities for which the patterns of config/mosquitto-acl.example are written. */
const plantBox = { siteId: 'plant-1', boxId: 'box' } as const;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const client = ({ certificate, key }: TestCertificate) =>
  parseClientCertificate('box', Buffer.from(certificate + key));

/** The code with which the daemon logs that it cannot use the broker. */
async function refusal(options: Omit<TestPublisherOptions, 'records'>): Promise<string> {
  using folder = temporaryFolder();
  await using records = openTestRecords(join(folder.path, 'records.db'));
  const log = memoryLog();
  await using _publisher = startTestPublisher({ ...options, records, logger: log.logger });
  const line = await log.line(({ message }) => message.startsWith('the broker cannot be used'));
  assert.ok(!JSON.stringify(log.lines).includes('PRIVATE KEY'));
  return String(line['code']);
}

describe('a broker that requires client certificates', {
  skip: withoutMosquitto || withoutOpenssl,
}, () => {
  let authority: CertificateAuthority;
  let broker: Mosquitto;
  let centre: EventSubscriber;
  const issue = (
    commonName: string,
    dates: { readonly fromDay?: number; readonly untilDay?: number } = {},
  ) => ({
    ca: bytes(authority.certificate),
    clientCertificate: client(authority.issue({ commonName, ...dates })),
  });

  before(async () => {
    authority = makeAuthority('Plant authority');
    broker = await startMosquitto({
      tls: authority.issue({ commonName: 'localhost', hosts: ['DNS:localhost'] }),
      exampleFor: { authority: authority.certificate },
    });
    const { certificate, key } = authority.issue({ commonName: 'centre' });
    centre = await subscribeToEvents(broker.url, { ca: authority.certificate, cert: certificate, key });
  });
  after(async () => {
    await centre[Symbol.asyncDispose]();
    await broker[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
  });

  test('takes events of a box that it knows, and the status shows the dates of all certificates', async () => {
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'), plantBox);
    const access = issue('box', { untilDay: 20.5 });
    const log = memoryLog();
    const { url } = broker;
    await using publisher = startTestPublisher({
      url,
      records,
      from: plantBox,
      logger: log.logger,
      ...access,
    });
    records.record(attendanceFact());
    await centre.until(() => centre.eventIds.length === 1);
    const shown = publisher.status().certificates;
    assert.deepEqual(
      shown.map(({ whose, state, daysLeft }) => ({ whose, state, daysLeft })),
      [
        { whose: 'client', state: 'expires soon', daysLeft: 20 },
        { whose: 'authority', state: 'in force', daysLeft: 199 },
        { whose: 'broker', state: 'in force', daysLeft: 99 },
      ],
    );
    const warned = await log.line(({ message }) => message === 'a certificate must be renewed soon');
    assert.deepEqual([warned.level, warned['whose'], warned['daysLeft']], ['warn', 'client', 20]);
  });

  test('decides by the name in the certificate which topics a box may use', async () => {
    const seen = centre.eventIds.length;
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'), plantBox);
    const log = memoryLog();
    const { url } = broker;
    await using publisher = startTestPublisher({
      ...{ url, records, from: plantBox, logger: log.logger },
      ...issue('box-9'),
    });
    records.record(unknownFact());
    const held = await log.line((line) => line.level === 'error' && line['kind'] === 'unknown');
    assert.match(String(held['reason']), /plant-1\/box\/event\/unknown/);
    assert.deepEqual(publisher.status().heldKinds, ['unknown']);
    assert.equal(records.outbox.depth(), 1, 'kept, not dropped');
    assert.equal(centre.eventIds.length, seen);
  });

  test('holds back a kind whose topic its rules forbid, while others are delivered', async () => {
    await using strict = await startMosquitto({
      tls: authority.issue({ commonName: 'localhost', hosts: ['DNS:localhost'] }),
      exampleFor: {
        authority: authority.certificate,
        withRules: (rules) => rules.replace('%u/event/#', '%u/event/unknown'),
      },
    });
    const { certificate, key } = authority.issue({ commonName: 'centre' });
    const { url } = strict;
    await using reader = await subscribeToEvents(url, { ca: authority.certificate, cert: certificate, key });
    using folder = temporaryFolder();
    await using records = openTestRecords(join(folder.path, 'records.db'), plantBox);
    const log = memoryLog();
    await using publisher = startTestPublisher({
      ...{ url, records, from: plantBox, logger: log.logger },
      ...issue('box'),
    });
    records.record(attendanceFact());
    records.record(unknownFact());
    records.record(attendanceFact());
    records.record(unknownFact());
    await reader.until(() => reader.eventIds.length === 2);
    assert.deepEqual(reader.sequences, [2, 4]);
    const held = await log.line((line) => line.level === 'error' && line['kind'] === 'attendance');
    assert.match(String(held['reason']), /plant-1\/box\/event\/attendance/);
    assert.deepEqual(publisher.status().heldKinds, ['attendance']);
    assert.equal(publisher.status().connection, 'connected');
    assert.equal(records.outbox.pending(0, 10, ['unknown']).length, 2, 'kept, not dropped');
  });

  test('refuses a box without certificate, with an expired one, and with one of another authority', async () => {
    const { url } = broker;
    const ca = bytes(authority.certificate);
    using stranger = makeAuthority('Another authority');
    const foreign = client(stranger.issue({ commonName: 'box' }));
    // TLS 1.3 sends the refusal after the handshake, and it can be lost with the connection.
    const early = 'broker-closed-early';
    assert.ok(['broker-client-certificate-required', early].includes(await refusal({ url, ca })));
    const expired = await refusal({ url, ...issue('box', { fromDay: -9, untilDay: -2 }) });
    assert.ok(['broker-client-certificate-expired', early].includes(expired), expired);
    const untrusted = await refusal({ url, ca, clientCertificate: foreign });
    assert.ok(['broker-client-certificate-untrusted', early].includes(untrusted), untrusted);
  });
});

/** A TLS server that records what clients offer and send, and never answers. */
async function listen(options: TlsOptions) {
  const heard: Buffer[] = [];
  const offered: (string | false | null)[] = [];
  const server = createServer(options, (socket) => {
    offered.push(socket.alpnProtocol);
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      heard.push(data);
      socket.destroy();
    });
  });
  server.on('tlsClientError', () => undefined);
  const port = await listenOnLoopback(server, 'localhost');
  return {
    url: `mqtts://localhost:${port}`,
    heard,
    offered,
    [Symbol.dispose]: () => void server.close(),
  };
}

describe('the handshake with a broker', { skip: withoutOpenssl }, () => {
  test('offers the configured application protocols, and by default none', async () => {
    using authority = makeAuthority('Plant authority');
    const { certificate: cert, key } = authority.issue({ commonName: 'broker', hosts: ['DNS:localhost'] });
    using server = await listen({ cert, key, ALPNProtocols: ['x-amzn-mqtt-ca', 'mqtt'] });
    const { url } = server;
    const ca = bytes(authority.certificate);
    assert.equal(await refusal({ url, ca, alpn: ['mqtt'] }), 'broker-closed-early');
    assert.equal(await refusal({ url, ca }), 'broker-closed-early');
    assert.equal(server.offered[0], 'mqtt');
    assert.equal(server.offered.at(-1), false);
    assert.equal(await refusal({ url, ca, alpn: ['h2'] }), 'broker-tls-alpn');
  });

  test('sends no data to a broker with an untrusted certificate, regardless of the environment', async (t) => {
    using authority = makeAuthority('Plant authority');
    const { certificate: cert, key } = authority.issue({
      commonName: 'broker',
      hosts: ['DNS:elsewhere.example'],
    });
    using server = await listen({ cert, key });
    const { url } = server;
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    t.after(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    const credential = { user: 'box', password: bytes('something secret') };
    const ca = bytes(authority.certificate);
    assert.equal(await refusal({ url, ca, credential }), 'broker-tls-wrong-host');
    assert.equal(await refusal({ url, credential }), 'broker-tls-untrusted');
    assert.equal(Buffer.concat(server.heard).length, 0);
  });

  test('does not use versions below TLS 1.2', async () => {
    using authority = makeAuthority('Plant authority');
    const { certificate: cert, key } = authority.issue({ commonName: 'broker', hosts: ['DNS:localhost'] });
    const old = {
      cert,
      key,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    } as const;
    using server = await listen(old);
    const code = await refusal({ url: server.url, ca: bytes(authority.certificate) });
    assert.equal(code, 'broker-tls-version');
  });
});
