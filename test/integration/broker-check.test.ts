import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { eventKinds } from '../../daemon/domain/events/event-type.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { BrokerAccess } from '../../daemon/publish/broker/broker-access.js';
import { brokerAddress } from '../../daemon/publish/broker/broker-address.js';
import { type CheckStep, checkBroker } from '../../daemon/publish/broker/broker-check.js';
import { parseClientCertificate } from '../../daemon/publish/broker/client-certificate.js';
import { topicsOf } from '../../daemon/publish/topics.js';
import { startAedes } from '../support/aedes-broker.js';
import { type CertificateAuthority, makeAuthority } from '../support/certificate-authority.js';
import { listenOnLoopback } from '../support/listening.js';
import { type Mosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { type TestCertificate, withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const client = ({ certificate, key }: TestCertificate) =>
  parseClientCertificate('box', Buffer.from(certificate + key));

/** Whom the patterns of config/mosquitto-acl.example are for. */
const plantBox = { siteId: 'plant-1', boxId: 'box-1' } as const;

async function check(
  url: string,
  access: Partial<BrokerAccess> = {},
  { prefix = 'rollcall', timeoutMs = 20_000, triesEvents = false } = {},
): Promise<readonly CheckStep[]> {
  const steps: CheckStep[] = [];
  const whole = { address: brokerAddress(url), clientId: 'rollcall-plant-1-box-1', ...access };
  const options = {
    access: whole,
    topics: topicsOf(prefix, plantBox),
    clock: systemClock,
    timeoutMs,
    triesEvents,
  };
  for await (const step of checkBroker(options)) steps.push(step);
  return steps;
}

/** The one step that failed: the last one. */
function failure(steps: readonly CheckStep[]): CheckStep {
  const last = steps.at(-1);
  assert.equal(last?.outcome, 'failed', JSON.stringify(steps));
  assert.ok(steps.slice(0, -1).every(({ outcome }) => outcome !== 'failed'));
  assert.ok((last.remedy ?? '').length > 20, 'says how to mend it');
  return last;
}

describe('mqtt check and a broker with the example configuration', {
  skip: withoutMosquitto || withoutOpenssl,
  timeout: 120_000,
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

  test('goes all the way with the certificate of the box', async () => {
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

  test('says that a client certificate is wanted', async () => {
    const found = failure(await check(broker.url, { ca: bytes(authority.certificate) }));
    assert.equal(found.code, 'broker-client-certificate-required');
    assert.match(found.remedy ?? '', /mqtt\.clientCertificate/);
  });

  test('says that the client certificate is of an authority the broker does not know', async () => {
    const clientCertificate = client(stranger.issue({ commonName: 'box-1' }));
    const found = failure(await check(broker.url, { ca: bytes(authority.certificate), clientCertificate }));
    assert.match(found.code ?? '', /^broker-client-certificate-(untrusted|refused)$/);
  });

  test('says that the client certificate has expired, ends soon or has not begun', async () => {
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

  test('says that the box trusts nobody who signed, and who did', async () => {
    const found = failure(await check(broker.url, { ...trusted(), ca: bytes(stranger.certificate) }));
    assert.equal(found.code, 'broker-tls-untrusted');
    assert.match(found.message, /signed by CN=Plant authority/);
    assert.match(found.remedy ?? '', /caFile/);
  });

  test('says that the box may not use its topics: its certificate has another name', async () => {
    const clientCertificate = client(authority.issue({ commonName: 'box-9' }));
    const found = failure(await check(broker.url, { ...trusted(), clientCertificate }));
    assert.deepEqual([found.check, found.code], ['publish', 'broker-publish-refused']);
    assert.match(found.message, /rollcall\/plant-1\/box-1\/check/);
  });

  test('says that the port speaks TLS and the address does not say so', async () => {
    const found = failure(await check(broker.url.replace('mqtts:', 'mqtt:')));
    assert.equal(found.code, 'broker-speaks-tls');
    assert.match(found.remedy ?? '', /mqtts:\/\//);
  });
});

describe('mqtt check and the certificate of the broker', {
  skip: withoutMosquitto || withoutOpenssl,
  timeout: 120_000,
}, () => {
  for (const { what, hosts = ['DNS:localhost'], fromDay = -1, untilDay = 100, code, says } of [
    {
      what: 'for another host',
      hosts: ['DNS:elsewhere.example'],
      code: 'broker-tls-wrong-host',
      says: /DNS:elsewhere\.example.* asked for localhost/,
    },
    {
      what: 'that has expired',
      fromDay: -9,
      untilDay: -2,
      code: 'broker-tls-expired',
      says: /in force from \S+ to \S+Z/,
    },
    {
      what: 'that has not begun',
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

  test('for another name than its address is accepted where the configuration says which', async () => {
    using authority = makeAuthority('Plant authority');
    const tls = authority.issue({ commonName: 'broker', hosts: ['DNS:broker.plant.example'], untilDay: 20 });
    await using broker = await startMosquitto({ tls });
    const ca = bytes(authority.certificate);
    const steps = await check(broker.url, { ca, serverName: 'broker.plant.example' });
    assert.equal(steps.at(-1)?.check, 'receive');
    assert.equal(steps.find(({ check: name }) => name === 'tls')?.outcome, 'warning', 'it ends in 19 days');
    const wrong = await check(broker.url, { ca, serverName: 'localhost' });
    assert.equal(failure(wrong).code, 'broker-tls-wrong-host');
  });
});

describe('mqtt check without TLS', { skip: withoutMosquitto, timeout: 60_000 }, () => {
  test('names a password that is wrong', async () => {
    await using broker = await startMosquitto({ users: { box: 'right' } });
    const credential = { user: 'box', password: bytes('mistaken') };
    const steps = await check(broker.url, { credential });
    assert.equal(failure(steps).code, 'broker-not-authorised');
    assert.ok(!JSON.stringify(steps).includes('mistaken'));
  });

  test('finds by the missing echo that the box may not read', async () => {
    await using broker = await startMosquitto({ acl: ['topic write #'] });
    const found = failure(await check(broker.url, {}, { timeoutMs: 2000 }));
    assert.deepEqual([found.check, found.code], ['receive', 'broker-check-not-received']);
  });

  test('says that the port does not speak TLS', async () => {
    await using broker = await startMosquitto();
    const found = failure(await check(broker.url.replace('mqtt:', 'mqtts:')));
    assert.deepEqual([found.check, found.code], ['tls', 'broker-speaks-no-tls']);
  });
});

describe('mqtt check and a broker of MQTT 3.1.1', { timeout: 60_000 }, () => {
  test('goes all the way, too', async () => {
    await using broker = await startAedes();
    const steps = await check(broker.url);
    assert.match(steps.find(({ check: name }) => name === 'mqtt')?.message ?? '', /^MQTT 3\.1\.1, /);
    assert.equal(steps.at(-1)?.check, 'receive');
    assert.equal(steps.at(-1)?.outcome, 'ok');
  });

  test('says what MQTT 3.1.1 costs, and by which name the broker knows the box', async () => {
    await using broker = await startAedes();
    const credential = { user: 'box-1', password: bytes('secret') };
    for (const [access, who] of [
      [{}, 'without user and certificate'],
      [{ credential }, 'as user "box-1"'],
    ] as const) {
      const step = (await check(broker.url, access)).find(({ check: name }) => name === 'mqtt');
      assert.equal(step?.outcome, 'warning');
      assert.ok(step.message.startsWith(`MQTT 3.1.1, ${who}, `), step.message);
      assert.match(step.message, /cannot say that it refuses a message/);
      assert.match(step.remedy ?? '', /MQTT 5/);
    }
  });

  test('takes a hang-up on its message for what it is', async () => {
    await using broker = await startAedes({ hangsUpOn: (topic) => topic.endsWith('/check') });
    const found = failure(await check(broker.url));
    assert.deepEqual([found.check, found.code], ['publish', 'broker-publish-refused']);
    assert.match(found.message, /hung up on a message to "rollcall\/plant-1\/box-1\/check"/);
  });

  test('finds the kinds of event on which the broker hangs up, by messages that are no events', async () => {
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
    // One of them on the topic of the check itself.
    const taken = 1 + eventKinds.length - refused.length;
    await until('the subscriber to have them', () => texts.length === taken);
    await listener.endAsync(true);
    for (const text of texts) assert.match(text, /^\{"version":1,"check":"[0-9a-f]{32}"\}$/);
  });

  test('finds by the missing echo what the broker refuses and cannot say', async () => {
    await using broker = await startAedes({ deliversNothing: true });
    const found = failure(await check(broker.url, {}, { timeoutMs: 2000 }));
    assert.equal(found.code, 'broker-check-not-received');
    assert.match(found.message, /publish on .*, or not read it \(MQTT 3\.1\.1 does not tell which\)/);
  });
});

describe('mqtt check and what is not there', { timeout: 60_000 }, () => {
  test('a name without address', async () => {
    const found = failure(await check('mqtts://broker.invalid'));
    assert.deepEqual([found.check, found.code], ['name', 'broker-name-unknown']);
  });

  test('a port on which nothing listens', async () => {
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
    test(`a broker, but some other server that waits for its own words (${scheme})`, async () => {
      const server = createServer((socket) => void socket.resume().on('error', () => undefined));
      const port = await listenOnLoopback(server);
      const found = failure(await check(`${scheme}://127.0.0.1:${port}`, {}, { timeoutMs: 500 }));
      server.close();
      assert.deepEqual([found.check, found.code], [step, 'broker-silent']);
      assert.match(found.message, /it may be no MQTT broker$/);
      assert.match(found.remedy ?? '', /^Check that mqtt\.url names the MQTT port/);
    });
  }
});
