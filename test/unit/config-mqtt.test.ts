import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';

const withBroker = (mqtt: string) => parseConfig(`site: { id: office, timeZone: UTC }\nmqtt: { ${mqtt} }\n`);

function problems(mqtt: string): readonly string[] {
  const loaded = withBroker(mqtt);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${path}: ${message}`);
}

test('an address with an unknown scheme is refused, and the message lists the known ones', () => {
  const said = ['mqtt.url: must begin with mqtt://, mqtts://, ws:// or wss://'];
  assert.deepEqual(problems('url: http://192.0.2.7'), said);
});

test('a prefix of topics has at most 128 characters, in levels that no access list treats specially', () => {
  const level = 'a'.repeat(63);
  assert.deepEqual(problems(`url: 'mqtts://b', topicPrefix: ${level}/${level}`), []);
  for (const prefix of [`${level}/${level}/a`, 'a//b', '/a', 'a/+', 'a/#', 'A']) {
    assert.match(
      problems(`url: 'mqtts://b', topicPrefix: '${prefix}'`).join(),
      /^mqtt\.topicPrefix: /,
      prefix,
    );
  }
});

describe('the settings of TLS', () => {
  test('can be combined', () => {
    const loaded = withBroker(
      'url: wss://192.0.2.7/mqtt, caFile: /etc/ca.pem, clientCertificate: broker-client, serverName: broker.plant-1.example, alpn: [mqtt, x-amzn-mqtt-ca]',
    );
    assert.ok(loaded.ok);
    const { url, caFile, clientCertificate, serverName, alpn } = loaded.config.mqtt ?? assert.fail();
    assert.deepEqual(
      { url, caFile, clientCertificate, serverName, alpn },
      {
        url: 'wss://192.0.2.7/mqtt',
        caFile: '/etc/ca.pem',
        clientCertificate: 'broker-client',
        serverName: 'broker.plant-1.example',
        alpn: ['mqtt', 'x-amzn-mqtt-ca'],
      },
    );
  });

  test('are refused one by one for an address without TLS', () => {
    for (const scheme of ['mqtt', 'ws', 'MQTT']) {
      assert.deepEqual(
        problems(
          `url: '${scheme}://broker', caFile: /ca.pem, clientCertificate: c, serverName: broker.example, alpn: [mqtt]`,
        ),
        ['caFile', 'clientCertificate', 'serverName', 'alpn'].map(
          (name) => `mqtt.${name}: has no effect without TLS`,
        ),
      );
    }
  });

  for (const [what, setting] of [
    ['an address for a server name', 'serverName: 192.0.2.7'],
    ['a pattern for a server name', "serverName: '*.example'"],
    ['a label that begins with a dash', 'serverName: -a.example'],
    ['an empty list of protocols', 'alpn: []'],
    ['an empty protocol', "alpn: ['']"],
    ['a protocol with a line end', 'alpn: ["a\\n"]'],
    ['a path for the name of a secret', 'clientCertificate: ../key'],
    ['a switch for what is always on', 'rejectUnauthorized: false'],
  ] as const) {
    test(`refuse ${what}`, () => {
      assert.equal(problems(`url: 'mqtts://broker', ${setting}`).length, 1);
    });
  }
});

describe('names of persons', () => {
  test('stay in the box unless the configuration says otherwise', () => {
    const loaded = withBroker('url: mqtts://broker.example');
    assert.equal(loaded.ok && loaded.config.mqtt?.personNames, false);
  });

  test('can be published over TLS or to a broker on the same machine', () => {
    for (const url of [
      'mqtts://broker.example',
      'wss://broker.example',
      'mqtt://127.0.0.1:1883',
      'ws://[::1]',
    ]) {
      assert.deepEqual(problems(`url: '${url}', personNames: true`), []);
    }
    for (const url of ['mqtt://broker.example', 'ws://192.0.2.7']) {
      assert.match(
        problems(`url: '${url}', personNames: true`).join(),
        /^mqtt\.personNames: must not be true without TLS/,
      );
    }
  });
});

test('a challenge needs the gate, a broker or a webhook for its prompts', () => {
  const camera = 'cameras: [{ id: gate, name: Gate, url: "rtsp://a/b", liveness: { require: challenge } }]';
  const refused = (text: string): readonly string[] => {
    const loaded = parseConfig(`site: { id: office, timeZone: UTC }\n${text}\n`);
    return loaded.ok ? [] : loaded.problems.map(({ path }) => path);
  };
  const closed = 'gate: { enabled: false }';
  assert.deepEqual(refused(`${closed}\nliveness: { require: challenge }`), ['liveness.require']);
  assert.deepEqual(refused(`${closed}\n${camera}`), ['cameras.0.liveness.require']);
  assert.deepEqual(refused(camera), []);
  assert.deepEqual(refused(`${closed}\n${camera}\nmqtt: { url: mqtt://broker }`), []);
  const webhook = 'url: "http://127.0.0.1:8080/", secret: screen';
  assert.deepEqual(refused(`${closed}\nliveness: { require: challenge, promptWebhook: { ${webhook} } }`), []);
  const withAuthority = refused(`liveness: { promptWebhook: { ${webhook}, caFile: /ca.pem } }`);
  assert.deepEqual(withAuthority, ['liveness.promptWebhook.caFile']);
});
