import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeOutbox } from '../../daemon/contract/events.js';
import type { Publisher } from '../../daemon/core/delivery/publisher.js';
import type { ReplyNotice } from '../../daemon/kernel/events/notice.js';
import { startAedes } from '../support/aedes-broker.js';
import { withEventApi } from '../support/event-api.js';
import { attendanceFact, unknownFact } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { startTestPublisher } from '../support/published-box.js';
import { until } from '../support/until.js';

/** A reply of 6 kB. */
const longReply: ReplyNotice = {
  ...{ kind: 'reply', occurredAtMs: Date.now(), commandId: '0195550e-8c00-7a31-9d6e-2f6f0c7b1a45' },
  ...{ command: 'gallery-digest', outcome: 'done', message: 'x'.repeat(6000) },
};

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('events that the broker does not accept', () => {
  test('are listed: the refused kind and the event that is too large, with time, reason and remedy', {
    skip: withoutMosquitto,
  }, async () => {
    const acl = [
      'topic write rollcall/site/box/state',
      'topic write rollcall/site/box/event/unknown',
      'topic write rollcall/site/box/reply/#',
    ];
    await using broker = await startMosquitto({ acl, lines: ['max_packet_size 4000'] });
    let publisher: Publisher | undefined;
    await withEventApi(
      async ({ records, events }) => {
        for (const event of [unknownFact(), attendanceFact(), attendanceFact(), longReply])
          records.record(event);
        await using running = startTestPublisher({ url: broker.url, records });
        publisher = running;
        await until('both to be held back', () => events.heldBack().length === 2);
        const { heldBack } = events.outbox();
        assert.deepEqual(
          heldBack.map(({ cause, kind, sequence }) => [cause, kind, sequence]),
          [
            ['topic-refused', 'attendance', 2],
            ['too-large', 'reply', 4],
          ],
        );
        const [kind, event] = heldBack;
        for (const each of heldBack) assert.match(each.since, isoTime);
        assert.match(kind?.until ?? '', isoTime);
        assert.equal(event?.until, undefined, 'the next connection may have another limit');
        assert.match(event?.remedy ?? '', /max_packet_size/);
        const text = describeOutbox(events.outbox(), { show: (iso) => iso });
        assert.match(
          text,
          /HELD BACK: events of the kind attendance, from 2 on; other events are sent: the broker refuses/,
        );
        assert.match(
          text,
          /HELD BACK: event 4 \(reply\); other events are sent: .*next attempt at the next connection/,
        );
        assert.match(text, /what to do: Allow this box/);
        records.outbox.acknowledge([2, 3]);
        assert.deepEqual(
          events.heldBack().map(({ kind }) => kind),
          ['reply'],
          'none of the refused kind is left',
        );
      },
      { publisher: () => publisher },
    );
  });

  test('are listed for a broker of MQTT 3.1.1 that hangs up, until the event leaves the outbox', async () => {
    await using broker = await startAedes({ largestBytes: 4000 });
    let publisher: Publisher | undefined;
    await withEventApi(
      async ({ records, events }) => {
        records.record(longReply);
        const timings = { retry: { baseMs: 20, capMs: 20, sustainedMs: 60_000 }, heldRetryMs: 3_600_000 };
        await using running = startTestPublisher({ url: broker.url, records, timings });
        publisher = running;
        await until('it to be held back', () => events.heldBack().length === 1);
        const [held] = events.heldBack();
        assert.deepEqual([held?.cause, held?.kind, held?.sequence], ['ends-connection', 'reply', 1]);
        assert.equal(Date.parse(held?.until ?? '') - Date.parse(held?.since ?? ''), 3_600_000);
        assert.ok((held?.sizeBytes ?? 0) > 6000);
        records.outbox.acknowledge([1]);
        assert.deepEqual(events.heldBack(), []);
      },
      { publisher: () => publisher },
    );
  });
});
