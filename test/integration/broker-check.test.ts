import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import mqtt from 'mqtt';
import type { BrokerAccess } from '../../daemon/core/delivery/broker/broker-access.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { type CheckStep, checkBroker } from '../../daemon/core/delivery/broker/broker-check.js';
import { parseClientCertificate } from '../../daemon/core/delivery/broker/client-certificate.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { startAedes } from '../support/aedes-broker.js';
import { type CertificateAuthority, makeAuthority } from '../support/certificate-authority.js';
import { listenOnLoopback } from '../support/listening.js';
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { type TestCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const client = ({ certificate, key }: TestCertificate) =>
  parseClientCertificate('box', Buffer.from(certificate + key));

/** The first byte of a TLS client (RFC 8446 section 5.1), and the alert of a server that got something else. */
const handshakeRecord = 0x16;
const unexpectedMessage = Buffer.from([0x15, 3, 3, 0, 2, 2, 10]);

/** Identities for which the patterns of config/mosquitto-acl.example are written. */
const plantBox = { siteId: 'plant-1', boxId: 'box-1' } as const;

async function check(
  url: string,
  access: Partial<BrokerAccess> = {},
  { prefix = 'rollcall', timeoutMs = 20_000, triesEvents = false, clock = systemClock as Clock } = {},
  steps: CheckStep[] = [],
): Promise<readonly CheckStep[]> {
  const whole = { address: brokerAddress(url), clientId: 'rollcall-plant-1-box-1', ...access };
  const options = {
    access: whole,
    topics: topicsOf(prefix, plantBox),
    clock,
    timeoutMs,
    triesEvents,
  };
  for await (const step of checkBroker(options)) steps.push(step);
  return steps;
}

/** As `check`, of a broker that is silent after the step `last`: the time limit passes at once. */
async function checkSilentAfter(last: 'subscribe' | 'publish', url: string): Promise<readonly CheckStep[]> {
  const clock = new VirtualClock(Date.now());
  const steps: CheckStep[] = [];
  const timeoutMs = 20_000;
  let hasEnded = false;
  const checking = check(url, {}, { clock, timeoutMs }, steps).finally(() => {
    hasEnded = true;
  });
  await until('the end of the check', () => {
    const { check: name, outcome } = steps.at(-1) ?? {};
    // After the failed step, it waits as long for a goodbye.
    if (name === last || outcome === 'failed') clock.advanceBy(timeoutMs);
    return hasEnded;
  });
  return await checking;
}

/** The only failed step, which is the last one. */
function failure(steps: readonly CheckStep[]): CheckStep {
  const last = steps.at(-1);
  assert.equal(last?.outcome, 'failed', JSON.stringify(steps));
  assert.ok(steps.slice(0, -1).every(({ outcome }) => outcome !== 'failed'));
  assert.ok((last.remedy ?? '').length > 20, 'the failed step has a remedy');
  return last;
}

describe('mqtt check and a broker with the example configuration', {
  skip: withoutMosquitto || withoutOpenssl,
}, () => {
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let broker: Mosquitto;
  let own: TestCertificate;
  const trusted = () => ({ ca: bytes(authority.certificate), clientCertificate: client(own) });

  before(async () => {
    authority = makeAuthority('Plant authority');
    stranger = makeAuthority('Another authority');
    own = authority.issue({ commonName: 'box-1' });
    broker = await startMosquitto({
      tls: authority.issue({ commonName: 'localhost', hosts: ['DNS:localhost'] }),
      exampleFor: { authority: authority.certificate },
    });
  });
  after(async () => {
    await broker[Symbol.asyncDispose]();
    authority[Symbol.dispose]();
    stranger[Symbol.dispose]();
  });

  test('passes all steps with the certificate of the box', async () => {
    const steps = await check(broker.url, trusted());
    assert.deepEqual(
      steps.map(({ check: name, outcome }) => `${name} ${outcome}`),
      ['client certificate', 'name', 'port', 'tls', 'mqtt', 'subscribe', 'publish', 'receive'].map(
        (name) => `${name} ok`,
      ),
      JSON.stringify(steps),
    );
    const tls = steps.find(({ check: name }) => name === 'tls')?.message ?? '';
    assert.match(
      tls,
      /^TLSv1\.3, TLS_\w+; certificate for DNS:localhost, by CN=Plant authority, .* 99 days left$/,
    );
    const of = (name: string) => steps.find((step) => step.check === name)?.message ?? '';
    assert.match(of('client certificate'), /^"CN=box-1", .* 99 days left$/);
    assert.match(
      of('mqtt'),
      /^MQTT 5, as the certificate "CN=box-1", client id "rollcall-plant-1-box-1-check-/,
    );
  });

  test('reports that the broker requires a client certificate', async () => {
    const found = failure(await check(broker.url, { ca: bytes(authority.certificate) }));
    assert.equal(found.code, 'broker-client-certificate-required');
    assert.match(found.remedy ?? '', /mqtt\.clientCertificate/);
  });

  test('reports that the broker does not trust the authority of the client certificate', async () => {
    const clientCertificate = client(stranger.issue({ commonName: 'box-1' }));
    const found = failure(await check(broker.url, { ca: bytes(authority.certificate), clientCertificate }));
    assert.match(found.code ?? '', /^broker-client-certificate-(untrusted|refused)$/);
  });

  test('reports a client certificate that has expired, expires soon or is not valid yet', async () => {
    const at = (fromDay: number, untilDay: number) => ({
      ca: bytes(authority.certificate),
      clientCertificate: client(authority.issue({ commonName: 'box-1', fromDay, untilDay })),
    });
    assert.match(failure(await check(broker.url, at(-9, -2))).message, /^expired: .*, -3 days left/);
    assert.match(failure(await check(broker.url, at(2, 9))).message, /^not yet valid: /);
    const [soon, ...rest] = await check(broker.url, at(-2, 9.5));
    assert.deepEqual([soon?.outcome, soon?.check], ['warning', 'client certificate']);
    assert.match(soon?.message ?? '', /9 days left/);
    assert.ok(rest.every(({ outcome }) => outcome === 'ok'));
  });

  test('reports that the box does not trust the authority, and names it', async () => {
    const found = failure(await check(broker.url, { ...trusted(), ca: bytes(stranger.certificate) }));
    assert.equal(found.code, 'broker-tls-untrusted');
    assert.match(found.message, /signed by CN=Plant authority/);
    assert.match(found.remedy ?? '', /caFile/);
  });

  test('reports that the box may not use its topics, because its certificate has another name', async () => {
    const clientCertificate = client(authority.issue({ commonName: 'box-9' }));
    const found = failure(await check(broker.url, { ...trusted(), clientCertificate }));
    assert.deepEqual([found.check, found.code], ['publish', 'broker-publish-refused']);
    assert.match(found.message, /rollcall\/plant-1\/box-1\/check/);
  });

  test('reports that the port uses TLS although the address has no TLS scheme', async () => {
    const found = failure(await check(broker.url.replace('mqtts:', 'mqtt:')));
    assert.equal(found.code, 'broker-speaks-tls');
    assert.match(found.remedy ?? '', /mqtts:\/\//);
  });
});

describe('mqtt check and the certificate of the broker', {
  skip: withoutMosquitto || withoutOpenssl,
}, () => {
  for (const { what, hosts = ['DNS:localhost'], fromDay = -1, untilDay = 100, code, says } of [
    {
      what: 'reports a certificate for another host',
      hosts: ['DNS:elsewhere.example'],
      code: 'broker-tls-wrong-host',
      says: /DNS:elsewhere\.example.* asked for localhost/,
    },
    {
      what: 'reports a certificate that has expired',
      fromDay: -9,
      untilDay: -2,
      code: 'broker-tls-expired',
      says: /valid from \S+ to \S+Z/,
    },
    {
      what: 'reports a certificate that is not valid yet',
      fromDay: 2,
      code: 'broker-tls-not-yet-valid',
      says: /not yet valid: it is for DNS:localhost/,
    },
  ]) {
    test(what, async () => {
      using authority = makeAuthority('Plant authority');
      const tls = authority.issue({ commonName: 'broker', hosts, fromDay, untilDay });
      await using broker = await startMosquitto({ tls });
      const found = failure(await check(broker.url, { ca: bytes(authority.certificate) }));
      assert.equal(found.check, 'tls');
      assert.equal(found.code, code);
      assert.match(found.message, says);
    });
  }

  test('accepts a certificate for another name where the configuration names it', async () => {
    using authority = makeAuthority('Plant authority');
    const tls = authority.issue({ commonName: 'broker', hosts: ['DNS:broker.plant.example'], untilDay: 20 });
    await using broker = await startMosquitto({ tls });
    const ca = bytes(authority.certificate);
    const steps = await check(broker.url, { ca, serverName: 'broker.plant.example' });
    assert.equal(steps.at(-1)?.check, 'receive');
    assert.equal(
      steps.find(({ check: name }) => name === 'tls')?.outcome,
      'warning',
      'the certificate expires in 19 days',
    );
    const wrong = await check(broker.url, { ca, serverName: 'localhost' });
    assert.equal(failure(wrong).code, 'broker-tls-wrong-host');
  });
});

describe('mqtt check without TLS', { skip: withoutMosquitto }, () => {
  test('reports a wrong password', async () => {
    await using broker = await startMosquitto({ users: { box: 'right' } });
    const credential = { user: 'box', password: bytes('mistaken') };
    const steps = await check(broker.url, { credential });
    assert.equal(failure(steps).code, 'broker-not-authorised');
    assert.ok(!JSON.stringify(steps).includes('mistaken'));
  });

  test('detects by the missing echo that the box may not read its topics', async () => {
    await using broker = await startMosquitto({ acl: ['topic write #'] });
    const found = failure(await checkSilentAfter('publish', broker.url));
    assert.deepEqual([found.check, found.code], ['receive', 'broker-check-not-received']);
  });

  test('reports that the port does not use TLS', async () => {
    await using broker = await startMosquitto();
    const found = failure(await check(broker.url.replace('mqtt:', 'mqtts:')));
    assert.deepEqual([found.check, found.code], ['tls', 'broker-speaks-no-tls']);
  });
});

describe('mqtt check and a broker of MQTT 3.1.1', () => {
  test('passes all steps', async () => {
    await using broker = await startAedes();
    const steps = await check(broker.url);
    assert.match(steps.find(({ check: name }) => name === 'mqtt')?.message ?? '', /^MQTT 3\.1\.1, /);
    assert.equal(steps.at(-1)?.check, 'receive');
    assert.equal(steps.at(-1)?.outcome, 'ok');
  });

  test('reports the disadvantage of MQTT 3.1.1, and the name under which the broker knows the box', async () => {
    await using broker = await startAedes();
    const credential = { user: 'box-1', password: bytes('secret') };
    for (const [access, who] of [
      [{}, 'without user and certificate'],
      [{ credential }, 'as user "box-1"'],
    ] as const) {
      const step = (await check(broker.url, access)).find(({ check: name }) => name === 'mqtt');
      assert.equal(step?.outcome, 'warning');
      assert.ok(step.message.startsWith(`MQTT 3.1.1, ${who}, `), step.message);
      assert.match(step.message, /cannot report that it refuses a message/);
      assert.match(step.remedy ?? '', /MQTT 5/);
    }
  });

  test('connects under a client ID of its own, of 63 characters at most', async () => {
    await using broker = await startAedes();
    const idOf = async (clientId: string): Promise<string> => {
      const step = (await check(broker.url, { clientId })).find(({ check: name }) => name === 'mqtt');
      return /client id "(.*?)"/.exec(step?.message ?? '')?.[1] ?? '';
    };
    assert.match(await idOf('box-1'), /^box-1-check-[0-9a-f]{6}$/);
    assert.match(await idOf('b'.repeat(64)), /^b{50}-check-[0-9a-f]{6}$/);
  });

  test('treats a hang-up on its message as a refusal', async () => {
    await using broker = await startAedes({ hangsUpOn: (topic) => topic.endsWith('/check') });
    const found = failure(await check(broker.url));
    assert.deepEqual([found.check, found.code], ['publish', 'broker-publish-refused']);
    assert.match(found.message, /hung up on a message to "rollcall\/plant-1\/box-1\/check"/);
    assert.match(found.remedy ?? '', /access rules .* NATS .* disk is full, and RabbitMQ 3 .* majority/);
  });

  test('names the alarms of RabbitMQ when the broker answers no message', async () => {
    await using broker = await startAedes({ acknowledgesNothing: true });
    const found = failure(await checkSilentAfter('subscribe', broker.url));
    assert.deepEqual([found.check, found.code], ['publish', 'broker-silent']);
    assert.match(found.remedy ?? '', /rabbitmq-diagnostics alarms/);
  });

  test('names the access rules and the full disk of NATS when the broker refuses a subscription', async () => {
    await using broker = await startAedes({ refusesSubscriptions: true });
    const found = failure(await check(broker.url));
    assert.deepEqual([found.check, found.code], ['subscribe', 'broker-subscribe-refused']);
    assert.match(found.remedy ?? '', /access rules .* NATS .* disk is full/);
  });

  test('finds the kinds of event on which the broker hangs up, with messages that are not events', async () => {
    await using broker = await startAedes({ hangsUpOn: (topic) => /\/(unknown|reply\/\w+)$/.test(topic) });
    const listener = await mqtt.connectAsync(broker.url, { protocolVersion: 4 });
    const texts: string[] = [];
    listener.on('message', (_topic, payload) => void texts.push(payload.toString('utf8')));
    await listener.subscribeAsync('#', { qos: 1 });
    const steps = (await check(broker.url, {}, { triesEvents: true })).filter(
      (step) => step.check === 'topic',
    );
    assert.equal(steps.length, eventKinds.length);
    const refused = steps.filter(({ outcome }) => outcome === 'failed');
    assert.deepEqual(
      refused.map(({ code, message }) => [code, /event\/unknown|reply\//.exec(message)?.[0]]),
      [
        ['broker-publish-refused', 'event/unknown'],
        ['broker-publish-refused', 'reply/'],
      ],
    );
    assert.match(steps[0]?.message ?? '', /acknowledged \(MQTT 3\.1\.1: it may have dropped it\)/);
    // One of them is on the check topic itself.
    const taken = 1 + eventKinds.length - refused.length;
    await until('the subscriber to have them', () => texts.length === taken);
    await listener.endAsync(true);
    for (const text of texts) assert.match(text, /^\{"version":1,"check":"[0-9a-f]{32}"\}$/);
  });

  test('detects by the missing echo a refusal that the broker cannot express', async () => {
    await using broker = await startAedes({ deliversNothing: true });
    const found = failure(await checkSilentAfter('publish', broker.url));
    assert.equal(found.code, 'broker-check-not-received');
    assert.match(
      found.message,
      /publish on .* or do not let it read the topic \(MQTT 3\.1\.1 cannot tell which\)/,
    );
  });
});

describe('mqtt check without a broker', () => {
  test('reports that the port uses TLS if the server answers with an alert', {
    skip: withoutOpenssl,
  }, async () => {
    using authority = makeAuthority('Plant authority');
    const { certificate: cert, key } = authority.issue({ commonName: 'broker', hosts: ['DNS:localhost'] });
    const secured = createTlsServer({ cert, key });
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('readable', () => {
        const start: Buffer | null = socket.read();
        if (start?.[0] !== handshakeRecord) {
          socket.end(unexpectedMessage);
          return;
        }
        socket.unshift(start);
        secured.emit('connection', socket);
      });
    });
    const port = await listenOnLoopback(server);
    const found = failure(await check(`mqtt://localhost:${port}`));
    server.close();
    assert.deepEqual([found.check, found.code], ['mqtt', 'broker-speaks-tls']);
  });

  test('reports a name without address', async () => {
    const found = failure(await check('mqtts://broker.invalid'));
    assert.deepEqual([found.check, found.code], ['name', 'broker-name-unknown']);
  });

  test('reports a port on which nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    server.close();
    await once(server, 'close');
    const found = failure(await check(`mqtt://127.0.0.1:${address.port}`));
    assert.deepEqual([found.check, found.code], ['port', 'broker-refused']);
  });

  for (const [scheme, step] of [
    ['mqtt', 'mqtt'],
    ['mqtts', 'tls'],
  ] as const) {
    test(`reports a server that is not a broker and waits for its own protocol (${scheme})`, async () => {
      const server = createServer((socket) => void socket.resume().on('error', () => undefined));
      const port = await listenOnLoopback(server);
      const found = failure(await check(`${scheme}://127.0.0.1:${port}`, {}, { timeoutMs: 500 }));
      server.close();
      assert.deepEqual([found.check, found.code], [step, 'broker-silent']);
      assert.match(found.message, /it may not be an MQTT broker$/);
      assert.match(found.remedy ?? '', /^Check that mqtt\.url names the MQTT port/);
    });
  }
});
