import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { CertificateFacts } from '../../daemon/core/delivery/broker/certificate-facts.js';
import {
  CertificateWatch,
  certificateStatus,
  checkEveryMs,
} from '../../daemon/core/delivery/broker/certificate-watch.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryLog } from '../support/published-box.js';

const dayMs = 86_400_000;

const facts = (notBeforeMs: number, notAfterMs: number, fingerprint = 'AA'): CertificateFacts => ({
  fingerprint,
  subject: 'CN=broker',
  names: 'DNS:broker.example',
  issuer: 'CN=Authority',
  notBeforeMs,
  notAfterMs,
});

describe('certificateStatus', () => {
  for (const { begins, ends, state, daysLeft } of [
    { begins: -1, ends: 90, state: 'in force', daysLeft: 90 },
    { begins: -1, ends: 30, state: 'in force', daysLeft: 30 },
    { begins: -1, ends: 29.9, state: 'expires soon', daysLeft: 29 },
    { begins: -1, ends: 0.5, state: 'expires soon', daysLeft: 0 },
    { begins: -9, ends: 0, state: 'expired', daysLeft: 0 },
    { begins: -9, ends: -0.5, state: 'expired', daysLeft: -1 },
    { begins: 1, ends: 9, state: 'not yet valid', daysLeft: 9 },
  ] as const) {
    test(`from day ${begins} to day ${ends}: ${state}`, () => {
      const nowMs = 20_000 * dayMs;
      const status = certificateStatus('broker', facts(nowMs + begins * dayMs, nowMs + ends * dayMs), nowMs);
      assert.deepEqual([status.state, status.daysLeft], [state, daysLeft]);
    });
  }
});

describe('CertificateWatch', () => {
  test('logs once a day that a certificate expires, louder when it has expired, and nothing about a renewed one', async () => {
    const clock = new VirtualClock();
    const { logger, lines } = memoryLog();
    await using watch = new CertificateWatch(clock, logger);
    watch.start({});
    const startMs = clock.wallMs();
    const ending = facts(startMs - dayMs, startMs + 2.5 * dayMs);
    // Every connection reports the certificate again.
    for (let hour = 0; hour < 4 * 24; hour += 1) {
      watch.sawBroker(ending);
      clock.advanceBy(3_600_000);
    }
    assert.deepEqual(
      lines.map(({ level, daysLeft, state }) => [level, daysLeft, state]),
      [
        ['warn', 2, 'expires soon'],
        ['warn', 1, 'expires soon'],
        ['warn', 0, 'expires soon'],
        ['error', -1, 'expired'],
        ['error', -2, 'expired'],
      ].slice(0, lines.length),
    );
    assert.ok(lines.length >= 4);
    const count = lines.length;
    watch.sawBroker(facts(startMs, startMs + 400 * dayMs, 'BB'));
    clock.advanceBy(3 * dayMs);
    assert.equal(lines.length, count);
    assert.equal(watch.status()[0]?.state, 'in force');
  });

  test('checks by itself, without a connection', async () => {
    const clock = new VirtualClock();
    const { logger, lines } = memoryLog();
    await using watch = new CertificateWatch(clock, logger);
    watch.start({});
    watch.sawBroker(facts(clock.wallMs(), clock.wallMs() + 31 * dayMs));
    assert.equal(lines.length, 0);
    clock.advanceBy(checkEveryMs);
    assert.equal(lines.length, 0, 'it has thirty days yet');
    for (let hour = 0; hour < 24; hour += 1) {
      await setImmediate();
      clock.advanceBy(checkEveryMs);
    }
    assert.equal(lines.length, 1);
  });
});
