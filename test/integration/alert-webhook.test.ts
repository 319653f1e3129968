import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, describe, test } from 'node:test';
import type { SendOutcome } from '../../daemon/core/alerts/channel.js';
import { openWebhook, type WebhookConfig } from '../../daemon/core/alerts/webhook.js';
import { operational } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { alertAtMs, alertMessageOf, secretsFolder } from '../support/alert-messages.js';
import { type HttpAnswer, openHttpSink, openSilentSink, openSmtpSink } from '../support/alert-sinks.js';
import { makeAuthority } from '../support/certificate-authority.js';
import { withoutOpenssl } from '../support/test-certificate.js';
import { until } from '../support/until.js';

const secret = 'a long secret that is hard to guess';
const never = new AbortController().signal;
const secrets = secretsFolder();
secrets.write('ops-secret', `${secret}\n`);
after(() => secrets[Symbol.dispose]());

function webhook(url: string, changes: Partial<WebhookConfig> = {}, clock = new VirtualClock(alertAtMs)) {
  return openWebhook({ id: 'ops', url, secret: 'ops-secret', ...changes }, secrets.context, clock);
}

/** `delivered`, or the code and whether it is final. */
const brief = (sent: SendOutcome): string =>
  sent.outcome === 'delivered' ? 'delivered' : `${sent.error.code}${sent.isFinal ? ' for good' : ''}`;

describe('a webhook', () => {
  test('gets the alert as JSON, signed with the secret and the time', async () => {
    await using sink = await openHttpSink();
    const sent = await webhook(`http://127.0.0.1:${sink.port}/hooks/rollcall?key=1`).send(
      alertMessageOf(),
      never,
    );
    assert.deepEqual(sent, { outcome: 'delivered', note: null });
    const [request] = sink.requests;
    assert.ok(request !== undefined);
    assert.deepEqual([request.method, request.path], ['POST', '/hooks/rollcall?key=1']);
    const { headers, body } = request;
    const timestamp = String(alertAtMs / 1000);
    const expected = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    assert.equal(headers['rollcall-timestamp'], timestamp);
    assert.equal(headers['rollcall-signature'], `v1=${expected}`);
    assert.equal(headers['idempotency-key'], alertMessageOf().id);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(body), {
      version: 1,
      id: alertMessageOf().id,
      time: '2026-03-02T09:00:00.000Z',
      ...{
        site: 'office',
        box: 'box-1',
        phase: 'raised',
        rule: 'strangers',
        on: 'unknown',
        severity: 'warning',
      },
      subject: '3 unknown people at Gate in 10 minutes',
      text: '3 unknown people at Gate in 10 minutes\n\nSite office, box box-1.',
      parts: [
        {
          ...{ camera: 'gate', cameraName: 'Gate', count: 3, code: null, firstSequence: 4, lastSequence: 9 },
          ...{ about: [], worse: false, cameras: ['gate'], strangers: [] },
          ...{ from: '2026-03-02T08:50:30.000Z', to: '2026-03-02T09:00:00.000Z' },
        },
      ],
    });
  });

  const answers: readonly (readonly [HttpAnswer, string])[] = [
    [200, 'delivered'],
    [204, 'delivered'],
    [{ status: 302, location: '/elsewhere' }, 'webhook-redirected for good'],
    [{ status: 308, location: 'http://127.0.0.1:1/' }, 'webhook-redirected for good'],
    [400, 'webhook-refused for good'],
    [401, 'webhook-refused for good'],
    [410, 'webhook-refused for good'],
    [408, 'webhook-unavailable'],
    [429, 'webhook-unavailable'],
    [500, 'webhook-unavailable'],
    [503, 'webhook-unavailable'],
    ['drop', 'channel-lost'],
  ];
  for (const [answer, expected] of answers) {
    test(`that answers ${JSON.stringify(answer)}: ${expected}`, async () => {
      await using sink = await openHttpSink();
      sink.answer = () => answer;
      const sent = await webhook(`http://127.0.0.1:${sink.port}/`).send(alertMessageOf(), never);
      assert.equal(brief(sent), expected);
      assert.equal(sink.requests.length, 1, 'a redirect is not followed');
    });
  }

  test('with an endless answer is abandoned', async () => {
    await using sink = await openHttpSink();
    sink.answer = () => 'endless';
    const sent = await webhook(`http://127.0.0.1:${sink.port}/`).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'delivered');
    await until('the box to hang up', () => sink.endlessAnswers() === 0);
  });

  test('with too many headers in its answer fails', async () => {
    await using sink = await openHttpSink();
    sink.answer = () => ({ status: 200, location: 'x'.repeat(100_000) });
    const sent = await webhook(`http://127.0.0.1:${sink.port}/`).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'channel-protocol');
  });

  test('that never answers is given up after a time limit', async () => {
    await using sink = await openHttpSink();
    const clock = new VirtualClock(alertAtMs);
    sink.answer = () => {
      queueMicrotask(() => clock.advanceBy(15_000));
      return 'hang';
    };
    const sent = await webhook(`http://127.0.0.1:${sink.port}/`, {}, clock).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'channel-silent');
  });

  test('that accepts the connection and stays silent is given up when the box stops', async () => {
    await using sink = await openSilentSink();
    const stop = new AbortController();
    const sending = webhook(`http://127.0.0.1:${sink.port}/`).send(alertMessageOf(), stop.signal);
    await sink.seen;
    stop.abort(operational('shutting-down', 'the box is shutting down'));
    assert.equal(brief(await sending), 'shutting-down');
  });

  test('fails where nothing listens and where the name does not exist', async () => {
    let port = 0;
    {
      await using sink = await openHttpSink();
      port = sink.port;
    }
    assert.equal(
      brief(await webhook(`http://127.0.0.1:${port}/`).send(alertMessageOf(), never)),
      'channel-refused',
    );
    const unknown = await webhook('https://nobody.invalid/').send(alertMessageOf(), never);
    assert.equal(brief(unknown), 'channel-name-unknown');
  });

  test('that does not speak HTTP fails', async () => {
    await using sink = await openSmtpSink();
    const sent = await webhook(`http://127.0.0.1:${sink.port}/`).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'channel-protocol');
  });

  test('reports a problem with its secret without repeating the secret', async () => {
    await using sink = await openHttpSink();
    secrets.write('short', 'fifteen bytes..\n');
    const url = `http://127.0.0.1:${sink.port}/`;
    const short = await webhook(url, { secret: 'short' }).send(alertMessageOf(), never);
    assert.equal(brief(short), 'webhook-secret-short');
    assert.doesNotMatch(JSON.stringify(short), /fifteen/);
    const missing = await webhook(url, { secret: 'missing' }).send(alertMessageOf(), never);
    assert.equal(brief(missing), 'credential-missing');
    assert.equal(sink.requests.length, 0);
  });

  test('errors never repeat the path of the address, because it may be a secret', async () => {
    await using sink = await openHttpSink();
    sink.answer = () => 403;
    const sent = await webhook(`http://127.0.0.1:${sink.port}/T0K3N?key=K3Y`).send(alertMessageOf(), never);
    assert.ok(sent.outcome === 'failed');
    const { message, remedy, details } = sent.error;
    assert.doesNotMatch(JSON.stringify({ message, remedy, details }), /T0K3N|K3Y/);
  });

  test('is quoted with its reason for a refusal, without the path that it repeats', async () => {
    await using sink = await openHttpSink();
    sink.answer = ({ path }) => ({ status: 404, json: { error: `no hook at ${path}` } });
    const sent = await webhook(`http://127.0.0.1:${sink.port}/T0K3N?key=K3Y`).send(alertMessageOf(), never);
    assert.match(
      sent.outcome === 'failed' ? sent.error.message : '',
      /answered with HTTP status 404: \{"error":"no hook at …"\}$/,
    );
  });
});

describe('a webhook with TLS', { skip: withoutOpenssl }, () => {
  const authority = makeAuthority('alerts-ca');
  after(() => authority[Symbol.dispose]());
  const caFile = secrets.file('ca.pem', authority.certificate);
  const issue = (changes = {}) =>
    authority.issue({ commonName: 'ops', hosts: ['DNS:localhost', 'IP:127.0.0.1'], ...changes });

  test('with a certificate of the configured authority is trusted, by name and by address', async () => {
    await using sink = await openHttpSink(issue());
    for (const host of ['127.0.0.1', 'localhost']) {
      const sent = await webhook(`https://${host}:${sink.port}/`, { caFile }).send(alertMessageOf(), never);
      assert.equal(brief(sent), 'delivered');
    }
  });

  test('is refused with a certificate that is for another host, expired, or of an unknown authority', async () => {
    const cases = [
      [issue({ hosts: ['DNS:other.example'] }), { caFile }, 'channel-tls-wrong-host'],
      [issue({ fromDay: -10, untilDay: -1 }), { caFile }, 'channel-tls-expired'],
      [issue(), {}, 'channel-tls-untrusted'],
    ] as const;
    for (const [certificate, changes, expected] of cases) {
      await using sink = await openHttpSink(certificate);
      const sent = await webhook(`https://127.0.0.1:${sink.port}/`, changes).send(alertMessageOf(), never);
      assert.equal(brief(sent), expected);
      assert.equal(sink.requests.length, 0);
    }
  });

  test('is not used without TLS where TLS is configured', async () => {
    await using sink = await openHttpSink();
    const sent = await webhook(`https://127.0.0.1:${sink.port}/`, { caFile }).send(alertMessageOf(), never);
    assert.equal(brief(sent), 'channel-speaks-no-tls');
    assert.equal(sink.requests.length, 0);
  });

  test('reports a problem with its authority file', async () => {
    const broken = secrets.file('no-ca.pem', 'nothing');
    for (const [path, code] of [
      [broken, 'ca-form'],
      ['/nowhere/ca.pem', 'ca-unreadable'],
    ] as const) {
      const sent = await webhook('https://127.0.0.1:9/', { caFile: path }).send(alertMessageOf(), never);
      assert.equal(brief(sent), code);
    }
  });
});
