import assert from 'node:assert/strict';
import type { ReplyNotice } from '../../daemon/kernel/events/notice.js';
import { assertNoGap, type EventSubscriber } from '../../test/support/event-subscriber.js';
import { assortedFacts, attendanceFact, unknownFact } from '../../test/support/facts.js';
import { unsignedSigner } from '../../test/support/published-box.js';
import { openTcpGate, type TcpGate } from '../../test/support/tcp-gate.js';
import { until } from '../../test/support/until.js';
import type { Cell } from './cell.js';
import { complaints } from './connection-cells.js';
import type { FieldBroker } from './field-broker.js';
import { accessOf, startBox, subscribeAsCentre, withRecords } from './site.js';

/** Larger than the strict broker takes, and than every other message here. */
const longReply: ReplyNotice = {
  kind: 'reply',
  commandId: 'f6e6927f-1027-4d39-be35-51dd28540ba7',
  command: 'list-persons',
  outcome: 'done',
  result: { sealed: 'A'.repeat(40_000) },
  occurredAtMs: 0,
};

/** The limit of the strict broker, bytes. */
export const strictLimit = 20_000;

/** A subscriber whom the broker keeps messages for while it is away. */
const lasting = { clean: false, clientId: 'centre' } as const;

/** Kills the broker and starts it again. The box, which connects through the gate, comes back once the centre listens again. */
async function restart({
  broker,
  gate,
  centre,
}: {
  readonly broker: FieldBroker;
  readonly gate: TcpGate;
  readonly centre: EventSubscriber;
}): Promise<void> {
  gate.close();
  await broker.kill();
  const again = centre.resubscribed();
  await broker.start();
  await again;
  await gate.open();
}

export const deliveryCells: readonly Cell[] = [
  {
    name: 'order',
    on: 'example',
    async run({ broker, certificates }) {
      await using centre = await subscribeAsCentre(broker.port, certificates);
      await withRecords(async (records) => {
        await using _box = startBox(broker.port, certificates, { records });
        for (const fact of assortedFacts(300)) records.record(fact);
        await centre.until(() => centre.eventIds.length === 300);
        await until('an empty outbox', () => records.outbox.depth() === 0);
      });
      assertNoGap(centre);
      assert.equal(centre.repeatCount, 0);
      return undefined;
    },
  },
  {
    name: 'cut connections',
    on: 'example',
    async run({ broker, certificates }) {
      await using gate = await openTcpGate(broker.port);
      await using centre = await subscribeAsCentre(broker.port, certificates);
      await withRecords(async (records) => {
        for (const fact of assortedFacts(300)) records.record(fact);
        await using _box = startBox(gate.port, certificates, { records });
        for (const arrived of [50, 150, 250]) {
          await centre.until(() => centre.eventIds.length >= arrived);
          gate.cut();
        }
        await centre.until(() => centre.eventIds.length === 300);
      });
      assertNoGap(centre);
      return undefined;
    },
  },
  {
    name: 'kill -9 under load',
    on: 'example',
    async run({ broker, certificates }) {
      await using gate = await openTcpGate(broker.port);
      await using centre = await subscribeAsCentre(broker.port, certificates);
      await withRecords(async (records) => {
        for (const fact of assortedFacts(600)) records.record(fact);
        // As with `mqtt.acknowledgement: centre`: what the broker had taken and not passed on is sent again.
        const forCentre = { ...records, outbox: { ...records.outbox, ...records.outbox.forCentre } };
        await using _box = startBox(gate.port, certificates, { records: forCentre });
        await centre.until(() => centre.eventIds.length >= 50);
        await restart({ broker, gate, centre });
        await centre.until(() => centre.eventIds.length === 600);
      });
      assertNoGap(centre);
      return undefined;
    },
  },
  {
    name: 'kill -9 while the centre is away',
    on: 'example',
    async run({ broker, certificates }) {
      {
        await using _centre = await subscribeAsCentre(broker.port, certificates, lasting);
      }
      await withRecords(async (records) => {
        await using _box = startBox(broker.port, certificates, { records });
        for (const fact of assortedFacts(30)) records.record(fact);
        await until('an empty outbox', () => records.outbox.depth() === 0);
      });
      await broker.kill();
      await broker.start();
      await using centre = await subscribeAsCentre(broker.port, certificates, lasting);
      return await withRecords(async (records) => {
        await using _box = startBox(broker.port, certificates, { records });
        const last = records.record(attendanceFact());
        await centre.until(() => centre.eventIds.includes(last.id));
        if (centre.eventIds.length === 31) return undefined;
        assert.equal(centre.eventIds.length, 1);
        return 'forgets what it had acknowledged';
      });
    },
  },
  {
    name: 'refused topic',
    on: 'strict',
    async run({ broker, certificates }) {
      await using centre = await subscribeAsCentre(broker.port, certificates);
      return await withRecords(async (records) => {
        const timings = { heldRetryMs: 600_000 };
        await using box = startBox(broker.port, certificates, { records, timings });
        for (const fact of [attendanceFact(), unknownFact(), attendanceFact(), attendanceFact()])
          records.record(fact);
        await centre.until(() => centre.eventIds.length === 3);
        assert.deepEqual([...centre.sequences], [1, 3, 4]);
        const isHeld = () => box.status().heldBack.some(({ kind }) => kind === 'unknown');
        await until('an answer to the refused event', () => isHeld() || records.outbox.depth() === 0);
        return isHeld() ? undefined : 'acknowledges what its rules refuse';
      });
    },
  },
  {
    name: 'large event',
    on: 'strict',
    async run({ broker, certificates }) {
      await using centre = await subscribeAsCentre(broker.port, certificates);
      return await withRecords(async (records) => {
        const timings = { heldRetryMs: 600_000 };
        await using box = startBox(broker.port, certificates, { records, timings });
        for (const fact of [attendanceFact(), longReply, attendanceFact(), attendanceFact()])
          records.record(fact);
        await centre.until(() => centre.eventIds.length >= 3);
        const isHeld = () => box.status().heldBack.some(({ sequence }) => sequence === 2);
        await until('an answer to the large event', () => isHeld() || records.outbox.depth() === 0);
        if (isHeld()) return undefined;
        const isThere = centre.messages.some(({ topic }) => topic.includes('/reply/'));
        return isThere ? 'takes messages over its limit' : 'acknowledges and drops messages over its limit';
      });
    },
  },
  {
    name: 'no room',
    on: 'example',
    async run({ broker, certificates }) {
      await using gate = await openTcpGate(broker.port);
      await using centre = await subscribeAsCentre(broker.port, certificates, lasting);
      return await withRecords(async (records) => {
        const timings = { ackTimeoutMs: 5000, connectTimeoutMs: 5000, heldRetryMs: 5000 };
        let attempts = 0;
        const signer = () => {
          attempts += 1;
          return unsignedSigner;
        };
        await using box = startBox(gate.port, certificates, { records, timings, signer });
        records.record(attendanceFact());
        await centre.until(() => centre.eventIds.length === 1);
        await broker.storage.exhaust();
        for (const fact of assortedFacts(60)) records.record(fact);
        const hasNoticed = () => box.status().problem !== undefined;
        await until('an answer of the broker', () => hasNoticed() || records.outbox.depth() === 0);
        const noticed = box.status().problem?.code;
        // A disk is full for longer than one connection.
        const full = attempts;
        await until('further attempts', () => attempts >= full + 3 || records.outbox.depth() === 0);
        const checked =
          noticed && (await complaints(accessOf(broker.port, certificates, certificates.box), 5000)).at(-1);
        await broker.storage.relieve();
        const complaintCount = broker.complaintCount();
        const isStuck = () => broker.complaintCount() >= complaintCount + 2;
        await until('each event, or complaints', () => centre.eventIds.length === 61 || isStuck());
        const needsRestart = centre.eventIds.length < 61;
        // It does not end by itself in that state, so systemd kills it as well.
        if (needsRestart) await restart({ broker, gate, centre });
        await centre.until(() => centre.eventIds.length === 61);
        assertNoGap(centre);
        if (noticed === undefined) return 'acknowledges without room';
        for (const code of [noticed, checked])
          assert.match(
            code ?? 'no complaint',
            /^broker-(silent|closed-early|connection-lost|publish-refused|subscribe-refused)$/,
          );
        return needsRestart ? 'needs a restart' : undefined;
      });
    },
  },
];
