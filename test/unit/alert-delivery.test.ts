import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  AlertDeliverer,
  checkMs,
  giveUpAfterMs,
  nextResult,
  retryPolicy,
} from '../../daemon/core/alerts/alert-deliverer.js';
import type {
  AlertDeliveries,
  DeliveryResult,
  DueDelivery,
} from '../../daemon/core/alerts/alert-deliveries.js';
import type { AlertChannel, SendOutcome } from '../../daemon/core/alerts/channel.js';
import { failedForNow, refusedForGood } from '../../daemon/core/alerts/channel-errors.js';
import { operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { alertAtMs, alertMessageOf } from '../support/alert-messages.js';
import { CountedTimers } from '../support/counted-timers.js';

const trouble = operational('channel-refused', 'nothing listens', { remedy: 'Look.' });
const delivered: SendOutcome = { outcome: 'delivered', note: null };

describe('the result of an attempt', () => {
  const message = alertMessageOf();
  const result = (attempts: number, sent: SendOutcome, afterMs = 0): DeliveryResult =>
    nextResult({ attempts, message }, sent, { nowMs: alertAtMs + afterMs, random: seededRandom(attempts) });

  test('waits at random, longer each time, up to the longest wait', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (attempts) => {
        const next = result(attempts, failedForNow(trouble));
        assert.ok(next.state === 'pending');
        const waitMs = next.nextAtMs - next.atMs;
        assert.ok(waitMs >= 0 && waitMs <= Math.min(retryPolicy.capMs, retryPolicy.baseMs * 2 ** attempts));
      }),
    );
  });

  test('ends after a permanent refusal, and after a day', () => {
    assert.equal(result(0, refusedForGood(trouble)).state, 'failed');
    assert.equal(result(0, failedForNow(trouble), giveUpAfterMs - 1).state, 'pending');
    const late = result(50, failedForNow(trouble), giveUpAfterMs);
    assert.ok(late.state === 'failed');
    assert.equal(late.failure.reason, 'given up after 24 hours: nothing listens. Look.');
  });

  test('counts a late delivery as delivered', () => {
    assert.equal(result(50, delivered, 2 * giveUpAfterMs).state, 'delivered');
  });
});

/** Deliveries in memory, with a disk that can be full. */
class MemoryDeliveries implements Pick<AlertDeliveries, 'due' | 'settle' | 'prune'> {
  isFull = false;
  readonly results: (readonly [number, DeliveryResult['state']])[] = [];
  readonly #waiting: DueDelivery[];

  constructor(...channels: readonly string[]) {
    this.#waiting = channels.map((channelId, index) => ({
      ...{ number: index + 1, channelId, attempts: 0 },
      message: alertMessageOf(),
    }));
  }

  due(_nowMs: number, _longestWaitMs: number, busy: readonly string[]): DueDelivery | undefined {
    return this.#waiting.find(({ channelId }) => !busy.includes(channelId));
  }

  settle(number: number, { state }: DeliveryResult): void {
    if (this.isFull) throw operational('disk-full', 'the disk is full');
    this.results.push([number, state]);
    const index = this.#waiting.findIndex((each) => each.number === number);
    if (index >= 0) this.#waiting.splice(index, 1);
  }

  prune(): number {
    return 0;
  }
}

function deliver(deliveries: MemoryDeliveries, send: AlertChannel['send']) {
  const clock = new CountedTimers(alertAtMs);
  const all = deliveries as Partial<AlertDeliveries> as AlertDeliveries;
  const channel = (id: string): AlertChannel => ({ id, kind: 'webhook', send });
  const options = { deliveries: all, channel, clock, random: seededRandom(1), logger: silentLogger };
  return { clock, deliverer: new AlertDeliverer(options).start() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the deliverer', () => {
  test('does not send an alert again that was delivered while its result could not be written', async () => {
    const deliveries = new MemoryDeliveries('ops');
    deliveries.isFull = true;
    let sent = 0;
    const { clock, deliverer } = deliver(deliveries, async () => {
      sent += 1;
      return delivered;
    });
    for (const _look of [1, 2, 3]) {
      await turn();
      clock.advanceBy(checkMs);
    }
    assert.equal(sent, 1);
    deliveries.isFull = false;
    clock.advanceBy(checkMs);
    assert.deepEqual(deliveries.results, [[1, 'delivered']]);
    await deliverer[Symbol.asyncDispose]();
  });

  test('sends to four channels at a time, and to each channel one alert after the other', async () => {
    const channels = ['a', 'b', 'c', 'd', 'e'];
    const deliveries = new MemoryDeliveries(...channels, ...channels);
    const open: (() => void)[] = [];
    let most = 0;
    const { deliverer } = deliver(deliveries, async () => {
      await new Promise<void>((resolve) => {
        open.push(resolve);
        most = Math.max(most, open.length);
      });
      return delivered;
    });
    while (deliveries.results.length < 10) {
      open.shift()?.();
      await turn();
    }
    assert.equal(most, 4);
    const order = deliveries.results.map(([number]) => number);
    for (const first of [1, 2, 3, 4, 5]) assert.ok(order.indexOf(first) < order.indexOf(first + 5));
    await deliverer[Symbol.asyncDispose]();
  });

  test('continues after a defect in a channel, and tries again', async () => {
    const deliveries = new MemoryDeliveries('broken', 'ops');
    const { deliverer } = deliver(deliveries, async () => {
      throw new TypeError('a mistake');
    });
    await turn();
    await turn();
    assert.deepEqual(deliveries.results.slice(0, 2), [
      [1, 'pending'],
      [2, 'pending'],
    ]);
    await deliverer[Symbol.asyncDispose]();
  });

  test('does not change alerts that are being sent when the box stops', async () => {
    const deliveries = new MemoryDeliveries('ops');
    const { clock, deliverer } = deliver(
      deliveries,
      (_message, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => resolve(failedForNow(trouble)), { once: true }),
        ),
    );
    await turn();
    await deliverer[Symbol.asyncDispose]();
    assert.deepEqual(deliveries.results, []);
    assert.equal(clock.timers, 0, 'and never looks for alerts again');
  });
});
