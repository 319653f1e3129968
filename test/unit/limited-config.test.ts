import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  textWithHiddenAddresses,
  webhookAddresses,
  withHiddenAddresses,
} from '../../daemon/contract/settings/hidden-addresses.js';
import { limitedTo } from '../../daemon/contract/settings/limited-config.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import { namedSecrets } from '../../daemon/contract/settings/machine-needs.js';
import { english } from '../../daemon/words/language.js';

const text = `
site: { id: site, timeZone: UTC }
cameras:
  - { id: door, name: Door, url: "rtsp://192.0.2.1/", credential: door-login }
  - { id: yard, name: Yard, url: "rtsp://192.0.2.2/", credential: yard-login }
liveness: { promptWebhook: { url: 'https://lamp.example/hook?key=s3cret', secret: lamp-key } }
alerts:
  webhooks:
    # https://chat.example/services/T0/s3cret
    - { id: chat, url: "https://chat.example/services\\u002fT0/s3cret", secret: chat-key }
    - { id: plain, url: https://plain.example, secret: plain-secret }
  rules:
    - { id: all, on: unknown, channels: [chat] }
    - { id: yard-only, on: unknown, cameras: [yard], channels: [chat] }
    - { id: both, on: unknown, cameras: [door, yard], channels: [chat] }
`;

function configOf(given: string) {
  const loaded = parseConfig(given);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config;
}

test('a caller who is limited to cameras sees the configuration as if there were no others', () => {
  const config = configOf(text);
  assert.equal(limitedTo(config, undefined), config);
  const limited = limitedTo(config, new Set(['door']));
  assert.doesNotMatch(JSON.stringify(limited), /yard/i);
  assert.deepEqual(
    limited.alerts.rules.map(({ id, cameras }) => [id, cameras]),
    [
      ['all', undefined],
      ['both', ['door']],
    ],
  );
  const uses = namedSecrets(limited).map(({ use }) => english.textOf(use));
  assert.ok(uses.includes('camera door') && !uses.includes('camera yard'), uses.join(', '));
});

test('every secret that the configuration names is known by its use and its form', () => {
  const config = configOf(`${text}
gallery: { key: gallery-key }
gate: { certificate: gate-certificate }
mqtt: { url: 'mqtts://broker.example', credential: broker-login, clientCertificate: box-certificate }
`);
  const [door, yard] = config.cameras;
  assert.ok(door !== undefined && yard !== undefined);
  const email = { id: 'office', credential: 'mail-login' } as (typeof config.alerts.emails)[number];
  const named = namedSecrets({
    ...config,
    cameras: [door, { ...yard, isOwn: true }],
    alerts: { ...config.alerts, emails: [email] },
  });
  assert.deepEqual(
    named.map(({ use, name, form, whose = '-' }) => `${english.textOf(use)}: ${name}, ${form}, ${whose}`),
    [
      ...['the gallery: gallery-key, any, -', 'camera door: door-login, user-password, -'],
      'broker: broker-login, user-password, -',
      'the client certificate: box-certificate, certificate, client',
      'the certificate of the gate: gate-certificate, certificate, gate',
      'webhook for prompts: lamp-key, any, -',
      ...['webhook chat: chat-key, any, -', 'webhook plain: plain-secret, any, -'],
      'e-mail office: mail-login, user-password, -',
    ],
  );
});

test('the address of a webhook is shown without path and query, in values, text and comments', () => {
  const config = configOf(text);
  const shown = JSON.stringify(withHiddenAddresses(config));
  assert.doesNotMatch(shown, /s3cret/);
  assert.match(shown, /https:\/\/lamp\.example\/…/);
  assert.match(shown, /"https:\/\/plain\.example"/);
  const hidden = textWithHiddenAddresses(text, webhookAddresses(config));
  assert.doesNotMatch(hidden, /s3cret|T0/);
  assert.equal(configOf(hidden).cameras.length, 2, 'it is still a configuration');
});
