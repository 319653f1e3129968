import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Drain, type DrainOptions } from '../../daemon/core/delivery/drain.js';
import type { SendingOutbox } from '../../daemon/core/records/outbox/outbox.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryOutbox } from '../support/memory-outbox.js';

interface Sent {
  readonly kind: EventKind;
  readonly mark: number | undefined;
  readonly acknowledge: () => void;
  readonly refuse: (error: Error) => void;
}

function drainOf(outbox: SendingOutbox, changes: Partial<DrainOptions> = {}) {
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  let acknowledgedCount = 0;
  const drain = new Drain({
    outbox,
    publish: ({ kind, payload }) =>
      new Promise((resolve, reject) => {
        sent.push({ kind, mark: payload[0], acknowledge: resolve, refuse: reject });
      }),
    window: 4,
    ackTimeoutMs: 1000,
    heldRetryMs: 5000,
    clock,
    logger: silentLogger,
    onAcknowledged: () => {
      acknowledgedCount += 1;
    },
    ...changes,
  });
  return {
    drain,
    clock,
    sent,
    marks: () => sent.map(({ mark }) => mark),
    acknowledgedCount: () => acknowledgedCount,
  };
}

/** Lets settled promises run their continuations. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const refusal = (reasonCode: number) =>
  operational('broker-publish-refused', 'no', { details: { reasonCode } });

describe('Drain', () => {
  test('never has more in flight than the window, and keeps the order', async () => {
    const { outbox, left } = memoryOutbox(10);
    const { drain, clock, sent, marks } = drainOf(outbox);
    drain.pump();
    drain.pump();
    assert.deepEqual(marks(), [1, 2, 3, 4]);
    sent[0]?.acknowledge();
    await settle();
    assert.deepEqual(left().slice(0, 2), [1, 2], 'deleted together with others, a moment later');
    assert.deepEqual([...drain.onTheWay].sort(), [1, 2, 3, 4], 'until then it is on its way');
    clock.advanceBy(0);
    assert.deepEqual(left()[0], 2);
    assert.deepEqual(marks(), [1, 2, 3, 4, 5]);
  });

  test('in any order of acknowledgements and interruptions, all events arrive, first arrivals in order', async () => {
    const plan = fc.record({
      count: fc.integer({ min: 1, max: 30 }),
      window: fc.integer({ min: 1, max: 8 }),
      steps: fc.array(fc.record({ pick: fc.nat(), isBreak: fc.boolean(), isFlush: fc.boolean() }), {
        maxLength: 40,
      }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ count, window, steps }) => {
        const { outbox, left, add } = memoryOutbox(count);
        const arrived: (number | undefined)[] = [];
        const connect = () => {
          const open: Sent[] = [];
          const made = drainOf(outbox, {
            window,
            publish: ({ kind, payload }) =>
              new Promise((resolve, reject) => {
                arrived.push(payload[0]);
                open.push({ kind, mark: payload[0], acknowledge: resolve, refuse: reject });
              }),
          });
          made.drain.pump();
          return { ...made, open };
        };
        let connection = connect();
        for (const { pick, isBreak, isFlush } of steps) {
          if (isBreak) {
            connection.drain.end();
            add(1);
            connection = connect();
            continue;
          }
          // A broker acknowledges in the order of arrival, here several at a time.
          for (const { acknowledge } of connection.open.splice(0, 1 + (pick % window))) acknowledge();
          await settle();
          if (isFlush) connection.clock.advanceBy(0);
        }
        while (left().length > 0) {
          for (const { acknowledge } of connection.open.splice(0)) acknowledge();
          await settle();
          connection.clock.advanceBy(0);
        }
        const first = [...new Set(arrived)];
        assert.deepEqual(
          first,
          [...first].sort((a, b) => (a ?? 0) - (b ?? 0)),
          'in order',
        );
        assert.deepEqual(first.length, Math.max(...first.map((mark) => mark ?? 0)), 'none lost');
      }),
      { numRuns: 60 },
    );
  });

  test('a message after a long idle time gets its own time for the acknowledgement', async () => {
    const { outbox, add } = memoryOutbox(1);
    const { drain, clock, sent } = drainOf(outbox);
    let hasFailed = false;
    void drain.failed.then(() => {
      hasFailed = true;
    });
    drain.pump();
    sent[0]?.acknowledge();
    await settle();
    clock.advanceBy(990);
    add(1);
    drain.pump();
    clock.advanceBy(999);
    await settle();
    assert.equal(hasFailed, false, 'the broker was asked 999 ms ago');
    clock.advanceBy(1);
    await settle();
    assert.equal(hasFailed, true);
  });

  test('a broker that acknowledges nothing ends the drain, a slow one does not', async () => {
    const { outbox } = memoryOutbox(3);
    const { drain, clock, sent } = drainOf(outbox);
    let failure: unknown;
    void drain.failed.then((error) => {
      failure = error.code;
    });
    drain.pump();
    for (const { acknowledge } of sent.slice(0, 2)) {
      clock.advanceBy(900);
      acknowledge();
      await settle();
    }
    clock.advanceBy(999);
    await settle();
    assert.equal(failure, undefined);
    clock.advanceBy(1);
    await settle();
    assert.equal(failure, 'broker-silent');
  });

  test('an idle connection is not treated as a silent one', async () => {
    const { outbox, add } = memoryOutbox(1);
    const { drain, clock, sent } = drainOf(outbox);
    drain.pump();
    sent[0]?.acknowledge();
    await settle();
    clock.advanceBy(60_000);
    add(1);
    drain.pump();
    clock.advanceBy(999);
    sent[1]?.acknowledge();
    await settle();
    clock.advanceBy(1000);
    assert.equal(await Promise.race([drain.failed, settle()]), undefined);
  });

  test('a refused topic holds back its kind, which is tried again from the oldest event', async () => {
    const { outbox, left } = memoryOutbox(6, (sequence) => (sequence % 2 === 1 ? 'attendance' : 'unknown'));
    const { drain, clock, sent } = drainOf(outbox, { window: 2 });
    drain.pump();
    sent[0]?.refuse(refusal(0x87));
    await settle();
    assert.deepEqual(drain.heldKinds, ['attendance']);
    for (let index = 1; index < sent.length; index += 1) {
      sent[index]?.acknowledge();
      await settle();
      clock.advanceBy(0);
    }
    assert.deepEqual(left(), [1, 3, 5]);
    clock.advanceBy(5000);
    assert.deepEqual(
      sent.slice(-2).map(({ mark }) => mark),
      [1, 3],
    );
  });

  test('events that are put back while their kind is held back are sent with it', async () => {
    const { outbox } = memoryOutbox(3);
    const skipped = new Set([1]);
    const { drain, clock, sent, marks } = drainOf(outbox, { window: 1, skipped });
    drain.pump();
    sent[0]?.refuse(refusal(0x87));
    await settle();
    skipped.clear();
    drain.rewind(1);
    assert.deepEqual(marks(), [2], 'not while the kind is held back');
    clock.advanceBy(5000);
    assert.deepEqual(marks(), [2, 1]);
  });

  test('a refusal that another connection would meet as well does not end the drain', async () => {
    for (const reasonCode of [0x80, 0x83, 0x87, 0x90, 0x99]) {
      const { outbox } = memoryOutbox(2, (sequence) => (sequence === 1 ? 'unknown' : 'attendance'));
      const { drain, sent } = drainOf(outbox, { window: 1 });
      drain.pump();
      sent[0]?.refuse(refusal(reasonCode));
      await settle();
      assert.deepEqual(drain.heldKinds, ['unknown']);
      assert.equal(sent[1]?.kind, 'attendance', `others flow after reason ${reasonCode}`);
    }
  });

  test('an event that is too large stays, and the following ones are sent', async () => {
    const { outbox, left } = memoryOutbox(4);
    const told: unknown[] = [];
    const onTooLarge = (...about: unknown[]) => told.push(about.slice(0, 2));
    const { drain, clock, sent, marks } = drainOf(outbox, { window: 1, onTooLarge });
    drain.pump();
    sent[0]?.refuse(refusal(0x95));
    await settle();
    assert.deepEqual(told, [[1, 'attendance']]);
    for (const index of [1, 2, 3]) {
      sent[index]?.acknowledge();
      await settle();
      clock.advanceBy(0);
    }
    assert.deepEqual(marks(), [1, 2, 3, 4], 'not tried again over the same connection');
    assert.deepEqual(left(), [1]);
    assert.deepEqual(drain.heldKinds, [], 'other events of its kind flow');
    assert.equal(await Promise.race([drain.failed, settle()]), undefined);
  });

  test('a refusal that is not about the topic ends the drain', async () => {
    const { outbox, left } = memoryOutbox(1);
    const { drain, sent } = drainOf(outbox);
    drain.pump();
    sent[0]?.refuse(refusal(0x97));
    assert.equal((await drain.failed).code, 'broker-publish-refused');
    assert.deepEqual(left(), [1]);
  });

  test('an outbox that cannot be read or written ends the drain', async () => {
    const { outbox } = memoryOutbox(1);
    const broken = operational('disk-failed', 'no');
    const unreadable = drainOf({
      ...outbox,
      pending: () => {
        throw broken;
      },
    });
    unreadable.drain.pump();
    assert.equal(await unreadable.drain.failed, broken);

    const unwritable = drainOf({
      ...outbox,
      acknowledge: () => {
        throw broken;
      },
    });
    unwritable.drain.pump();
    unwritable.sent[0]?.acknowledge();
    await settle();
    unwritable.clock.advanceBy(0);
    assert.equal(await unwritable.drain.failed, broken);
  });

  test('after the end nothing is sent, and a late acknowledgement still counts', async () => {
    const { outbox, left } = memoryOutbox(9);
    const { drain, sent, marks } = drainOf(outbox);
    drain.pump();
    drain.end();
    const idle = drain.idle();
    for (const { acknowledge } of sent) acknowledge();
    await idle;
    assert.deepEqual(left(), [5, 6, 7, 8, 9]);
    assert.deepEqual(marks(), [1, 2, 3, 4]);
  });
});
