import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AlertBox } from '../support/alert-box.js';
import { alerting, hook, posted, rule } from '../support/alert-hook.js';
import { openHttpSink, openSilentSink } from '../support/alert-sinks.js';

const minuteMs = 60_000;

describe('a delivery', () => {
  test('is tried again with the same content after a failure', async () => {
    await using web = await openHttpSink();
    web.answer = (_request, index) => (index < 2 ? 500 : 200);
    await using box = new AlertBox(alerting(web, rule('unknown')));
    box.unknown();
    await box.until('the first try', () => web.requests.length === 1);
    await box.until('its trace', () => box.newest(1)[0]?.deliveries[0]?.attempts === 1);
    const [first] = box.newest(1, 'pending');
    assert.equal(first?.deliveries[0]?.code, 'webhook-unavailable');
    assert.match(first?.deliveries[0]?.reason ?? '', /HTTP status 500/);
    await box.until('delivery', () => box.states()[0] === 'delivered');
    assert.equal(web.requests.length, 3);
    assert.equal(new Set(web.requests.map(({ body }) => body)).size, 1);
    assert.equal(new Set(web.requests.map(({ headers }) => headers['idempotency-key'])).size, 1);
  });

  test('fails immediately after a permanent refusal', async () => {
    await using web = await openHttpSink();
    web.answer = () => 401;
    await using box = new AlertBox(alerting(web, rule('unknown')));
    box.unknown();
    await box.until('the end', () => box.states()[0] === 'failed');
    await box.pass(30 * minuteMs);
    assert.equal(web.requests.length, 1);
    assert.deepEqual(box.alerts.summary, { rules: 1, pending: 0, failed: 1 });
  });

  test('is given up after a day', async () => {
    let port = 0;
    {
      await using closed = await openHttpSink();
      port = closed.port;
    }
    await using box = new AlertBox(`{ webhooks: [${hook({ port })}], rules: [${rule('unknown')}] }`);
    box.unknown();
    await box.until('the first try', () => box.newest(1)[0]?.deliveries[0]?.attempts === 1);
    box.clock.advanceBy(23 * 60 * minuteMs);
    await box.until('another try', () => (box.newest(1)[0]?.deliveries[0]?.attempts ?? 0) >= 2);
    assert.equal(box.states()[0], 'pending');
    box.clock.advanceBy(60 * minuteMs);
    await box.until('the end', () => box.states()[0] === 'failed');
    assert.match(
      box.newest(1)[0]?.deliveries[0]?.reason ?? '',
      /^given up after 24 hours: .*nothing listens/,
    );
  });

  test('to a hanging channel does not delay the other channels', async () => {
    await using silent = await openSilentSink();
    await using web = await openHttpSink();
    await using box = new AlertBox(`{
      webhooks: [${hook(silent, 'slow')}, ${hook(web)}],
      rules: [{ id: r, on: unknown, cooldownMinutes: 0, channels: [slow, ops] }] }`);
    for (const _person of [1, 2, 3]) box.unknown();
    await box.delivered(3);
    await silent.seen;
    assert.equal(box.states().filter((state) => state === 'pending').length, 3);
  });

  test('to a channel that was removed from the configuration fails', async () => {
    await using web = await openHttpSink();
    web.answer = () => 500;
    await using box = new AlertBox(alerting(web, rule('unknown')));
    box.unknown();
    await box.until('the first try', () => box.newest(1)[0]?.deliveries[0]?.attempts === 1);
    box.configure('{}');
    await box.until('the end', () => box.states()[0] === 'failed');
    assert.equal(box.newest(1)[0]?.deliveries[0]?.code, 'channel-removed');
  });

  test('is forgotten after 90 days', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web, rule('unknown')));
    box.unknown();
    await box.until('delivery', () => box.states()[0] === 'delivered');
    for (const [days, left] of [
      [89, 1],
      [2, 0],
    ] as const) {
      await box.stop();
      box.clock.advanceBy(days * 24 * 60 * minuteMs);
      box.start();
      await box.pass(6_000);
      assert.equal(box.newest(10).length, left);
    }
  });
});

describe('the test of a channel', () => {
  const ann = { actor: 'user:ann', origin: 'https 192.0.2.7' };

  test('is sent immediately, without rules and history', async () => {
    await using web = await openHttpSink();
    await using box = new AlertBox(alerting(web));
    assert.deepEqual(await box.alerts.test(ann), [{ channel: 'ops', kind: 'webhook', outcome: 'delivered' }]);
    assert.equal(posted(web)[0]?.phase, 'test');
    assert.deepEqual(box.newest(10), []);
    assert.deepEqual(box.audited, [{ by: ann, action: 'alert.tested', details: { channels: 1 } }]);
  });

  test('reports the problem', async () => {
    await using web = await openHttpSink();
    web.answer = () => 403;
    await using box = new AlertBox(alerting(web));
    const [test] = await box.alerts.test(ann, 'ops');
    assert.ok(test?.outcome === 'failed');
    assert.equal(test.code, 'webhook-refused');
    assert.match(test.message, /^webhook ops \(127\.0\.0\.1:\d+\): it answered with HTTP status 403$/);
    await assert.rejects(box.alerts.test(ann, 'opps'), { code: 'no-such-channel' });
    box.configure('{}');
    await assert.rejects(box.alerts.test(ann), { code: 'no-alert-channels' });
    // One that failed has an entry, and none that was refused.
    assert.deepEqual(
      box.audited.map(({ action, subject }) => [action, subject]),
      [['alert.tested', 'ops']],
    );
  });
});
