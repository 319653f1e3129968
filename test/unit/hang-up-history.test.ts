import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BrokerConnection } from '../../daemon/core/delivery/broker/broker-connection.js';
import { CarefulConnection } from '../../daemon/core/delivery/careful-connection.js';
import { Drain } from '../../daemon/core/delivery/drain.js';
import { type Ending, HangUpHistory, type SentMessage } from '../../daemon/core/delivery/hang-up-history.js';
import { refusalCodeOf } from '../../daemon/core/delivery/publish-errors.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { operational, type RollcallError } from '../../daemon/kernel/errors.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { memoryOutbox } from '../support/memory-outbox.js';
import { box } from '../support/published-box.js';

const topics = topicsOf('rollcall', box);
const minuteMs = 60_000;

/** What a broker does with a message: takes it, hangs up, refuses it with a reason, or disconnects with a reason. */
type Answer = 'take' | 'hang up' | { readonly answer: number } | { readonly goodbye: number };
type Policy = (topic: string, sequence: number | undefined, sizeBytes: number) => Answer;

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const lost = (details: Record<string, number> = {}) =>
  operational('broker-connection-lost', 'lost', { details });

/** A broker that reads in order. `ackLag`: the number of acknowledgements that are lost when it hangs up. */
function simulatedConnection(policy: () => Policy, arrived: number[], ackLag: number) {
  let hangUp: (failure: RollcallError) => void = () => undefined;
  const closed = new Promise<RollcallError>((resolve) => {
    hangUp = resolve;
  });
  let isOpen = true;
  const acks: (() => void)[] = [];
  const later = (work: () => void): void => {
    acks.push(work);
    setImmediate(() => {
      if (!isOpen) return;
      while (acks.length > ackLag) acks.shift()?.();
      setImmediate(() => isOpen && acks.splice(0).forEach((ack) => void ack()));
    });
  };
  const connection: BrokerConnection = {
    version: 4,
    receiveMaximum: 8,
    publish: async (topic, payload, { event }) => {
      const answered = new Promise<void>((resolve, reject) => {
        if (!isOpen) return;
        const answer = policy()(topic, event?.sequence, payload.byteLength);
        if (answer === 'take') {
          if (event !== undefined) arrived.push(event.sequence);
          later(resolve);
        } else if (answer === 'hang up' || 'goodbye' in answer) {
          isOpen = false;
          hangUp(lost(answer === 'hang up' ? {} : { reasonCode: answer.goodbye }));
        } else {
          const details = { reasonCode: answer.answer };
          later(() => reject(operational('broker-publish-refused', 'no', { details })));
        }
      });
      const ending = await Promise.race([answered, closed]);
      if (ending !== undefined) throw ending;
    },
    subscribe: async () => undefined,
    closed,
    end: async () => undefined,
    abort: () => undefined,
  };
  return { connection, isOpen: () => isOpen };
}

interface BoxOptions {
  readonly kinds: readonly EventKind[];
  readonly policy: Policy;
  readonly sizeOf?: (sequence: number) => number;
  readonly ackLag?: number;
}

/** A box that drains its outbox over one simulated connection after the other, like the publisher. */
function simulatedBox({ kinds, policy, sizeOf = () => 900, ackLag = 0 }: BoxOptions) {
  const clock = new VirtualClock();
  const { outbox, left, add } = memoryOutbox(kinds.length, (sequence) => kinds[sequence - 1] ?? 'box');
  const arrived: number[] = [];
  const acknowledged: number[] = [];
  const endings: Ending[] = [];
  let current = policy;
  let drain: Drain | undefined;
  const onRetry = (sequence: number): void => drain?.rewind(sequence);
  const hangUps = new HangUpHistory({ clock, logger: silentLogger, retryMs: minuteMs, onRetry });
  const connect = () => {
    const { connection, isOpen } = simulatedConnection(() => current, arrived, ackLag);
    const careful = new CarefulConnection({ connection, hangUps, topics });
    drain = new Drain({
      outbox,
      publish: ({ sequence, kind }) =>
        careful.publish(topics.event(kind, 'a-command'), new Uint8Array(sizeOf(sequence)), {
          isRetained: false,
          event: { sequence, kind },
        }),
      window: 8,
      ackTimeoutMs: 10_000,
      heldRetryMs: minuteMs,
      clock,
      logger: silentLogger,
      skipped: hangUps.skipped,
      onAcknowledged: (_kind, sequence) => void acknowledged.push(sequence),
      onTooLarge: (sequence, kind, error) => hangUps.tooLarge(sequence, kind, error),
    });
    drain.pump();
    return { careful, isOpen, drain };
  };
  let connection = connect();
  /** Runs until nothing changes any more. */
  const rest = async (): Promise<void> => {
    for (let quiet = 0; quiet < 2; ) {
      const moved = () => acknowledged.length + endings.length + connection.drain.inFlightCount;
      const before = moved();
      await settle();
      clock.advanceBy(0);
      if (!connection.isOpen()) {
        connection.drain.end();
        const failure = await connection.careful.closed;
        endings.push(hangUps.ended(failure, connection.careful.onTheWay));
        clock.advanceBy(200);
        connection = connect();
      }
      quiet = moved() === before && connection.drain.inFlightCount === 0 ? quiet + 1 : 0;
    }
  };
  const pass = async (spanMs: number): Promise<void> => {
    for (let passedMs = 0; passedMs < spanMs; passedMs += minuteMs) {
      clock.advanceBy(minuteMs);
      await rest();
    }
  };
  return {
    ...{ hangUps, arrived, acknowledged, endings, left, rest, pass },
    record: async (count: number): Promise<void> => {
      add(count);
      drain?.pump();
      await rest();
    },
    change: (changed: Policy): void => {
      current = changed;
    },
  };
}

const firsts = (sequences: readonly number[]): readonly number[] => [...new Set(sequences)];
const isAscending = (sequences: readonly number[]): boolean =>
  sequences.every((sequence, index) => index === 0 || sequence > (sequences[index - 1] ?? 0));
const refuses =
  (kinds: readonly EventKind[], answer: Answer = 'hang up'): Policy =>
  (topic) =>
    kinds.some((kind) => topic === topics.event(kind, 'a-command')) ? answer : 'take';

describe('messages on which a broker hangs up', () => {
  test('a kind is held back after four hang-ups, which are not blamed on another client, and the others arrive in order', async () => {
    const kinds: EventKind[] = ['unknown', 'attendance', 'unknown', 'attendance', 'unknown', 'attendance'];
    const sent = simulatedBox({ kinds, policy: refuses(['unknown']) });
    await sent.rest();
    assert.deepEqual(sent.left(), [1, 3, 5]);
    assert.deepEqual(firsts(sent.arrived), [2, 4, 6]);
    assert.equal(sent.endings.length, 4);
    assert.ok(sent.endings.every(({ isOurs }) => isOurs));
    assert.deepEqual(sent.hangUps.refusedTopics, ['rollcall/site/box/event/unknown']);
    await sent.record(3);
    assert.equal(sent.endings.length, 4, 'costs no connection while it is held back');
    await sent.pass(4 * 60 * minuteMs);
    assert.ok(sent.endings.length <= 4 + 9, `${sent.endings.length} hang-ups: each pause is twice as long`);
    sent.change(() => 'take');
    await sent.pass(60 * minuteMs);
    assert.deepEqual(sent.left(), []);
    assert.ok(isAscending(firsts(sent.arrived).filter((sequence) => kinds[sequence - 1] === 'unknown')));
    assert.deepEqual(sent.hangUps.refusedTopics, []);
  });

  test('one event is skipped, and the next of its kind shows that the kind is allowed', async () => {
    const kinds = Array<EventKind>(6).fill('attendance');
    const sent = simulatedBox({
      kinds,
      policy: (_topic, sequence) => (sequence === 3 ? 'hang up' : 'take'),
    });
    await sent.rest();
    assert.deepEqual(sent.left(), [3]);
    assert.deepEqual(
      sent.hangUps.heldBack().map(({ cause, sequence, sizeBytes }) => [cause, sequence, sizeBytes]),
      [['ends-connection', 3, 900]],
    );
    assert.deepEqual(sent.hangUps.refusedTopics, []);
  });

  test('events with a picture are held back apart from the small ones of their kind', async () => {
    const kinds = Array<EventKind>(9).fill('attack');
    const isPictured = (sequence: number): boolean => sequence % 2 === 1;
    const sent = simulatedBox({
      kinds,
      sizeOf: (sequence) => (isPictured(sequence) ? 300_000 : 900),
      policy: (_topic, _sequence, sizeBytes) => (sizeBytes > 200_000 ? 'hang up' : 'take'),
    });
    await sent.rest();
    assert.deepEqual(sent.left(), [1, 3, 5, 7, 9]);
    assert.ok(sent.endings.length <= 4, `${sent.endings.length} hang-ups`);
    assert.deepEqual(sent.hangUps.refusedTopics, [], 'it is not the topic');
    const [held] = sent.hangUps.heldBack();
    assert.equal(held?.cause, 'too-large');
    sent.change(() => 'take');
    await sent.pass(2 * minuteMs);
    assert.deepEqual(sent.left(), [], 'they are tried again over the same connection');
    assert.deepEqual(sent.hangUps.heldBack(), []);
  });

  for (const [what, policy] of [
    ['an answer (MQTT 5)', refuses(['unknown'], { answer: 0x87 })],
    ['a goodbye (MQTT 5)', refuses(['unknown'], { goodbye: 0x87 })],
  ] as const) {
    test(`the reason "not authorised" in ${what} holds the kind back`, async () => {
      const kinds: EventKind[] = ['unknown', 'attendance', 'unknown', 'attendance'];
      const sent = simulatedBox({ kinds, policy });
      await sent.rest();
      assert.deepEqual(sent.left(), [1, 3]);
      assert.ok(sent.endings.length <= 2, 'one hang-up with others on the way, one alone');
      assert.deepEqual(sent.hangUps.refusedTopics, ['rollcall/site/box/event/unknown']);
    });
  }

  test('in any combination of refusals, the rest arrives in order over few connections', async () => {
    const kinds = ['attendance', 'unknown', 'attack', 'camera', 'reply'] as const;
    const answers = ['take', 'take', 'hang up', { answer: 0x87 }, { goodbye: 0x87 }] as const;
    const plan = fc.record({
      events: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 30 }),
      answerOf: fc.tuple(...kinds.map(() => fc.constantFrom(...answers))),
      poison: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
      ackLag: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ events, answerOf, poison, ackLag }) => {
        const answer = (kind: EventKind): Answer =>
          answerOf[(kinds as readonly EventKind[]).indexOf(kind)] ?? 'take';
        const policy: Policy = (topic, sequence) =>
          sequence === poison
            ? 'hang up'
            : answer(kinds.find((kind) => topics.event(kind, 'a-command') === topic) ?? 'box');
        const sent = simulatedBox({ kinds: events, policy, ackLag });
        await sent.rest();
        const isStuck = (sequence: number): boolean =>
          sequence === poison || answer(events[sequence - 1] ?? 'box') !== 'take';
        const all = events.map((_, index) => index + 1);
        assert.deepEqual(sent.left(), all.filter(isStuck), 'everything permitted has left');
        assert.deepEqual(firsts(sent.acknowledged).length, sent.acknowledged.length, 'once acknowledged');
        const troubles = answerOf.filter((one) => one === 'hang up' || typeof one === 'object').length + 1;
        assert.ok(sent.endings.length <= 4 * troubles, `${sent.endings.length} for ${troubles} troubles`);
        sent.change(() => 'take');
        await sent.pass(3 * minuteMs);
        assert.deepEqual(sent.left(), [], 'all is tried again');
        for (const kind of kinds) {
          if (poison !== undefined && events[poison - 1] === kind) continue;
          const first = firsts(sent.arrived).filter((sequence) => events[sequence - 1] === kind);
          assert.ok(isAscending(first), `${kind} in order: ${first}`);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('HangUpHistory', () => {
  const message = (topic: string): SentMessage => ({ pattern: topics.pattern(topic), topic, sizeBytes: 300 });
  const hangUps = (): HangUpHistory =>
    new HangUpHistory({
      clock: new VirtualClock(),
      logger: silentLogger,
      retryMs: minuteMs,
      onRetry: () => undefined,
    });

  test('does not treat the end of an idle connection, or of one that was just used, as a refusal', () => {
    const seen = hangUps();
    const state = message(topics.state);
    for (let round = 0; round < 5; round += 1) {
      assert.deepEqual(seen.ended(lost(), []), { isOurs: false, isExplained: false });
      seen.took(state);
      assert.deepEqual(seen.ended(lost(), [state]), { isOurs: false, isExplained: false });
      seen.took(state);
      seen.ended(operational('broker-silent', 'silent'), [state]);
    }
    assert.deepEqual(seen.refusedTopics, []);
  });

  test('refuses a retained topic after three hang-ups, for all cameras, until the pause is over', () => {
    const clock = new VirtualClock();
    const seen = new HangUpHistory({
      clock,
      logger: silentLogger,
      retryMs: minuteMs,
      onRetry: () => undefined,
    });
    const gate = message(topics.cameraState('gate'));
    const yard = message(topics.cameraState('yard'));
    for (const one of [gate, yard, gate]) {
      assert.equal(seen.refusalOf(one), undefined);
      assert.equal(seen.ended(lost(), [one]).isOurs, true);
    }
    const refusal = seen.refusalOf(yard);
    assert.equal(refusalCodeOf(refusal), 0x87);
    assert.match(
      refusal?.message ?? '',
      /hung up 3 times on messages to "rollcall\/site\/box\/camera\/\+\/state"/,
    );
    assert.equal(seen.refusalOf(message(topics.cameraCounts('gate'))), undefined);
    clock.advanceBy(minuteMs);
    assert.equal(seen.refusalOf(yard), undefined);
    assert.equal(seen.mustGoAlone(yard), true);
    seen.took(yard);
    assert.equal(seen.mustGoAlone(gate), true, 'it was on the way itself at a hang-up');
    seen.lasted();
    assert.equal(seen.mustGoAlone(gate), false);
  });
});

test('a hang-up on a single event is explained only when it repeats, which skips the event', () => {
  const seen = new HangUpHistory({
    ...{ clock: new VirtualClock(), logger: silentLogger, retryMs: minuteMs, onRetry: () => undefined },
  });
  const topic = topics.event('unknown');
  const one: SentMessage = { pattern: topic, topic, sizeBytes: 900, event: { sequence: 1, kind: 'unknown' } };
  assert.deepEqual(seen.ended(lost(), [one]), { isOurs: true, isExplained: false });
  assert.equal(seen.skipped.has(1), false);
  assert.deepEqual(seen.ended(lost(), [one]), { isOurs: true, isExplained: true });
  assert.equal(seen.skipped.has(1), true);
});

test('a held-back event is tried again, alone, after the broker was away', () => {
  const seen = new HangUpHistory({
    ...{ clock: new VirtualClock(), logger: silentLogger, retryMs: minuteMs, onRetry: () => undefined },
  });
  const about = (sequence: number): SentMessage => {
    const topic = topics.event('unknown');
    return { pattern: topic, topic, sizeBytes: 900, event: { sequence, kind: 'unknown' } };
  };
  for (const sequence of [1, 1]) seen.ended(lost(), [about(sequence)]);
  assert.deepEqual([...seen.skipped], [1]);
  seen.ended(operational('broker-refused', 'refused'), []);
  assert.deepEqual([...seen.skipped], []);
  for (const sequence of [1, 2]) seen.ended(lost(), [about(sequence)]);
  assert.notEqual(seen.refusalOf(about(3)), undefined);
  seen.ended(operational('broker-refused', 'refused'), []);
  assert.equal(seen.refusalOf(about(3)), undefined);
  assert.equal(seen.mustGoAlone(about(3)), true);
  seen.ended(lost(), [about(3)]);
  assert.notEqual(seen.refusalOf(about(3)), undefined, 'after one hang-up, since it is known');
});

test('a suspected message is sent alone, and no other overtakes it', async () => {
  const sent: string[] = [];
  const answers = new Map<string, () => void>();
  const connection: BrokerConnection = {
    ...{ version: 4, receiveMaximum: 8, closed: new Promise(() => undefined) },
    publish: (topic) =>
      new Promise((resolve) => {
        sent.push(topic);
        answers.set(topic, resolve);
      }),
    ...{ subscribe: async () => undefined, end: async () => undefined, abort: () => undefined },
  };
  const hangUps = new HangUpHistory({
    ...{ clock: new VirtualClock(), logger: silentLogger, retryMs: minuteMs, onRetry: () => undefined },
  });
  hangUps.ended(lost(), [{ pattern: topics.keys, topic: topics.keys, sizeBytes: 1 }]);
  const careful = new CarefulConnection({ connection, hangUps, topics });
  const order = [topics.state, topics.check, topics.keys, topics.cameraState('a'), topics.cameraState('b')];
  const all = order.map((topic) => careful.publish(topic, new Uint8Array(), { isRetained: true }));
  assert.deepEqual(sent, order.slice(0, 2), 'together up to the suspect');
  for (const [topic, next] of [
    [topics.state, 2],
    [topics.check, 3],
    [topics.keys, 5],
  ] as const) {
    answers.get(topic)?.();
    await settle();
    assert.deepEqual(sent, order.slice(0, next));
  }
  assert.deepEqual(
    careful.onTheWay.map(({ topic }) => topic),
    order.slice(3),
  );
  for (const answer of answers.values()) answer();
  await Promise.all(all);
});
