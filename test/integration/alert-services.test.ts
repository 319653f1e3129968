import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import type { AlertsConfig } from '../../daemon/contract/settings/schema.js';
import type { SendOutcome } from '../../daemon/core/alerts/channel.js';
import { channelsOf } from '../../daemon/core/alerts/open-channel.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { alertAtMs, alertMessageOf, secretsFolder } from '../support/alert-messages.js';
import { type HttpSink, openHttpSink } from '../support/alert-sinks.js';

const never = new AbortController().signal;
const token = '12345:a-token_that-nobody-guesses';
const secrets = secretsFolder();
secrets.write('token', `${token}\n`);
secrets.write('login', 'AC1:pass:word\n');
after(() => secrets[Symbol.dispose]());

/** Sends to the one channel of a section `alerts`. */
async function send(section: string, message = alertMessageOf()): Promise<SendOutcome> {
  const [channel] = channelsOf(alertsOf(section));
  assert.ok(channel !== undefined);
  return await channel.open(secrets.context, new VirtualClock(alertAtMs)).send(message, never);
}

function alertsOf(section: string): AlertsConfig {
  const loaded = parseConfig(`site: { id: office, timeZone: UTC }\nalerts: ${section}\n`);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.config.alerts;
}

const ntfy = ({ port }: Pick<HttpSink, 'port'>, more = ''): string =>
  `{ ntfy: [{ id: phone, url: "http://127.0.0.1:${port}/base/rollcall-x7"${more} }] }`;
const telegram = ({ port }: Pick<HttpSink, 'port'>): string =>
  `{ telegram: [{ id: chat, chat: "-1001234", credential: token, url: "http://127.0.0.1:${port}/" }] }`;
const sms = ({ port }: Pick<HttpSink, 'port'>): string =>
  `{ sms: [{ id: phone, url: "http://127.0.0.1:${port}/Messages.json", credential: login, from: rollcall, number: "+498912345678" }] }`;

/** An alert about an unknown person, whose ID must not leave. */
const message = alertMessageOf({
  parts: alertMessageOf().parts.map((part) => ({
    ...part,
    strangers: ['s-6v0n8k2dq4c1wz9xj7tbm3rhfp' as never],
  })),
});

describe('a service gets the words of an alert and nothing else', () => {
  test('ntfy: subject and text as JSON, with the access token', async () => {
    await using sink = await openHttpSink();
    const sent = await send(ntfy(sink, ', credential: token'), message);
    assert.deepEqual(sent, { outcome: 'delivered', note: null });
    const [request] = sink.requests;
    assert.deepEqual([request?.method, request?.path], ['POST', '/base/']);
    assert.equal(request?.headers.authorization, `Bearer ${token}`);
    assert.deepEqual(JSON.parse(request?.body ?? ''), {
      topic: 'rollcall-x7',
      title: message.subject,
      message: message.text,
      priority: 4,
    });
  });

  test('ntfy without a token: no login, and an all-clear with the usual priority', async () => {
    await using sink = await openHttpSink();
    await send(ntfy(sink), { ...message, phase: 'cleared', severity: 'critical' });
    assert.equal(sink.requests[0]?.headers.authorization, undefined);
    assert.equal(JSON.parse(sink.requests[0]?.body ?? '').priority, 3);
  });

  test('Telegram: the text, to the chat, at the address of the bot', async () => {
    await using sink = await openHttpSink();
    await send(telegram(sink), message);
    const [request] = sink.requests;
    assert.equal(request?.path, `/bot${token}/sendMessage`);
    assert.deepEqual(JSON.parse(request?.body ?? ''), {
      chat_id: '-1001234',
      text: message.text,
      link_preview_options: { is_disabled: true },
      disable_notification: false,
    });
  });

  test('SMS: the subject, as a form with a login', async () => {
    await using sink = await openHttpSink();
    await send(sms(sink), message);
    const [request] = sink.requests;
    assert.equal(request?.path, '/Messages.json');
    const login = Buffer.from('AC1:pass:word').toString('base64');
    assert.equal(request?.headers.authorization, `Basic ${login}`);
    assert.deepEqual(Object.fromEntries(new URLSearchParams(request?.body)), {
      To: '+498912345678',
      From: 'rollcall',
      Body: message.subject,
    });
  });
});

describe('a service that refuses an alert', () => {
  test('is quoted with what it says, without the secret and the address', async () => {
    await using sink = await openHttpSink();
    sink.answer = () => ({ status: 400, json: { description: `chat not found for ${token}` } });
    const sent = await send(telegram(sink));
    assert.ok(sent.outcome === 'failed' && sent.isFinal);
    assert.equal(sent.error.code, 'service-refused');
    assert.equal(
      sent.error.message,
      `telegram chat (127.0.0.1:${sink.port}): it answered with HTTP status 400: {"description":"chat not found for …"}`,
    );
    const { message: says, remedy, details } = sent.error;
    assert.doesNotMatch(JSON.stringify({ says, remedy, details }), /a-token/);
  });

  test('is quoted without the login, also where it repeats only a part or the header', async () => {
    await using sink = await openHttpSink();
    const header = Buffer.from('AC1:pass:word').toString('base64');
    sink.answer = () => ({ status: 400, json: { sent: `Basic ${header}`, wrong: 'pass:word' } });
    const sent = await send(sms(sink));
    assert.match(sent.outcome === 'failed' ? sent.error.message : '', /"Basic …","wrong":"…"/);
  });

  test('is not asked with a secret that no header takes', async () => {
    await using sink = await openHttpSink();
    secrets.write('broken', 'one\ntwo\n');
    const sent = await send(ntfy(sink, ', credential: broken'));
    assert.equal(sent.outcome === 'failed' && sent.error.code, 'channel-secret-form');
    assert.equal(sink.requests.length, 0);
  });

  test('for the moment gets it again', async () => {
    await using sink = await openHttpSink();
    for (const status of [429, 503]) {
      sink.answer = () => status;
      const sent = await send(ntfy(sink));
      assert.ok(sent.outcome === 'failed' && !sent.isFinal);
      assert.equal(sent.error.code, 'service-unavailable');
    }
  });
});

test('the configuration refuses services that would send in the clear, or nowhere', () => {
  const cases = [
    ['{ ntfy: [{ id: a, url: "http://ntfy.example.org/t" }] }', /must begin with https/],
    ['{ ntfy: [{ id: a, url: "https://ntfy.example.org/" }] }', /must end with a topic/],
    ['{ telegram: [{ id: a, chat: "-1" }] }', /credential/],
    ['{ telegram: [{ id: a, chat: "me", credential: t }] }', /number of a chat/],
    [
      '{ sms: [{ id: a, url: "https://s.example.org/", credential: l, from: x, number: "0891" }] }',
      /number such as/,
    ],
  ] as const;
  for (const [section, expected] of cases) {
    const loaded = parseConfig(`site: { id: office, timeZone: UTC }\nalerts: ${section}\n`);
    assert.ok(!loaded.ok);
    assert.match(JSON.stringify(loaded.problems), expected);
  }
});
