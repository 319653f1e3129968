import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Drain } from '../../daemon/core/delivery/drain.js';
import { Sender } from '../../daemon/core/delivery/sender.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import type { OutboxRow } from '../../daemon/core/records/outbox/outbox.js';
import { operational } from '../../daemon/kernel/errors.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { box } from '../support/published-box.js';

const rowOf = (sequence: number, kind: EventKind, changes: Partial<OutboxRow> = {}): OutboxRow => ({
  ...{ sequence, kind, ageMs: 0, isAgain: false, commandId: null },
  payload: new TextEncoder().encode(`{"sequence":${sequence}}`),
  ...changes,
});

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('events that are put back are sent before newer ones, and none twice', async () => {
  const rows = new Map<number, OutboxRow>();
  for (let sequence = 10; sequence <= 20; sequence += 1) rows.set(sequence, rowOf(sequence, 'attendance'));
  const sent: { readonly sequence: number; readonly acknowledge: () => void }[] = [];
  const clock = new VirtualClock();
  const drain = new Drain({
    outbox: {
      begin: () => undefined,
      pending: (after, limit) =>
        [...rows.values()]
          .filter(({ sequence }) => sequence > after)
          .sort((a, b) => a.sequence - b.sequence)
          .slice(0, limit),
      acknowledge: (sequences) => {
        for (const sequence of sequences) rows.delete(sequence);
      },
      depth: () => rows.size,
      newestSequence: () => 20,
    },
    publish: ({ sequence }) => new Promise((resolve) => sent.push({ sequence, acknowledge: resolve })),
    window: 4,
    ackTimeoutMs: 1000,
    heldRetryMs: 1000,
    clock,
    logger: silentLogger,
    onAcknowledged: () => undefined,
  });
  drain.pump();
  assert.deepEqual(drain.onTheWay, [10, 11, 12, 13]);
  for (const sequence of [3, 4]) rows.set(sequence, rowOf(sequence, 'attendance', { isAgain: true }));
  drain.rewind(3);
  for (let index = 0; rows.size > 0; index += 1) {
    sent[index]?.acknowledge();
    await settle();
    clock.advanceBy(0);
  }
  assert.deepEqual(
    sent.map(({ sequence }) => sequence),
    [10, 11, 12, 13, 3, 4, 14, 15, 16, 17, 18, 19, 20],
  );
});

describe('Sender', () => {
  const senderOf = (publish: (bytes: string) => Promise<void>, sign: (json: string) => Promise<string>) =>
    new Sender({
      connection: { publish: (_topic, payload) => publish(new TextDecoder().decode(payload)) },
      topics: topicsOf('rollcall', box),
      signer: { sign },
    });

  test('sends in the order of the calls, however long signing takes', async () => {
    const sent: string[] = [];
    const waiting: (() => void)[] = [];
    const sender = senderOf(
      async (bytes) => void sent.push(bytes),
      (json) => new Promise((resolve) => waiting.push(() => resolve(json))),
    );
    const all = [1, 2, 3].map((sequence) => sender.send(rowOf(sequence, 'attendance')));
    for (const sign of [...waiting].reverse()) {
      sign();
      await settle();
    }
    await Promise.all(all);
    assert.deepEqual(sent, ['{"sequence":1}', '{"sequence":2}', '{"sequence":3}']);
  });

  test('sends the next event although one cannot be signed', async () => {
    const sent: string[] = [];
    const sender = senderOf(
      async (bytes) => void sent.push(bytes),
      async (json) => {
        if (json.includes('1')) throw operational('no-key', 'no');
        return json;
      },
    );
    const first = sender.send(rowOf(1, 'attendance'));
    const second = sender.send(rowOf(2, 'attendance'));
    await assert.rejects(first, { code: 'no-key' });
    await second;
    assert.deepEqual(sent, ['{"sequence":2}']);
  });

  test('marks an event as historical that is over a minute old, of unknown age, or requested again', async () => {
    const sent: string[] = [];
    const sender = senderOf(
      async (bytes) => void sent.push(bytes),
      async (json) => json,
    );
    const rows = [
      { ageMs: 60_000 },
      { ageMs: 60_001 },
      { ageMs: Number.POSITIVE_INFINITY },
      { ageMs: -5 },
      { isAgain: true },
    ];
    for (const changes of rows) await sender.send(rowOf(1, 'attendance', changes));
    assert.deepEqual(
      sent.map((text) => text.includes('"historical":true')),
      [false, true, true, false, true],
    );
  });
});
