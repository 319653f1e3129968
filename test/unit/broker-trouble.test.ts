import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import type { BrokerConnection, MqttVersion } from '../../daemon/core/delivery/broker/broker-connection.js';
import { brokerError, endingOf, problemOf } from '../../daemon/core/delivery/broker/broker-errors.js';
import { VersionChoice } from '../../daemon/core/delivery/broker/version-choice.js';
import { OutageLog } from '../../daemon/core/delivery/outage-log.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryLog } from '../support/published-box.js';

const coded = (code: string | number): Error => Object.assign(new Error('no'), { code });

describe('problemOf', () => {
  for (const [code, problem] of [
    ['ENOTFOUND', 'name'],
    ['ECONNREFUSED', 'refused'],
    ['CERT_HAS_EXPIRED', 'tlsExpired'],
    ['CERT_NOT_YET_VALID', 'tlsNotYetValid'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tlsNone'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'clientRequired'],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'clientUntrusted'],
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'clientExpired'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'clientRefused'],
    ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'tlsAlpn'],
    ['ERR_SSL_SOMETHING_ELSE', 'tls'],
    // Return codes of MQTT 3.1.1, then reason codes of MQTT 5.
    [1, 'version'],
    [2, 'clientId'],
    [3, 'unavailable'],
    [4, 'auth'],
    [5, 'notAuthorised'],
    [132, 'version'],
    [133, 'clientId'],
    [134, 'auth'],
    [135, 'notAuthorised'],
    [142, 'takenOver'],
    ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'packetTooLarge'],
    ['WS_ERR_INVALID_UTF8', 'protocol'],
    ['EWHATEVER', 'lost'],
  ] as const) {
    test(`${code} means ${problem}`, () => assert.equal(problemOf(coded(code), 'lost'), problem));
  }

  test('finds the TLS reason in the message if the code is that of a write', () => {
    const message =
      'write EPROTO 80:error:0A000460:SSL routines:ssl3_read_bytes:tlsv1 alert no application protocol';
    const error = Object.assign(new Error(message), { code: 'EPROTO' });
    assert.equal(problemOf(error, 'lost'), 'tlsAlpn');
    assert.equal(problemOf(coded('EPROTO'), 'lost'), 'tls');
  });

  test('finds the problem in an attempt on several addresses', () => {
    const both = Object.assign(new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]), {
      code: 'X',
    });
    assert.equal(problemOf(both, 'lost'), 'refused');
  });
});

describe('endingOf', () => {
  const strange = new Error('no code');
  for (const [what, error, isConnected, link, problem] of [
    ['nothing, before the broker accepted the box', undefined, false, 'plain', 'closedEarly'],
    ['nothing, before the TLS handshake', undefined, false, 'unsecured', 'tlsEnded'],
    ['nothing, after the TLS handshake', undefined, false, 'secured', 'closedAfterTls'],
    ['nothing, later', undefined, true, 'secured', 'lost'],
    ['no answer to the greeting', new Error('connack timeout'), false, 'plain', 'silentFromTheBeginning'],
    ['no answer later', new Error('Keepalive timeout'), true, 'plain', 'silent'],
    [
      'another path of the web server',
      new Error('Unexpected server response: 404'),
      false,
      'plain',
      'webPath',
    ],
    ['an unclear error, at first', strange, false, 'plain', 'protocol'],
    ['an unclear error, later', strange, true, 'plain', 'lost'],
    ['a refused connection', coded('ECONNREFUSED'), false, 'unsecured', 'refused'],
  ] as const)
    test(`says what ended a connection: ${what}`, () =>
      assert.equal(endingOf(error, isConnected, link), problem));
});

test('"not authorised" is about the password at first, and later about an action of the box', () => {
  assert.equal(endingOf(coded(135), false, 'plain'), 'notAuthorised');
  assert.equal(endingOf(coded(135), true, 'plain'), 'didNotAllow');
});

describe('brokerAddress', () => {
  for (const [url, name] of [
    ['mqtt://broker', 'mqtt://broker:1883'],
    ['mqtts://broker.example:8884', 'mqtts://broker.example:8884'],
    ['ws://broker/mqtt', 'ws://broker:80'],
    ['mqtt://[::1]:1884', 'mqtt://[::1]:1884'],
  ] as const) {
    test(`${url} is ${name}`, () => assert.equal(brokerAddress(url).name, name));
  }

  test('an IPv6 address is used without its brackets', () => {
    assert.equal(brokerAddress('mqtt://[::1]').host, '::1');
  });

  for (const url of ['', 'broker', 'http://broker', 'mqtt://', 'mqtt://user:secret@broker']) {
    test(`${url || 'nothing'} is refused without repeating it`, () => {
      assert.throws(
        () => brokerAddress(url),
        (error) => isRollcallError(error, 'broker-url') && !error.message.includes('secret'),
      );
    });
  }
});

describe('OutageLog', () => {
  test('logs an outage once, a new reason once, and the return once', () => {
    const clock = new VirtualClock();
    const { logger, lines } = memoryLog();
    const log = new OutageLog({ clock, logger, outboxDepth: () => 7 });
    for (const problem of ['refused', 'refused', 'auth', 'auth', 'auth'] as const) {
      log.failed(brokerError(problem, 'mqtt://broker:1883'));
      clock.advanceBy(1000);
    }
    log.connected({ mqttVersion: '5' });
    log.connected({ mqttVersion: '5' });
    assert.deepEqual(
      lines.map(({ level, code, outageS, attempts, outboxDepth }) => ({
        level,
        code,
        outageS,
        attempts,
        outboxDepth,
      })),
      [
        { level: 'warn', code: 'broker-refused', outageS: undefined, attempts: undefined, outboxDepth: 7 },
        {
          level: 'error',
          code: 'broker-auth-refused',
          outageS: undefined,
          attempts: undefined,
          outboxDepth: 7,
        },
        { level: 'info', code: undefined, outageS: 5, attempts: 5, outboxDepth: 7 },
        { level: 'info', code: undefined, outageS: undefined, attempts: undefined, outboxDepth: 7 },
      ],
    );
  });
});

describe('VersionChoice', () => {
  const connection = (version: MqttVersion): BrokerConnection => ({
    version,
    receiveMaximum: 10,
    publish: async () => undefined,
    subscribe: async () => undefined,
    closed: new Promise(() => undefined),
    end: async () => undefined,
    abort: () => undefined,
  });
  const broker =
    (supports: (version: MqttVersion) => boolean, tried: MqttVersion[]) => async (version: MqttVersion) => {
      tried.push(version);
      if (supports(version)) return connection(version);
      throw brokerError('version', 'mqtt://broker:1883');
    };

  test('prefers 5, falls back to 3.1.1, and keeps the version that worked', async () => {
    const choice = new VersionChoice(silentLogger);
    const tried: MqttVersion[] = [];
    const old = broker((version) => version === 4, tried);
    assert.equal((await choice.connect(old)).version, 4);
    assert.equal((await choice.connect(old)).version, 4);
    assert.deepEqual(tried, [5, 4, 4]);
  });

  test('notices a broker that was replaced by a newer one', async () => {
    const choice = new VersionChoice(silentLogger);
    const tried: MqttVersion[] = [];
    await choice.connect(broker((version) => version === 4, tried));
    await assert.rejects(choice.connect(broker((version) => version === 5, tried)));
    assert.equal((await choice.connect(broker((version) => version === 5, tried))).version, 5);
    assert.deepEqual(tried, [5, 4, 4, 5]);
  });

  test('does not retry a failure that is not about the version', async () => {
    const choice = new VersionChoice(silentLogger);
    const tried: MqttVersion[] = [];
    const refuses = async (version: MqttVersion): Promise<BrokerConnection> => {
      tried.push(version);
      throw brokerError('auth', 'mqtt://broker:1883');
    };
    await assert.rejects(choice.connect(refuses), { code: 'broker-auth-refused' });
    assert.deepEqual(tried, [5]);
  });
});
